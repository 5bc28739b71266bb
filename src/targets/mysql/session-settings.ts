import { type Sql, sql } from './sql.ts';
import type { ServerVariables } from './traits.ts';

export const port = 3306;

export const statementTimeoutInMs = 30_000;

/** What decides how to go on. */
export const readVariables = sql`SHOW SESSION VARIABLES WHERE Variable_name IN
  ('version', 'server_uuid', 'partial_revokes', 'lower_case_table_names', 'max_execution_time', 'cte_max_recursion_depth', 'sql_mode')`;

/**
 * The first statement. A session can be set up by init_connect and by the server's own settings, so that literals mean something else or answers lack rows;
 * these hold for ours.
 */
export const pinSettings = sql`SET NAMES utf8mb4 COLLATE utf8mb4_bin, SESSION autocommit = 1, SESSION sql_select_limit = 18446744073709551615,
  SESSION sql_big_selects = 1, SESSION sql_notes = 1, SESSION max_error_count = 1024, SESSION group_concat_max_len = 1048576,
  SESSION lock_wait_timeout = 5, SESSION innodb_lock_wait_timeout = 5, SESSION wait_timeout = 600`;

/** Statements that pin the settings which not all servers have alike. Pure. */
export function pinningStatements(variables: ServerVariables): readonly Sql[] {
  return [
    // else GRANT makes a user who is not there, where the server knows this mode
    variables.get('sql_mode')?.split(',').includes('NO_AUTO_CREATE_USER') ? pinModeWithoutMaking : pinMode,
    pinWriting,
    ...(variables.has('max_execution_time') ? [pinExecutionTime] : []),
    ...(variables.has('cte_max_recursion_depth') ? [pinRecursion] : []),
  ];
}

const pinMode = sql`SET SESSION sql_mode = 'STRICT_ALL_TABLES'`;
const pinModeWithoutMaking = sql`SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_CREATE_USER'`;
/** Its variable has another name on every other server. */
const pinWriting = sql`SET SESSION TRANSACTION READ WRITE`;
const pinRecursion = sql`SET SESSION cte_max_recursion_depth = 1000`;
const pinExecutionTime = sql`SET SESSION max_execution_time = 30000`;

/** Who the session is, and whether its settings hold. */
export const readSession = sql`SELECT CURRENT_USER() AS currentUser, DATABASE() AS currentDatabase, @@SESSION.sql_mode AS sqlMode,
  @@SESSION.character_set_client AS clientCharacters, @@SESSION.character_set_results AS resultCharacters,
  @@SESSION.collation_connection AS connectionCollation, @@SESSION.autocommit AS autocommit`;

export interface SessionRow {
  readonly currentUser: string | null;
  readonly currentDatabase: string | null;
  readonly sqlMode: string;
  readonly clientCharacters: string;
  readonly resultCharacters: string | null;
  readonly connectionCollation: string;
  readonly autocommit: number;
}

/** Whether the session is the one asked for: ours, in no database, with all settings that quoting relies on. Pure. */
export function isAsPinned(row: SessionRow | undefined, login: string): boolean {
  return (
    row !== undefined &&
    row.currentUser?.slice(0, row.currentUser.lastIndexOf('@')) === login &&
    row.currentDatabase === null &&
    /^STRICT_ALL_TABLES(,NO_AUTO_CREATE_USER)?$/.test(row.sqlMode) &&
    row.clientCharacters === 'utf8mb4' &&
    row.resultCharacters === 'utf8mb4' &&
    row.connectionCollation === 'utf8mb4_bin' &&
    row.autocommit === 1
  );
}

/** What the statement before was warned of. */
export const showWarnings = sql`SHOW WARNINGS LIMIT 1000`;
