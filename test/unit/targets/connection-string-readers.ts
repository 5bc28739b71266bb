/** Readers of the grammars, by their documentation and apart from the writers. Each throws when the text doesn't parse. The last of two equal keys wins, as in the drivers. */

type Read = Readonly<Record<string, string>>;

/** https://learn.microsoft.com/dotnet/api/system.data.common.dbconnectionstringbuilder; keys without regard to case. */
export function readAdoNet(text: string): Read {
  const pair =
    /[\s;]*(?<key>(?:[^=\s\p{Cc}]|\s+[^=\s\p{Cc}]|\s+==|==)+)\s*=(?!=)\s*(?:"(?<double>(?:[^"\0]|"")*)"|'(?<single>(?:[^'\0]|'')*)'|(?<bare>(?!["'\s])(?:[^;\s\p{Cc}]|\s+[^;\s\p{Cc}])*(?<!["'])))\s*(?:;|$)/uy;
  const read: Record<string, string> = {};
  while (pair.lastIndex < text.length) {
    const at = pair.lastIndex;
    const { key, double, single, bare } = pair.exec(text)?.groups ?? {};
    if (key === undefined) throw new SyntaxError(`no key and value at ${at} of ${text}`);
    read[key.toLowerCase()] = double?.replaceAll('""', '"') ?? single?.replaceAll("''", "'") ?? bare ?? '';
  }
  return read;
}

/** https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE */
export function readLibpq(text: string): Read {
  const pair = /\s*(?<key>[^=\s]+)\s*=\s*(?:'(?<quoted>(?:[^'\\]|\\.)*)'|(?<bare>(?:[^\s'\\]|\\.)*))(?=\s|$)\s*/suy;
  const read: Record<string, string> = {};
  while (pair.lastIndex < text.length) {
    const at = pair.lastIndex;
    const { key, quoted, bare } = pair.exec(text)?.groups ?? {};
    if (key === undefined) throw new SyntaxError(`no keyword and value at ${at} of ${text}`);
    read[key] = (quoted ?? bare ?? '').replaceAll(/\\(.)/gsu, '$1');
  }
  return read;
}

/**
 * jdbc:postgresql://host:port/database?options, and the same of mysql, decoded as java.net.URLDecoder does: a plus is a blank.
 * https://jdbc.postgresql.org/documentation/use/#connecting-to-the-database, https://dev.mysql.com/doc/connector-j/en/connector-j-reference-jdbc-url-format.html
 */
export function readJdbc(text: string): Read {
  const { host, port, path, query } =
    /^jdbc:(?:postgresql|mysql):\/\/(?<host>[^/:?]+):(?<port>\d+)\/(?<path>[^?]*)\?(?<query>.*)$/u.exec(text)?.groups ?? {};
  if (host === undefined || port === undefined || path === undefined) throw new SyntaxError(`not a JDBC URL: ${text}`);
  return { host, port, database: decodeURIComponent(path.replaceAll('+', ' ')), ...Object.fromEntries(new URLSearchParams(query)) };
}

/** jdbc:sqlserver://host:port;name=value;…, values in braces or trimmed. https://learn.microsoft.com/sql/connect/jdbc/building-the-connection-url */
export function readSqlServerJdbc(text: string): Read {
  const { host, port, properties } = /^jdbc:sqlserver:\/\/(?<host>[^;:\\]+):(?<port>\d+);(?<properties>.*)$/su.exec(text)?.groups ?? {};
  if (host === undefined || port === undefined || properties === undefined) throw new SyntaxError(`not a JDBC URL: ${text}`);
  return { host, port, ...readBraced(properties) };
}

/** name=value;… as the drivers of SQL Server read them. */
export function readBraced(text: string): Read {
  const pair = /\s*(?<name>[^=;]+?)\s*=\s*(?:\{(?<braced>(?:[^}]|\}\})*)\}|(?<bare>[^;{]*?))\s*(?:;|$)/suy;
  const read: Record<string, string> = {};
  while (pair.lastIndex < text.length) {
    const at = pair.lastIndex;
    const { name, braced, bare } = pair.exec(text)?.groups ?? {};
    if (name === undefined) throw new SyntaxError(`no name and value at ${at} of ${text}`);
    read[name] = braced?.replaceAll('}}', '}') ?? bare ?? '';
  }
  return read;
}

/**
 * user:password@tcp(host:port)/database?options: the last slash divides, before it the last @, in the user the first colon. Only the database is decoded.
 * https://github.com/go-sql-driver/mysql#dsn-data-source-name and dsn.go
 */
export function readGoDsn(text: string): Read {
  const { login, host, port, path, query } =
    /^(?<login>.*)@tcp\((?<host>[^@/]*):(?<port>\d+)\)\/(?<path>[^/?]*)\?(?<query>[^/]*)$/su.exec(text)?.groups ?? {};
  if (login === undefined || host === undefined || port === undefined || path === undefined) throw new SyntaxError(`not a DSN: ${text}`);
  const colon = login.indexOf(':');
  const user = colon < 0 ? { user: login } : { user: login.slice(0, colon), password: login.slice(colon + 1) };
  return { ...user, host, port, database: decodeURIComponent(path), ...Object.fromEntries(new URLSearchParams(query)) };
}
