import type { Socket } from 'node:net';
import { readBytes } from '../../socket-bytes.ts';

/** Types of the messages that clients send: [MS-TDS] 2.2.3.1.1. */
export const messageTypes = { batch: 1, rpc: 3, attention: 6, federatedToken: 8, transaction: 14, login: 16, prelogin: 18 } as const;
const reply = 4;

/** A whole message, put together from its packets. */
export interface Message {
  readonly type: number;
  /** The client wants its session as after login before this message is served: [MS-TDS] 2.2.3.1.2, RESETCONNECTION. */
  readonly resetsSession: boolean;
  /** The client has thought better of it before the last packet. */
  readonly isIgnored: boolean;
  readonly payload: Buffer;
}

export const headerLength = 8;
/** What clients use that say nothing of it. */
export const defaultPacketSize = 4096;
const endOfMessage = 0x01;
const ignore = 0x02;
const reset = 0x08 | 0x10;
/** More than any honest client of a sandbox sends. */
const longestMessage = 16 * 1024 * 1024;

/** The next message of a socket that nobody else reads from. Rejects when the other side goes away, when the signal is aborted, and for a message of more than 16 MiB. */
export async function readMessage(socket: Socket, options: { readonly signal: AbortSignal }): Promise<Message> {
  const parts: Buffer[] = [];
  let size = 0;
  let resetsSession = false;
  for (;;) {
    const header = await readBytes(socket, headerLength, options);
    const length = header.readUInt16BE(2) - headerLength;
    if (length < 0) throw new Error('a packet is shorter than its header');
    size += length;
    if (size > longestMessage) throw new Error('the message is too long');
    parts.push(await readBytes(socket, length, options));
    const status = header.readUInt8(1);
    resetsSession ||= (status & reset) !== 0;
    if (status & endOfMessage)
      return { type: header.readUInt8(0), resetsSession, isIgnored: (status & ignore) !== 0, payload: Buffer.concat(parts) };
  }
}

/** The packets of a message to the client. */
export function packetsOf(
  payload: Buffer,
  { type = reply, packetSize = defaultPacketSize }: { readonly type?: number; readonly packetSize?: number } = {},
): Buffer {
  const room = packetSize - headerLength;
  const packets: Buffer[] = [];
  for (let offset = 0, id = 1; offset === 0 || offset < payload.length; offset += room, id += 1) {
    const part = payload.subarray(offset, offset + room);
    const header = Buffer.alloc(headerLength);
    header.writeUInt8(type, 0);
    header.writeUInt8(offset + room >= payload.length ? endOfMessage : 0, 1);
    header.writeUInt16BE(headerLength + part.length, 2);
    header.writeUInt8(id & 0xff, 6);
    packets.push(header, part);
  }
  return Buffer.concat(packets);
}
