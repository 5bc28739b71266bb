import { errors } from './errors.ts';
import type { SqlType, TypeName } from './sql-type.ts';
import type { NameParts, TokenCursor } from './token-cursor.ts';

/** Other names of types. [U] What is kept as something near it: money as decimal, date as datetime2. */
const synonyms: Readonly<Record<string, SqlType>> = {
  sysname: { name: 'nvarchar', length: 128 },
  integer: { name: 'int' },
  numeric: { name: 'decimal' },
  dec: { name: 'decimal' },
};
const withLength: readonly TypeName[] = ['nvarchar', 'nchar', 'varchar', 'char', 'varbinary', 'binary'];
const plain: readonly TypeName[] = ['bit', 'tinyint', 'smallint', 'int', 'bigint', 'float', 'datetime', 'uniqueidentifier', 'sql_variant'];

/** A type, or the name of one that somebody has made. `lengthWhenLeftOut` is 30 in CAST and 1 elsewhere. */
export function parseTypeName(cursor: TokenCursor, lengthWhenLeftOut = 1): SqlType | NameParts {
  if (cursor.isAtSymbol('.', 1)) return cursor.names(2);
  const start = cursor.token;
  const name = cursor.name();
  const lower = name.toLowerCase();
  const synonym = Object.hasOwn(synonyms, lower) ? synonyms[lower] : undefined;
  const known = synonym?.name ?? lower;
  if (synonym && known !== 'decimal') return synonym;
  if ((plain as readonly string[]).includes(known)) return { name: known as TypeName };
  if ((withLength as readonly string[]).includes(known)) return { name: known as TypeName, length: parseLength(cursor, lengthWhenLeftOut) };
  if (known === 'decimal') return parseDecimal(cursor);
  if (known === 'datetime2') {
    if (cursor.skipSymbol('(')) {
      cursor.wholeNumber();
      cursor.expectSymbol(')');
    }
    return { name: 'datetime2' };
  }
  if (start.kind === 'word' && cursor.isAtSymbol('(')) throw errors.unknownType(name);
  return [name];
}

/** A type of the system. Throws 2715 for any other. */
export function parseType(cursor: TokenCursor, lengthWhenLeftOut?: number): SqlType {
  const type = parseTypeName(cursor, lengthWhenLeftOut);
  if (isSystemType(type)) return type;
  throw errors.unknownType(type.join('.'));
}

export function isSystemType(type: SqlType | NameParts): type is SqlType {
  return 'name' in type;
}

function parseLength(cursor: TokenCursor, whenLeftOut: number): number | 'max' {
  if (!cursor.skipSymbol('(')) return whenLeftOut;
  const length = cursor.skip('MAX') ? 'max' : cursor.wholeNumber();
  if (length === 0) throw cursor.wrong();
  cursor.expectSymbol(')');
  return length;
}

function parseDecimal(cursor: TokenCursor): SqlType {
  if (!cursor.skipSymbol('(')) return { name: 'decimal', precision: 18, scale: 0 };
  const precision = cursor.wholeNumber();
  const scale = cursor.skipSymbol(',') ? cursor.wholeNumber() : 0;
  cursor.expectSymbol(')');
  return { name: 'decimal', precision, scale };
}
