import { guidBytes, maxBytes, type SqlType, type SqlValue } from '../sql-type.ts';
import { uint8, uint16, uint32, uint64 } from './byte-parts.ts';
import { collationBytes } from './tokens.ts';
import { dayInMs, daysTo1970, lengthOfMax, nullOfMax, typeIds, year1900 } from './type-ids.ts';

const wholeBytes = { tinyint: 1, smallint: 2, int: 4, bigint: 8 } as const;
const datetime2Scale = 7;
const decimalBytes = 17;

/** TYPE_INFO of a column. */
export function typeInfo(type: SqlType): Buffer {
  switch (type.name) {
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
      return Buffer.from([typeIds.intN, wholeBytes[type.name]]);
    case 'bit':
      return Buffer.from([typeIds.bitN, 1]);
    case 'float':
      return Buffer.from([typeIds.floatN, 8]);
    case 'decimal':
      return Buffer.from([typeIds.decimalN, decimalBytes, type.precision ?? 18, type.scale ?? 0]);
    case 'datetime':
      return Buffer.from([typeIds.datetimeN, 8]);
    case 'datetime2':
      return Buffer.from([typeIds.datetime2, datetime2Scale]);
    case 'uniqueidentifier':
      return Buffer.from([typeIds.guid, 16]);
    case 'sql_variant':
      return Buffer.concat([uint8(typeIds.variant), uint32(8009)]);
    case 'nvarchar':
    case 'nchar':
    case 'varchar':
    case 'char':
      return Buffer.concat([uint8(typeIds[type.name]), lengthInfo(type), collationBytes]);
    case 'varbinary':
    case 'binary':
      return Buffer.concat([uint8(typeIds[type.name]), lengthInfo(type)]);
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
  if (bytes === null) return uint64(nullOfMax);
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
  if (typeof value === 'number') return [Buffer.from([typeIds.int, 0]), bytesOf(value, { name: 'int' })];
  if (Buffer.isBuffer(value)) return [Buffer.from([typeIds.varbinary, 2, 0x40, 0x1f]), value];
  return [Buffer.concat([Buffer.from([typeIds.nvarchar, 7]), collationBytes, uint16(8000)]), Buffer.from(String(value), 'utf16le')];
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
