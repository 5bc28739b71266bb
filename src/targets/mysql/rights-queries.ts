import { literals } from './queries.ts';
import { quoteAccount, quoteLiteral, type Sql, sql, sqlJoin } from './sql.ts';

// Statements that read users' rights in bulk. Accounts of ours are at host % alone.

/** One entry of the catalog. What the texts are depends on the kind. */
export interface RightsRow {
  readonly kind:
    | 'server'
    | 'table'
    | 'column'
    | 'routine'
    | 'role'
    | 'default-role'
    | 'proxy'
    | 'database'
    | 'named-table'
    | 'named-routine';
  /** For kind `server` as GRANTEE has it: the name between quotes that aren't doubled, @ and the host. */
  readonly userName: string;
  /** A database, or the host of a role or proxied user. */
  readonly place: string;
  readonly name: string;
  /** A column, or FUNCTION or PROCEDURE. */
  readonly detail: string;
  /** With commas. */
  readonly privileges: string;
  /** Who granted it, or YES, Y, 1 where it may be passed on. */
  readonly remark: string;
}

/** What grants name in a database, to see whether it is there. */
export interface NamedRequest {
  readonly kind: 'table' | 'routine';
  readonly database: string;
  readonly names: readonly string[];
}

/** How a user is called in information_schema.USER_PRIVILEGES. */
export function granteeOf(userName: string): string {
  return `'${userName}'@'%'`;
}

/**
 * All that users have but rights on databases, and which of the databases and of what grants name is there. Rights on everything include those that newer servers have
 * under names of their own.
 */
export function readRights(userNames: readonly string[], databases: readonly string[], named: readonly NamedRequest[]): Sql {
  const names = literals(userNames);
  const selects = [
    select('server', sql`information_schema.USER_PRIVILEGES AS g WHERE g.GRANTEE IN (${literals(userNames.map(granteeOf))})`, {
      userName: sql`g.GRANTEE`,
      privileges: sql`g.PRIVILEGE_TYPE`,
      remark: sql`g.IS_GRANTABLE`,
    }),
    select('table', sql`mysql.tables_priv AS t WHERE t.Host = '%' AND t.User IN (${names}) AND t.Table_priv <> ''`, {
      userName: sql`t.User`,
      place: sql`t.Db`,
      name: sql`t.Table_name`,
      privileges: sql`t.Table_priv`,
    }),
    select('column', sql`mysql.columns_priv AS c WHERE c.Host = '%' AND c.User IN (${names}) AND c.Column_priv <> ''`, {
      userName: sql`c.User`,
      place: sql`c.Db`,
      name: sql`c.Table_name`,
      detail: sql`c.Column_name`,
      privileges: sql`c.Column_priv`,
    }),
    ...routineOwners(userNames).map(({ userName, condition }) =>
      select('routine', sql`mysql.procs_priv AS p WHERE p.Host = '%' AND p.Proc_priv <> '' AND ${condition}`, {
        userName,
        place: inProcedures(sql`p.Db`),
        name: inProcedures(sql`p.Routine_name`),
        detail: sql`p.Routine_type`,
        privileges: sql`p.Proc_priv`,
        remark: inProcedures(sql`p.Grantor`),
      }),
    ),
    select('role', sql`mysql.role_edges AS e WHERE e.TO_HOST = '%' AND e.TO_USER IN (${names})`, {
      userName: sql`e.TO_USER`,
      place: sql`e.FROM_HOST`,
      name: sql`e.FROM_USER`,
      remark: sql`e.WITH_ADMIN_OPTION`,
    }),
    select('default-role', sql`mysql.default_roles AS d WHERE d.HOST = '%' AND d.USER IN (${names})`, {
      userName: sql`d.USER`,
      place: sql`d.DEFAULT_ROLE_HOST`,
      name: sql`d.DEFAULT_ROLE_USER`,
    }),
    select('proxy', sql`mysql.proxies_priv AS x WHERE x.Host = '%' AND x.User IN (${names})`, {
      userName: sql`x.User`,
      place: sql`x.Proxied_host`,
      name: sql`x.Proxied_user`,
      remark: sql`x.With_grant`,
    }),
    select('database', sql`information_schema.SCHEMATA AS s WHERE s.SCHEMA_NAME IN (${literals(databases)})`, {
      place: sql`s.SCHEMA_NAME`,
    }),
    ...named.map(selectNamed),
  ];
  return sqlJoin(selects, sql`\n  UNION ALL `);
}

/** Rights on databases: a column for each privilege, Y or N, which differ from version to version. */
export function readDatabaseRights(userNames: readonly string[]): Sql {
  return sql`SELECT d.* FROM mysql.db AS d WHERE d.Host = '%' AND d.User IN (${literals(userNames)})`;
}

type Columns = Partial<Readonly<Record<Exclude<keyof RightsRow, 'kind'>, Sql>>>;

/** Columns that are left out are empty. All have one character set, without which they couldn't stand in one answer. */
function select(kind: RightsRow['kind'], from: Sql, columns: Columns): Sql {
  const text = (column: keyof Columns) => sql`CONVERT(${columns[column] ?? sql`''`} USING utf8mb4)`;
  return sql`SELECT ${quoteLiteral(kind)} AS kind, ${text('userName')} AS userName, ${text('place')} AS place, ${text('name')} AS name,
    ${text('detail')} AS detail, ${text('privileges')} AS privileges, ${text('remark')} AS remark
  FROM ${from}`;
}

function selectNamed({ kind, database, names }: NamedRequest): Sql {
  const [place, wanted] = [quoteLiteral(database), literals(names)];
  if (kind === 'table')
    return select('named-table', sql`information_schema.TABLES AS n WHERE n.TABLE_SCHEMA = ${place} AND n.TABLE_NAME IN (${wanted})`, {
      place: sql`n.TABLE_SCHEMA`,
      name: sql`n.TABLE_NAME`,
    });
  return select(
    'named-routine',
    sql`information_schema.ROUTINES AS n WHERE n.ROUTINE_SCHEMA = ${place} AND n.ROUTINE_NAME IN (${wanted})`,
    {
      place: sql`n.ROUTINE_SCHEMA`,
      name: sql`n.ROUTINE_NAME`,
      detail: sql`n.ROUTINE_TYPE`,
    },
  );
}

/** In mysql.procs_priv alone names are kept as if their bytes were latin1; tried on MySQL 9.7 and before. */
function inProcedures(column: Sql): Sql {
  return sql`CAST(CONVERT(${column} USING latin1) AS BINARY)`;
}

/** Whose rows of mysql.procs_priv are whose; of users with long names nothing there tells. */
function routineOwners(userNames: readonly string[]): readonly { readonly userName: Sql; readonly condition: Sql }[] {
  const isPlain = (name: string) => Buffer.byteLength(name) === name.length;
  const plain = userNames.filter(isPlain);
  const together = plain.length === 0 ? [] : [{ userName: sql`p.User`, condition: sql`p.User IN (${literals(plain)})` }];
  const alone = userNames
    .filter((name) => !isPlain(name) && !isLongForRoutines(name))
    .map((name) => {
      const userName = quoteLiteral(name);
      return { userName, condition: sql`p.User = CONVERT(CAST(${userName} AS BINARY) USING latin1)` };
    });
  return [...together, ...alone];
}

/**
 * Whether a user's rights on routines can't be read in bulk: mysql.procs_priv has room for 32 bytes of a name, and cuts the rest off, so that the rows of several users are one
 * (tried on MySQL 9.7). Pure.
 */
export function isLongForRoutines(userName: string): boolean {
  const bytes = Buffer.byteLength(userName);
  return bytes >= 32 && bytes > userName.length;
}

/** What a user has, in the server's own words, from which only rights on routines are taken. */
export function showGrants(userName: string): Sql {
  return sql`SHOW GRANTS FOR ${quoteAccount(userName)}`;
}
