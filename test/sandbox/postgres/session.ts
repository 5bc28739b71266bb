import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { SessionOptions } from '../database-gateway.ts';
import { refusedClient } from '../firewall.ts';
import type { ServedConnection } from '../served-port.ts';
import type { Backend } from './backend.ts';
import { checkLogin } from './login.ts';
import { fatalError } from './messages.ts';
import { relay } from './relay.ts';
import { injectedText } from './security-label.ts';
import { type Arrival, askPassword, receive } from './startup.ts';
import { StatementTracker } from './statement-tracker.ts';

type Login = Extract<Arrival, { kind: 'login' }>;

/** As authentication_timeout of PostgreSQL. */
const loginTimeoutInMs = 60_000;

/** One client's connection, from its first byte to its last. */
export class Session implements ServedConnection {
  readonly #options: SessionOptions<Backend>;
  readonly #end = new AbortController();
  readonly #signal: AbortSignal;
  readonly #connection: Socket;
  /** The connection, or TLS on top of it. */
  #socket: Socket;

  constructor(socket: Socket, options: SessionOptions<Backend>) {
    this.#connection = socket;
    this.#socket = socket;
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#end.signal]);
    socket.on('error', () => {});
    socket.setTimeout(loginTimeoutInMs, () => socket.destroy());
  }

  async run(): Promise<void> {
    try {
      const arrival = await receive(this.#socket, this.#options.secureContext, { signal: this.#signal });
      this.#socket = arrival.socket;
      if (arrival.kind === 'cancel') await this.#cancel(arrival.packet);
      else await this.#login(arrival);
    } catch (error) {
      if (!this.#signal.aborted) this.#options.log(`PostgreSQL gateway ${this.#options.server.name}: ${String(error)}`);
    } finally {
      this.#socket.destroySoon();
    }
  }

  terminate(): void {
    this.#socket.write(fatalError('57P01', 'terminating connection due to administrator command'));
    this.#socket.destroySoon();
    this.#end.abort();
  }

  async #cancel(packet: Buffer): Promise<void> {
    const backend = this.#options.connectBackend();
    backend.end(packet);
    backend.resume();
    await once(backend, 'close');
  }

  async #login(login: Login): Promise<void> {
    const fault = this.#options.faults.strike('sql', 'LOGIN', 'LOGIN');
    if (fault?.delayMs !== undefined) await this.#options.clock.sleep(fault.delayMs, this.#signal);
    if (fault?.drop === 'before') {
      this.#record(login, '', 'LOGIN', '08006');
      this.#socket.destroy();
      return;
    }
    if (fault?.code !== undefined) return this.#refuse(login, String(fault.code), fault.message ?? injectedText);
    if (!login.isEncrypted) {
      return this.#refuse(
        login,
        '28000',
        `no pg_hba.conf entry for host "${login.socket.remoteAddress}", user "${login.user}", database "${login.database}", no encryption`,
      );
    }
    const refused = refusedClient(this.#options.server, this.#options.clock.now());
    if (refused !== undefined)
      return this.#refuse(
        login,
        '28000',
        `no pg_hba.conf entry for host "${refused}", user "${login.user}", database "${login.database}", SSL encryption`,
      );
    const password = await askPassword(login.socket, { signal: this.#signal });
    const verdict = await checkLogin({ user: login.user, password }, { ...this.#options, authConfig: this.#options.server.authConfig });
    if (verdict.kind === 'refused') return this.#refuse(login, verdict.code, verdict.message);
    this.#connection.setTimeout(0);
    await this.#relay(login, verdict.by, fault?.drop === 'after');
  }

  async #relay(login: Login, by: string, cut: boolean): Promise<void> {
    const { faults, clock, connectBackend } = this.#options;
    const record = (statement: string, error: string) => this.#record(login, by, statement, error);
    const tracker = new StatementTracker(record);
    const backend = connectBackend();
    tracker.loginSent({ cut });
    backend.write(login.packet);
    await relay({
      client: login.socket,
      backend,
      tracker,
      strike: (statement) => faults.strike('sql', 'QUERY', statement),
      prevented: record,
      clock,
      signal: this.#signal,
    });
  }

  #refuse(login: Login, code: string, text: string): void {
    this.#record(login, '', 'LOGIN', code);
    this.#socket.end(fatalError(code, text));
  }

  #record({ user, database }: Login, by: string, statement: string, error: string): void {
    const { journal, server } = this.#options;
    journal.record({ kind: 'sql', by, status: error === '' ? 'ok' : 'error', server: server.name, database, user, statement, error });
  }
}
