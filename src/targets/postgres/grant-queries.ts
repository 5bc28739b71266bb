import { sql } from './sql.ts';

/** Most rows that one look at the rights of one or more roles may return; rights are grouped, so that each row stands for any number of tables. */
export const maximumRightRows = 20_000;
/** Most objects named at a time; the next round names the next ones. */
export const maximumNamedObjects = 5_000;

/**
 * All that concerns the rights of some roles in this database, as rows of a kind and a JSON object; `to` is the oid of the role that a row is about, 0 for PUBLIC.
 * Tables, sequences and routines come as counts by schema, owner and access item, because unpacking each table's list takes minutes where tables and roles
 * are many, and grouping by item first a fraction of a second (measured with 1,000 of each). Members of extensions are left out.
 * `acting` tells how this session may act for an owner: own (it inherits its rights), selfgrant (it may join the role: with an ADMIN option that it has or inherits,
 * which pg_has_role doesn't tell from one that it could only SET ROLE to), no.
 * `revocable` tells whether a REVOKE of ours, as the owner where we act for it, takes a right back: PostgreSQL revokes what the session's own role gave, where that one may pass the
 * right on, and else what the owner or another role gave that the session inherits from (select_best_grantor); where several may, nothing tells which.
 * $1: the roles' oids; $2: event triggers that all who ask know to be harmless; $3: how the marks of our cluster begin, or null when future objects are of no interest;
 * $4: whether schemas that extensions made are left out too.
 */
export const readRights = sql`WITH nsp AS MATERIALIZED (
  SELECT n.oid, n.nspname, n.nspowner, n.nspacl FROM pg_catalog.pg_namespace AS n WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT ($4::boolean AND EXISTS (SELECT FROM pg_catalog.pg_depend AS d
      WHERE d.classid = 'pg_catalog.pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e'))),
ext AS MATERIALIZED (SELECT d.classid, d.objid FROM pg_catalog.pg_depend AS d WHERE d.deptype = 'e'),
obj AS MATERIALIZED (
  SELECT c.relnamespace AS ns, CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind, c.relowner AS own, coalesce(c.relacl, '{}') AS acl
  FROM pg_catalog.pg_class AS c JOIN nsp ON nsp.oid = c.relnamespace
  LEFT JOIN ext AS e ON e.classid = 'pg_catalog.pg_class'::regclass AND e.objid = c.oid
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND e.objid IS NULL
  UNION ALL
  SELECT p.pronamespace, 'routine', p.proowner, coalesce(p.proacl, '{}') FROM pg_catalog.pg_proc AS p JOIN nsp ON nsp.oid = p.pronamespace
  LEFT JOIN ext AS e ON e.classid = 'pg_catalog.pg_proc'::regclass AND e.objid = p.oid WHERE e.objid IS NULL),
item AS MATERIALIZED (
  SELECT o.ns, o.kind, o.own, u.item, pg_catalog.count(*) AS n FROM obj AS o CROSS JOIN LATERAL pg_catalog.unnest(o.acl) AS u (item) GROUP BY 1, 2, 3, 4),
creator AS MATERIALIZED (
  SELECT r.oid AS own, nsp.oid AS ns FROM pg_catalog.pg_shdescription AS d JOIN pg_catalog.pg_roles AS r ON r.oid = d.objoid CROSS JOIN nsp
  WHERE $3::text IS NOT NULL AND d.classoid = 'pg_catalog.pg_authid'::regclass AND pg_catalog.starts_with(pg_catalog.left(d.description, 256), $3::text)
    AND r.rolcanlogin AND pg_catalog.has_schema_privilege(r.oid, nsp.oid, 'CREATE')),
owner AS MATERIALIZED (
  SELECT o.own AS oid, pg_catalog.pg_get_userbyid(o.own) AS name,
    CASE WHEN pg_catalog.pg_has_role(o.own, 'USAGE') THEN 'own'
      WHEN EXISTS (SELECT FROM pg_catalog.pg_auth_members AS m WHERE m.roleid = o.own AND m.admin_option AND pg_catalog.pg_has_role(m.member, 'USAGE'))
        AND NOT pg_catalog.pg_has_role(o.own, current_user, 'MEMBER') THEN 'selfgrant' ELSE 'no' END AS acting
  FROM (SELECT own FROM obj UNION SELECT own FROM creator UNION SELECT nspowner FROM nsp UNION SELECT defaclrole FROM pg_catalog.pg_default_acl
    UNION SELECT datdba FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
    UNION SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user) AS o),
small AS (
  SELECT 'database' AS kind, d.datname AS name, NULL::name AS schema, NULL::name AS relation, d.datdba AS own,
    coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba)) AS acl, coalesce(d.datacl, '{}') AS options
  FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()
  UNION ALL SELECT 'schema', nspname, NULL, NULL, nspowner, coalesce(nspacl, '{}'), coalesce(nspacl, '{}') FROM nsp
  UNION ALL SELECT 'column', a.attname, nsp.nspname, c.relname, c.relowner, a.attacl, a.attacl || coalesce(c.relacl, '{}') FROM pg_catalog.pg_attribute AS a
    JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid JOIN nsp ON nsp.oid = c.relnamespace
    LEFT JOIN ext AS e ON e.classid = 'pg_catalog.pg_class'::regclass AND e.objid = c.oid
    WHERE a.attacl IS NOT NULL AND NOT a.attisdropped AND e.objid IS NULL)
SELECT kind, entry FROM (
  SELECT 'object' AS kind, pg_catalog.jsonb_build_object('kind', s.kind, 'name', s.name, 'schema', s.schema, 'relation', s.relation, 'owner', w.name, 'acting', w.acting,
    'rights', r.rights, 'grantable', (SELECT pg_catalog.jsonb_agg(DISTINCT b.privilege_type) FROM pg_catalog.unnest(s.options) AS v (item)
      CROSS JOIN LATERAL pg_catalog.aclexplode(ARRAY[v.item]) AS b WHERE b.is_grantable AND pg_catalog.pg_get_userbyid(b.grantee) = current_user)) AS entry
  FROM small AS s JOIN owner AS w ON w.oid = s.own CROSS JOIN LATERAL (
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('to', a.grantee::int8, 'grantor', pg_catalog.pg_get_userbyid(a.grantor), 'privilege', a.privilege_type,
      'canPassOn', a.is_grantable,
      'fromUs', pg_catalog.pg_has_role(a.grantor, 'USAGE'),
      'revocable', CASE WHEN pg_catalog.pg_get_userbyid(a.grantor) = current_user THEN true
        WHEN a.grantor <> s.own AND (pg_catalog.pg_has_role(s.own, 'USAGE') OR NOT pg_catalog.pg_has_role(a.grantor, 'USAGE')) THEN false
        ELSE NOT EXISTS (SELECT FROM pg_catalog.unnest(s.options) AS v (item) CROSS JOIN LATERAL pg_catalog.aclexplode(ARRAY[v.item]) AS b
          WHERE b.is_grantable AND b.grantee NOT IN (0, a.grantor) AND b.privilege_type = a.privilege_type AND pg_catalog.pg_has_role(b.grantee, 'USAGE')) END)) AS rights
    FROM pg_catalog.unnest(s.acl) AS u (item) CROSS JOIN LATERAL pg_catalog.aclexplode(ARRAY[u.item]) AS a WHERE a.grantee = 0 OR a.grantee = ANY ($1::oid[])) AS r
  WHERE s.kind <> 'column' OR r.rights IS NOT NULL
  UNION ALL SELECT 'group', pg_catalog.jsonb_build_object('kind', g.kind, 'schema', nsp.nspname, 'schemaOid', nsp.oid, 'owner', w.name, 'ownerOid', w.oid, 'acting', w.acting, 'count', g.n)
  FROM (SELECT ns, kind, own, pg_catalog.count(*) AS n FROM obj GROUP BY 1, 2, 3) AS g JOIN nsp ON nsp.oid = g.ns JOIN owner AS w ON w.oid = g.own
  UNION ALL SELECT 'count', pg_catalog.jsonb_build_object('kind', i.kind, 'schemaOid', i.ns, 'ownerOid', i.own, 'to', a.grantee::int8,
    'grantor', pg_catalog.pg_get_userbyid(a.grantor), 'privilege', a.privilege_type, 'canPassOn', a.is_grantable,
    'fromUs', pg_catalog.pg_has_role(a.grantor, 'USAGE'), 'count', pg_catalog.sum(i.n))
  FROM item AS i CROSS JOIN LATERAL pg_catalog.aclexplode(ARRAY[i.item]) AS a WHERE a.grantee = 0 OR a.grantee = ANY ($1::oid[])
  GROUP BY i.kind, i.ns, i.own, a.grantee, a.grantor, a.privilege_type, a.is_grantable
  UNION ALL SELECT 'default', pg_catalog.jsonb_build_object('to', a.grantee::int8, 'owner', w.name, 'acting', w.acting, 'schema', nsp.nspname, 'type', f.defaclobjtype, 'privilege', a.privilege_type,
    'canPassOn', a.is_grantable)
  FROM pg_catalog.pg_default_acl AS f JOIN owner AS w ON w.oid = f.defaclrole LEFT JOIN nsp ON nsp.oid = f.defaclnamespace
  CROSS JOIN LATERAL pg_catalog.unnest(f.defaclacl) AS u (item) CROSS JOIN LATERAL pg_catalog.aclexplode(ARRAY[u.item]) AS a WHERE a.grantee = ANY ($1::oid[])
  UNION ALL SELECT 'membership', pg_catalog.jsonb_build_object('to', m.member::int8, 'role', pg_catalog.pg_get_userbyid(m.roleid), 'grantor', pg_catalog.pg_get_userbyid(m.grantor), 'canPassOn', m.admin_option,
    'revocable', pg_catalog.pg_has_role(m.grantor, 'USAGE') AND pg_catalog.pg_has_role(m.roleid, 'MEMBER WITH ADMIN OPTION'))
  FROM pg_catalog.pg_auth_members AS m WHERE m.member = ANY ($1::oid[])
  UNION ALL SELECT 'creator', pg_catalog.jsonb_build_object('schema', nsp.nspname, 'owner', w.name, 'ownerOid', w.oid::int8, 'acting', w.acting)
  FROM (SELECT own, ns FROM creator UNION SELECT r.oid, nsp.oid FROM pg_catalog.pg_roles AS r CROSS JOIN nsp WHERE r.rolname = current_user AND $3::text IS NOT NULL) AS c
  JOIN nsp ON nsp.oid = c.ns JOIN owner AS w ON w.oid = c.own
  UNION ALL SELECT 'trigger', pg_catalog.jsonb_build_object('name', e.evtname) FROM pg_catalog.pg_event_trigger AS e
  WHERE e.evtenabled <> 'D' AND e.evtname::text <> ALL ($2::text[])) AS found
LIMIT 20001`;

/**
 * Tables or sequences of one schema and owner on which roles' rights differ from exactly those promised, with all that each and PUBLIC have on them: a row for each role and object.
 * $1: the roles' oids; $2, $3: oid of schema and owner; $4: relkinds; $5: the promised rights; $6: whether we can't act for the owner.
 * `grantable`: rights that we could pass on; where we can act for the owner, only those that the session's own role may, because it does so in its own name then.
 */
export const nameRelations = sql`WITH rel AS MATERIALIZED (
  SELECT c.oid, c.relname, c.relowner, c.relkind, c.relacl FROM pg_catalog.pg_class AS c
  WHERE c.relnamespace = $2::oid AND c.relowner = $3::oid AND c.relkind = ANY ($4::"char"[])
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')),
item AS MATERIALIZED (SELECT DISTINCT u.item FROM rel CROSS JOIN LATERAL pg_catalog.unnest(rel.relacl) AS u (item)),
known AS MATERIALIZED (
  SELECT i.item, a.grantee FROM item AS i CROSS JOIN LATERAL (SELECT e.grantee FROM pg_catalog.aclexplode(ARRAY[i.item]) AS e LIMIT 1) AS a),
held AS MATERIALIZED (
  SELECT rel.oid, k.grantee, pg_catalog.array_agg(u.item) AS items FROM rel CROSS JOIN LATERAL pg_catalog.unnest(rel.relacl) AS u (item)
  JOIN known AS k ON k.item = u.item WHERE k.grantee = 0 OR k.grantee = ANY ($1::oid[]) GROUP BY rel.oid, k.grantee),
role AS MATERIALIZED (
  SELECT u.oid, CASE WHEN pg_catalog.cardinality($5::text[]) = 0 THEN '{}'::aclitem[]
    ELSE ARRAY[pg_catalog.makeaclitem(u.oid, $3::oid, pg_catalog.array_to_string($5::text[], ', '), false)] END AS promised
  FROM pg_catalog.unnest($1::oid[]) AS u (oid)),
passable AS MATERIALIZED (
  SELECT p.oid, pg_catalog.jsonb_agg(DISTINCT p.privilege) AS privileges FROM (
    SELECT rel.oid, b.privilege_type AS privilege FROM rel CROSS JOIN LATERAL pg_catalog.unnest(rel.relacl) AS u (item) JOIN known AS k ON k.item = u.item
    CROSS JOIN LATERAL pg_catalog.aclexplode(ARRAY[u.item]) AS b
    WHERE NOT $6::boolean AND pg_catalog.pg_get_userbyid(k.grantee) = current_user AND b.is_grantable AND b.privilege_type = ANY ($5::text[])
    UNION ALL SELECT rel.oid, v.privilege FROM rel CROSS JOIN pg_catalog.unnest($5::text[]) AS v (privilege)
    WHERE CASE WHEN NOT $6::boolean THEN false
      WHEN rel.relkind = 'S' THEN pg_catalog.has_sequence_privilege(rel.oid, pg_catalog.concat(v.privilege, ' WITH GRANT OPTION'))
      ELSE pg_catalog.has_table_privilege(rel.oid, pg_catalog.concat(v.privilege, ' WITH GRANT OPTION')) END) AS p GROUP BY p.oid)
SELECT role.oid AS role, rel.relname AS name, p.privileges AS grantable, r.rights
  FROM role CROSS JOIN rel LEFT JOIN held AS h ON h.oid = rel.oid AND h.grantee = role.oid LEFT JOIN held AS e ON e.oid = rel.oid AND e.grantee = 0
  LEFT JOIN passable AS p ON p.oid = rel.oid CROSS JOIN LATERAL (
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('to', a.grantee::int8, 'grantor', pg_catalog.pg_get_userbyid(a.grantor), 'privilege', a.privilege_type,
      'canPassOn', a.is_grantable,
      'fromUs', pg_catalog.pg_has_role(a.grantor, 'USAGE'),
      'revocable', CASE WHEN pg_catalog.pg_get_userbyid(a.grantor) = current_user THEN true
        WHEN a.grantor <> rel.relowner AND (pg_catalog.pg_has_role(rel.relowner, 'USAGE') OR NOT pg_catalog.pg_has_role(a.grantor, 'USAGE')) THEN false
        ELSE NOT EXISTS (SELECT FROM pg_catalog.unnest(rel.relacl) AS v (item) CROSS JOIN LATERAL pg_catalog.aclexplode(ARRAY[v.item]) AS b
          WHERE b.is_grantable AND b.grantee NOT IN (0, a.grantor) AND b.privilege_type = a.privilege_type AND pg_catalog.pg_has_role(b.grantee, 'USAGE')) END)) AS rights
    FROM pg_catalog.unnest(coalesce(h.items, '{}') || coalesce(e.items, '{}')) AS u (item) CROSS JOIN LATERAL pg_catalog.aclexplode(ARRAY[u.item]) AS a) AS r
  WHERE coalesce(h.items, '{}') IS DISTINCT FROM role.promised ORDER BY role.oid, rel.relname LIMIT 5000`;

/** Routines of one schema and owner on which a role itself has a right, with the types of their arguments. $1: the role's oid; $2, $3: oid of schema and owner. */
export const nameRoutines = sql`SELECT p.proname AS name,
  (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('schema', n.nspname, 'name', t.typname) ORDER BY v.position)
    FROM pg_catalog.unnest(p.proargtypes::oid[]) WITH ORDINALITY AS v (type, position)
    JOIN pg_catalog.pg_type AS t ON t.oid = v.type JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace) AS arguments, r.rights
  FROM pg_catalog.pg_proc AS p CROSS JOIN LATERAL (
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('to', a.grantee::int8, 'grantor', pg_catalog.pg_get_userbyid(a.grantor), 'privilege', a.privilege_type,
      'canPassOn', a.is_grantable,
      'fromUs', pg_catalog.pg_has_role(a.grantor, 'USAGE'),
      'revocable', CASE WHEN pg_catalog.pg_get_userbyid(a.grantor) = current_user THEN true
        WHEN a.grantor <> p.proowner AND (pg_catalog.pg_has_role(p.proowner, 'USAGE') OR NOT pg_catalog.pg_has_role(a.grantor, 'USAGE')) THEN false
        ELSE NOT EXISTS (SELECT FROM pg_catalog.unnest(p.proacl) AS v (item) CROSS JOIN LATERAL pg_catalog.aclexplode(ARRAY[v.item]) AS b
          WHERE b.is_grantable AND b.grantee NOT IN (0, a.grantor) AND b.privilege_type = a.privilege_type AND pg_catalog.pg_has_role(b.grantee, 'USAGE')) END)) AS rights
    FROM pg_catalog.unnest(p.proacl) AS u (item) CROSS JOIN LATERAL pg_catalog.aclexplode(ARRAY[u.item]) AS a WHERE a.grantee = $1::oid) AS r
  WHERE p.pronamespace = $2::oid AND p.proowner = $3::oid AND r.rights IS NOT NULL
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
  ORDER BY p.proname, p.oid LIMIT 5000`;

/** Which rights on this database or a schema of it this session could pass on. $1: schemas; $2: rights on each; $3: rights on the database. */
export const readPassable = sql`SELECT 'schema' AS kind, n.nspname AS name, p.privilege FROM pg_catalog.pg_namespace AS n CROSS JOIN pg_catalog.unnest($2::text[]) AS p (privilege)
  WHERE n.nspname::text = ANY ($1::text[]) AND pg_catalog.has_schema_privilege(n.oid, pg_catalog.concat(p.privilege, ' WITH GRANT OPTION'))
  UNION ALL SELECT 'database', pg_catalog.current_database(), p.privilege FROM pg_catalog.unnest($3::text[]) AS p (privilege)
  WHERE pg_catalog.has_database_privilege(pg_catalog.current_database(), pg_catalog.concat(p.privilege, ' WITH GRANT OPTION'))`;

/**
 * A text that changes whenever anything changes that rights in this database hang on: objects and their rights, default privileges, memberships, roles and their marks,
 * extensions, event triggers. That other things change it too costs a look in vain and nothing more. Takes some milliseconds, however many tables and roles there are
 * (sql-playbook 2.2). `xmin` is the transaction that last wrote a row.
 */
export const readFingerprint = sql`SELECT pg_catalog.md5(pg_catalog.concat_ws(' ', pg_catalog.count(*), pg_catalog.sum(pg_catalog.hashtextextended(f.entry, 0)))) AS fingerprint FROM (
  SELECT pg_catalog.concat('c', c.oid, ':', c.xmin) AS entry FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  UNION ALL SELECT pg_catalog.concat('a', a.attrelid, '.', a.attnum, ':', a.xmin) FROM pg_catalog.pg_attribute AS a WHERE a.attacl IS NOT NULL
  UNION ALL SELECT pg_catalog.concat('p', p.oid, ':', p.xmin) FROM pg_catalog.pg_proc AS p
    JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  UNION ALL SELECT pg_catalog.concat('n', n.oid, ':', n.xmin) FROM pg_catalog.pg_namespace AS n WHERE n.nspname !~ '^pg_'
  UNION ALL SELECT pg_catalog.concat('d', d.oid, ':', d.xmin) FROM pg_catalog.pg_default_acl AS d
  UNION ALL SELECT pg_catalog.concat('m', m.oid, ':', m.xmin) FROM pg_catalog.pg_auth_members AS m
  UNION ALL SELECT pg_catalog.concat('b', b.oid, ':', b.xmin) FROM pg_catalog.pg_database AS b WHERE b.datname = pg_catalog.current_database()
  UNION ALL SELECT pg_catalog.concat('t', t.oid, ':', t.xmin) FROM pg_catalog.pg_event_trigger AS t
  UNION ALL SELECT pg_catalog.concat('e', e.classid, '.', e.objid) FROM pg_catalog.pg_depend AS e WHERE e.deptype = 'e'
  UNION ALL SELECT pg_catalog.concat('s', s.objoid, ':', s.xmin) FROM pg_catalog.pg_shdescription AS s WHERE s.classoid = 'pg_catalog.pg_authid'::regclass
  UNION ALL SELECT pg_catalog.concat('r', r.oid, ':', r.rolname, ':', r.rolcanlogin, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolreplication, r.rolbypassrls)
    FROM pg_catalog.pg_roles AS r) AS f`;
