import { quoteLiteral, type Sql, sql, sqlJoin, sqlList, sqlNumber } from './sql.ts';

// Statements that read about users and their sessions. Those about rights stand in rights-queries.ts. All name schema and columns in full: the session is in no database.

/** `metadata` is where ATTRIBUTE puts things. */
const markOf = sql`JSON_UNQUOTE(JSON_EXTRACT(u.User_attributes, '$.metadata."dbaccess.dev"'))`;

/** An account as mysql.user has it. */
export interface AccountRow {
  readonly userName: string;
  readonly host: string;
  readonly plugin: string;
  /** Undefined where the account isn't bound to anything in Entra: it may be a password's hash then, which is nobody's business. */
  readonly binding: string | null;
  readonly isLocked: 'Y' | 'N';
  readonly mark: string | null;
}

/** All accounts of these names, at whatever host. */
export function readAccounts(names: readonly string[]): Sql {
  return sql`SELECT u.User AS userName, u.Host AS host, u.plugin AS plugin, IF(u.plugin = 'aad_auth', u.authentication_string, NULL) AS binding,
  u.account_locked AS isLocked, LEFT(${markOf}, 256) AS mark
  FROM mysql.user AS u WHERE u.User IN (${literals(names)})`;
}

/** Users whose mark begins so and says that it is live, at most 20,000. `prefix` holds nothing that means others in LIKE. */
export function readMarked(prefix: string): Sql {
  return sql`SELECT u.User AS userName, LEFT(${markOf}, 256) AS mark
  FROM mysql.user AS u WHERE u.Host = '%' AND ${markOf} LIKE ${quoteLiteral(`${prefix}% live`)} ORDER BY u.User LIMIT 20000`;
}

export interface SessionRow {
  readonly id: number;
  readonly userName: string;
  /** Where the client is, mostly with its port; of an event that runs the host of its definer's account. */
  readonly host: string;
}

/** Sessions and running events of users of that name at whatever host, at most 10,000. The column alone would take other letters for the same. */
export function readSessions(userName: string): Sql {
  return sql`SELECT p.ID AS id, p.USER AS userName, p.HOST AS host
  FROM information_schema.PROCESSLIST AS p WHERE ${exactly(sql`p.USER`)} = ${quoteLiteral(userName)} LIMIT 10000`;
}

/** What runs with a user's rights, or names the user. */
export interface DefinedRow {
  readonly type: string;
  readonly place: string;
  readonly name: string;
}

/**
 * Views, routines, triggers and events of which one of the users is the definer: at most so many, those in the database first. DROP USER leaves them without one, or is refused
 * for them.
 */
export function readDefined(userNames: readonly string[], database: string, maximum: number): Sql {
  const definers = literals(userNames.map(definer));
  const select = (type: Sql, place: Sql, name: Sql, from: Sql, by: Sql) =>
    sql`SELECT ${type} AS type, CONVERT(${place} USING utf8mb4) AS place, CONVERT(${name} USING utf8mb4) AS name,
    LOWER(CONVERT(${place} USING utf8mb4)) = LOWER(${quoteLiteral(database)}) AS isHere FROM ${from} WHERE ${exactly(by)} IN (${definers})`;
  const selects = [
    select(sql`'view'`, sql`v.TABLE_SCHEMA`, sql`v.TABLE_NAME`, sql`information_schema.VIEWS AS v`, sql`v.DEFINER`),
    select(
      sql`LOWER(CONVERT(r.ROUTINE_TYPE USING utf8mb4))`,
      sql`r.ROUTINE_SCHEMA`,
      sql`r.ROUTINE_NAME`,
      sql`information_schema.ROUTINES AS r`,
      sql`r.DEFINER`,
    ),
    select(sql`'trigger'`, sql`t.TRIGGER_SCHEMA`, sql`t.TRIGGER_NAME`, sql`information_schema.TRIGGERS AS t`, sql`t.DEFINER`),
    select(sql`'event'`, sql`e.EVENT_SCHEMA`, sql`e.EVENT_NAME`, sql`information_schema.EVENTS AS e`, sql`e.DEFINER`),
  ];
  return sql`${sqlJoin(selects, sql`\n  UNION ALL `)}
  ORDER BY isHere DESC LIMIT ${sqlNumber(maximum)}`;
}

/** Databases in which there are events of which the user is the definer, at most 1,000. */
export function readEventDatabases(userName: string): Sql {
  return sql`SELECT DISTINCT CONVERT(e.EVENT_SCHEMA USING utf8mb4) AS name FROM information_schema.EVENTS AS e
  WHERE ${exactly(sql`e.DEFINER`)} = ${quoteLiteral(definer(userName))} LIMIT 1000`;
}

/** How the catalog names the account of a user of ours. */
function definer(userName: string): string {
  return `${userName}@%`;
}

/** A name that is compared by its characters, whatever collation its column has. */
function exactly(column: Sql): Sql {
  return sql`CONVERT(${column} USING utf8mb4) COLLATE utf8mb4_bin`;
}

/** A list for IN. Throws TypeError for none, which no statement can hold. */
export function literals(texts: readonly string[]): Sql {
  if (texts.length === 0) throw new TypeError('a list of nothing');
  return sqlList(texts.map(quoteLiteral));
}
