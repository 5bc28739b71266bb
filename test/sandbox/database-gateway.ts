import type { Socket } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import { type Clock, systemClock } from '../../src/runtime/clock.ts';
import type { Server } from './azure/world.ts';
import type { Faults } from './controls/faults.ts';
import type { Journal } from './controls/journal.ts';
import { ossAudience, type VerifyToken } from './postgres/login.ts';
import { type ServedConnection, ServedPort } from './served-port.ts';

export interface GatewayOptions<Backend> {
  readonly backend: Backend;
  /** State, administrators and authConfig are read anew for each connection. */
  readonly server: Server;
  /** PEM; for the server's address, and for `localhost` where clients look for that. */
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

/** What one client's connection is served with. */
export interface SessionOptions<Backend> extends Required<Omit<GatewayOptions<Backend>, 'certificate' | 'listen'>> {
  readonly connectBackend: () => Socket;
  readonly secureContext: SecureContext;
}

/** How an engine is reached and its clients are served. */
export interface GatewayEngine<Backend> {
  connect(backend: Backend): Socket;
  serve(socket: Socket, options: SessionOptions<Backend>): ServedConnection;
}

/** The front of one server: what clients take for an Azure Database. It listens from `acceptConnections` on. */
export class DatabaseGateway<Backend> {
  readonly host: string;
  readonly #engine: GatewayEngine<Backend>;
  readonly #options: GatewayOptions<Backend>;
  readonly #secureContext: SecureContext;
  readonly #servedPort: ServedPort;
  #backend: Backend;

  private constructor(engine: GatewayEngine<Backend>, options: GatewayOptions<Backend>) {
    this.#engine = engine;
    this.#options = options;
    this.#backend = options.backend;
    this.#secureContext = createSecureContext({ ...options.certificate, minVersion: 'TLSv1.2' });
    this.#servedPort = new ServedPort(options.listen ?? options.server, (socket) => this.#serve(socket));
    this.host = this.#servedPort.host;
  }

  /** Opens the port of a server. Throws what listening throws, for example EADDRINUSE. It closes with `stop` and when `signal` is aborted. */
  static async start<Backend>(engine: GatewayEngine<Backend>, options: GatewayOptions<Backend>): Promise<DatabaseGateway<Backend>> {
    const gateway = new DatabaseGateway(engine, options);
    await gateway.acceptConnections();
    options.signal.addEventListener('abort', () => void gateway.stop(), { once: true });
    return gateway;
  }

  get port(): number {
    return this.#servedPort.port;
  }

  /** Lets new sessions end up at another engine, as when a server is deleted and made again under its name. */
  setBackend(backend: Backend): void {
    this.#backend = backend;
  }

  /** Opens the port again. */
  acceptConnections(): Promise<void> {
    return this.#servedPort.open();
  }

  /** Ends all sessions and closes the port, as stopping the server does. */
  refuseConnections(): Promise<void> {
    return this.#servedPort.close();
  }

  /** Ends all sessions and closes the port for good. */
  stop(): Promise<void> {
    return this.refuseConnections();
  }

  #serve(socket: Socket): ServedConnection | undefined {
    const { server, verify, audience = ossAudience, journal, faults, clock = systemClock, log, signal } = this.#options;
    if (server.state !== 'Ready' && server.state !== 'Updating') return undefined;
    const backend = this.#backend;
    const connectBackend = () => this.#engine.connect(backend);
    const secureContext = this.#secureContext;
    const options = { server, backend, connectBackend, secureContext, verify, audience, journal, faults, clock, log, signal };
    return this.#engine.serve(socket, options);
  }
}
