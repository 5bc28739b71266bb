import { acting, argumentTypes, rightEntry } from './query-parts.ts';
import { sql } from './sql.ts';

/**
 * All that concerns the rights of some roles in this database, as rows of a kind and a JSON object; `to` is the oid of the role that a row is about, 0 for PUBLIC.
 * Tables, sequences and routines come as counts by schema, owner and access item, because unpacking each table's list takes minutes where tables and roles
 * are many, and grouping by item first a fraction of a second (measured with 1,000 of each). Members of extensions don't count; those on which a role has rights of its own come one by one.
 * Where nobody ever granted or revoked, PUBLIC may run routines all the same.
 * `acting` tells how this session may act for an owner: own (it inherits its rights), selfgrant (it may join the role: with an ADMIN option that it has or inherits,
 * which pg_has_role doesn't tell from one that it could only SET ROLE to), no.
 * `revocable` tells whether a REVOKE of ours, as the owner where we act for it, takes a right back: PostgreSQL revokes what the session's own role gave, where that one may pass the
 * right on, and else what the owner or another role gave that the session inherits from (select_best_grantor); where several may, nothing tells which.
 * $1: the roles' oids; $2: event triggers that all who ask know to be harmless; $3: how the marks of our cluster begin, or null when future objects are of no interest;
 * $4: null, or those of the schemas that extensions made which are not left out.
 */
export const readRights = sql`WITH nsp AS MATERIALIZED (
  SELECT n.oid, n.nspname, n.nspowner, n.nspacl FROM pg_catalog.pg_namespace AS n WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND ($4::text[] IS NULL OR n.nspname::text = ANY ($4::text[]) OR NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
      WHERE d.classid = 'pg_catalog.pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e'))),
ext AS MATERIALIZED (SELECT d.classid, d.objid FROM pg_catalog.pg_depend AS d WHERE d.deptype = 'e'),
obj AS MATERIALIZED (
  SELECT c.relnamespace AS ns, CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind, c.relowner AS own, coalesce(c.relacl, '{}') AS acl
  FROM pg_catalog.pg_class AS c JOIN nsp ON nsp.oid = c.relnamespace
  LEFT JOIN ext AS e ON e.classid = 'pg_catalog.pg_class'::regclass AND e.objid = c.oid
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND e.objid IS NULL
  UNION ALL
  SELECT p.pronamespace, 'routine', p.proowner, coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner)) FROM pg_catalog.pg_proc AS p JOIN nsp ON nsp.oid = p.pronamespace
  LEFT JOIN ext AS e ON e.classid = 'pg_catalog.pg_proc'::regclass AND e.objid = p.oid WHERE e.objid IS NULL),
item AS MATERIALIZED (
  SELECT o.ns, o.kind, o.own, u.item, pg_catalog.count(*) AS n FROM obj AS o CROSS JOIN LATERAL pg_catalog.unnest(o.acl) AS u (item) GROUP BY 1, 2, 3, 4),
creator AS MATERIALIZED (
  SELECT r.oid AS own, nsp.oid AS ns FROM pg_catalog.pg_roles AS r CROSS JOIN nsp WHERE $3::text IS NOT NULL AND r.rolcanlogin
    AND CASE WHEN pg_catalog.has_schema_privilege(r.oid, nsp.oid, 'CREATE')
      THEN pg_catalog.starts_with(pg_catalog.left(pg_catalog.shobj_description(r.oid, 'pg_authid'), 256), $3::text) ELSE false END),
small AS MATERIALIZED (
  SELECT 'database' AS kind, d.datname AS name, NULL::name AS schema, NULL::name AS relation, d.datdba AS own,
    coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba)) AS acl, coalesce(d.datacl, '{}') AS options, NULL::oid[] AS types
  FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()
  UNION ALL SELECT 'schema', nspname, NULL, NULL, nspowner, coalesce(nspacl, '{}'), coalesce(nspacl, '{}'), NULL FROM nsp
  UNION ALL SELECT 'column', a.attname, nsp.nspname, c.relname, c.relowner, a.attacl, a.attacl || coalesce(c.relacl, '{}'), NULL FROM pg_catalog.pg_attribute AS a
    JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid JOIN nsp ON nsp.oid = c.relnamespace
    LEFT JOIN ext AS e ON e.classid = 'pg_catalog.pg_class'::regclass AND e.objid = c.oid
    WHERE a.attacl IS NOT NULL AND NOT a.attisdropped AND e.objid IS NULL
  UNION ALL SELECT CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, c.relname, nsp.nspname, NULL, c.relowner, c.relacl, c.relacl, NULL FROM ext AS e
    JOIN pg_catalog.pg_class AS c ON e.classid = 'pg_catalog.pg_class'::regclass AND c.oid = e.objid JOIN nsp ON nsp.oid = c.relnamespace
    WHERE c.relacl IS NOT NULL AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  UNION ALL SELECT 'routine', p.proname, nsp.nspname, NULL, p.proowner, p.proacl, p.proacl, p.proargtypes::oid[] FROM ext AS e
    JOIN pg_catalog.pg_proc AS p ON e.classid = 'pg_catalog.pg_proc'::regclass AND p.oid = e.objid JOIN nsp ON nsp.oid = p.pronamespace WHERE p.proacl IS NOT NULL),
owner AS MATERIALIZED (
  SELECT o.own AS oid, pg_catalog.pg_get_userbyid(o.own) AS name, ${acting} AS acting
  FROM (SELECT own FROM obj UNION SELECT own FROM creator UNION SELECT own FROM small UNION SELECT defaclrole FROM pg_catalog.pg_default_acl
    UNION SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user) AS o)
SELECT kind, entry FROM (
  SELECT 'object' AS kind, pg_catalog.jsonb_build_object('kind', s.kind, 'name', s.name, 'schema', s.schema, 'relation', s.relation, 'arguments', ${argumentTypes}, 'owner', w.name, 'acting', w.acting,
    'rights', r.rights, 'grantable', (SELECT pg_catalog.jsonb_agg(DISTINCT b.privilege_type) FROM pg_catalog.unnest(s.options) AS v (item)
      CROSS JOIN LATERAL pg_catalog.aclexplode(ARRAY[v.item]) AS b WHERE b.is_grantable AND pg_catalog.pg_get_userbyid(b.grantee) = current_user)) AS entry
  FROM small AS s JOIN owner AS w ON w.oid = s.own CROSS JOIN LATERAL (
    SELECT pg_catalog.jsonb_agg(${rightEntry}) AS rights, pg_catalog.bool_or(a.grantee <> 0) AS own
    FROM pg_catalog.unnest(s.acl) AS u (item) CROSS JOIN LATERAL pg_catalog.aclexplode(ARRAY[u.item]) AS a WHERE a.grantee = 0 OR a.grantee = ANY ($1::oid[])) AS r
  WHERE s.kind IN ('database', 'schema') OR r.own
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
    'inherit', m.inherit_option, 'set', m.set_option,
    'revocable', pg_catalog.pg_has_role(m.grantor, 'USAGE') AND pg_catalog.pg_has_role(m.roleid, 'MEMBER WITH ADMIN OPTION'))
  FROM pg_catalog.pg_auth_members AS m WHERE m.member = ANY ($1::oid[])
  UNION ALL SELECT 'creator', pg_catalog.jsonb_build_object('schema', nsp.nspname, 'owner', w.name, 'ownerOid', w.oid::int8, 'acting', w.acting)
  FROM (SELECT own, ns FROM creator UNION SELECT r.oid, nsp.oid FROM pg_catalog.pg_roles AS r CROSS JOIN nsp WHERE r.rolname = current_user AND $3::text IS NOT NULL) AS c
  JOIN nsp ON nsp.oid = c.ns JOIN owner AS w ON w.oid = c.own
  UNION ALL SELECT 'trigger', pg_catalog.jsonb_build_object('name', e.evtname) FROM pg_catalog.pg_event_trigger AS e
  WHERE e.evtenabled <> 'D' AND e.evtname::text <> ALL ($2::text[])) AS found
LIMIT 20001`;

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
