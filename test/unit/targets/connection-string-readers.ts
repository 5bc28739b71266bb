/** Readers of the three grammars, by their documentation and apart from the writers. Each throws when the text doesn't parse. The last of two equal keys wins, as in the drivers. */

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

/** jdbc:postgresql://host:port/database?options, decoded as java.net.URLDecoder does: a plus is a blank. https://jdbc.postgresql.org/documentation/use/#connecting-to-the-database */
export function readJdbc(text: string): Read {
  const { host, port, path, query } =
    /^jdbc:postgresql:\/\/(?<host>[^/:?]+):(?<port>\d+)\/(?<path>[^?]*)\?(?<query>.*)$/u.exec(text)?.groups ?? {};
  if (host === undefined || port === undefined || path === undefined) throw new SyntaxError(`not a JDBC URL: ${text}`);
  return { host, port, database: decodeURIComponent(path.replaceAll('+', ' ')), ...Object.fromEntries(new URLSearchParams(query)) };
}
