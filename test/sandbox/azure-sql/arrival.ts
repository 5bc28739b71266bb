import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { type Login, readLogin } from './wire/login.ts';
import { messageTypes, packetsOf, readMessage } from './wire/messages.ts';
import { preloginReply, readPrelogin } from './wire/prelogin.ts';
import { startTls } from './wire/tls-in-packets.ts';

/** A client up to its login. */
export interface Arrival {
  /** TLS on top of its connection. */
  readonly socket: Socket;
  readonly login: Login;
}

/** Reads what a client says first. Undefined for one that speaks something else, or that would go on without TLS. */
export async function receive(
  connection: Socket,
  secureContext: SecureContext,
  options: { readonly signal: AbortSignal },
): Promise<Arrival | undefined> {
  const first = await readMessage(connection, options);
  if (first.type !== messageTypes.prelogin) return undefined;
  const prelogin = readPrelogin(first.payload);
  connection.write(packetsOf(preloginReply(prelogin)));
  if (prelogin.encryption === 'not supported') return undefined;
  const socket = startTls(connection, secureContext);
  socket.on('error', () => {});
  const message = await readMessage(socket, options);
  return message.type === messageTypes.login ? { socket, login: readLogin(message.payload) } : undefined;
}
