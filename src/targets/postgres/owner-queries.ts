import { sql } from './sql.ts';

/** Which of some owners' rights a role has. $1: the role's name; $2: the owners' names. */
export const readActableOwners = sql`SELECT o.rolname::text AS owner FROM pg_catalog.pg_roles AS o CROSS JOIN pg_catalog.pg_roles AS l
  WHERE l.rolname::text = $1::text AND o.rolname::text = ANY ($2::text[]) AND pg_catalog.pg_has_role(l.oid, o.oid, 'USAGE')`;

/**
 * Of some things, by position, those whose owner's rights this session hasn't. $1: kinds; $2: schemas, of tables, sequences, columns and routines; $3: names; of a column the
 * table's, of kind owner a role's own. Of routines with the same name none may be somebody else's.
 */
export const readNotOwned = sql`SELECT u.position FROM pg_catalog.unnest($1::text[]) WITH ORDINALITY AS u (kind, position)
  CROSS JOIN LATERAL (SELECT ($2::text[])[u.position::int] AS schema, ($3::text[])[u.position::int] AS name) AS v
  WHERE CASE u.kind
    WHEN 'owner' THEN NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = v.name::name AND pg_catalog.pg_has_role(r.oid, 'USAGE'))
    WHEN 'database' THEN NOT EXISTS (SELECT FROM pg_catalog.pg_database AS d WHERE d.datname = v.name::name AND pg_catalog.pg_has_role(d.datdba, 'USAGE'))
    WHEN 'schema' THEN NOT EXISTS (SELECT FROM pg_catalog.pg_namespace AS n WHERE n.nspname = v.name::name AND pg_catalog.pg_has_role(n.nspowner, 'USAGE'))
    WHEN 'routine' THEN EXISTS (SELECT FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
      WHERE n.nspname = v.schema::name AND p.proname = v.name::name AND NOT pg_catalog.pg_has_role(p.proowner, 'USAGE'))
    ELSE NOT EXISTS (SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      WHERE n.nspname = v.schema::name AND c.relname = v.name::name AND pg_catalog.pg_has_role(c.relowner, 'USAGE')) END`;

/** Which of some roles may connect to this database without what everybody may. $1: the roles' names. */
export const readDirectConnect = sql`SELECT r.rolname::text AS name FROM pg_catalog.pg_roles AS r WHERE r.rolname::text = ANY ($1::text[])
  AND EXISTS (SELECT FROM pg_catalog.pg_database AS d CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) AS a
    WHERE d.datname = pg_catalog.current_database() AND a.privilege_type = 'CONNECT' AND a.grantee <> 0 AND pg_catalog.pg_has_role(r.oid, a.grantee, 'USAGE'))`;

/** Whether this session may give a role things to own as it is. $1: the role's name. */
export const readMayGiveTo = sql`SELECT EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname::text = $1::text AND pg_catalog.pg_has_role(r.oid, 'USAGE')
  AND pg_catalog.pg_has_role(r.oid, 'SET')) AS "mayGive"`;
