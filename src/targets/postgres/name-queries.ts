import { acting, argumentTypes, held, isPassable, rightsOnObject } from './query-parts.ts';
import { sql } from './sql.ts';

/**
 * Tables, sequences or routines of one schema and owner on which roles' rights differ from exactly those promised, with all that each and PUBLIC have on them: a row for each role and object.
 * $1: the roles' oids; $2, $3: oid of schema and owner; $4: table, sequence or routine; $5: the promised rights; $6: whether we can't act for the owner.
 * Tables are what GRANT ON TABLE understands: also partitioned and foreign tables, views and materialized views. Where nobody ever granted or revoked, PUBLIC may run routines all the same.
 * Conditions stand in CASE, because PostgreSQL takes them for much rarer than they are otherwise, and compares each of some thousand objects with each (measured: 17 s instead of 0.1 s).
 * `grantable`: rights that we could pass on; where we can act for the owner, only those that the session's own role may, because it does so in its own name then.
 */
export const nameDiffering = sql`WITH obj AS MATERIALIZED (
  SELECT c.oid, $4::text AS kind, c.relname AS name, c.relowner AS own, c.relacl AS options, NULL::oid[] AS types FROM pg_catalog.pg_class AS c
  WHERE CASE WHEN c.relnamespace = $2::oid AND c.relowner = $3::oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') THEN CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END = $4::text ELSE false END
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  UNION ALL SELECT p.oid, $4::text, p.proname, p.proowner, coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner)), p.proargtypes::oid[] FROM pg_catalog.pg_proc AS p
  WHERE $4::text = 'routine' AND CASE WHEN p.pronamespace = $2::oid THEN p.proowner = $3::oid ELSE false END
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')),
${held},
role AS MATERIALIZED (
  SELECT u.oid, CASE WHEN pg_catalog.cardinality($5::text[]) = 0 THEN '{}'::aclitem[]
    ELSE ARRAY[pg_catalog.makeaclitem(u.oid, $3::oid, pg_catalog.array_to_string($5::text[], ', '), false)] END AS promised
  FROM pg_catalog.unnest($1::oid[]) AS u (oid)),
passable AS MATERIALIZED (
  SELECT p.oid, pg_catalog.jsonb_agg(DISTINCT p.privilege) AS privileges FROM (
    SELECT s.oid, b.privilege_type AS privilege FROM obj AS s CROSS JOIN LATERAL pg_catalog.unnest(s.options) AS u (item) JOIN known AS k ON k.item = u.item
    CROSS JOIN LATERAL pg_catalog.aclexplode(ARRAY[u.item]) AS b
    WHERE NOT $6::boolean AND pg_catalog.pg_get_userbyid(k.grantee) = current_user AND b.is_grantable AND b.privilege_type = ANY ($5::text[])
    UNION ALL SELECT s.oid, v.privilege FROM obj AS s CROSS JOIN pg_catalog.unnest($5::text[]) AS v (privilege)
    WHERE CASE WHEN NOT $6::boolean THEN false ELSE ${isPassable} END) AS p GROUP BY p.oid)
SELECT role.oid AS role, s.name, ${argumentTypes} AS arguments, p.privileges AS grantable, r.rights
  FROM role CROSS JOIN obj AS s LEFT JOIN held AS h ON h.oid = s.oid AND h.grantee = role.oid LEFT JOIN held AS e ON e.oid = s.oid AND e.grantee = 0
  LEFT JOIN passable AS p ON p.oid = s.oid CROSS JOIN LATERAL (SELECT ${rightsOnObject} AS rights) AS r
  WHERE coalesce(h.items, '{}') IS DISTINCT FROM role.promised ORDER BY role.oid, s.name, s.oid LIMIT 5000`;

/**
 * Objects that grants name, whoever owns them and made them, each with all that a role and PUBLIC have on it. What isn't there, or is the system's, is left out.
 * $1: the roles' oids; $2: for each role and name an object with asker (what its rows are to be known by), role (its oid), kind (table, sequence or routine), schema, name and the privileges promised.
 * `acting` and `grantable` as in readRights and nameDiffering.
 */
export const readNamed = sql`WITH wanted AS MATERIALIZED (
  SELECT u.asker, u.role, u.kind, u.schema, u.name, u.privileges
  FROM pg_catalog.jsonb_to_recordset($2::jsonb) AS u (asker int4, role oid, kind text, schema text, name text, privileges text[])),
place AS MATERIALIZED (
  SELECT DISTINCT w.kind, n.oid AS ns, w.schema, w.name FROM wanted AS w JOIN pg_catalog.pg_namespace AS n ON n.nspname::text = w.schema
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'),
obj AS MATERIALIZED (
  SELECT c.oid, l.kind, l.schema, l.name, c.relowner AS own, c.relacl AS options, NULL::oid[] AS types FROM place AS l
  JOIN pg_catalog.pg_class AS c ON c.relnamespace = l.ns AND c.relname = l.name::name
  WHERE CASE WHEN c.relname::text = l.name AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') THEN CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END = l.kind ELSE false END
  UNION ALL SELECT p.oid, l.kind, l.schema, l.name, p.proowner, coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner)), p.proargtypes::oid[] FROM place AS l
  JOIN pg_catalog.pg_proc AS p ON p.pronamespace = l.ns AND p.proname = l.name::name WHERE CASE WHEN p.proname::text = l.name THEN l.kind = 'routine' ELSE false END),
${held},
owner AS MATERIALIZED (SELECT o.own AS oid, pg_catalog.pg_get_userbyid(o.own) AS name, ${acting} AS acting FROM (SELECT DISTINCT s.own FROM obj AS s) AS o)
SELECT w.asker, s.kind, s.schema, s.name, ${argumentTypes} AS arguments, x.name AS owner, x.acting, r.rights,
  (SELECT pg_catalog.jsonb_agg(v.privilege) FROM pg_catalog.unnest(w.privileges) AS v (privilege)
    WHERE CASE WHEN x.acting = 'no' THEN ${isPassable}
      ELSE EXISTS (SELECT FROM pg_catalog.unnest(s.options) AS u (item) CROSS JOIN LATERAL pg_catalog.aclexplode(ARRAY[u.item]) AS b
        WHERE b.is_grantable AND b.privilege_type = v.privilege AND pg_catalog.pg_get_userbyid(b.grantee) = current_user) END) AS grantable
  FROM wanted AS w JOIN obj AS s ON s.kind = w.kind AND s.schema = w.schema AND s.name = w.name JOIN owner AS x ON x.oid = s.own
  LEFT JOIN held AS h ON h.kind = s.kind AND h.oid = s.oid AND h.grantee = w.role LEFT JOIN held AS e ON e.kind = s.kind AND e.oid = s.oid AND e.grantee = 0
  CROSS JOIN LATERAL (SELECT ${rightsOnObject} AS rights) AS r ORDER BY w.asker, s.kind, s.schema, s.name, s.oid LIMIT 20001`;
