import { connect } from 'node:net';
import { join } from 'node:path';
import { DatabaseGateway, type GatewayOptions } from '../database-gateway.ts';
import type { Backend } from './backend.ts';
import { Session } from './session.ts';

/** What clients take for Azure Database for PostgreSQL. */
export type Gateway = DatabaseGateway<Backend>;

/** Opens the port of a server. Throws what listening throws, for example EADDRINUSE. */
export function startGateway(options: GatewayOptions<Backend>): Promise<Gateway> {
  return DatabaseGateway.start(
    {
      connect: ({ socketDirectory, port }) => connect(join(socketDirectory, `.s.PGSQL.${port}`)),
      serve: (socket, sessionOptions) => new Session(socket, sessionOptions),
    },
    options,
  );
}
