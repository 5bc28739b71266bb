import { connect } from 'node:net';
import { DatabaseGateway, type GatewayOptions } from '../database-gateway.ts';
import type { Backend } from './backend.ts';
import { Session } from './session.ts';

/** What clients take for Azure Database for MySQL. */
export type Gateway = DatabaseGateway<Backend>;

/** Opens the port of a server, whose certificate is for `localhost` too: mysql2 looks for that where it has an address. Throws what listening throws, for example EADDRINUSE. */
export function startGateway(options: GatewayOptions<Backend>): Promise<Gateway> {
  return DatabaseGateway.start(
    { connect: ({ socket }) => connect(socket), serve: (socket, sessionOptions) => new Session(socket, sessionOptions) },
    options,
  );
}
