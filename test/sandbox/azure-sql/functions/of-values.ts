import { createHash, randomUUID } from 'node:crypto';
import { assertConvertible, converted, keyOf, textOf } from '../convert.ts';
import { commonTypeOf } from '../expression.ts';
import type { SqlFunction } from '../functions.ts';
import {
  fixedBytes,
  int,
  isBinary,
  isText,
  nvarchar,
  type SqlType,
  type SqlValue,
  uniqueidentifier,
  varbinary,
  varchar,
} from '../sql-type.ts';

const strict = { isStrict: true } as const;
const longest: SqlType = nvarchar('max');
const text = (value: SqlValue | undefined) => (value === null || value === undefined ? '' : textOf(value));
const number = (value: SqlValue | undefined) => Number(value);
const firstType = ([first]: readonly (SqlType | undefined)[]) => first ?? int;
const firstText = ([first]: readonly (SqlType | undefined)[]): SqlType => (first && isText(first) ? first : nvarchar(4000));
const longText = ([first]: readonly (SqlType | undefined)[]): SqlType => (first?.length === 'max' ? longest : nvarchar(4000));
const hashes: Readonly<Record<string, string>> = { MD5: 'md5', SHA: 'sha1', SHA1: 'sha1', SHA2_256: 'sha256', SHA2_512: 'sha512' };

/** The bytes that a value is stored in. */
function bytesOf(value: NonNullable<SqlValue>, type: SqlType | undefined): Buffer {
  return converted(value, type, varbinary('max')) as Buffer;
}

/** The type that all meet in. Throws 206 and 257. */
function meeting(types: readonly (SqlType | undefined)[]): SqlType {
  const type = commonTypeOf(types) ?? int;
  for (const each of types) assertConvertible(each, type, { isExplicit: false });
  return type;
}

/** https://learn.microsoft.com/sql/t-sql/functions/string-functions-transact-sql and its neighbours. */
export const valueFunctions: Readonly<Record<string, SqlFunction>> = {
  CHARINDEX: {
    ...strict,
    takes: [2, 3],
    type: int,
    run: ([what, where, from], { catalog }) =>
      catalog.fold(`${text(where)}.`).indexOf(catalog.fold(`${text(what)}.`).slice(0, -1), Math.max(number(from ?? 1) - 1, 0)) + 1,
  },
  CHECKSUM: {
    takes: [1, 64],
    type: int,
    run: (values, { catalog }) =>
      createHash('sha1')
        .update(values.map((each) => keyOf(each, (every) => catalog.fold(every))).join('\u0001'))
        .digest()
        .readInt32LE(),
  },
  COALESCE: {
    takes: [2, 64],
    type: meeting,
    run: (values, _, types) => {
      const at = values.findIndex((each) => each !== null);
      return converted(values[at] ?? null, types[at], meeting(types));
    },
  },
  CONCAT: { takes: [2, 254], type: longest, run: (values) => values.map(text).join('') },
  CONCAT_WS: {
    takes: [3, 254],
    type: longest,
    run: ([by, ...values]) =>
      values
        .filter((each) => each !== null)
        .map(text)
        .join(text(by)),
  },
  DATALENGTH: { ...strict, takes: [1, 1], type: int, run: ([value], _, [type]) => lengthInBytes(value ?? '', type ?? int) },
  GETDATE: { takes: [0, 0], type: { name: 'datetime' }, run: (_, { session }) => new Date(session.server.clock.now()) },
  GETUTCDATE: { takes: [0, 0], type: { name: 'datetime' }, run: (_, { session }) => new Date(session.server.clock.now()) },
  CURRENT_TIMESTAMP: { takes: [0, 0], type: { name: 'datetime' }, run: (_, { session }) => new Date(session.server.clock.now()) },
  SYSUTCDATETIME: { takes: [0, 0], type: { name: 'datetime2' }, run: (_, { session }) => new Date(session.server.clock.now()) },
  SYSDATETIME: { takes: [0, 0], type: { name: 'datetime2' }, run: (_, { session }) => new Date(session.server.clock.now()) },
  HASHBYTES: {
    ...strict,
    takes: [2, 2],
    type: varbinary(8000),
    run: ([algorithm, value], _, [, type]) => {
      const hash = hashes[text(algorithm).toUpperCase()];
      return hash === undefined
        ? null
        : createHash(hash)
            .update(bytesOf(value ?? '', type))
            .digest();
    },
  },
  ISNULL: {
    takes: [2, 2],
    type: ([first, second]) => {
      if (first) assertConvertible(second, first, { isExplicit: false });
      return first ?? second ?? int;
    },
    run: ([value, fallback], _, [first, second]) => value ?? converted(fallback ?? null, second, first ?? second ?? int),
  },
  LEFT: { ...strict, takes: [2, 2], type: firstText, run: ([value, length]) => text(value).slice(0, Math.max(number(length), 0)) },
  LEN: { ...strict, takes: [1, 1], type: int, run: ([value]) => text(value).replace(/ +$/, '').length },
  LOWER: { ...strict, takes: [1, 1], type: firstText, run: ([value]) => text(value).toLowerCase() },
  LTRIM: { ...strict, takes: [1, 1], type: firstText, run: ([value]) => text(value).replace(/^ +/, '') },
  NEWID: { takes: [0, 0], type: uniqueidentifier, run: () => randomUUID().toUpperCase() },
  NULLIF: {
    takes: [2, 2],
    type: firstType,
    run: ([left, right], { catalog }) =>
      left !== null && keyOf(left ?? null, (each) => catalog.fold(each)) === keyOf(right ?? null, (each) => catalog.fold(each))
        ? null
        : (left ?? null),
  },
  QUOTENAME: {
    ...strict,
    takes: [1, 2],
    type: nvarchar(258),
    run: ([value, quote]) => quoteName(text(value), quote === undefined ? '[' : text(quote)),
  },
  REPLACE: {
    ...strict,
    takes: [3, 3],
    type: longText,
    run: ([value, what, by]) => text(value).replace(new RegExp(text(what).replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'gi'), () => text(by)),
  },
  REPLICATE: { ...strict, takes: [2, 2], type: longText, run: ([value, count]) => text(value).repeat(Math.max(number(count), 0)) },
  RIGHT: {
    ...strict,
    takes: [2, 2],
    type: firstText,
    run: ([value, length]) => (number(length) <= 0 ? '' : text(value).slice(-number(length))),
  },
  RTRIM: { ...strict, takes: [1, 1], type: firstText, run: ([value]) => text(value).replace(/ +$/, '') },
  SUBSTRING: {
    ...strict,
    takes: [3, 3],
    type: ([first]) => (first && isBinary(first) ? { ...first, name: 'varbinary' } : firstText([first])),
    run: ([value, start, length]) => part(value ?? '', number(start), number(length)),
  },
  TRIM: { ...strict, takes: [1, 1], type: firstText, run: ([value]) => text(value).replace(/^ +| +$/g, '') },
  UPPER: { ...strict, takes: [1, 1], type: firstText, run: ([value]) => text(value).toUpperCase() },
  CHAR: { ...strict, takes: [1, 1], type: varchar(1), run: ([value]) => String.fromCharCode(number(value)) },
  NCHAR: { ...strict, takes: [1, 1], type: nvarchar(1), run: ([value]) => String.fromCharCode(number(value)) },
};

function lengthInBytes(value: NonNullable<SqlValue>, type: SqlType): number {
  return fixedBytes(type) ?? bytesOf(value, type.name === 'sql_variant' ? longest : type).length;
}

/** Places count from 1. */
function part(value: NonNullable<SqlValue>, start: number, length: number): string | Buffer {
  const whole = Buffer.isBuffer(value) ? value : textOf(value);
  const from = Math.max(start - 1, 0);
  const to = Math.max(start - 1 + length, from);
  return Buffer.isBuffer(whole) ? whole.subarray(from, to) : whole.slice(from, to);
}

function quoteName(name: string, quote: string): string | null {
  if (name.length > 128) return null;
  if (quote === '[' || quote === ']') return `[${name.replaceAll(']', ']]')}]`;
  return quote === "'" || quote === '"' ? `${quote}${name.replaceAll(quote, quote + quote)}${quote}` : null;
}
