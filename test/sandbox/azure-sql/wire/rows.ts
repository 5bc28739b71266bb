import type { SqlType, SqlValue } from '../sql-type.ts';
import { shortText, uint8, uint16, uint32 } from './byte-parts.ts';
import { encodeValue, typeInfo } from './type-encoder.ts';

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

/** What an int parameter for output has become: [MS-TDS] 2.2.7.19. */
export function returnValueToken(name: string, value: number): Buffer {
  const type: SqlType = { name: 'int' };
  const isOutput = 1;
  const head = Buffer.concat([uint8(0xac), uint16(0), shortText(name), uint8(isOutput), uint32(0), uint16(0x0001)]);
  return Buffer.concat([head, typeInfo(type), encodeValue(value, type)]);
}
