declare const brand: unique symbol;

/** SQL text put together from this code's own literals and from quoted values. Only this file makes it (threat-model A9). */
export type Sql = string & { readonly [brand]: 'Sql' };

/** A statement, put together from the template's own text and from parts that are SQL already. Nothing else fits in, so nothing goes unquoted. */
export function sql(text: TemplateStringsArray, ...parts: readonly Sql[]): Sql {
  return text.reduce((made, piece, index) => made + (parts[index - 1] ?? '') + piece) as Sql;
}

/** A list with commas. */
export function sqlList(parts: readonly Sql[]): Sql {
  return parts.join(', ') as Sql;
}

/** Parts put one after the other, with a separator that is SQL itself. */
export function sqlJoin(parts: readonly Sql[], separator: Sql): Sql {
  return parts.join(separator) as Sql;
}

/** An identifier as it is written. Throws TypeError for an empty one, and for characters that no name of MySQL can hold: NUL and those above U+FFFF. */
export function quoteIdentifier(name: string): Sql {
  if (name === '' || !isText(name) || /[\u{10000}-\u{10ffff}]/u.test(name)) throw new TypeError('not a name that MySQL can have');
  return `\`${name.replaceAll('`', '``')}\`` as Sql;
}

/** A text literal, for sessions whose sql_mode lets the backslash escape and whose character set is utf8mb4. Throws TypeError for NUL and half characters. */
export function quoteLiteral(text: string): Sql {
  if (!isText(text)) throw new TypeError('not a text that MySQL can have');
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'` as Sql;
}

/** An account that may come from everywhere: the only ones that are made. Throws TypeError for what is no text, and for the empty name of everybody. */
export function quoteAccount(name: string): Sql {
  if (name === '') throw new TypeError('not a user that can be meant');
  return sql`${quoteLiteral(name)}@'%'`;
}

/** The words that GRANT knows a privilege by, which servers have of their own too. Throws TypeError for anything but letters, and blanks or underscores between them. */
export function privilegeWord(name: string): Sql {
  if (!/^[A-Z]+(?:[ _][A-Z]+)*$/.test(name)) throw new TypeError('not the name of a privilege');
  return name as Sql;
}

/** A whole number that isn't negative. Throws TypeError for any other. */
export function sqlNumber(value: number): Sql {
  if (!Number.isSafeInteger(value) || value < 0) throw new TypeError('not a whole number');
  return String(value) as Sql;
}

function isText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}
