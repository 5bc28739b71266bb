import { foldText } from './catalog.ts';
import { errors } from './errors.ts';
import { SqlError } from './sql-error.ts';
import { fixedBytes, guidBytes, guidOf, isBinary, isNumber, isText, isTime, isWhole, type SqlType, type SqlValue } from './sql-type.ts';

const guidPattern = /^\{?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/i;
const ranges: Readonly<Record<string, readonly [bigint, bigint]>> = {
  bit: [0n, 1n],
  tinyint: [0n, 255n],
  smallint: [-32_768n, 32_767n],
  int: [-2_147_483_648n, 2_147_483_647n],
  bigint: [-(2n ** 63n), 2n ** 63n - 1n],
};

/** Whether T-SQL converts by itself, or when it is told to, or never: https://learn.microsoft.com/sql/t-sql/data-types/data-type-conversion-database-engine */
function conversionOf(from: SqlType, to: SqlType): 'implicit' | 'explicit' | 'none' {
  if (from.name === to.name || to.name === 'sql_variant') return 'implicit';
  if (from.name === 'sql_variant') return 'explicit';
  if (isText(from)) return isBinary(to) ? 'explicit' : 'implicit';
  if (isText(to)) return 'implicit';
  if (isBinary(from)) return to.name === 'float' ? 'none' : 'implicit';
  if (from.name === 'uniqueidentifier') return isBinary(to) ? 'implicit' : 'none';
  if (isNumber(from))
    return isNumber(to) || (isBinary(to) && from.name !== 'float') ? 'implicit' : isTime(to) || isBinary(to) ? 'explicit' : 'none';
  return isTime(to) ? 'implicit' : isNumber(to) || isBinary(to) ? 'explicit' : 'none';
}

/** Throws 206 or 257 for what is not converted, or not unasked. `from` is undefined for NULL, which fits everywhere. */
export function assertConvertible(from: SqlType | undefined, to: SqlType, { isExplicit }: { readonly isExplicit: boolean }): void {
  if (!from) return;
  const conversion = conversionOf(from, to);
  if (conversion === 'none') {
    throw isExplicit
      ? new SqlError(529, `Explicit conversion from data type ${from.name} to ${to.name} is not allowed.`, { state: 2, reach: 'batch' })
      : errors.clash(from.name, to.name);
  }
  if (conversion === 'explicit' && !isExplicit) throw errors.notImplicit(from.name, to.name);
}

/** A value as one of another type. Texts and binaries are cut at its length. Throws 245, 8115 and 8169. */
export function converted(value: SqlValue, from: SqlType | undefined, to: SqlType, style = 0): SqlValue {
  if (value === null || to.name === 'sql_variant') return value;
  if (isText(to)) return padded(cut(textOf(value, style), to), to, ' ');
  if (isBinary(to)) return fitted(binaryOf(value, from, to, style), to);
  if (isWhole(to)) return wholeOf(value, from, to);
  if (to.name === 'decimal' || to.name === 'float') return numberOf(value, from, to);
  if (to.name === 'uniqueidentifier') return guidFrom(value);
  return timeOf(value);
}

/** The text of a value, as it is written where a text is wanted. */
export function textOf(value: NonNullable<SqlValue>, style = 0): string {
  if (Buffer.isBuffer(value)) {
    if (style === 0) return value.toString('utf16le');
    return `${style === 1 ? '0x' : ''}${value.toString('hex').toUpperCase()}`;
  }
  return value instanceof Date ? value.toISOString().replace('T', ' ').replace('Z', '') : String(value);
}

function cut(text: string, { length }: SqlType): string {
  return typeof length === 'number' ? text.slice(0, length) : text;
}

function padded(text: string, { name, length }: SqlType, by: string): string {
  return (name === 'nchar' || name === 'char') && typeof length === 'number' ? text.padEnd(length, by) : text;
}

function binaryOf(value: NonNullable<SqlValue>, from: SqlType | undefined, to: SqlType, style: number): Buffer {
  if (Buffer.isBuffer(value)) return value;
  if (from?.name === 'uniqueidentifier') return guidBytes(String(value));
  if (typeof value === 'string') {
    if (style === 0) return Buffer.from(value, from?.name === 'varchar' || from?.name === 'char' ? 'latin1' : 'utf16le');
    const hex = style === 1 ? /^0x((?:[0-9a-f]{2})*)$/i.exec(value)?.[1] : /^((?:[0-9a-f]{2})*)$/i.exec(value)?.[1];
    if (hex === undefined) throw new SqlError(8114, `Error converting data type ${from?.name ?? 'varchar'} to ${to.name}.`, { state: 5 });
    return Buffer.from(hex, 'hex');
  }
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(Math.trunc(Number(value))));
  const own = bytes.subarray(8 - Math.min((from && fixedBytes(from)) ?? 4, 8));
  const { length } = to;
  // numbers lose, or gain, bytes at their front
  return typeof length !== 'number' || (to.name === 'varbinary' && length >= own.length)
    ? own
    : Buffer.concat([Buffer.alloc(Math.max(length - own.length, 0)), own.subarray(Math.max(own.length - length, 0))]);
}

function fitted(bytes: Buffer, { name, length }: SqlType): Buffer {
  if (typeof length !== 'number') return bytes;
  if (bytes.length >= length) return bytes.subarray(0, length);
  return name === 'binary' ? Buffer.concat([bytes, Buffer.alloc(length - bytes.length)]) : bytes;
}

function wholeOf(value: NonNullable<SqlValue>, from: SqlType | undefined, to: SqlType): number | bigint {
  const whole = asBigInt(value, from, to);
  if (to.name === 'bit') return whole === 0n ? 0 : 1;
  const [least, most] = ranges[to.name] ?? [0n, 0n];
  if (whole < least || whole > most) throw errors.overflow(to.name);
  return to.name === 'bigint' ? whole : Number(whole);
}

function asBigInt(value: NonNullable<SqlValue>, from: SqlType | undefined, to: SqlType): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return BigInt(Math.trunc(value));
  if (Buffer.isBuffer(value)) return value.length === 0 ? 0n : BigInt.asIntN(64, BigInt(`0x${value.toString('hex')}`));
  if (value instanceof Date) throw errors.clash('datetime', to.name);
  const text = value.trim();
  if (to.name === 'bit' && /^(true|false)$/i.test(text)) return text.toLowerCase() === 'true' ? 1n : 0n;
  if (!/^([+-]?\d+)?$/.test(text)) throw errors.notConverted(from?.name ?? 'varchar', value, to.name);
  return BigInt(text || '0');
}

function numberOf(value: NonNullable<SqlValue>, from: SqlType | undefined, to: SqlType): number {
  const number = typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value);
  if (Number.isNaN(number) || Buffer.isBuffer(value))
    throw new SqlError(8114, `Error converting data type ${from?.name ?? 'varchar'} to ${to.name}.`, { state: 5, reach: 'transaction' });
  if (to.name === 'float') return number;
  const factor = 10 ** (to.scale ?? 0);
  const rounded = Math.round(number * factor) / factor;
  if (Math.abs(rounded) >= 10 ** ((to.precision ?? 18) - (to.scale ?? 0))) throw errors.overflow('decimal');
  return rounded;
}

function guidFrom(value: NonNullable<SqlValue>): string {
  if (Buffer.isBuffer(value)) return guidOf(Buffer.concat([value, Buffer.alloc(16)]));
  const [, guid] = guidPattern.exec(String(value)) ?? [];
  if (guid === undefined) throw errors.noGuid();
  return guid.toUpperCase();
}

function timeOf(value: NonNullable<SqlValue>): Date {
  if (value instanceof Date) return value;
  const text = String(value).trim();
  const time = new Date(/[zZ]|[+-]\d\d:\d\d$/.test(text) ? text : `${text.replace(' ', 'T')}${text.includes(':') ? '' : 'T00:00:00'}Z`);
  if (Number.isNaN(time.getTime()))
    throw new SqlError(241, 'Conversion failed when converting date and/or time from character string.', { reach: 'transaction' });
  return time;
}

/** Below 0, 0 or above 0, for two values of one type. Texts are compared as the database's collation does. */
export function compareValues(
  left: NonNullable<SqlValue>,
  right: NonNullable<SqlValue>,
  fold: (text: string) => string = foldText,
): number {
  const [a, b] = [comparable(left, fold), comparable(right, fold)];
  if (Buffer.isBuffer(a) && Buffer.isBuffer(b)) return Buffer.compare(a, b);
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What two equal values of one type have in common, for looking them up. */
export function keyOf(value: SqlValue, fold: (text: string) => string = foldText): string {
  if (value === null) return 'null';
  const key = comparable(value, fold);
  return Buffer.isBuffer(key) ? key.toString('hex') : `=${key}`;
}

function comparable(value: NonNullable<SqlValue>, fold: (text: string) => string): number | bigint | string | Buffer {
  if (typeof value === 'string') return fold(value);
  if (value instanceof Date) return value.getTime();
  if (!Buffer.isBuffer(value)) return value;
  // zeros at the end of a binary do not count
  let { length } = value;
  while (length > 0 && value[length - 1] === 0) length -= 1;
  return value.subarray(0, length);
}
