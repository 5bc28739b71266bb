import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import { type Clock, systemClock } from '../../../src/runtime/clock.ts';
import type { Server } from '../azure/world.ts';
import type { Faults } from '../controls/faults.ts';
import type { Journal } from '../controls/journal.ts';
import { ServedPort } from '../served-port.ts';
import type { Backend } from './backend.ts';
import { ossAudience, type VerifyToken } from './login.ts';
import { Session } from './session.ts';

export interface GatewayOptions {
  readonly backend: Backend;
  /** State and authConfig are read anew for each connection. */
  readonly server: Server;
  /** PEM; for the server's address. */
  readonly certificate: { readonly cert: string; readonly key: string };
  readonly verify: VerifyToken;
  /** What a token must be made for; that of the public cloud when left out. */
  readonly audience?: string;
  readonly journal: Journal;
  readonly faults: Faults;
  /** The server's own address when left out; port 0 takes any. */
  readonly listen?: { readonly host: string; readonly port: number };
  readonly clock?: Clock;
  readonly log: (message: string) => void;
  readonly signal: AbortSignal;
}

/** The front of one server: what clients take for Azure Database for PostgreSQL. */
export interface Gateway {
  readonly host: string;
  readonly port: number;
  /** Ends all sessions and closes the port, as stopping the server does. */
  refuseConnections(): Promise<void>;
  /** Opens the port again. */
  acceptConnections(): Promise<void>;
  /** Lets new sessions end up at another PostgreSQL, as when a server is deleted and made again under its name. */
  setBackend(backend: Backend): void;
  /** Ends all sessions and closes the port for good. */
  stop(): Promise<void>;
}

/** Opens the port of a server. Throws what listening throws, for example EADDRINUSE. It closes with `stop` and when `signal` is aborted. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const gateway = new PostgresGateway(options);
  await gateway.acceptConnections();
  options.signal.addEventListener('abort', () => void gateway.stop(), { once: true });
  return gateway;
}

class PostgresGateway implements Gateway {
  readonly host: string;
  readonly #options: GatewayOptions;
  readonly #secureContext: SecureContext;
  readonly #servedPort: ServedPort;
  #backend: Backend;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#backend = options.backend;
    this.#secureContext = createSecureContext({ ...options.certificate, minVersion: 'TLSv1.2' });
    this.#servedPort = new ServedPort(options.listen ?? options.server, (socket) => this.#session(socket));
    this.host = this.#servedPort.host;
  }

  get port(): number {
    return this.#servedPort.port;
  }

  setBackend(backend: Backend): void {
    this.#backend = backend;
  }

  acceptConnections(): Promise<void> {
    return this.#servedPort.open();
  }

  refuseConnections(): Promise<void> {
    return this.#servedPort.close();
  }

  stop(): Promise<void> {
    return this.refuseConnections();
  }

  #session(socket: Socket): Session | undefined {
    const { server, verify, audience = ossAudience, journal, faults, clock = systemClock, log, signal } = this.#options;
    if (server.state !== 'Ready' && server.state !== 'Updating') return undefined;
    const backend = this.#backend;
    return new Session(socket, {
      server,
      backend,
      connectBackend: () => connect(join(backend.socketDirectory, `.s.PGSQL.${backend.port}`)),
      secureContext: this.#secureContext,
      verify,
      audience,
      journal,
      faults,
      clock,
      log,
      signal,
    });
  }
}
