import type { Column, SqlObject } from './catalog-records.ts';
import type { Context } from './context.ts';
import { keyOf, textOf } from './convert.ts';
import { errors } from './errors.ts';
import { asType, type Compiled, compileValue } from './expression.ts';
import { parseValue } from './expression-parser.ts';
import { isBinary, isText, type SqlValue } from './sql-type.ts';
import type { TableRow } from './table-changes.ts';
import { type NameParts, TokenCursor } from './token-cursor.ts';

/** Throws 208 for what is no table. */
export function tableNamed(name: NameParts, context: Context): SqlObject {
  const table = context.findObject(name);
  if (table?.type !== 'U') throw errors.unknownObject(name.join('.'));
  return table;
}

/** Converted, but not cut: that is told as an error later. */
export function asLoose(compiled: Compiled, column: Column | undefined): Compiled {
  const type = column?.type;
  if (!type || type.length === undefined || type.length === 'max') return asType(compiled, type);
  return asType(compiled, {
    ...type,
    length: type.name === 'nchar' || type.name === 'char' || type.name === 'binary' ? type.length : 'max',
  });
}

/** What a column gets that nothing is said of. */
export function fallbackOf({ fallback, type }: Column, context: Context): SqlValue {
  if (fallback === undefined) return null;
  const value = parseValue(new TokenCursor(fallback, { quotedIdentifier: true }));
  return asType(compileValue(value, { context, columns: [], parent: undefined }), type).value({ values: [], parent: undefined });
}

/** Throws 515 and 2628. */
export function checked(
  value: SqlValue,
  { name, type, isNullable }: Column,
  table: SqlObject,
  what: 'INSERT' | 'UPDATE',
  context: Context,
): SqlValue {
  const { name: database } = context.session.database;
  const full = `${database}.${context.catalog.schemas.get(table.schema)?.name}.${table.name}`;
  if (value === null) {
    if (!isNullable) throw errors.noNull(name, full, what);
    return null;
  }
  const { length } = type;
  const size =
    isText(type) && typeof value === 'string'
      ? value.replace(/ +$/, '').length
      : isBinary(type) && Buffer.isBuffer(value)
        ? value.length
        : 0;
  if (typeof length === 'number' && size > length) throw errors.truncated(full, name, textOf(value).slice(0, length));
  return value;
}

/** What a row is known by; undefined in a table without a primary key. */
export function keyIn(row: TableRow, { columns }: SqlObject, { catalog }: Context): string | undefined {
  const keys = columns.flatMap(({ isKey }, index) => (isKey ? [keyOf(row[index] ?? null, (text) => catalog.fold(text))] : []));
  return keys.length === 0 ? undefined : keys.join('\u0001');
}

/** Throws 2627 when two rows have the same primary key. */
export function assertKeys(table: SqlObject, rows: readonly TableRow[], context: Context): void {
  const seen = new Set<string>();
  for (const row of rows) {
    const key = keyIn(row, table, context);
    if (key === undefined) return;
    const values = table.columns.flatMap(({ isKey }, index) => (isKey ? [textOf(row[index] ?? '')] : []));
    const schema = context.catalog.schemas.get(table.schema)?.name;
    if (seen.has(key)) throw errors.duplicateKey(`PK_${table.name}`, `${schema}.${table.name}`, values.join(', '));
    seen.add(key);
  }
}
