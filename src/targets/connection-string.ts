/**
 * Connection strings as template tags, one per grammar: what is written stays literally as it is, what is put in is escaped.
 * A name can then add no keyword, host or option of its own, whatever it contains. All are pure.
 */
type ConnectionString = (literals: TemplateStringsArray, ...values: readonly (string | number)[]) => string;

function grammar(escaped: (value: string) => string): ConnectionString {
  return (literals, ...values) => String.raw({ raw: literals }, ...values.map((value) => escaped(String(value))));
}

/**
 * Keywords and values as ADO.NET providers read them (Npgsql, MySqlConnector, SqlClient): `Key=value;`.
 * A value with quotes, blanks, `=`, `;` or control characters stands in quotes: single ones when it has double quotes only, else double ones, doubled inside.
 * Source: https://learn.microsoft.com/dotnet/api/system.data.common.dbconnectionstringbuilder,
 * dotnet/runtime src/libraries/Common/src/System/Data/Common/DbConnectionOptions.Common.cs.
 */
export const adoNet = grammar((value) => {
  if (/^[^"'=;\s\p{Cc}\p{Z}]+$/u.test(value)) return value;
  return value.includes('"') && !value.includes("'") ? `'${value}'` : `"${value.replaceAll('"', '""')}"`;
});

/**
 * Keywords and values as libpq reads them, and with it psycopg, PHP, Ruby and the Go drivers: `key=value key=value`.
 * A value of other than visible ASCII, or with a quote, a backslash or `=`, stands in single quotes, with a backslash before a quote and a backslash.
 * Source: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE.
 */
export const libpq = grammar((value) =>
  /^[!-~]+$/.test(value) && !/['\\=]/.test(value) ? value : `'${value.replaceAll(/['\\]/g, '\\$&')}'`,
);

/**
 * URIs (RFC 3986), and the URLs of JDBC drivers, which decode path and query alike. Everything but letters, digits and -_.!~*'() is percent-encoded;
 * a blank is %20, because + is a blank to some and a plus to others.
 */
export const uri = grammar(encodeURIComponent);

/**
 * Properties as Microsoft's JDBC and ODBC drivers for SQL Server read them: `name=value;`. A value of other than letters, digits and _.~- stands in braces,
 * with a closing one doubled inside. Source: https://learn.microsoft.com/sql/connect/jdbc/building-the-connection-url,
 * microsoft/mssql-jdbc src/main/java/com/microsoft/sqlserver/jdbc/Util.java.
 */
export const braced = grammar((value) => (/^[\w.~-]+$/.test(value) ? value : `{${value.replaceAll('}', '}}')}}`));
