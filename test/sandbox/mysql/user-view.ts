/** What readers of mysql.user get instead: see `userView`. */
const viewName = 'sandbox_user';

/** A column of mysql.user as the engine has it. */
export interface UserColumn {
  readonly name: string;
}

/**
 * Statements that make mysql.user look as on Azure. No plug-in `aad_auth` can be loaded without C, so an Entra user is one with a password that only the gateway knows.
 * Which one that is stands in a table by the digest of what the engine keeps of the password: a binding is renamed, dropped and replaced by a password of one's own
 * together with the user, by the engine itself.
 */
export const bindingTable: readonly string[] = [
  `CREATE TABLE mysql.sandbox_binding (
     digest char(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
     binding varchar(400) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
     administrator boolean NOT NULL)`,
];

/** Host of accounts that are made for a moment, to have the engine compute what it keeps of a password. */
export const scratchHost = 'sandbox.invalid';

/** SQL for the digest that a row of mysql.user, named `u`, is found by. */
export const digestOfUser = 'CONVERT(SHA2(u.authentication_string, 256) USING ascii) COLLATE ascii_bin';

/**
 * The view over mysql.user with the columns of MySQL 8: `plugin` is aad_auth for an Entra user and `authentication_string` its binding.
 * MariaDB's own columns stay, except the one that shows passwords; what it lacks is added.
 */
export function userView(columns: readonly UserColumn[]): string {
  const names = columns.map(({ name }) => name).filter((name) => name !== 'Password');
  const isMariaDb = !names.includes('account_locked');
  const shown = names.map((name) => {
    if (name === 'plugin') return "IF(b.binding IS NULL, u.plugin, 'aad_auth') AS plugin";
    if (name === 'authentication_string') return 'COALESCE(b.binding, u.authentication_string) AS authentication_string';
    return `u.\`${name}\``;
  });
  const added = ["IF(JSON_VALUE(g.Priv, '$.account_locked') = 1, 'Y', 'N') AS account_locked", 'CAST(NULL AS CHAR) AS User_attributes'];
  return `CREATE SQL SECURITY DEFINER VIEW mysql.${viewName} AS SELECT ${[...shown, ...(isMariaDb ? added : [])].join(', ')}
    FROM mysql.user u LEFT JOIN mysql.sandbox_binding b ON b.digest = ${digestOfUser}
    ${isMariaDb ? 'LEFT JOIN mysql.global_priv g ON g.Host = u.Host AND g.User = u.User' : ''}
    WHERE u.Host <> '${scratchHost}'`;
}

const skipped = [
  String.raw`'(?:[^'\\]|''|\\.)*'`,
  String.raw`"(?:[^"\\]|""|\\.)*"`,
  String.raw`/\*(?:[^*]|\*(?!/))*\*/`,
  String.raw`#[^\n]*`,
  String.raw`--\s[^\n]*`,
];
const userTable = String.raw`(?<![\w$.\x60\u0080-\uffff])(?:mysql|\x60mysql\x60)\s*\.\s*(?:\x60user\x60|user(?![\w$\u0080-\uffff]))`;
const otherName = '`(?:[^`]|``)*`';
const tokens = new RegExp(`${skipped.join('|')}|(${userTable})|${otherName}`, 'gis');

/** The statement with every mysql.user read through the view. */
export function throughUserView(sql: string): string {
  // most statements, and the long ones that a regular expression takes much memory for
  if (!/mysql/i.test(sql)) return sql;
  return sql.replace(tokens, (token, table?: string) => (table === undefined ? token : `mysql.${viewName}`));
}

/** A message of the engine in which the view is mysql.user again. */
export function withoutUserView(message: string): string {
  return message.replaceAll(viewName, 'user');
}
