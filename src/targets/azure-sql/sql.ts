declare const brand: unique symbol;

/** SQL text put together from this code's own literals and from quoted values. Only this file makes it (threat-model A9). */
export type Sql = string & { readonly [brand]: 'Sql' };

/** Longest name of anything, in UTF-16 units as the server counts them (sysname is nvarchar(128)). */
export const maximumNameLength = 128;

/** A statement, put together from the template's own text and from parts that are SQL already. Nothing else fits in, so nothing goes unquoted. */
export function sql(text: TemplateStringsArray, ...parts: readonly Sql[]): Sql {
  return text.reduce((made, piece, index) => made + (parts[index - 1] ?? '') + piece) as Sql;
}

/** A list with commas. */
export function sqlList(parts: readonly Sql[]): Sql {
  return parts.join(', ') as Sql;
}

/** An identifier, as it is written. Throws TypeError for what no name can be: nothing, too much, NUL, half characters. */
export function quoteIdentifier(name: string): Sql {
  if (name === '' || name.length > maximumNameLength || !isText(name)) throw new TypeError('not a name that Azure SQL can have');
  return `[${name.replaceAll(']', ']]')}]` as Sql;
}

/** A text literal. Throws TypeError for NUL and half characters. */
export function quoteLiteral(text: string): Sql {
  if (!isText(text)) throw new TypeError('not a text that Azure SQL can have');
  return `N'${text.replaceAll("'", "''")}'` as Sql;
}

/** The bytes of a binary value. */
export function binaryLiteral(bytes: Buffer): Sql {
  return `0x${bytes.toString('hex').toUpperCase()}` as Sql;
}

/** A number of a session and the like. Throws TypeError for what isn't a whole number from 0 on. */
export function integerLiteral(value: number): Sql {
  if (!Number.isSafeInteger(value) || value < 0) throw new TypeError('not a number that can be meant');
  return String(value) as Sql;
}

/** The name of a permission, which can't be quoted. Throws TypeError for anything but capital words. */
export function permissionName(name: string): Sql {
  if (!/^[A-Z]+( [A-Z]+){0,7}$/.test(name)) throw new TypeError('not the name of a permission');
  return name as Sql;
}

/** `@p1, @p2, …`: so many parameters. */
export function parameters(count: number): Sql {
  return sqlList(parametersFrom(1, count));
}

/** `(VALUES (@p1, @p2), (@p3, @p4), …)`: rows of parameters. */
export function parameterRows(rows: number, width: number): Sql {
  const row = (index: number) => sql`(${sqlList(parametersFrom(index * width + 1, width))})`;
  return sql`(VALUES ${sqlList(Array.from({ length: rows }, (_, index) => row(index)))})`;
}

/** As `parameterRows`, with each row's number before it, from 0 on. */
export function numberedParameterRows(rows: number, width: number): Sql {
  const row = (index: number) => sqlList([integerLiteral(index), ...parametersFrom(index * width + 1, width)]);
  return sql`(VALUES ${sqlList(Array.from({ length: rows }, (_, index) => sql`(${row(index)})`))})`;
}

function parametersFrom(first: number, count: number): readonly Sql[] {
  return Array.from({ length: count }, (_, index) => parameter(first + index));
}

function parameter(number: number): Sql {
  return `@p${number}` as Sql;
}

function isText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}
