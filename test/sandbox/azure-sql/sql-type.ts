import type { Principal } from './catalog-records.ts';

export type TypeName =
  | 'bit'
  | 'tinyint'
  | 'smallint'
  | 'int'
  | 'bigint'
  | 'decimal'
  | 'float'
  | 'datetime'
  | 'datetime2'
  | 'uniqueidentifier'
  | 'nvarchar'
  | 'nchar'
  | 'varchar'
  | 'char'
  | 'varbinary'
  | 'binary'
  | 'sql_variant';

/** A type of T-SQL. `length` counts characters or bytes, `precision` and `scale` are those of decimal. */
export interface SqlType {
  readonly name: TypeName;
  readonly length?: number | 'max';
  readonly precision?: number;
  readonly scale?: number;
}

/** bigint for bigint alone; bit is 0 or 1; a uniqueidentifier is its text in capitals. */
export type SqlValue = null | number | bigint | string | Buffer | Date;

export const int: SqlType = { name: 'int' };
export const bit: SqlType = { name: 'bit' };
export const sysname: SqlType = { name: 'nvarchar', length: 128 };
export const uniqueidentifier: SqlType = { name: 'uniqueidentifier' };
export const datetime: SqlType = { name: 'datetime' };

export function nvarchar(length: number | 'max'): SqlType {
  return { name: 'nvarchar', length };
}

export function varchar(length: number | 'max'): SqlType {
  return { name: 'varchar', length };
}

export function varbinary(length: number | 'max'): SqlType {
  return { name: 'varbinary', length };
}

export function isText({ name }: SqlType): boolean {
  return name === 'nvarchar' || name === 'nchar' || name === 'varchar' || name === 'char';
}

export function isBinary({ name }: SqlType): boolean {
  return name === 'varbinary' || name === 'binary';
}

export function isWhole({ name }: SqlType): boolean {
  return name === 'bit' || name === 'tinyint' || name === 'smallint' || name === 'int' || name === 'bigint';
}

export function isNumber(type: SqlType): boolean {
  return isWhole(type) || type.name === 'decimal' || type.name === 'float';
}

export function isTime({ name }: SqlType): boolean {
  return name === 'datetime' || name === 'datetime2';
}

/** What a type is in sys.types. */
export const systemTypes: readonly { readonly name: TypeName; readonly id: number; readonly bytes: number }[] = [
  { name: 'uniqueidentifier', id: 36, bytes: 16 },
  { name: 'datetime2', id: 42, bytes: 8 },
  { name: 'tinyint', id: 48, bytes: 1 },
  { name: 'smallint', id: 52, bytes: 2 },
  { name: 'int', id: 56, bytes: 4 },
  { name: 'datetime', id: 61, bytes: 8 },
  { name: 'float', id: 62, bytes: 8 },
  { name: 'sql_variant', id: 98, bytes: 8016 },
  { name: 'bit', id: 104, bytes: 1 },
  { name: 'decimal', id: 106, bytes: 17 },
  { name: 'bigint', id: 127, bytes: 8 },
  { name: 'varbinary', id: 165, bytes: 8000 },
  { name: 'varchar', id: 167, bytes: 8000 },
  { name: 'binary', id: 173, bytes: 8000 },
  { name: 'char', id: 175, bytes: 8000 },
  { name: 'nvarchar', id: 231, bytes: 8000 },
  { name: 'nchar', id: 239, bytes: 8000 },
];

/** The bytes that every value of a type takes; undefined for those of different lengths. */
export function fixedBytes({ name }: SqlType): number | undefined {
  const bytes = systemTypes.find((each) => each.name === name)?.bytes ?? 0;
  return bytes <= 17 ? bytes : undefined;
}

/** The bytes that a value of the type takes at most, as sys.columns tells them: -1 for max. */
export function maxBytes({ name, length = 1 }: SqlType): number {
  if (length === 'max') return -1;
  if (name === 'nvarchar' || name === 'nchar') return length * 2;
  if (name === 'varchar' || name === 'char' || name === 'varbinary' || name === 'binary') return length;
  return systemTypes.find((each) => each.name === name)?.bytes ?? 0;
}

/** The type that two operands meet in: https://learn.microsoft.com/sql/t-sql/data-types/data-type-precedence-transact-sql */
const precedence: readonly TypeName[] = [
  ...(['sql_variant', 'datetime2', 'datetime', 'float', 'decimal', 'bigint', 'int', 'smallint', 'tinyint', 'bit'] as const),
  ...(['uniqueidentifier', 'nvarchar', 'nchar', 'varchar', 'char', 'varbinary', 'binary'] as const),
];

export function commonType(left: SqlType, right: SqlType): SqlType {
  const [higher, lower] = precedence.indexOf(left.name) <= precedence.indexOf(right.name) ? [left, right] : [right, left];
  if (higher.length === undefined) return higher.name === 'decimal' && lower.name === 'decimal' ? widerDecimal(higher, lower) : higher;
  const length = higher.length === 'max' || lower.length === 'max' ? 'max' : Math.max(higher.length, lower.length ?? 0);
  const name =
    higher.name === 'nchar' ? 'nvarchar' : higher.name === 'char' ? 'varchar' : higher.name === 'binary' ? 'varbinary' : higher.name;
  return { name, length };
}

function widerDecimal(left: SqlType, right: SqlType): SqlType {
  const scale = Math.max(left.scale ?? 0, right.scale ?? 0);
  const whole = Math.max((left.precision ?? 18) - (left.scale ?? 0), (right.precision ?? 18) - (right.scale ?? 0));
  return { name: 'decimal', precision: Math.min(whole + scale, 38), scale };
}

/** The 16 bytes of a uniqueidentifier, of which the first three groups are little-endian. */
export function guidBytes(guid: string): Buffer {
  const bytes = Buffer.from(guid.replaceAll('-', ''), 'hex');
  return Buffer.concat([bytes.subarray(0, 4).reverse(), bytes.subarray(4, 6).reverse(), bytes.subarray(6, 8).reverse(), bytes.subarray(8)]);
}

/** The uniqueidentifier of the first 16 bytes. */
export function guidOf(bytes: Buffer): string {
  const hex = guidBytes(bytes.toString('hex', 0, 16))
    .toString('hex')
    .toUpperCase();
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** The id that a user of Entra is bound to; undefined for every other principal. */
export function boundId({ type, sid }: Pick<Principal, 'type' | 'sid'>): string | undefined {
  return (type === 'E' || type === 'X') && sid && sid.length >= 16 ? guidOf(sid) : undefined;
}
