import { numberedParameterRows, parameterRows, parameters, type Sql, sql } from './sql.ts';

// Every statement that reads. Names are looked up by the server, because its collation decides which of them are the same; what stands in a catalog is told as the catalog has it.
// Parameters are @p1, @p2 and so on. What can be many has a limit. test/unit/targets/azure-sql/statements.snapshot.txt holds one of each.

/** What we call the extended property that holds a user's mark. */
export const markProperty = 'dbaccess.dev/connection';

/** Who we are and where, and whether the session's settings are those that we set. */
export const whoAmI = sql`SELECT DB_NAME() AS [database], @@SERVERNAME AS serverName, CAST(SERVERPROPERTY('EngineEdition') AS int) AS edition,
  @@OPTIONS AS options, @@LOCK_TIMEOUT AS lockTimeout, HAS_PERMS_BY_NAME(QUOTENAME(DB_NAME()), N'DATABASE', N'CONTROL') AS hasControl`;

const boundTo = sql`CASE WHEN DATALENGTH(p.sid) >= 16 THEN CAST(CAST(SUBSTRING(p.sid, 1, 16) AS binary(16)) AS uniqueidentifier) END AS boundTo`;
const mark = sql`CAST(x.value AS nvarchar(400)) AS mark`;
const withMark = sql`LEFT JOIN sys.extended_properties AS x ON x.class = 4 AND x.major_id = p.principal_id AND x.minor_id = 0 AND x.name = N'dbaccess.dev/connection'`;

/**
 * Principals of these names and those that are bound to these identities, each with the place of the question that it answers. Parameters: of each a name and a security id, which may be
 * NULL. A row for each permission to connect that the principal has or is denied, and one where there is none.
 */
export function readPrincipals(count: number): Sql {
  return sql`SELECT asked.place AS asked, CASE WHEN p.name = asked.name THEN 1 ELSE 0 END AS isNamed, p.principal_id AS id, p.name AS name, RTRIM(p.type) AS type,
  p.is_fixed_role AS isFixedRole, p.default_schema_name AS defaultSchema, DATALENGTH(p.sid) AS sidLength, ${boundTo}, ${mark}, RTRIM(c.state) AS connects,
  g.name AS connectsBy
  FROM ${numberedParameterRows(count, 2)} AS asked (place, name, sid) JOIN sys.database_principals AS p ON p.name = asked.name OR p.sid = asked.sid
  ${withMark}
  LEFT JOIN sys.database_permissions AS c ON c.class = 0 AND c.grantee_principal_id = p.principal_id AND c.permission_name = N'CONNECT'
  LEFT JOIN sys.database_principals AS g ON g.principal_id = c.grantor_principal_id`;
}

/** DDL triggers of the database that would run as us whenever we write (threat-model A8). */
export const readTriggers = sql`SELECT t.name AS name FROM sys.triggers AS t WHERE t.parent_class = 0 AND t.is_disabled = 0 ORDER BY t.name`;

/** Roles of which these principals are members. Parameters: their ids. */
export function readMemberships(count: number): Sql {
  return sql`SELECT m.member_principal_id AS id, r.name AS role FROM sys.database_role_members AS m
  JOIN sys.database_principals AS r ON r.principal_id = m.role_principal_id WHERE m.member_principal_id IN (${parameters(count)}) ORDER BY m.member_principal_id, r.name`;
}

const securable = sql`d.class AS class, d.class_desc AS classText, RTRIM(d.state) AS state, d.permission_name AS permission,
  CASE d.class WHEN 3 THEN SCHEMA_NAME(d.major_id) WHEN 1 THEN OBJECT_SCHEMA_NAME(d.major_id) WHEN 6 THEN SCHEMA_NAME(t.schema_id) END AS [schema],
  CASE d.class WHEN 1 THEN OBJECT_NAME(d.major_id) WHEN 4 THEN o.name WHEN 6 THEN t.name END AS name,
  CASE WHEN d.class = 4 THEN RTRIM(o.type) END AS principalType,
  CASE WHEN d.class = 1 AND d.minor_id <> 0 THEN COL_NAME(d.major_id, d.minor_id) END AS [column]`;
const securableJoins = sql`LEFT JOIN sys.types AS t ON d.class = 6 AND t.user_type_id = d.major_id
  LEFT JOIN sys.database_principals AS o ON d.class = 4 AND o.principal_id = d.major_id`;

/** More rows than these are not looked after. */
export const maximumPermissionRows = 20_000;

/** What these principals were given or denied themselves, and by whom. Parameters: their ids. One row more than the maximum tells that there are too many. */
export function readPermissions(count: number): Sql {
  return sql`SELECT TOP (20001) d.grantee_principal_id AS id, g.name AS grantor, ${securable}
  FROM sys.database_permissions AS d JOIN sys.database_principals AS g ON g.principal_id = d.grantor_principal_id
  ${securableJoins}
  WHERE d.grantee_principal_id IN (${parameters(count)}) ORDER BY d.grantee_principal_id, d.class, d.major_id, d.minor_id, d.permission_name, g.name`;
}

/** What roles are denied, public among them: it holds for their members, whatever those were given. */
export const readDenials = sql`SELECT TOP (1000) e.name AS grantee, ${securable}
  FROM sys.database_permissions AS d JOIN sys.database_principals AS e ON e.principal_id = d.grantee_principal_id
  ${securableJoins}
  WHERE d.state = 'D' AND e.type = 'R' ORDER BY d.class, d.major_id, d.minor_id, e.name, d.permission_name`;

/** The schemas of these names. Parameters: the names. */
export function readSchemas(count: number): Sql {
  return sql`SELECT asked.name AS asked, s.name AS name, s.principal_id AS owner FROM ${parameterRows(count, 1)} AS asked (name) JOIN sys.schemas AS s ON s.name = asked.name`;
}

/** The objects of these names. Parameters: of each the schema's name and its own. */
export function readObjects(count: number): Sql {
  return sql`SELECT asked.[schema] AS askedSchema, asked.name AS asked, s.name AS [schema], o.name AS name, RTRIM(o.type) AS type,
  COALESCE(o.principal_id, s.principal_id) AS owner
  FROM ${parameterRows(count, 2)} AS asked ([schema], name) JOIN sys.schemas AS s ON s.name = asked.[schema]
  JOIN sys.objects AS o ON o.schema_id = s.schema_id AND o.name = asked.name`;
}

/** All roles of the database. */
export const readRoles = sql`SELECT TOP (20001) p.principal_id AS id, p.name AS name, p.is_fixed_role AS isFixedRole, ${mark}
  FROM sys.database_principals AS p ${withMark} WHERE p.type = 'R' ORDER BY p.principal_id`;

/** Which roles are members of which. */
export const readRoleMembers = sql`SELECT TOP (20001) m.role_principal_id AS role, m.member_principal_id AS member FROM sys.database_role_members AS m
  JOIN sys.database_principals AS p ON p.principal_id = m.member_principal_id WHERE p.type = 'R' ORDER BY m.role_principal_id, m.member_principal_id`;

/** What roles may do with the database as a whole and with other principals. */
export const readRolePermissions = sql`SELECT TOP (20001) d.grantee_principal_id AS id, d.class AS class, d.permission_name AS permission FROM sys.database_permissions AS d
  JOIN sys.database_principals AS p ON p.principal_id = d.grantee_principal_id WHERE p.type = 'R' AND d.state <> 'D' AND d.class IN (0, 4) ORDER BY d.grantee_principal_id, d.permission_name`;

/** What a principal owns, and the modules that run as it. @p1: its id. One row more than the maximum tells that there are too many. */
export const readOwned = sql`SELECT TOP (1001) found.kind AS kind, found.[schema] AS [schema], found.name AS name FROM (
  SELECT N'schema' AS kind, CAST(NULL AS nvarchar(128)) AS [schema], s.name AS name FROM sys.schemas AS s WHERE s.principal_id = @p1
  UNION ALL SELECT N'object', SCHEMA_NAME(o.schema_id), o.name FROM sys.objects AS o WHERE o.principal_id = @p1
  UNION ALL SELECT N'type', SCHEMA_NAME(t.schema_id), t.name FROM sys.types AS t WHERE t.principal_id = @p1
  UNION ALL SELECT N'role', CAST(NULL AS nvarchar(128)), r.name FROM sys.database_principals AS r WHERE r.owning_principal_id = @p1 AND r.type IN ('R', 'A')
  UNION ALL SELECT N'module', OBJECT_SCHEMA_NAME(m.object_id), OBJECT_NAME(m.object_id) FROM sys.sql_modules AS m WHERE m.execute_as_principal_id = @p1
  ) AS found ORDER BY found.kind, found.[schema], found.name`;

/** What these principals own. Parameters: their ids. At most so much as a message is to name. */
export function readOwnedBy(count: number): Sql {
  return sql`SELECT TOP (1000) found.id AS id, found.kind AS kind, found.[schema] AS [schema], found.name AS name FROM (
  SELECT s.principal_id AS id, N'schema' AS kind, CAST(NULL AS nvarchar(128)) AS [schema], s.name AS name FROM sys.schemas AS s
  UNION ALL SELECT o.principal_id, N'object', b.name, o.name FROM sys.objects AS o JOIN sys.schemas AS b ON b.schema_id = o.schema_id
  UNION ALL SELECT t.principal_id, N'type', b.name, t.name FROM sys.types AS t JOIN sys.schemas AS b ON b.schema_id = t.schema_id
  UNION ALL SELECT r.owning_principal_id, N'role', CAST(NULL AS nvarchar(128)), r.name FROM sys.database_principals AS r WHERE r.type IN ('R', 'A')
  ) AS found WHERE found.id IN (${parameters(count)}) ORDER BY found.id, found.kind, found.[schema], found.name`;
}

/** More than this isn't handed from one owner to another in one transaction. */
export const maximumOwned = 1_000;

/**
 * What others were given or denied on what a principal owns, also by way of a schema: all of that goes when another takes over
 * (https://learn.microsoft.com/sql/t-sql/statements/alter-authorization-transact-sql). @p1: its id.
 */
export const readRightsOnOwned = sql`SELECT TOP (20001) e.name AS grantee, ${securable}
  FROM sys.database_permissions AS d JOIN sys.database_principals AS e ON e.principal_id = d.grantee_principal_id
  ${securableJoins}
  LEFT JOIN sys.objects AS b ON d.class = 1 AND b.object_id = d.major_id
  LEFT JOIN sys.schemas AS s ON s.schema_id = CASE d.class WHEN 3 THEN d.major_id WHEN 1 THEN b.schema_id WHEN 6 THEN t.schema_id END
  WHERE d.grantee_principal_id <> @p1 AND (b.principal_id = @p1 OR t.principal_id = @p1 OR o.owning_principal_id = @p1
    OR (s.principal_id = @p1 AND b.principal_id IS NULL AND t.principal_id IS NULL))
  ORDER BY d.class, d.major_id, d.minor_id, e.name, d.permission_name`;

/**
 * Sessions of an identity in this database, also where they took on somebody else's rights. Which of these tells an application's session isn't documented. @p1: the security id; @p2: how its login names begin.
 */
export const readSessions = sql`SELECT TOP (10000) s.session_id AS id FROM sys.dm_exec_sessions AS s WHERE s.is_user_process = 1 AND s.session_id <> @@SPID AND s.database_id = DB_ID()
  AND (SUBSTRING(s.security_id, 1, 16) = @p1 OR SUBSTRING(s.original_security_id, 1, 16) = @p1 OR s.original_login_name LIKE @p2)`;

/** Users as whom somebody can log in and whose marks are like this, at most 20,000. @p1: the pattern. */
export const readMarked = sql`SELECT TOP (20000) p.name AS name, ${mark} FROM sys.extended_properties AS x JOIN sys.database_principals AS p ON p.principal_id = x.major_id
  WHERE x.class = 4 AND x.minor_id = 0 AND p.type IN ('E', 'X') AND x.name = N'dbaccess.dev/connection' AND CAST(x.value AS nvarchar(400)) LIKE @p1 ORDER BY p.principal_id`;
