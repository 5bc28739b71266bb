/** Little-endian numbers and texts as the parts of a TDS token. */
export function uint8(value: number): Buffer {
  return Buffer.from([value]);
}

export function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

export function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

export function utf16(text: string): Buffer {
  return Buffer.from(text, 'utf16le');
}

/** B_VARCHAR: at most 255 code units behind one byte that counts them. */
export function shortText(text: string): Buffer {
  return Buffer.concat([uint8(Math.min(text.length, 255)), utf16(text.slice(0, 255))]);
}

/** US_VARCHAR: behind two bytes that count code units. */
export function longText(text: string): Buffer {
  return Buffer.concat([uint16(text.length), utf16(text)]);
}
