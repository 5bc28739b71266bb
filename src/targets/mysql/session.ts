import { connect, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { AuthPlugin, Connection, ConnectionOptions, QueryError } from 'mysql2';
import { ConnectionError } from '../../api/connection-error.ts';
import type { Cancellable } from '../target.ts';
import { connectionConfig } from './connection-config.ts';
import { type ErrorPlace, mysqlError } from './driver-error.ts';
import { asConnectionError } from './errors.ts';
import { type Result, rowsOf, warningsIn } from './result.ts';
import {
  isAsPinned,
  pinningStatements,
  pinSettings,
  port,
  readSession,
  readVariables,
  type SessionRow,
  showWarnings,
  statementTimeoutInMs,
} from './session-settings.ts';
import type { Sql } from './sql.ts';
import { majorVersionOf, type ServerTraits, type ServerVariable, traitsOf, variablesOf } from './traits.ts';
import { verifiedLine } from './verified-line.ts';

/** Beyond the server's own limit, for a server that stopped answering. */
const answerTimeoutInMs = statementTimeoutInMs + 15_000;
/** What one statement may answer, whatever somebody put into the catalogs. */
const maximumAnswerBytes = 32 * 1024 * 1024;
const maximumWarnings = 1_000;
const oldestVersion = 8;

/** A warning or note; statements about users tell some of their failures so. */
export interface Warning {
  readonly code: number;
  readonly message: string;
}

export interface SessionOptions extends Cancellable {
  readonly host: string;
  readonly login: string;
  /** A token. Asked for once the server has shown a trusted certificate and asks for one. */
  readonly password: (options: Cancellable) => Promise<string>;
  /** Certificates to trust besides Node's own, in PEM. */
  readonly ca: string | undefined;
}

/**
 * A login to a server, in no database, that keeps the session contract of threat-model A2. Used by one caller at a time. All methods throw ConnectionError,
 * and the signal's reason when that is aborted, which ends the session.
 */
export class Session {
  readonly #place: Omit<ErrorPlace, 'step'>;
  readonly #socket: Socket;
  readonly #connection: Connection;
  readonly #warnings: Warning[] = [];
  #tls: TLSSocket | undefined;
  /** Lets what is under way fail; mysql2 tells of some faults nowhere but at the connection. */
  #fail: ((error: unknown) => void) | undefined;
  #answerBytes = 0;
  #isUsable = true;
  #traits: ServerTraits | undefined;

  private constructor(options: SessionOptions, createConnection: (options: ConnectionOptions) => Connection) {
    const { host, login } = options;
    this.#place = { host, login };
    this.#socket = connect({ host, port, noDelay: true, keepAlive: true });
    this.#socket.on('data', (chunk: Buffer) => this.#count(chunk.length));
    const clearPassword: AuthPlugin =
      ({ connection }) =>
      () =>
        this.#credentials(connection, options);
    this.#connection = createConnection({
      ...connectionConfig(options, this.#socket),
      // these are all that mysql2 has: an answer to any other would be made from the token too, or from nothing
      authPlugins: {
        mysql_clear_password: clearPassword,
        mysql_native_password: () => () => this.#refusePlugin(),
        caching_sha2_password: () => () => this.#refusePlugin(),
        sha256_password: () => () => this.#refusePlugin(),
      },
    });
    const lost = (error?: unknown) => {
      this.#fail?.(error ?? Object.assign(new Error('the server closed the connection'), { code: 'PROTOCOL_CONNECTION_LOST' }));
      this.#break();
    };
    this.#connection.on('error', lost);
    this.#connection.on('end', () => lost());
    this.#connection.on('warn', lost);
  }

  /** Logs in, and checks who and where we are. */
  static async open(options: SessionOptions): Promise<Session> {
    const { signal } = options;
    const { createConnection } = await import('mysql2');
    signal.throwIfAborted();
    const session = new Session(options, createConnection);
    try {
      await session.#logIn({ signal });
      await session.#settle({ signal });
    } catch (error) {
      session.#break();
      throw error;
    }
    return session;
  }

  /** False once the connection is lost or in an unknown state. */
  get isUsable(): boolean {
    return this.#isUsable;
  }

  get login(): string {
    return this.#place.login;
  }

  get traits(): ServerTraits {
    if (!this.#traits) throw new Error('the session is not open yet');
    return this.#traits;
  }

  /** Sends one statement, and collects what it is warned of. */
  async query<Row>(statement: Sql, { signal }: Cancellable): Promise<readonly Row[]> {
    const result = await this.#send(statement, { signal });
    if (warningsIn(result) > 0) await this.#collectWarnings({ signal });
    return rowsOf<Row>(result);
  }

  /** The warnings since the last call. */
  takeWarnings(): readonly Warning[] {
    return this.#warnings.splice(0);
  }

  /** Logs out; never throws. */
  async close(): Promise<void> {
    const stream = this.#tls ?? this.#socket;
    const wasUsable = this.#isUsable;
    this.#isUsable = false;
    if (wasUsable && !stream.destroyed) {
      const { promise, resolve } = Promise.withResolvers<void>();
      stream.once('close', resolve);
      AbortSignal.timeout(2_000).addEventListener('abort', () => resolve());
      this.#connection.end(() => {});
      await promise;
    }
    this.#break();
  }

  async #logIn({ signal }: Cancellable): Promise<void> {
    await this.#guarded<void>('login', (settle) => this.#connection.once('connect', () => settle(null)), { signal });
    if (!this.#tls) throw this.#otherSession();
  }

  /** Pins the settings of the session and looks whether they hold. */
  async #settle({ signal }: Cancellable): Promise<void> {
    const { host, login } = this.#place;
    await this.query(pinSettings, { signal });
    const variables = variablesOf(await this.query<ServerVariable>(readVariables, { signal }));
    const traits = traitsOf(variables);
    if (!(majorVersionOf(traits) >= oldestVersion))
      throw new ConnectionError(
        'stalled',
        'UnsupportedServer',
        `${host} runs version ${Number.parseFloat(traits.version)}: upgrade it to 8.0 or later`,
      );
    if (traits.serverIdentifier === '')
      throw new ConnectionError(
        'stalled',
        'UnsupportedServer',
        `${host} tells no server_uuid, by which it could be told from other servers`,
      );
    for (const statement of pinningStatements(variables)) await this.query(statement, { signal });
    const [row] = await this.query<SessionRow>(readSession, { signal });
    if (!isAsPinned(row, login)) throw this.#otherSession();
    this.#traits = traits;
    this.takeWarnings();
  }

  /** The token, once it is certain to whom it goes. */
  async #credentials(connection: Connection, { password, signal }: SessionOptions): Promise<Buffer> {
    try {
      if (this.#tls) throw this.#otherSession();
      this.#tls = verifiedLine(connection, this.#place);
      this.#tls.on('data', (chunk: Buffer) => this.#count(chunk.length));
      const token = await password({ signal });
      if (this.#isUsable) return Buffer.from(`${token}\0`);
    } catch (error) {
      this.#fail?.(error);
    }
    // mysql2 writes into the error that it is given
    throw new Error('no token for this server');
  }

  /** Also of a user who isn't there a server asks something, so as not to tell who is. */
  #refusePlugin(): never {
    const { host, login } = this.#place;
    this.#fail?.(
      new ConnectionError(
        'waiting',
        'NotEntraAdministrator',
        `${host} asks for a password instead of a token, so nothing was sent to it: it knows no Entra user ${login}; set the operator's identity as the server's Entra administrator`,
      ),
    );
    throw new Error('no password for this server');
  }

  #otherSession(): ConnectionError {
    const { host } = this.#place;
    return new ConnectionError(
      'waiting',
      'WrongServer',
      `${host} gave another session than the one asked for, so nothing was done: see where the name leads in the cluster's DNS`,
    );
  }

  async #collectWarnings({ signal }: Cancellable): Promise<void> {
    const rows = rowsOf<{ Code: number; Message: string }>(await this.#send(showWarnings, { signal }));
    const room = maximumWarnings - this.#warnings.length;
    this.#warnings.push(...rows.slice(0, room).map(({ Code, Message }) => ({ code: Code, message: Message })));
  }

  async #send(statement: Sql, { signal }: Cancellable): Promise<Result> {
    this.#answerBytes = 0;
    const tooLate = () => this.#fail?.(Object.assign(new Error('no answer'), { code: 'PROTOCOL_SEQUENCE_TIMEOUT' }));
    // mysql2's own time-out goes on after the connection's end
    const timer = setTimeout(tooLate, answerTimeoutInMs);
    try {
      return await this.#guarded<Result>(
        'statement',
        (settle) => this.#connection.query(statement, (error: QueryError | null, result: unknown) => settle(error, result as Result)),
        { signal },
      );
    } finally {
      clearTimeout(timer);
    }
  }

  async #guarded<T>(
    step: ErrorPlace['step'],
    begin: (settle: (error: unknown, result?: T) => void) => void,
    { signal }: Cancellable,
  ): Promise<T> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#fail = reject;
    try {
      if (this.#isUsable) begin((error, result) => (error ? reject(error) : resolve(result as T)));
      else reject(Object.assign(new Error('the connection is closed'), { code: 'PROTOCOL_CONNECTION_LOST' }));
      return await promise;
    } catch (error) {
      // an error without a number says nothing about what the server did
      if (mysqlError(error).errno === undefined) this.#break();
      signal.throwIfAborted();
      throw asConnectionError(error, { ...this.#place, step });
    } finally {
      this.#fail = undefined;
      signal.removeEventListener('abort', onAbort);
    }
  }

  #count(bytes: number): void {
    this.#answerBytes += bytes;
    if (this.#answerBytes <= maximumAnswerBytes) return;
    const { host } = this.#place;
    const message = `${host} answers with more than ${maximumAnswerBytes / 1024 / 1024} MiB: something in its catalogs is too large to be looked after`;
    this.#fail?.(new ConnectionError('stalled', 'TooManyObjects', message));
    this.#break();
  }

  #break(): void {
    this.#isUsable = false;
    this.#tls?.destroy();
    this.#socket.destroy();
  }
}
