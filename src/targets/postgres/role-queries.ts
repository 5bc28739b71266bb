import { sql } from './sql.ts';

/**
 * Roles of which users shall become members: what speaks against that, of each and of all roles that it is a member of itself, be it through others, and whether this session
 * may give it. A membership counts whatever its options are, because who has it may use them. Attributes aren't inherited; but whoever may use a role that has some is more
 * than an application. $1: the names; $2: names of administrators' roles.
 * `marked`: the comment begins as every mark does, also one of a form that we can't read (targets/mark.ts).
 * `grantable`: not pg_has_role's ADMIN OPTION, which counts one that the session could only SET ROLE to.
 */
export const readRoles = sql`WITH RECURSIVE named AS MATERIALIZED (
  SELECT r.oid, r.rolname FROM pg_catalog.pg_roles AS r WHERE r.rolname::text = ANY ($1::text[])),
inside AS (
  SELECT named.oid AS member, named.oid AS role FROM named
  UNION SELECT i.member, m.roleid FROM inside AS i JOIN pg_catalog.pg_auth_members AS m ON m.member = i.role),
fact AS MATERIALIZED (
  SELECT i.member, pg_catalog.bool_or(r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls) AS attribute,
    pg_catalog.min(CASE WHEN pg_catalog.starts_with(r.rolname::text, 'pg_') OR pg_catalog.starts_with(pg_catalog.lower(r.rolname::text), 'azure')
      THEN r.rolname::text END) AS reserved,
    pg_catalog.bool_or(r.rolname = current_user OR r.rolname::text = ANY ($2::text[])) AS administrator,
    pg_catalog.bool_or(coalesce(pg_catalog.left(pg_catalog.shobj_description(r.oid, 'pg_authid'), 256) ~ '^dbaccess/[0-9]', false)) AS marked
  FROM inside AS i JOIN pg_catalog.pg_roles AS r ON r.oid = i.role GROUP BY i.member)
SELECT named.rolname::text AS name, f.attribute AS "hasAttribute", f.reserved AS "reservedRole", f.administrator AS "isAdministrator", f.marked AS "isMarked",
  EXISTS (SELECT FROM pg_catalog.pg_auth_members AS m WHERE m.roleid = named.oid AND m.admin_option AND pg_catalog.pg_has_role(m.member, 'USAGE')) AS grantable
  FROM named JOIN fact AS f ON f.member = named.oid ORDER BY named.rolname`;
