/** Ids of types on the wire: [MS-TDS] 2.2.5.4. */
export const typeIds = {
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

export const dayInMs = 86_400_000;
export const year1900 = Date.UTC(1900, 0, 1);
/** Days from 0001-01-01 to 1970-01-01. */
export const daysTo1970 = 719_162;
/** In place of a length, for (max). */
export const lengthOfMax = 0xffff;
/** In place of the length of a (max) value: it is NULL. */
export const nullOfMax = 0xffffffffffffffffn;
