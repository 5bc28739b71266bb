import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { readBytes } from '../socket-bytes.ts';
import { readText } from './messages.ts';

/** What a client wants that has just connected. `packet` is its last one, as it came. */
export type Arrival =
  | { readonly kind: 'cancel'; readonly packet: Buffer; readonly socket: Socket }
  | {
      readonly kind: 'login';
      readonly packet: Buffer;
      readonly user: string;
      readonly database: string;
      readonly isEncrypted: boolean;
      readonly socket: Socket;
    };

/** What a TLS handshake begins with; of a startup packet it would be the first byte of a far too great length. */
const tlsHandshake = 0x16;
/** https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-FLOW-SSL */
const applicationProtocol = 'postgresql';
const cancelRequest = 80877102;
const sslRequest = 80877103;
const gssEncRequest = 80877104;
/** PostgreSQL's own limit, MAX_STARTUP_PACKET_LENGTH. */
const longestStartup = 10_000;
const longestPassword = 64 * 1024;

/** Reads what a client sends before it is asked for a password, and starts TLS when it asks for that or begins with it. Throws when the client goes away or speaks something else. */
export async function receive(socket: Socket, secureContext: SecureContext, options: { readonly signal: AbortSignal }): Promise<Arrival> {
  let current = socket;
  if (await beginsWith(tlsHandshake, socket, options)) {
    const tls = await secured(socket, secureContext, options);
    if (tls.alpnProtocol !== applicationProtocol)
      throw new Error('the client began with TLS but did not ask for the protocol of PostgreSQL');
    current = tls;
  }
  for (;;) {
    const length = (await readBytes(current, 4, options)).readUInt32BE();
    if (length < 8 || length > longestStartup) throw new Error('this is no startup packet of PostgreSQL');
    const rest = await readBytes(current, length - 4, options);
    const packet = Buffer.concat([Buffer.alloc(4), rest]);
    packet.writeUInt32BE(length);
    const code = rest.readUInt32BE();
    if (code === gssEncRequest) {
      current.write('N');
    } else if (code === sslRequest && current === socket) {
      // bytes that came before the handshake could be anybody's (CVE-2021-23214)
      if (socket.readableLength > 0) throw new Error('the client sent data between its request for TLS and the handshake');
      socket.write('S');
      current = await secured(socket, secureContext, options);
    } else if (code === cancelRequest) {
      return { kind: 'cancel', packet, socket: current };
    } else {
      const parameters = parametersOf(rest.subarray(4));
      const user = parameters.get('user') ?? '';
      return {
        kind: 'login',
        packet,
        user,
        database: parameters.get('database') || user,
        isEncrypted: current !== socket,
        socket: current,
      };
    }
  }
}

async function secured(socket: Socket, secureContext: SecureContext, options: { readonly signal: AbortSignal }): Promise<TLSSocket> {
  const tls = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: [applicationProtocol] });
  tls.on('error', () => {});
  await once(tls, 'secure', options);
  return tls;
}

/** Looks at the first byte without taking it. */
async function beginsWith(byte: number, socket: Socket, options: { readonly signal: AbortSignal }): Promise<boolean> {
  const first = await readBytes(socket, 1, options);
  socket.unshift(first);
  return first[0] === byte;
}

/** Asks for the password in clear and returns it. */
export async function askPassword(socket: Socket, options: { readonly signal: AbortSignal }): Promise<string> {
  socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]));
  const head = await readBytes(socket, 5, options);
  const length = head.readUInt32BE(1);
  if (head[0] !== 0x70 || length < 4 || length > longestPassword) throw new Error('the client sent something else than a password');
  return readText(await readBytes(socket, length - 4, options)).text;
}

function parametersOf(body: Buffer): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (let offset = 0; offset < body.length && body[offset] !== 0; ) {
    const name = readText(body, offset);
    const value = readText(body, name.end);
    parameters.set(name.text, value.text);
    offset = value.end;
  }
  return parameters;
}
