import { sql } from './sql.ts';

// What several looks at rights have in common. The names of rows and columns are theirs.

/** How this session may act for owner `o.own`. */
export const acting = sql`CASE WHEN pg_catalog.pg_has_role(o.own, 'USAGE') THEN 'own'
      WHEN EXISTS (SELECT FROM pg_catalog.pg_auth_members AS m WHERE m.roleid = o.own AND m.admin_option AND pg_catalog.pg_has_role(m.member, 'USAGE'))
        AND NOT pg_catalog.pg_has_role(o.own, current_user, 'MEMBER') THEN 'selfgrant' ELSE 'no' END`;

/** Right `a` on an object `s` of owner `own`; `options` are all rights on it that could let somebody pass `a` on. */
export const rightEntry = sql`pg_catalog.jsonb_build_object('to', a.grantee::int8, 'grantor', pg_catalog.pg_get_userbyid(a.grantor), 'privilege', a.privilege_type,
      'canPassOn', a.is_grantable,
      'fromUs', pg_catalog.pg_has_role(a.grantor, 'USAGE'),
      'revocable', CASE WHEN pg_catalog.pg_get_userbyid(a.grantor) = current_user THEN true
        WHEN a.grantor <> s.own AND (pg_catalog.pg_has_role(s.own, 'USAGE') OR NOT pg_catalog.pg_has_role(a.grantor, 'USAGE')) THEN false
        ELSE NOT EXISTS (SELECT FROM pg_catalog.unnest(s.options) AS v (item) CROSS JOIN LATERAL pg_catalog.aclexplode(ARRAY[v.item]) AS b
          WHERE b.is_grantable AND b.grantee NOT IN (0, a.grantor) AND b.privilege_type = a.privilege_type AND pg_catalog.pg_has_role(b.grantee, 'USAGE')) END)`;

/** The types of the arguments `s.types`, by which a routine is named. */
export const argumentTypes = sql`(SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('schema', n.nspname, 'name', t.typname) ORDER BY v.position)
    FROM pg_catalog.unnest(s.types) WITH ORDINALITY AS v (type, position)
    JOIN pg_catalog.pg_type AS t ON t.oid = v.type JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace)`;

/** Whether this session could pass `v.privilege` on object `s` on, whoever lets it. */
export const isPassable = sql`CASE s.kind WHEN 'sequence' THEN pg_catalog.has_sequence_privilege(s.oid, pg_catalog.concat(v.privilege, ' WITH GRANT OPTION'))
      WHEN 'routine' THEN pg_catalog.has_function_privilege(s.oid, pg_catalog.concat(v.privilege, ' WITH GRANT OPTION'))
      ELSE pg_catalog.has_table_privilege(s.oid, pg_catalog.concat(v.privilege, ' WITH GRANT OPTION')) END`;

/** `held`: of objects `obj`, the rights of roles $1 and of PUBLIC (0), as access items; each item is unpacked once, however many objects it is on. */
export const held = sql`item AS MATERIALIZED (SELECT DISTINCT u.item FROM obj AS s CROSS JOIN LATERAL pg_catalog.unnest(s.options) AS u (item)),
known AS MATERIALIZED (
  SELECT i.item, a.grantee FROM item AS i CROSS JOIN LATERAL (SELECT e.grantee FROM pg_catalog.aclexplode(ARRAY[i.item]) AS e LIMIT 1) AS a),
held AS MATERIALIZED (
  SELECT s.kind, s.oid, k.grantee, pg_catalog.array_agg(u.item) AS items FROM obj AS s CROSS JOIN LATERAL pg_catalog.unnest(s.options) AS u (item)
  JOIN known AS k ON k.item = u.item WHERE k.grantee = 0 OR k.grantee = ANY ($1::oid[]) GROUP BY s.kind, s.oid, k.grantee)`;

/** The rights on object `s` that a role has (`h`, of `held`) and that everybody has (`e`). */
export const rightsOnObject = sql`(SELECT pg_catalog.jsonb_agg(${rightEntry})
    FROM pg_catalog.unnest(coalesce(h.items, '{}') || coalesce(e.items, '{}')) AS u (item) CROSS JOIN LATERAL pg_catalog.aclexplode(ARRAY[u.item]) AS a)`;
