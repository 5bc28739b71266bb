import { guidOf, type SqlType, type SqlValue } from '../sql-type.ts';
import type { ByteCursor } from './byte-cursor.ts';
import { collationBytes } from './tokens.ts';
import { dayInMs, daysTo1970, lengthOfMax, nullOfMax, typeIds, year1900 } from './type-ids.ts';

/** A value that a client sent with its type. */
export interface TypedValue {
  readonly type: SqlType;
  readonly value: SqlValue;
}

/** Reads TYPE_INFO and the value behind it. Throws RangeError for a type that is not served. */
export function decodeValue(cursor: ByteCursor): TypedValue {
  const id = cursor.uint8();
  switch (id) {
    case typeIds.tinyint:
    case typeIds.smallint:
    case typeIds.int:
    case typeIds.bigint:
      return decodeWhole(cursor, { [typeIds.tinyint]: 1, [typeIds.smallint]: 2, [typeIds.int]: 4, [typeIds.bigint]: 8 }[id]);
    case typeIds.bit:
      return { type: { name: 'bit' }, value: cursor.uint8() };
    case typeIds.intN: {
      const size = cursor.uint8();
      return cursor.uint8() === 0 ? { type: wholeType(size), value: null } : decodeWhole(cursor, size);
    }
    case typeIds.bitN:
      cursor.uint8();
      return { type: { name: 'bit' }, value: cursor.uint8() === 0 ? null : cursor.uint8() };
    case typeIds.floatN: {
      cursor.uint8();
      const size = cursor.uint8();
      return {
        type: { name: 'float' },
        value: size === 0 ? null : size === 4 ? cursor.bytes(4).readFloatLE() : cursor.bytes(8).readDoubleLE(),
      };
    }
    case typeIds.decimalN:
    case typeIds.numericN:
      return decodeDecimal(cursor);
    case typeIds.guid:
      cursor.uint8();
      return { type: { name: 'uniqueidentifier' }, value: cursor.uint8() === 0 ? null : guidOf(cursor.bytes(16)) };
    case typeIds.datetimeN:
      cursor.uint8();
      return { type: { name: 'datetime' }, value: cursor.uint8() === 0 ? null : decodeDatetime(cursor) };
    case typeIds.datetime2:
    case typeIds.datetimeOffset:
      return decodeDatetime2(cursor, id === typeIds.datetimeOffset);
    case typeIds.nvarchar:
    case typeIds.nchar:
      return decodeText(cursor, 'nvarchar', 'utf16le', 2);
    case typeIds.varchar:
    case typeIds.char:
      return decodeText(cursor, 'varchar', 'latin1', 1);
    case typeIds.varbinary:
    case typeIds.binary: {
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
  if (cursor.uint64() === nullOfMax) return null;
  const chunks: Buffer[] = [];
  for (let length = cursor.uint32(); length > 0; length = cursor.uint32()) chunks.push(cursor.bytes(length));
  return Buffer.concat(chunks);
}
