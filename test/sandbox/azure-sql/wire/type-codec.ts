import { guidBytes, guidOf, maxBytes, type SqlType, type SqlValue } from '../sql-type.ts';
import type { ByteCursor } from './byte-cursor.ts';
import { uint8, uint16, uint32, uint64 } from './byte-parts.ts';
import { collationBytes } from './tokens.ts';

/** Ids of types on the wire: [MS-TDS] 2.2.5.4. */
const ids = {
  guid: 0x24,
  intN: 0x26,
  date: 0x28,
  time: 0x29,
  datetime2: 0x2a,
  datetimeOffset: 0x2b,
  tinyint: 0x30,
  bit: 0x32,
  smallint: 0x34,
  int: 0x38,
  bigint: 0x7f,
  bitN: 0x68,
  decimalN: 0x6a,
  numericN: 0x6c,
  floatN: 0x6d,
  datetimeN: 0x6f,
  variant: 0x62,
  varbinary: 0xa5,
  varchar: 0xa7,
  binary: 0xad,
  char: 0xaf,
  nvarchar: 0xe7,
  nchar: 0xef,
} as const;

const wholeBytes = { tinyint: 1, smallint: 2, int: 4, bigint: 8 } as const;
const lengthOfMax = 0xffff;
const dayInMs = 86_400_000;
const year1900 = Date.UTC(1900, 0, 1);
/** Days from 0001-01-01 to 1970-01-01. */
const daysTo1970 = 719_162;
const datetime2Scale = 7;
const decimalBytes = 17;

/** TYPE_INFO of a column. */
export function typeInfo(type: SqlType): Buffer {
  switch (type.name) {
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
      return Buffer.from([ids.intN, wholeBytes[type.name]]);
    case 'bit':
      return Buffer.from([ids.bitN, 1]);
    case 'float':
      return Buffer.from([ids.floatN, 8]);
    case 'decimal':
      return Buffer.from([ids.decimalN, decimalBytes, type.precision ?? 18, type.scale ?? 0]);
    case 'datetime':
      return Buffer.from([ids.datetimeN, 8]);
    case 'datetime2':
      return Buffer.from([ids.datetime2, datetime2Scale]);
    case 'uniqueidentifier':
      return Buffer.from([ids.guid, 16]);
    case 'sql_variant':
      return Buffer.concat([uint8(ids.variant), uint32(8009)]);
    case 'nvarchar':
    case 'nchar':
    case 'varchar':
    case 'char':
      return Buffer.concat([uint8(ids[type.name]), lengthInfo(type), collationBytes]);
    case 'varbinary':
    case 'binary':
      return Buffer.concat([uint8(ids[type.name]), lengthInfo(type)]);
    default:
      return type.name satisfies never;
  }
}

function lengthInfo(type: SqlType): Buffer {
  return uint16(type.length === 'max' ? lengthOfMax : maxBytes(type));
}

/** A value of the type, as a row has it. */
export function encodeValue(value: SqlValue, type: SqlType): Buffer {
  if (type.name === 'sql_variant') return encodeVariant(value);
  if (type.length === 'max') return encodeMax(value === null ? null : bytesOf(value, type));
  if (type.length !== undefined) {
    if (value === null) return uint16(0xffff);
    const bytes = bytesOf(value, type);
    return Buffer.concat([uint16(bytes.length), bytes]);
  }
  if (value === null) return uint8(0);
  const bytes = bytesOf(value, type);
  return Buffer.concat([uint8(bytes.length), bytes]);
}

function encodeMax(bytes: Buffer | null): Buffer {
  if (bytes === null) return uint64(0xffffffffffffffffn);
  const total = uint64(BigInt(bytes.length));
  return bytes.length === 0 ? Buffer.concat([total, uint32(0)]) : Buffer.concat([total, uint32(bytes.length), bytes, uint32(0)]);
}

/** Variants hold nvarchar, varbinary, uniqueidentifier or int: [MS-TDS] 2.2.5.5.4. */
function encodeVariant(value: SqlValue): Buffer {
  if (value === null) return uint32(0);
  const [properties, bytes] = variantParts(value);
  return Buffer.concat([uint32(properties.length + bytes.length), properties, bytes]);
}

function variantParts(value: NonNullable<SqlValue>): readonly [Buffer, Buffer] {
  if (typeof value === 'number') return [Buffer.from([ids.int, 0]), bytesOf(value, { name: 'int' })];
  if (Buffer.isBuffer(value)) return [Buffer.from([ids.varbinary, 2, 0x40, 0x1f]), value];
  return [Buffer.concat([Buffer.from([ids.nvarchar, 7]), collationBytes, uint16(8000)]), Buffer.from(String(value), 'utf16le')];
}

function bytesOf(value: NonNullable<SqlValue>, type: SqlType): Buffer {
  switch (type.name) {
    case 'bit':
    case 'tinyint':
      return uint8(Number(value));
    case 'smallint':
      return signed(BigInt(value as number), 2);
    case 'int':
      return signed(BigInt(value as number), 4);
    case 'bigint':
      return signed(BigInt(value as number | bigint), 8);
    case 'float': {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleLE(Number(value));
      return bytes;
    }
    case 'decimal': {
      const unscaled = BigInt(Math.round(Math.abs(Number(value)) * 10 ** (type.scale ?? 0)));
      return Buffer.concat([uint8(Number(value) < 0 ? 0 : 1), signed(unscaled, 8), Buffer.alloc(8)]);
    }
    case 'datetime':
      return datetimeBytes(value as Date);
    case 'datetime2':
      return datetime2Bytes(value as Date);
    case 'uniqueidentifier':
      return guidBytes(String(value));
    case 'nvarchar':
    case 'nchar':
      return Buffer.from(String(value), 'utf16le');
    case 'varchar':
    case 'char':
      return Buffer.from(String(value), 'latin1');
    case 'varbinary':
    case 'binary':
      return value as Buffer;
    case 'sql_variant':
      return encodeVariant(value);
    default:
      return type.name satisfies never;
  }
}

function signed(value: bigint, size: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return bytes.subarray(0, size);
}

/** Days since 1900 and three-hundredths of a second. */
function datetimeBytes(value: Date): Buffer {
  const since1900 = value.getTime() - year1900;
  const days = Math.floor(since1900 / dayInMs);
  const bytes = Buffer.alloc(8);
  bytes.writeInt32LE(days);
  bytes.writeUInt32LE(Math.round(((since1900 - days * dayInMs) * 3) / 10), 4);
  return bytes;
}

/** 100 ns since midnight and days since 0001-01-01. */
function datetime2Bytes(value: Date): Buffer {
  const days = Math.floor(value.getTime() / dayInMs);
  const bytes = Buffer.alloc(8);
  bytes.writeUIntLE((value.getTime() - days * dayInMs) * 10_000, 0, 5);
  bytes.writeUIntLE(days + daysTo1970, 5, 3);
  return bytes;
}

/** A value that a client sent with its type. */
export interface TypedValue {
  readonly type: SqlType;
  readonly value: SqlValue;
}

/** Reads TYPE_INFO and the value behind it. Throws RangeError for a type that is not served. */
export function decodeValue(cursor: ByteCursor): TypedValue {
  const id = cursor.uint8();
  switch (id) {
    case ids.tinyint:
    case ids.smallint:
    case ids.int:
    case ids.bigint:
      return decodeWhole(cursor, { [ids.tinyint]: 1, [ids.smallint]: 2, [ids.int]: 4, [ids.bigint]: 8 }[id]);
    case ids.bit:
      return { type: { name: 'bit' }, value: cursor.uint8() };
    case ids.intN: {
      const size = cursor.uint8();
      return cursor.uint8() === 0 ? { type: wholeType(size), value: null } : decodeWhole(cursor, size);
    }
    case ids.bitN:
      cursor.uint8();
      return { type: { name: 'bit' }, value: cursor.uint8() === 0 ? null : cursor.uint8() };
    case ids.floatN: {
      cursor.uint8();
      const size = cursor.uint8();
      return {
        type: { name: 'float' },
        value: size === 0 ? null : size === 4 ? cursor.bytes(4).readFloatLE() : cursor.bytes(8).readDoubleLE(),
      };
    }
    case ids.decimalN:
    case ids.numericN:
      return decodeDecimal(cursor);
    case ids.guid:
      cursor.uint8();
      return { type: { name: 'uniqueidentifier' }, value: cursor.uint8() === 0 ? null : guidOf(cursor.bytes(16)) };
    case ids.datetimeN:
      cursor.uint8();
      return { type: { name: 'datetime' }, value: cursor.uint8() === 0 ? null : decodeDatetime(cursor) };
    case ids.datetime2:
    case ids.datetimeOffset:
      return decodeDatetime2(cursor, id === ids.datetimeOffset);
    case ids.nvarchar:
    case ids.nchar:
      return decodeText(cursor, 'nvarchar', 'utf16le', 2);
    case ids.varchar:
    case ids.char:
      return decodeText(cursor, 'varchar', 'latin1', 1);
    case ids.varbinary:
    case ids.binary: {
      const size = cursor.uint16();
      return { type: { name: 'varbinary', length: size === lengthOfMax ? 'max' : Math.max(size, 1) }, value: decodeBytes(cursor, size) };
    }
    default:
      throw new RangeError(`parameters of type 0x${id.toString(16)} are not served`);
  }
}

function wholeType(size: number): SqlType {
  return { name: size === 1 ? 'tinyint' : size === 2 ? 'smallint' : size === 8 ? 'bigint' : 'int' };
}

function decodeWhole(cursor: ByteCursor, size: number): TypedValue {
  const bytes = cursor.bytes(size);
  const value = size === 8 ? bytes.readBigInt64LE() : size === 1 ? bytes.readUInt8() : bytes.readIntLE(0, size);
  return { type: wholeType(size), value };
}

function decodeDecimal(cursor: ByteCursor): TypedValue {
  cursor.uint8();
  const [precision, scale, size] = [cursor.uint8(), cursor.uint8(), cursor.uint8()];
  const type: SqlType = { name: 'decimal', precision, scale };
  if (size === 0) return { type, value: null };
  const sign = cursor.uint8() === 0 ? -1 : 1;
  const unscaled = BigInt(
    `0x${Buffer.from(cursor.bytes(size - 1))
      .reverse()
      .toString('hex')}`,
  );
  return { type, value: (sign * Number(unscaled)) / 10 ** scale };
}

function decodeDatetime(cursor: ByteCursor): Date {
  const days = cursor.bytes(4).readInt32LE();
  return new Date(year1900 + days * dayInMs + Math.round((cursor.uint32() * 10) / 3));
}

function decodeDatetime2(cursor: ByteCursor, hasOffset: boolean): TypedValue {
  const type: SqlType = { name: 'datetime2' };
  const scale = cursor.uint8();
  const size = cursor.uint8();
  if (size === 0) return { type, value: null };
  const time = cursor.bytes(size - 3 - (hasOffset ? 2 : 0));
  const days = cursor.bytes(3).readUIntLE(0, 3) - daysTo1970;
  if (hasOffset) cursor.uint16();
  return { type, value: new Date(days * dayInMs + Math.floor(time.readUIntLE(0, time.length) / 10 ** (scale - 3))) };
}

function decodeText(cursor: ByteCursor, name: 'nvarchar' | 'varchar', encoding: 'utf16le' | 'latin1', unit: number): TypedValue {
  const size = cursor.uint16();
  cursor.bytes(collationBytes.length);
  const length = size === lengthOfMax ? 'max' : Math.max(size / unit, 1);
  return { type: { name, length }, value: decodeBytes(cursor, size)?.toString(encoding) ?? null };
}

function decodeBytes(cursor: ByteCursor, size: number): Buffer | null {
  if (size !== lengthOfMax) {
    const length = cursor.uint16();
    return length === 0xffff ? null : cursor.bytes(length);
  }
  if (cursor.uint64() === 0xffffffffffffffffn) return null;
  const chunks: Buffer[] = [];
  for (let length = cursor.uint32(); length > 0; length = cursor.uint32()) chunks.push(cursor.bytes(length));
  return Buffer.concat(chunks);
}
