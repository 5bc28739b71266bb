import { quoteLiteral, type Sql, sql, sqlList, sqlNumber } from './sql.ts';

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
}

/** Sessions of a user, at most 10,000. */
export function readSessions(userName: string): Sql {
  return sql`SELECT p.ID AS id FROM information_schema.PROCESSLIST AS p WHERE p.USER = ${quoteLiteral(userName)} LIMIT 10000`;
}

/** What runs with a user's rights, or names the user. */
export interface DefinedRow {
  readonly type: string;
  readonly place: string;
  readonly name: string;
}

/** Views, routines, triggers and events of which one of the users is the definer: at most so many. DROP USER leaves them without one, or is refused for them. */
export function readDefined(userNames: readonly string[], maximum: number): Sql {
  const definers = literals(userNames.map((userName) => `${userName}@%`));
  const text = (column: Sql) => sql`CONVERT(${column} USING utf8mb4)`;
  return sql`SELECT 'view' AS type, ${text(sql`v.TABLE_SCHEMA`)} AS place, ${text(sql`v.TABLE_NAME`)} AS name
  FROM information_schema.VIEWS AS v WHERE v.DEFINER IN (${definers})
  UNION ALL SELECT LOWER(CONVERT(r.ROUTINE_TYPE USING utf8mb4)), ${text(sql`r.ROUTINE_SCHEMA`)}, ${text(sql`r.ROUTINE_NAME`)}
  FROM information_schema.ROUTINES AS r WHERE r.DEFINER IN (${definers})
  UNION ALL SELECT 'trigger', ${text(sql`t.TRIGGER_SCHEMA`)}, ${text(sql`t.TRIGGER_NAME`)} FROM information_schema.TRIGGERS AS t WHERE t.DEFINER IN (${definers})
  UNION ALL SELECT 'event', ${text(sql`e.EVENT_SCHEMA`)}, ${text(sql`e.EVENT_NAME`)} FROM information_schema.EVENTS AS e WHERE e.DEFINER IN (${definers})
  LIMIT ${sqlNumber(maximum)}`;
}

/** A list for IN. Throws TypeError for none, which no statement can hold. */
export function literals(texts: readonly string[]): Sql {
  if (texts.length === 0) throw new TypeError('a list of nothing');
  return sqlList(texts.map(quoteLiteral));
}
