import type { SqlType, SqlValue } from '../sql-type.ts';
import { shortText, uint8, uint16, uint32 } from './byte-parts.ts';
import { encodeValue, typeInfo } from './type-codec.ts';

export interface ResultColumn {
  readonly name: string;
  readonly type: SqlType;
}

/** The columns of the rows that follow: [MS-TDS] 2.2.7.4. All may be null. */
export function columnsToken(columns: readonly ResultColumn[]): Buffer {
  const parts = columns.map(({ name, type }) => Buffer.concat([uint32(0), uint16(0x0001), typeInfo(type), shortText(name)]));
  return Buffer.concat([uint8(0x81), uint16(columns.length), ...parts]);
}

export function rowToken(row: readonly SqlValue[], columns: readonly ResultColumn[]): Buffer {
  return Buffer.concat([uint8(0xd1), ...columns.map(({ type }, index) => encodeValue(row[index] ?? null, type))]);
}
