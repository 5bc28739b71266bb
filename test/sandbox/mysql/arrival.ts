import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { type HandshakeResponse, isTlsRequest, readHandshakeResponse } from './handshake.ts';
import { type Packet, readPacket } from './packets.ts';

/** A client that has answered the greeting. */
export interface Arrival {
  readonly response: HandshakeResponse;
  /** Of the client's last packet. */
  readonly sequence: number;
  readonly isEncrypted: boolean;
  /** The connection, or TLS on top of it. */
  readonly socket: Socket;
}

/** Reads a client's answer to the greeting, and starts TLS when it asks for that. Throws when the client goes away or speaks something else. */
export async function receive(socket: Socket, secureContext: SecureContext, options: { readonly signal: AbortSignal }): Promise<Arrival> {
  const first = await readPacket(socket, options);
  if (!isTlsRequest(first.payload)) return arrival(first, socket, false);
  // MySQL's clients send the handshake at once; what came of it is still in the socket, where TLS finds it
  const tls = new TLSSocket(socket, { isServer: true, secureContext });
  tls.on('error', () => {});
  await once(tls, 'secure', options);
  return arrival(await readPacket(tls, options), tls, true);
}

function arrival({ payload, sequence }: Packet, socket: Socket, isEncrypted: boolean): Arrival {
  return { response: readHandshakeResponse(payload), sequence, isEncrypted, socket };
}
