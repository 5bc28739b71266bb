import { createSecureContext } from 'node:tls';
import type { Faults } from '../controls/faults.ts';
import type { Journal } from '../controls/journal.ts';
import { ServedPort } from '../served-port.ts';
import { Connection } from './connection.ts';
import { sqlAudiences, type VerifySqlToken } from './login.ts';
import type { SqlServer } from './sql-server.ts';

export interface GatewayOptions {
  readonly engine: SqlServer;
  /** PEM; for the server's address. */
  readonly certificate: { readonly cert: string; readonly key: string };
  readonly verify: VerifySqlToken;
  /** What a token must be made for; the public cloud's when left out. */
  readonly audience?: readonly string[];
  /** Where clients that ask are sent for a token: an address of Entra with the tenant's id. */
  readonly authority: string;
  readonly journal: Journal;
  readonly faults: Faults;
  /** The server's own address when left out; port 0 takes any. */
  readonly listen?: { readonly host: string; readonly port: number };
  readonly log: (message: string) => void;
  readonly signal: AbortSignal;
}

/** The front of one logical server: what clients take for Azure SQL Database. */
export class Gateway {
  readonly host: string;
  readonly #port: ServedPort;

  private constructor({ engine, certificate, audience = sqlAudiences, listen = engine.server, ...options }: GatewayOptions) {
    const secureContext = createSecureContext({ ...certificate, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' });
    const serves = () => engine.server.state === 'Ready' || engine.server.state === 'Updating';
    this.#port = new ServedPort(listen, (socket) =>
      serves() ? new Connection(socket, { ...options, engine, audience, secureContext }) : undefined,
    );
    this.host = this.#port.host;
  }

  /** Opens the port of a server. Throws what listening throws, for example EADDRINUSE. It closes with `stop` and when `signal` is aborted. */
  static async start(options: GatewayOptions): Promise<Gateway> {
    const gateway = new Gateway(options);
    await gateway.acceptConnections();
    options.signal.addEventListener('abort', () => void gateway.stop(), { once: true });
    return gateway;
  }

  get port(): number {
    return this.#port.port;
  }

  /** Opens the port again. */
  acceptConnections(): Promise<void> {
    return this.#port.open();
  }

  /** Ends all sessions and closes the port, as stopping the server does. */
  refuseConnections(): Promise<void> {
    return this.#port.close();
  }

  /** Ends all sessions and closes the port for good. */
  stop(): Promise<void> {
    return this.refuseConnections();
  }
}
