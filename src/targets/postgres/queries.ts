import { sql } from './sql.ts';

// Every statement that reads users and sessions; what reads rights stands in grant-queries.ts. Operators and casts are PostgreSQL's own because sessions pin search_path.
// Texts that somebody else may have written are cut to 256 characters on the server, and what can be many has a limit.

/** Who we are and where, without any operator, cast or function that a database could have replaced. */
export const whoAmI = sql`SELECT session_user AS "sessionUser", current_user AS "currentUser", pg_catalog.current_database() AS database,
  pg_catalog.current_setting('search_path') AS "searchPath", pg_catalog.current_setting('server_version_num') AS version`;

/** What tells this server from every other one, also when it was restored under the name of another. */
export const readServerIdentifier = sql`SELECT c.system_identifier::text AS "serverIdentifier" FROM pg_catalog.pg_control_system() AS c`;

/** The owner of a database may limit everybody's transactions, from PostgreSQL 17 on; ours are short by themselves. */
export const unlimitTransactions = sql`SELECT pg_catalog.set_config('transaction_timeout', '0', false)`;

/**
 * Roles and their bindings, as rows of a kind and a JSON object; in database `postgres` only. $1: the names; $2: event triggers that all who ask know to be harmless.
 * `mayReadPasswords`: whether the session may look which roles have a password; by default only superusers and members of pg_read_all_data may.
 * `setting`: only where there is one that we may reset. pg_settings shows neither role nor session_authorization, with which a session begins as another role.
 */
export const readUsers = sql`SELECT found.kind, found.entry FROM (
  SELECT 'server' AS kind, pg_catalog.jsonb_build_object(
    'serverIdentifier', (SELECT c.system_identifier::text FROM pg_catalog.pg_control_system() AS c),
    'mayReadPasswords', pg_catalog.has_table_privilege('pg_catalog.pg_authid'::regclass::oid, 'SELECT')) AS entry
  UNION ALL SELECT 'role', pg_catalog.jsonb_build_object('name', r.rolname, 'oid', r.oid::int8, 'canLogin', r.rolcanlogin, 'superuser', r.rolsuper, 'createRole', r.rolcreaterole,
    'createDatabase', r.rolcreatedb, 'replication', r.rolreplication, 'bypassRowSecurity', r.rolbypassrls, 'connectionLimit', r.rolconnlimit,
    'comment', pg_catalog.left(pg_catalog.shobj_description(r.oid, 'pg_authid'), 256))
  FROM pg_catalog.pg_roles AS r WHERE r.rolname::text = ANY ($1::text[])
  UNION ALL SELECT 'principal', p.entry FROM (SELECT pg_catalog.to_jsonb(l) AS entry FROM pg_catalog.pgaadauth_list_principals(false) AS l) AS p
  WHERE coalesce(p.entry ->> 'rolname', p.entry ->> 'rolename') = ANY ($1::text[])
  UNION ALL SELECT 'setting', pg_catalog.jsonb_build_object('name', r.rolname, 'database', d.datname) FROM pg_catalog.pg_db_role_setting AS s
  JOIN pg_catalog.pg_roles AS r ON r.oid = s.setrole AND r.rolname::text = ANY ($1::text[])
  LEFT JOIN pg_catalog.pg_database AS d ON d.oid = s.setdatabase
  WHERE EXISTS (SELECT FROM pg_catalog.unnest(s.setconfig) AS c (entry) LEFT JOIN pg_catalog.pg_settings AS k ON k.name = pg_catalog.split_part(c.entry, '=', 1)
    WHERE k.context = 'user' OR pg_catalog.split_part(c.entry, '=', 1) IN ('role', 'session_authorization'))
  UNION ALL SELECT 'trigger', pg_catalog.jsonb_build_object('name', t.evtname) FROM (SELECT e.evtname FROM pg_catalog.pg_event_trigger AS e
    WHERE e.evtenabled <> 'D' AND e.evtname::text <> ALL ($2::text[]) ORDER BY e.evtname LIMIT 200) AS t) AS found`;

/** Which roles have a password; only where `mayReadPasswords`. What it is isn't read. $1: the names. */
export const readPasswords = sql`SELECT a.rolname AS name FROM pg_catalog.pg_authid AS a WHERE a.rolname::text = ANY ($1::text[]) AND a.rolpassword IS NOT NULL`;

/**
 * What decides whether a role of somebody else may be taken over; in database `postgres` only. $1: the name; $2: names of administrators' roles.
 * `privilegedRole`: itself, or a role that it is a member of, also through others, with rights that no application needs.
 */
export const readAdoption = sql`SELECT pg_catalog.left(pg_catalog.shobj_description(r.oid, 'pg_authid'), 256) AS comment,
  pg_catalog.pg_has_role(r.oid, 'MEMBER WITH ADMIN OPTION') AS "mayChange",
  (SELECT p.entry FROM (SELECT pg_catalog.to_jsonb(l) AS entry FROM pg_catalog.pgaadauth_list_principals(false) AS l) AS p
    WHERE coalesce(p.entry ->> 'rolname', p.entry ->> 'rolename') = $1::text LIMIT 1) AS principal,
  EXISTS (SELECT FROM pg_catalog.pg_database AS d WHERE pg_catalog.pg_has_role(r.oid, d.datdba, 'MEMBER')) AS "ownsDatabase",
  (SELECT o.rolname::text FROM pg_catalog.pg_roles AS o WHERE pg_catalog.pg_has_role(r.oid, o.oid, 'MEMBER')
    AND (o.rolsuper OR o.rolcreaterole OR o.rolcreatedb OR o.rolreplication OR o.rolbypassrls OR o.rolname::text = ANY ($2::text[])
      OR pg_catalog.starts_with(o.rolname::text, 'pg_') OR pg_catalog.starts_with(pg_catalog.lower(o.rolname::text), 'azure'))
    ORDER BY o.oid <> r.oid, o.rolname LIMIT 1) AS "privilegedRole"
  FROM pg_catalog.pg_roles AS r WHERE r.rolname::text = $1::text`;

/** What must still hold when we are about to write: the users' marks and no unknown event trigger. $1: the names; $2: event triggers that all who ask know to be harmless. */
export const readGuards = sql`SELECT found.kind, found.name, found.comment FROM (
  SELECT 'role' AS kind, r.rolname::text AS name, pg_catalog.left(pg_catalog.shobj_description(r.oid, 'pg_authid'), 256) AS comment
  FROM pg_catalog.pg_roles AS r WHERE r.rolname::text = ANY ($1::text[])
  UNION ALL SELECT 'trigger', t.evtname::text, NULL FROM (SELECT e.evtname FROM pg_catalog.pg_event_trigger AS e
    WHERE e.evtenabled <> 'D' AND e.evtname::text <> ALL ($2::text[]) ORDER BY e.evtname LIMIT 200) AS t) AS found`;

/** A role by name, as much as its end needs. $1: the name. */
export const readEnding = sql`SELECT r.oid, r.rolname AS name, r.rolcanlogin AS "canLogin", r.rolsuper AS superuser,
  pg_catalog.left(pg_catalog.shobj_description(r.oid, 'pg_authid'), 256) AS comment
  FROM pg_catalog.pg_roles AS r WHERE r.rolname = $1::text`;

/** Locked shells by the beginning of their names. $1: dbaccess_retired_<uid8>. */
export const readShells = sql`SELECT r.oid, r.rolname AS name, r.rolcanlogin AS "canLogin", r.rolsuper AS superuser,
  pg_catalog.left(pg_catalog.shobj_description(r.oid, 'pg_authid'), 256) AS comment
  FROM pg_catalog.pg_roles AS r WHERE pg_catalog.starts_with(r.rolname::text, $1::text) ORDER BY r.rolname LIMIT 100`;

/** Asks a role's sessions to end. $1: the role's oid; $2: how long to wait for each, in milliseconds; $3: how many. Returns a row for each. */
export const endSessions = sql`SELECT pg_catalog.pg_terminate_backend(a.pid, $2::bigint) AS ended FROM (
  SELECT s.pid FROM pg_catalog.pg_stat_activity AS s WHERE s.usesysid = $1::oid LIMIT $3::int) AS a`;

/**
 * Asks those of a role's sessions to end that have been writing for at least four seconds, a little less than we wait for a lock. Only who may read all statistics sees them.
 * $1: the role's oid. Returns a row for each.
 */
export const endWriters = sql`SELECT pg_catalog.pg_terminate_backend(s.pid) AS ended FROM pg_catalog.pg_stat_activity AS s
  WHERE s.usesysid = $1::oid AND s.backend_xid IS NOT NULL AND s.xact_start < pg_catalog.statement_timestamp() - pg_catalog.make_interval(secs => 4)`;

/** Memberships of this session's own user in a role. $1: the role's name. */
export const readOwnMemberships = sql`SELECT pg_catalog.pg_get_userbyid(m.grantor) AS grantor, m.inherit_option AS inherit, m.set_option AS set
  FROM pg_catalog.pg_auth_members AS m JOIN pg_catalog.pg_roles AS r ON r.oid = m.roleid JOIN pg_catalog.pg_roles AS u ON u.oid = m.member
  WHERE r.rolname = $1::text AND u.rolname = current_user`;

/** Where a role owns something, default privileges apart, or has a right; database is null for what belongs to no database. $1: the role's oid. */
export const readDependencies = sql`SELECT d.datname AS database, pg_catalog.bool_or(s.deptype = 'o' AND s.classid <> 'pg_catalog.pg_default_acl'::regclass) AS owns
  FROM pg_catalog.pg_shdepend AS s LEFT JOIN pg_catalog.pg_database AS d ON d.oid = s.dbid
  WHERE s.refclassid = 'pg_catalog.pg_authid'::regclass AND s.refobjid = $1::oid GROUP BY d.datname ORDER BY d.datname NULLS FIRST`;

/** Whether a role owns something in this database, or something that belongs to none. $1: the role's oid. */
export const readOwnsHere = sql`SELECT EXISTS (SELECT FROM pg_catalog.pg_shdepend AS s WHERE s.refclassid = 'pg_catalog.pg_authid'::regclass
  AND s.refobjid = $1::oid AND s.deptype = 'o' AND s.classid <> 'pg_catalog.pg_default_acl'::regclass
  AND s.dbid IN (0, (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()))) AS owns`;

/** Which roles a role is a member of, and who is a member of it beside administrators. $1: the role's oid. */
export const readMembershipsOf = sql`SELECT pg_catalog.pg_get_userbyid(m.roleid) AS role, pg_catalog.pg_get_userbyid(m.member) AS member,
  pg_catalog.pg_get_userbyid(m.grantor) AS grantor, m.admin_option AS "canPassOn",
  pg_catalog.pg_has_role(m.grantor, 'USAGE') AND pg_catalog.pg_has_role(m.roleid, 'MEMBER WITH ADMIN OPTION') AS revocable
  FROM pg_catalog.pg_auth_members AS m WHERE m.member = $1::oid OR (m.roleid = $1::oid AND (m.inherit_option OR m.set_option)) LIMIT 1000`;
