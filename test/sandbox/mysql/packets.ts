import type { Socket } from 'node:net';
import { readBytes } from '../socket-bytes.ts';

/** One packet of the MySQL protocol: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html */
export interface Packet {
  /** Counts the packets of one exchange, modulo 256. */
  readonly sequence: number;
  readonly payload: Buffer;
  /** All of it, header included. */
  readonly bytes: Buffer;
}

/** What the server says of a statement or login that failed. */
export interface ServerError {
  /** The errno. */
  readonly code: number;
  readonly sqlState: string;
  readonly message: string;
}

const headerLength = 4;
/** A payload of this length goes on in the next packet. */
export const longestPayload = 0xffffff;

/** Cuts a stream of bytes into packets. */
export class PacketReader {
  #chunks: Buffer[] = [];
  #length = 0;
  /** No packet can be complete below this. */
  #needed = headerLength;

  /** The packets that are complete with these bytes. */
  push(chunk: Buffer): Packet[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#needed) return [];
    let rest = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    const packets: Packet[] = [];
    this.#needed = headerLength;
    while (rest.length >= this.#needed) {
      this.#needed = headerLength + rest.readUIntLE(0, 3);
      if (rest.length < this.#needed) break;
      packets.push(packetOf(rest.subarray(0, this.#needed)));
      rest = rest.subarray(this.#needed);
      this.#needed = headerLength;
    }
    this.#chunks = [rest];
    this.#length = rest.length;
    return packets;
  }
}

/** The next packet of a socket that nobody else reads from; a longer one than 64 KiB is refused. */
export async function readPacket(socket: Socket, options: { readonly signal: AbortSignal }): Promise<Packet> {
  const header = await readBytes(socket, headerLength, options);
  const length = header.readUIntLE(0, 3);
  if (length > 0xffff) throw new Error('the packet is too long for a login');
  return packetOf(Buffer.concat([header, await readBytes(socket, length, options)]));
}

/** The bytes of a packet. Of parts, a text is followed by a zero byte, and a number is one byte. */
export function packet(sequence: number, ...parts: readonly (Buffer | string | number)[]): Buffer {
  const payload = Buffer.concat(parts.map(bytesOf));
  const header = Buffer.alloc(headerLength);
  header.writeUIntLE(payload.length, 0, 3);
  header.writeUInt8(sequence & 0xff, 3);
  return Buffer.concat([header, payload]);
}

/** The ERR packet of an error. */
export function errorPacket(sequence: number, { code, sqlState, message }: ServerError): Buffer {
  const errno = Buffer.alloc(2);
  errno.writeUInt16LE(code);
  return packet(sequence, 0xff, errno, Buffer.from(`#${sqlState}${message}`));
}

/** The error of an ERR packet; undefined for every other packet. */
export function errorOf(payload: Buffer): ServerError | undefined {
  if (payload[0] !== 0xff || payload.length < 3) return undefined;
  const text = payload.toString('utf8', 3);
  const [, sqlState, message] = /^#(.{5})(.*)$/s.exec(text) ?? [text, 'HY000', text];
  return { code: payload.readUInt16LE(1), sqlState: sqlState ?? 'HY000', message: message ?? '' };
}

/** The text up to the first zero byte at `offset`, and the offset behind that. */
export function readText(payload: Buffer, offset: number): { readonly text: string; readonly end: number } {
  const zero = payload.indexOf(0, offset);
  const end = zero < 0 ? payload.length : zero;
  return { text: payload.toString('utf8', offset, end), end: end + 1 };
}

/** A length-encoded integer, and the offset behind it: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_dt_integers.html */
export function readLength(payload: Buffer, offset: number): { readonly value: number; readonly end: number } {
  const first = payload.readUInt8(offset);
  if (first < 0xfb) return { value: first, end: offset + 1 };
  if (first === 0xfc) return { value: payload.readUInt16LE(offset + 1), end: offset + 3 };
  if (first === 0xfd) return { value: payload.readUIntLE(offset + 1, 3), end: offset + 4 };
  return { value: Number(payload.readBigUInt64LE(offset + 1)), end: offset + 9 };
}

/** Bytes that begin with their own length; at most 65,535. */
export function withLength(bytes: Buffer): Buffer {
  if (bytes.length < 0xfb) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  return Buffer.concat([Buffer.from([0xfc, bytes.length & 0xff, bytes.length >> 8]), bytes]);
}

function packetOf(bytes: Buffer): Packet {
  return { sequence: bytes.readUInt8(3), payload: bytes.subarray(headerLength), bytes };
}

function bytesOf(part: Buffer | string | number): Buffer {
  if (typeof part === 'number') return Buffer.from([part]);
  return typeof part === 'string' ? Buffer.from(`${part}\0`) : part;
}
