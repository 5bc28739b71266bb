import { sql } from './sql.ts';

/** Most rows that one look at a database's rights may return; rights are grouped, so that each row stands for any number of tables. */
export const maximumRightRows = 20_000;
/** Most objects named at a time; the next round names the next ones. */
export const maximumNamedObjects = 5_000;

/**
 * All that concerns one role's rights in this database, as rows of a kind and a JSON object.
 * Tables, sequences and routines come as counts by schema, owner and access item, because unpacking each table's list takes minutes where tables and roles
 * are many, and grouping by item first a fraction of a second (measured with 1,000 of each). Members of extensions are left out.
 * `acting` tells how this session may act for an owner: own (it inherits its rights), selfgrant (it may join the role: with an ADMIN option that it has or inherits,
 * which pg_has_role doesn't tell from one that it could only SET ROLE to), no.
 * `revocable` tells whether a REVOKE of ours, as the owner where we act for it, takes a right back: PostgreSQL revokes what the session's own role gave, where that one may pass the
 * right on, and else what the owner or another role gave that the session inherits from (select_best_grantor); where several may, nothing tells which.
 * $1: the role's oid; $2: event triggers known to be harmless; $3: how the marks of our cluster begin, or null when future objects are of no interest;
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
    AND r.rolcanlogin AND r.oid <> $1::oid AND pg_catalog.has_schema_privilege(r.oid, nsp.oid, 'CREATE')),
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
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('public', a.grantee = 0, 'grantor', pg_catalog.pg_get_userbyid(a.grantor), 'privilege', a.privilege_type,
      'canPassOn', a.is_grantable,
      'fromUs', pg_catalog.pg_has_role(a.grantor, 'USAGE'),
      'revocable', CASE WHEN pg_catalog.pg_get_userbyid(a.grantor) = current_user THEN true
        WHEN a.grantor <> s.own AND (pg_catalog.pg_has_role(s.own, 'USAGE') OR NOT pg_catalog.pg_has_role(a.grantor, 'USAGE')) THEN false
        ELSE NOT EXISTS (SELECT FROM pg_catalog.unnest(s.options) AS v (item) CROSS JOIN LATERAL pg_catalog.aclexplode(ARRAY[v.item]) AS b
          WHERE b.is_grantable AND b.grantee NOT IN (0, a.grantor) AND b.privilege_type = a.privilege_type AND pg_catalog.pg_has_role(b.grantee, 'USAGE')) END)) AS rights
    FROM pg_catalog.unnest(s.acl) AS u (item) CROSS JOIN LATERAL pg_catalog.aclexplode(ARRAY[u.item]) AS a WHERE a.grantee IN (0, $1::oid)) AS r
  WHERE s.kind <> 'column' OR r.rights IS NOT NULL
  UNION ALL SELECT 'group', pg_catalog.jsonb_build_object('kind', g.kind, 'schema', nsp.nspname, 'schemaOid', nsp.oid, 'owner', w.name, 'ownerOid', w.oid, 'acting', w.acting, 'count', g.n)
  FROM (SELECT ns, kind, own, pg_catalog.count(*) AS n FROM obj GROUP BY 1, 2, 3) AS g JOIN nsp ON nsp.oid = g.ns JOIN owner AS w ON w.oid = g.own
  UNION ALL SELECT 'count', pg_catalog.jsonb_build_object('kind', i.kind, 'schemaOid', i.ns, 'ownerOid', i.own, 'public', a.grantee = 0,
    'grantor', pg_catalog.pg_get_userbyid(a.grantor), 'privilege', a.privilege_type, 'canPassOn', a.is_grantable,
    'fromUs', pg_catalog.pg_has_role(a.grantor, 'USAGE'), 'count', pg_catalog.sum(i.n))
  FROM item AS i CROSS JOIN LATERAL pg_catalog.aclexplode(ARRAY[i.item]) AS a WHERE a.grantee IN (0, $1::oid)
  GROUP BY i.kind, i.ns, i.own, a.grantee, a.grantor, a.privilege_type, a.is_grantable
  UNION ALL SELECT 'default', pg_catalog.jsonb_build_object('owner', w.name, 'acting', w.acting, 'schema', nsp.nspname, 'type', f.defaclobjtype, 'privilege', a.privilege_type,
    'canPassOn', a.is_grantable)
  FROM pg_catalog.pg_default_acl AS f JOIN owner AS w ON w.oid = f.defaclrole LEFT JOIN nsp ON nsp.oid = f.defaclnamespace
  CROSS JOIN LATERAL pg_catalog.unnest(f.defaclacl) AS u (item) CROSS JOIN LATERAL pg_catalog.aclexplode(ARRAY[u.item]) AS a WHERE a.grantee = $1::oid
  UNION ALL SELECT 'membership', pg_catalog.jsonb_build_object('role', pg_catalog.pg_get_userbyid(m.roleid), 'grantor', pg_catalog.pg_get_userbyid(m.grantor), 'canPassOn', m.admin_option,
    'revocable', pg_catalog.pg_has_role(m.grantor, 'USAGE') AND pg_catalog.pg_has_role(m.roleid, 'MEMBER WITH ADMIN OPTION'))
  FROM pg_catalog.pg_auth_members AS m WHERE m.member = $1::oid
  UNION ALL SELECT 'creator', pg_catalog.jsonb_build_object('schema', nsp.nspname, 'owner', w.name, 'acting', w.acting)
  FROM (SELECT own, ns FROM creator UNION SELECT r.oid, nsp.oid FROM pg_catalog.pg_roles AS r CROSS JOIN nsp WHERE r.rolname = current_user AND $3::text IS NOT NULL) AS c
  JOIN nsp ON nsp.oid = c.ns JOIN owner AS w ON w.oid = c.own
  UNION ALL SELECT 'trigger', pg_catalog.jsonb_build_object('name', e.evtname) FROM pg_catalog.pg_event_trigger AS e
  WHERE e.evtenabled <> 'D' AND e.evtname::text <> ALL ($2::text[])) AS found
LIMIT 20001`;

/**
 * Tables or sequences of one schema and owner whose rights for the role differ from exactly those promised, with all that it and PUBLIC have on them.
 * $1: the role's oid; $2, $3: oid of schema and owner; $4: relkinds; $5: the promised rights; $6: whether we can't act for the owner.
 * `grantable`: rights that we could pass on; where we can act for the owner, only those that the session's own role may, because it does so in its own name then.
 */
export const nameRelations = sql`SELECT c.relname AS name,
  (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('public', a.grantee = 0, 'grantor', pg_catalog.pg_get_userbyid(a.grantor), 'privilege', a.privilege_type,
      'canPassOn', a.is_grantable,
      'fromUs', pg_catalog.pg_has_role(a.grantor, 'USAGE'),
      'revocable', CASE WHEN pg_catalog.pg_get_userbyid(a.grantor) = current_user THEN true
        WHEN a.grantor <> c.relowner AND (pg_catalog.pg_has_role(c.relowner, 'USAGE') OR NOT pg_catalog.pg_has_role(a.grantor, 'USAGE')) THEN false
        ELSE NOT EXISTS (SELECT FROM pg_catalog.unnest(c.relacl) AS v (item) CROSS JOIN LATERAL pg_catalog.aclexplode(ARRAY[v.item]) AS b
          WHERE b.is_grantable AND b.grantee NOT IN (0, a.grantor) AND b.privilege_type = a.privilege_type AND pg_catalog.pg_has_role(b.grantee, 'USAGE')) END))
    FROM pg_catalog.unnest(c.relacl) AS u (item) CROSS JOIN LATERAL pg_catalog.aclexplode(ARRAY[u.item]) AS a WHERE a.grantee IN (0, $1::oid)) AS rights,
  (SELECT pg_catalog.jsonb_agg(p.privilege) FROM pg_catalog.unnest($5::text[]) AS p (privilege)
    WHERE CASE WHEN NOT $6::boolean THEN EXISTS (SELECT FROM pg_catalog.unnest(c.relacl) AS v (item) CROSS JOIN LATERAL pg_catalog.aclexplode(ARRAY[v.item]) AS b
        WHERE b.is_grantable AND b.privilege_type = p.privilege AND pg_catalog.pg_get_userbyid(b.grantee) = current_user)
      WHEN c.relkind = 'S' THEN pg_catalog.has_sequence_privilege(c.oid, pg_catalog.concat(p.privilege, ' WITH GRANT OPTION'))
      ELSE pg_catalog.has_table_privilege(c.oid, pg_catalog.concat(p.privilege, ' WITH GRANT OPTION')) END) AS grantable
  FROM pg_catalog.pg_class AS c
  WHERE c.relnamespace = $2::oid AND c.relowner = $3::oid AND c.relkind = ANY ($4::"char"[])
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    AND ARRAY(SELECT u.item FROM pg_catalog.unnest(c.relacl) AS u (item) WHERE EXISTS (SELECT FROM pg_catalog.aclexplode(ARRAY[u.item]) AS a WHERE a.grantee = $1::oid))
      IS DISTINCT FROM CASE WHEN pg_catalog.cardinality($5::text[]) = 0 THEN '{}'::aclitem[]
        ELSE ARRAY[pg_catalog.makeaclitem($1::oid, c.relowner, pg_catalog.array_to_string($5::text[], ', '), false)] END
  ORDER BY c.relname LIMIT 5000`;

/** Routines of one schema and owner on which the role itself has a right, with the types of their arguments. $1: the role's oid; $2, $3: oid of schema and owner. */
export const nameRoutines = sql`SELECT p.proname AS name,
  (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('schema', n.nspname, 'name', t.typname) ORDER BY v.position)
    FROM pg_catalog.unnest(p.proargtypes::oid[]) WITH ORDINALITY AS v (type, position)
    JOIN pg_catalog.pg_type AS t ON t.oid = v.type JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace) AS arguments, r.rights
  FROM pg_catalog.pg_proc AS p CROSS JOIN LATERAL (
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('public', false, 'grantor', pg_catalog.pg_get_userbyid(a.grantor), 'privilege', a.privilege_type,
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
