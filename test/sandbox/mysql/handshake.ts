import { packet, readLength, readText, withLength } from './packets.ts';

/** The server's first packet: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_v10.html */
export interface Greeting {
  readonly payload: Buffer;
  readonly capabilities: number;
  /** What a proof of a password is made with. */
  readonly nonce: Buffer;
  readonly plugin: string;
}

/** The client's answer: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_response.html */
export interface HandshakeResponse {
  readonly capabilities: number;
  /** Flags, packet size, character set and filler, as they came. */
  readonly head: Buffer;
  readonly user: string;
  readonly proof: Buffer;
  /** '' when the client names none. */
  readonly database: string;
  readonly plugin: string;
  /** The rest, connection attributes above all, as it came. */
  readonly rest: Buffer;
}

export const capability = {
  longPassword: 0x1,
  connectWithDatabase: 0x8,
  protocol41: 0x200,
  ssl: 0x800,
  secureConnection: 0x8000,
  pluginAuth: 0x80000,
  connectAttributes: 0x100000,
  lengthEncodedProof: 0x200000,
} as const;

/**
 * What a session may use. Left out is what changes the shape of packets without anybody here needing it: compression, LOCAL INFILE, DEPRECATE_EOF, optional metadata,
 * query attributes, several factors.
 */
const relayed = 0xff_ffff & ~(0x20 | 0x80 | 0x800);
const longestNonce = 20;
const head = 32;

/** Throws when it is no greeting, with the server's reason where it gives one. */
export function readGreeting(payload: Buffer): Greeting {
  if (payload[0] !== 10) throw new Error(`the server does not greet: ${payload.toString('utf8', 3)}`);
  const { end: id } = readText(payload, 1);
  const flags = id + 13;
  const capabilities = (payload.readUInt16LE(flags) | (payload.readUInt16LE(flags + 5) << 16)) >>> 0;
  const second = flags + 18;
  const secondLength = Math.max(13, payload.readUInt8(flags + 7) - 8);
  const nonce = Buffer.concat([payload.subarray(id + 4, id + 12), payload.subarray(second, second + secondLength)]);
  return { payload, capabilities, nonce: nonce.subarray(0, longestNonce), plugin: readText(payload, second + secondLength).text };
}

/** The server's greeting as the client is to see it: with TLS, and without what is not relayed. */
export function greetingFor({ payload, capabilities }: Greeting): Buffer {
  const offered = (capabilities & relayed) | capability.ssl | capability.longPassword;
  const shown = Buffer.from(payload);
  const flags = readText(payload, 1).end + 13;
  shown.writeUInt16LE(offered & 0xffff, flags);
  shown.writeUInt16LE((offered >>> 16) & 0xffff, flags + 5);
  // MariaDB's own capabilities
  shown.fill(0, flags + 8, flags + 18);
  return packet(0, shown);
}

/** Whether the packet asks for TLS instead of answering the greeting. */
export function isTlsRequest(payload: Buffer): boolean {
  return payload.length === head && (payload.readUInt32LE(0) & capability.ssl) !== 0;
}

/** Throws when it is no answer to a greeting of protocol 4.1 by a client that lets the server choose the plug-in. */
export function readHandshakeResponse(payload: Buffer): HandshakeResponse {
  const needed = capability.protocol41 | capability.secureConnection | capability.pluginAuth;
  if (payload.length <= head || (payload.readUInt32LE(0) & needed) >>> 0 !== needed)
    throw new Error('the client is too old, or speaks something else');
  const capabilities = payload.readUInt32LE(0);
  const user = readText(payload, head);
  const length =
    (capabilities & capability.lengthEncodedProof) !== 0
      ? readLength(payload, user.end)
      : { value: payload.readUInt8(user.end), end: user.end + 1 };
  const proofEnd = length.end + length.value;
  const database = (capabilities & capability.connectWithDatabase) !== 0 ? readText(payload, proofEnd) : { text: '', end: proofEnd };
  const plugin = readText(payload, database.end);
  return {
    capabilities,
    head: payload.subarray(0, head),
    user: user.text,
    proof: payload.subarray(length.end, proofEnd),
    database: database.text,
    plugin: plugin.text,
    rest: payload.subarray(plugin.end),
  };
}

/** The answer that the server behind is to get: with the client's own flags and attributes, so that what it sends can be passed on byte for byte. */
export function responseFor(response: HandshakeResponse, { proof, plugin }: { readonly proof: Buffer; readonly plugin: string }): Buffer {
  const { user, database, rest } = response;
  const attributes = response.capabilities & capability.connectAttributes;
  const flags = (response.capabilities & relayed) | capability.lengthEncodedProof;
  const start = Buffer.from(response.head);
  start.writeUInt32LE(flags >>> 0, 0);
  start.fill(0, 9, head);
  const parts = [start, user, withLength(proof), ...((flags & capability.connectWithDatabase) !== 0 ? [database] : []), plugin];
  return packet(1, ...parts, ...(attributes === 0 ? [] : [rest]));
}
