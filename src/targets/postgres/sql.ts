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

/** An identifier, case kept. Throws TypeError for an empty one and for NUL, which no PostgreSQL name can hold. */
export function quoteIdentifier(name: string): Sql {
  if (name === '' || name.includes('\0')) throw new TypeError('not a name that PostgreSQL can have');
  return `"${name.replaceAll('"', '""')}"` as Sql;
}

/** A text literal that means the same whatever standard_conforming_strings is. Throws TypeError for NUL. */
export function quoteLiteral(text: string): Sql {
  if (text.includes('\0')) throw new TypeError('not a text that PostgreSQL can have');
  const doubled = text.replaceAll("'", "''");
  return (doubled.includes('\\') ? `E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`) as Sql;
}
