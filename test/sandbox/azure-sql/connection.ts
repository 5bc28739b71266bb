import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { Faults } from '../controls/faults.ts';
import type { Journal } from '../controls/journal.ts';
import type { ServedConnection } from '../served-port.ts';
import { receive } from './arrival.ts';
import { Context } from './context.ts';
import { injected, prevented } from './injected-error.ts';
import { checkLogin, type LoginVerdict, networkRefusal, sqlService, type VerifySqlToken } from './login.ts';
import { loginErrors } from './login-errors.ts';
import { refusalOf, welcomeOf } from './login-reply.ts';
import { runRequest, textOfRequest } from './request.ts';
import { Response } from './response.ts';
import type { Session } from './session.ts';
import { SqlError } from './sql-error.ts';
import type { SqlServer } from './sql-server.ts';
import { type ClientRequest, readRequest } from './wire/client-request.ts';
import { type Login, readFederatedToken } from './wire/login.ts';
import { defaultPacketSize, messageTypes, packetsOf, readMessage } from './wire/messages.ts';
import { doneToken, federatedInfo } from './wire/tokens.ts';

export interface ConnectionOptions {
  readonly engine: SqlServer;
  readonly secureContext: SecureContext;
  readonly verify: VerifySqlToken;
  readonly audience: readonly string[];
  /** Where clients get tokens: an address of Entra with the tenant's id. */
  readonly authority: string;
  readonly journal: Journal;
  readonly faults: Faults;
  readonly log: (message: string) => void;
  readonly signal: AbortSignal;
}

/** What a request that runs can be told. */
interface Running {
  readonly cancel: () => void;
  readonly ended: Promise<void>;
}

const loginTimeoutInMs = 15_000;
/** The number that clients give to a line that broke. */
const lostConnection = '10054';

/** One client's connection, from its first byte to its last. */
export class Connection implements ServedConnection {
  readonly #options: ConnectionOptions;
  readonly #raw: Socket;
  readonly #end = new AbortController();
  readonly #signal: AbortSignal;
  /** The connection, or TLS on top of it. */
  #socket: Socket;
  #packetSize = defaultPacketSize;
  #session: Session | undefined;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#raw = socket;
    this.#socket = socket;
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#end.signal]);
    socket.on('error', () => {});
    socket.setTimeout(loginTimeoutInMs, () => socket.destroy());
  }

  async run(): Promise<void> {
    try {
      const arrival = await receive(this.#raw, this.#options.secureContext, { signal: this.#signal });
      if (!arrival) return;
      this.#socket = arrival.socket;
      const session = await this.#logIn(arrival.login);
      if (session) await this.#serve(session);
    } catch (error) {
      if (!this.#signal.aborted && !this.#session?.killed.aborted && !isGone(error))
        this.#options.log(`Azure SQL ${this.#options.engine.server.name}: ${String(error)}`);
    } finally {
      this.#session?.close();
      this.#socket.destroySoon();
    }
  }

  terminate(): void {
    this.#socket.destroySoon();
    this.#end.abort();
  }

  async #logIn(login: Login): Promise<Session | undefined> {
    const { engine, faults } = this.#options;
    const fault = faults.strike('sql', 'LOGIN', 'LOGIN');
    if (fault?.delayMs !== undefined) await engine.clock.sleep(fault.delayMs, this.#signal);
    if (fault?.drop === 'before') {
      this.#record(login, 'LOGIN', lostConnection);
      this.#socket.destroy();
      return undefined;
    }
    if (fault?.code !== undefined) return this.#refuse(login, [injected(fault.code, fault.message)]);
    const refusal = networkRefusal(engine, this.#raw.remoteAddress ?? '');
    if (refusal) return this.#refuse(login, [refusal]);
    const verdict = await this.#authenticate(login);
    if (verdict.kind === 'refused') return this.#refuse(login, verdict.errors);
    this.#raw.setTimeout(0);
    this.#session = engine.openSession(verdict.database, verdict.login);
    this.#record(login, 'LOGIN', '');
    if (fault?.drop === 'after') {
      this.#socket.destroy();
      return undefined;
    }
    this.#welcome(login, this.#session);
    return this.#session;
  }

  async #authenticate({ credential, ...login }: Login): Promise<LoginVerdict> {
    switch (credential.kind) {
      case 'token':
        return checkLogin({ ...login, token: credential.token }, this.#options);
      case 'asks token': {
        this.#write(federatedInfo({ authority: this.#options.authority, service: sqlService }));
        const message = await readMessage(this.#socket, { signal: this.#signal });
        if (message.type !== messageTypes.federatedToken) return { kind: 'refused', errors: [loginErrors.unknownPrincipal()] };
        return checkLogin({ ...login, token: readFederatedToken(message.payload) }, this.#options);
      }
      case 'password':
        return { kind: 'refused', errors: [loginErrors.passwordRefused(login.user)] };
      default:
        return credential satisfies never;
    }
  }

  #welcome(login: Login, session: Session): void {
    this.#write(welcomeOf(login, session));
    this.#packetSize = login.packetSize;
  }

  #refuse(login: Login, errors: readonly SqlError[]): undefined {
    const { engine } = this.#options;
    this.#record(login, 'LOGIN', String(errors[0]?.number ?? ''));
    this.#socket.end(packetsOf(refusalOf(errors, engine.server.name)));
  }

  async #serve(session: Session): Promise<void> {
    const signal = AbortSignal.any([this.#signal, session.killed]);
    let running: Running | undefined;
    try {
      for (;;) {
        const message = await readMessage(this.#socket, { signal });
        if (message.isIgnored) {
          this.#write(doneToken({ kind: 'statement', failed: true }));
          continue;
        }
        const request = readRequest(message);
        if (request.kind === 'attention') {
          running?.cancel();
          await running?.ended;
          this.#write(doneToken({ kind: 'statement', cancelled: true }));
          continue;
        }
        await running?.ended;
        running = this.#start(request, { session, resets: message.resetsSession, signal });
      }
    } finally {
      running?.cancel();
      await running?.ended;
    }
  }

  #start(
    request: Exclude<ClientRequest, { kind: 'attention' }>,
    options: { readonly session: Session; readonly resets: boolean; readonly signal: AbortSignal },
  ): Running {
    const cancelled = new AbortController();
    const ended = this.#answer(request, { ...options, signal: AbortSignal.any([options.signal, cancelled.signal]) }).catch(
      (error: unknown) => {
        // a client that cancels reads two answers: that of its request, and that of the cancelling
        if (cancelled.signal.aborted && !options.signal.aborted) this.#write(doneToken({ kind: 'statement', failed: true }));
        else if (!options.signal.aborted) {
          this.#options.log(`Azure SQL ${this.#options.engine.server.name}: ${error instanceof Error ? error.stack : String(error)}`);
          this.#socket.destroy();
        }
      },
    );
    return { cancel: () => cancelled.abort(new Error('the client has cancelled its request')), ended };
  }

  async #answer(
    request: Exclude<ClientRequest, { kind: 'attention' }>,
    { session, resets, signal }: { readonly session: Session; readonly resets: boolean; readonly signal: AbortSignal },
  ): Promise<void> {
    const { engine, faults } = this.#options;
    const statement = textOfRequest(request, session);
    const response = new Response(engine.server.name, { isCall: request.kind === 'call' });
    if (resets) {
      session.reset();
      response.change({ kind: 'session reset' });
    }
    const fault = faults.strike('sql', 'QUERY', statement);
    if (fault?.delayMs !== undefined) await engine.clock.sleep(fault.delayMs, signal);
    if (fault?.drop === 'before') {
      this.#recordOf(session, statement, lostConnection);
      this.#socket.destroy();
      return;
    }
    const context = new Context({ session, variables: new Map(), output: response, signal });
    try {
      const result =
        fault?.code === undefined ? await runRequest(request, context) : prevented(injected(fault.code, fault.message), context);
      this.#recordOf(session, statement, result.error === undefined ? '' : String(result.error));
      if (fault?.drop === 'after') this.#socket.destroy();
      else this.#write(response.finish(result));
      if (result.lost) this.#socket.destroySoon();
    } catch (error) {
      if (session.killed.aborted) this.#sayGoodbye(session, statement);
      else this.#recordOf(session, statement, lostConnection);
      throw error;
    }
  }

  /** What a client reads whose session is killed while it waits for an answer. */
  #sayGoodbye(session: Session, statement: string): void {
    const reason: unknown = session.killed.reason;
    if (!(reason instanceof SqlError)) return;
    this.#recordOf(session, statement, String(reason.number));
    this.#write(refusalOf([reason], this.#options.engine.server.name));
  }

  #write(payload: Buffer): void {
    if (!this.#socket.destroyed) this.#socket.write(packetsOf(payload, { packetSize: this.#packetSize }));
  }

  #record({ database }: Pick<Login, 'database'>, statement: string, error: string): void {
    if (this.#session) this.#recordOf(this.#session, statement, error);
    else this.#journal({ by: '', user: '', database, statement, error });
  }

  #recordOf({ login, database, catalog }: Session, statement: string, error: string): void {
    const user = login.isAdministrator ? 'dbo' : (catalog.principals.get(login.principal ?? -1)?.name ?? '');
    this.#journal({ by: login.clientId, user, database: database.name, statement, error });
  }

  #journal(entry: {
    readonly by: string;
    readonly user: string;
    readonly database: string;
    readonly statement: string;
    readonly error: string;
  }): void {
    const { journal, engine } = this.#options;
    journal.record({ kind: 'sql', status: entry.error === '' ? 'ok' : 'error', server: engine.server.name, ...entry });
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && (error.message === 'the other side went away' || (error as NodeJS.ErrnoException).code === 'ECONNRESET');
}
