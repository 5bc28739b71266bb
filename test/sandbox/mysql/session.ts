import type { Socket } from 'node:net';
import type { SessionOptions } from '../database-gateway.ts';
import { refusedClient } from '../firewall.ts';
import type { ServedConnection } from '../served-port.ts';
import { AadSession } from './aad-session.ts';
import { type Arrival, receive } from './arrival.ts';
import type { Backend, EntraAccount } from './backend.ts';
import { askToken, logInAsClient, logInWithPassword } from './backend-login.ts';
import { withDefaultRoleFor } from './default-role.ts';
import { accessDenied, asOnAzure, firewalled, injected, insecureTransport, lostConnection } from './errors.ts';
import { Exchange } from './exchange.ts';
import { type Greeting, greetingFor, readGreeting } from './handshake.ts';
import { checkEntraLogin } from './login.ts';
import { errorOf, errorPacket, packet, readPacket, type ServerError } from './packets.ts';
import { relay } from './relay.ts';
import { withServerUuid } from './server-variables.ts';
import { throughUserView } from './user-view.ts';

/** A login that the engine has decided on. */
interface Outcome {
  readonly by: string;
  /** The engine's last word, OK or ERR. */
  readonly last: Buffer;
  /** Of the client's last packet. */
  readonly sequence: number;
  readonly account: EntraAccount | undefined;
}

/** As connect_timeout of MySQL. */
const loginTimeoutInMs = 10_000;

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
    const backend = this.#options.connectBackend();
    backend.on('error', () => {});
    try {
      const greeting = readGreeting((await readPacket(backend, { signal: this.#signal })).payload);
      this.#socket.write(greetingFor(greeting));
      const arrival = await receive(this.#socket, this.#options.secureContext, { signal: this.#signal });
      this.#socket = arrival.socket;
      await this.#login(arrival, greeting, backend);
    } catch (error) {
      if (!this.#signal.aborted) this.#options.log(`MySQL gateway ${this.#options.server.name}: ${String(error)}`);
    } finally {
      this.#socket.destroySoon();
      backend.destroy();
    }
  }

  terminate(): void {
    this.#socket.destroySoon();
    this.#end.abort();
  }

  async #login(arrival: Arrival, greeting: Greeting, backend: Socket): Promise<void> {
    const fault = this.#options.faults.strike('sql', 'LOGIN', 'LOGIN');
    if (fault?.delayMs !== undefined) await this.#options.clock.sleep(fault.delayMs, this.#signal);
    if (fault?.drop === 'before') {
      this.#record(arrival, '', 'LOGIN', lostConnection);
      this.#socket.destroy();
      return;
    }
    if (fault?.code !== undefined) return this.#refuse(arrival, injected(fault.code));
    if (!arrival.isEncrypted) return this.#refuse(arrival, insecureTransport);
    const refused = refusedClient(this.#options.server, this.#options.clock.now());
    if (refused !== undefined) return this.#refuse(arrival, firewalled(refused));
    const outcome = await this.#authenticate(arrival, greeting, backend);
    if (!outcome) return;
    const error = errorOf(outcome.last);
    if (error)
      return this.#refuse({ ...arrival, sequence: outcome.sequence }, asOnAzure(error, { engine: this.#options.backend.engine, sql: '' }));
    this.#connection.setTimeout(0);
    this.#record(arrival, outcome.by, 'LOGIN', '');
    if (fault?.drop === 'after') return;
    this.#socket.write(packet(outcome.sequence + 1, outcome.last));
    await this.#relay(arrival, outcome, backend);
  }

  /** Logs in to the engine as the client's user; undefined when the client has been refused before that. */
  async #authenticate(arrival: Arrival, greeting: Greeting, backend: Socket): Promise<Outcome | undefined> {
    const { server } = this.#options;
    const { user } = arrival.response;
    const host = arrival.socket.remoteAddress ?? '';
    const line = { backend, greeting, arrival, signal: this.#signal };
    const account = await this.#options.backend.findEntraAccount(user);
    if (!account) {
      if (server.authConfig.passwordAuth === 'Enabled') return { by: user, account, ...(await logInAsClient(line)) };
      this.#refuse(arrival, accessDenied(user, host));
      return undefined;
    }
    const { token, sequence } = await askToken(arrival, { signal: this.#signal });
    const verdict = await checkEntraLogin({ user, host, token, account }, this.#options);
    if (verdict.kind === 'admitted') return { by: verdict.by, account, sequence, last: await logInWithPassword(line, account.password) };
    this.#refuse({ ...arrival, sequence }, verdict.error);
    return undefined;
  }

  async #relay(arrival: Arrival, { by, account }: Outcome, backend: Socket): Promise<void> {
    const { faults, clock, backend: engine } = this.#options;
    const record = (statement: string, error: string) => this.#record(arrival, by, statement, error);
    await relay({
      client: this.#socket,
      backend,
      exchange: new Exchange(engine.engine, record),
      aad: new AadSession({ backend: engine, isEntraAdministrator: account?.isAdministrator === true }),
      reworded: (statement) => {
        const read = throughUserView(statement);
        const set = engine.engine === 'MariaDB' ? withDefaultRoleFor(read) : read;
        return engine.serverUuid === undefined ? set : withServerUuid(set, engine.serverUuid);
      },
      strike: (statement) => faults.strike('sql', 'QUERY', statement),
      prevented: record,
      clock,
      signal: this.#signal,
    });
  }

  #refuse(arrival: Pick<Arrival, 'response' | 'sequence'>, error: ServerError): void {
    this.#record(arrival, '', 'LOGIN', String(error.code));
    this.#socket.end(errorPacket(arrival.sequence + 1, error));
  }

  #record({ response }: Pick<Arrival, 'response'>, by: string, statement: string, error: string): void {
    const { journal, server } = this.#options;
    const { user, database } = response;
    journal.record({ kind: 'sql', by, status: error === '' ? 'ok' : 'error', server: server.name, database, user, statement, error });
  }
}
