import { literals } from './queries.ts';
import { type Sql, sql } from './sql.ts';

/** A role that is there, or one that it has, be it through others. */
export interface RoleRow {
  /** The role asked for. */
  readonly role: string;
  /** The role itself, or one that it has. */
  readonly name: string;
  readonly isBound: 0 | 1;
  readonly mark: string | null;
  /** Holds more than rights on databases of applications. */
  readonly isPrivileged: 0 | 1;
}

/** Without a collation of the column's own, which may take one name for another. */
const text = (column: Sql) => sql`CONVERT(${column} USING utf8mb4) COLLATE utf8mb4_bin`;

/**
 * Those of the roles that are there, with all that they have; at most 10,000. An account stands for a role, as MySQL sees it. One is privileged that has a right on everything,
 * or on a system database, that may pass something on, or act as another. Dynamic privileges
 * are in information_schema alone, and roles, on some servers, in mysql.user alone.
 */
export function readRoles(names: readonly string[]): Sql {
  return sql`WITH RECURSIVE reached AS (
    SELECT ${text(sql`a.User`)} AS role, ${text(sql`a.User`)} AS name FROM mysql.user AS a WHERE a.Host IN ('%', '') AND a.User IN (${literals(names)})
    UNION SELECT reached.role, ${text(sql`e.FROM_USER`)} FROM reached JOIN mysql.role_edges AS e ON ${text(sql`e.TO_USER`)} = reached.name
  )
  SELECT reached.role AS role, reached.name AS name, MAX(u.plugin = 'aad_auth') AS isBound,
    MAX(LEFT(JSON_UNQUOTE(JSON_EXTRACT(u.User_attributes, '$.metadata."dbaccess.dev"')), 256)) AS mark,
    COALESCE(MAX('Y' IN (u.Select_priv, u.Insert_priv, u.Update_priv, u.Delete_priv, u.Create_priv, u.Drop_priv, u.Reload_priv, u.Shutdown_priv, u.Process_priv,
      u.File_priv, u.Grant_priv, u.References_priv, u.Index_priv, u.Alter_priv, u.Show_db_priv, u.Super_priv, u.Create_tmp_table_priv, u.Lock_tables_priv,
      u.Execute_priv, u.Repl_slave_priv, u.Repl_client_priv, u.Create_view_priv, u.Show_view_priv, u.Create_routine_priv, u.Alter_routine_priv,
      u.Create_user_priv, u.Event_priv, u.Trigger_priv, u.Create_tablespace_priv)), 0)
    OR EXISTS (SELECT 1 FROM information_schema.USER_PRIVILEGES AS g WHERE g.PRIVILEGE_TYPE <> 'USAGE' AND LOCATE(CONCAT('''', reached.name, '''@'), ${text(sql`g.GRANTEE`)}) = 1)
    OR EXISTS (SELECT 1 FROM mysql.db AS d WHERE ${text(sql`d.User`)} = reached.name AND (d.Grant_priv = 'Y' OR 'mysql' LIKE d.Db OR 'sys' LIKE d.Db OR 'performance_schema' LIKE d.Db))
    OR EXISTS (SELECT 1 FROM mysql.tables_priv AS t WHERE ${text(sql`t.User`)} = reached.name AND (FIND_IN_SET('Grant', t.Table_priv) > 0 OR t.Db IN ('mysql', 'sys', 'performance_schema')))
    OR EXISTS (SELECT 1 FROM mysql.procs_priv AS p WHERE ${text(sql`p.User`)} = reached.name AND (FIND_IN_SET('Grant', p.Proc_priv) > 0 OR p.Db IN ('mysql', 'sys', 'performance_schema')))
    OR EXISTS (SELECT 1 FROM mysql.role_edges AS o WHERE ${text(sql`o.TO_USER`)} = reached.name AND o.WITH_ADMIN_OPTION = 'Y')
    OR EXISTS (SELECT 1 FROM mysql.proxies_priv AS x WHERE ${text(sql`x.User`)} = reached.name) AS isPrivileged
  FROM reached LEFT JOIN mysql.user AS u ON ${text(sql`u.User`)} = reached.name
  GROUP BY reached.role, reached.name LIMIT 10000`;
}
