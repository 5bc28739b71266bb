import type { Connection as TdsConnection, Request as TdsRequest } from 'tedious';
import { ConnectionError } from '../../api/connection-error.ts';
import type { Cancellable } from '../target.ts';
import type { ErrorPlace } from './driver-error.ts';
import { sqlError } from './driver-error.ts';
import { asConnectionError } from './errors.ts';
import { whoAmI } from './queries.ts';
import { isAsPinned, pinSettings, type SessionRow } from './session-settings.ts';
import type { Sql } from './sql.ts';
import { beginWrite, commit, rollback } from './statements.ts';
import { connectionConfig, Wire, type WireOptions } from './wire.ts';

/** What a statement's parameters can be: texts, whole numbers, bytes, and bytes that are missing. */
export type Value = string | number | Buffer | null;

export interface SessionOptions extends WireOptions {
  readonly database: string;
  /** A token. Asked for once the server has shown a trusted certificate and asks for one. */
  readonly token: (options: Cancellable) => Promise<string>;
}

type Tedious = typeof import('tedious');

const azureSqlDatabase = 5;

/**
 * A login to one database that keeps the session contract of threat-model A2. Used by one caller at a time. All methods throw ConnectionError,
 * and the signal's reason when that is aborted, which ends the session. A session must never be printed: tedious keeps the token in its objects (threat-model D26).
 */
export class Session {
  readonly #tedious: Tedious;
  readonly #wire: Wire;
  readonly #connection: TdsConnection;
  readonly #database: string;
  /** What the server told while it refused the login; tedious keeps the numbers to itself. */
  readonly #refusals: { readonly number: number; readonly message: string }[] = [];
  /** Lets what is under way fail. */
  #fail: ((error: unknown) => void) | undefined;
  #isUsable = true;
  #serverName = '';

  private constructor(tedious: Tedious, options: SessionOptions & Cancellable) {
    this.#tedious = tedious;
    this.#database = options.database;
    this.#wire = new Wire(options, (error) => {
      this.#fail?.(error);
      this.#break();
    });
    this.#connection = new tedious.Connection(
      connectionConfig(options, {
        connector: (...target: readonly unknown[]) => this.#wire.connect(target[0]),
        token: () => this.#credentials(options),
      }),
    );
    this.#connection.on('secure', (tls) => this.#wire.secured(tls));
    this.#connection.on('errorMessage', ({ number, message }) => this.#refusals.push({ number, message }));
    this.#connection.on('error', (error) => this.#lost(error));
    this.#connection.on('end', () => this.#lost(Object.assign(new Error('the connection ended'), { code: 'ECLOSE' })));
  }

  /** Logs in, and checks who and where we are. */
  static async open(options: SessionOptions & Cancellable): Promise<Session> {
    const { signal } = options;
    const tedious = await import('tedious');
    signal.throwIfAborted();
    const session = new Session(tedious, options);
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

  get database(): string {
    return this.#database;
  }

  /**
   * The logical server's name as it tells itself: what tells this server from every other one. Names of logical servers are unique, they can't be changed, and a server has its
   * own also where it stands in for another after a fail-over. Ids that there are besides belong to a database, and change when that is copied or restored.
   */
  get serverIdentifier(): string {
    return this.#serverName;
  }

  /** Sends one statement. */
  async query<Row>(statement: Sql, values: readonly Value[], { signal }: Cancellable): Promise<readonly Row[]> {
    this.#refusals.length = 0;
    this.#wire.startCounting();
    const rows: Row[] = [];
    await this.#guarded<void>('statement', (settle) => this.#send(statement, values, rows, settle), { signal });
    return rows;
  }

  /** Runs `work` in a transaction and commits it; rolls back when it throws. */
  async writing<T>(work: () => Promise<T>, { signal }: Cancellable): Promise<T> {
    await this.query(beginWrite, [], { signal });
    try {
      const result = await work();
      await this.query(commit, [], { signal });
      return result;
    } catch (error) {
      await this.#rollBack();
      throw error;
    }
  }

  /** Logs out; never throws. */
  async close(): Promise<void> {
    this.#break();
  }

  async #rollBack(): Promise<void> {
    if (!this.#isUsable) return;
    try {
      await this.query(rollback, [], { signal: AbortSignal.timeout(15_000) });
    } catch {
      this.#break();
    }
  }

  #send<Row>(statement: Sql, values: readonly Value[], rows: Row[], settle: (error?: unknown) => void): void {
    const request = new this.#tedious.Request(statement, (error) => settle(error));
    request.on('row', (columns: readonly Column[]) => rows.push(rowOf<Row>(columns)));
    for (const [index, value] of values.entries()) this.#addParameter(request, `p${index + 1}`, value);
    // what has no parameters goes as it is: sp_executesql would undo SET, and wants to find open transactions as they were
    if (values.length === 0) this.#connection.execSqlBatch(request);
    else this.#connection.execSql(request);
  }

  #addParameter(request: TdsRequest, name: string, value: Value): void {
    const { TYPES } = this.#tedious;
    if (typeof value === 'string') request.addParameter(name, TYPES.NVarChar, value);
    else if (typeof value === 'number') request.addParameter(name, TYPES.Int, value);
    else request.addParameter(name, TYPES.VarBinary, value);
  }

  async #logIn({ signal }: Cancellable): Promise<void> {
    await this.#guarded<void>('login', (settle) => this.#connection.connect((error) => settle(error)), { signal });
    if (!this.#wire.isTrusted) throw this.#otherSession();
  }

  /** Pins the settings of the session and looks whether they hold. */
  async #settle({ signal }: Cancellable): Promise<void> {
    await this.query(pinSettings, [], { signal });
    const [row] = await this.query<SessionRow>(whoAmI, [], { signal });
    if (!row || !isAsPinned(row) || typeof row.serverName !== 'string' || row.serverName === '') throw this.#otherSession();
    const { host } = this.#wire;
    if (row.edition !== azureSqlDatabase)
      throw new ConnectionError('stalled', 'UnsupportedServer', `${host} is no server of Azure SQL Database, the only one that is served`);
    if (row.database !== this.#database)
      throw new ConnectionError(
        'waiting',
        'DatabaseNotFound',
        `the database is called ${row.database}: create the connection anew with spec.target.database written so`,
      );
    if (row.hasControl !== 1 && this.#database !== 'master')
      throw new ConnectionError(
        'waiting',
        'NotEntraAdministrator',
        `the operator may log in to database ${this.#database} but isn't its administrator: set the operator's identity, or a group that it is in, as the Microsoft Entra admin of the server`,
      );
    this.#serverName = row.serverName.toLowerCase();
  }

  /** The token, once it is certain to whom it goes. */
  async #credentials({ token, signal }: SessionOptions & Cancellable): Promise<string> {
    try {
      if (!this.#wire.isTrusted) throw this.#otherSession();
      const text = await token({ signal });
      if (this.#isUsable && this.#wire.isTrusted) return text;
    } catch (error) {
      this.#fail?.(error);
    }
    throw new Error('no token for this server');
  }

  #otherSession(): ConnectionError {
    return new ConnectionError(
      'waiting',
      'WrongServer',
      `${this.#wire.host} gave another session than the one asked for, so nothing was done: see where the name leads in the cluster's DNS`,
    );
  }

  async #guarded<T>(
    step: ErrorPlace['step'],
    begin: (settle: (error?: unknown, result?: T) => void) => void,
    { signal }: Cancellable,
  ): Promise<T> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#fail = reject;
    try {
      if (this.#isUsable) begin((error, result) => (error ? reject(error) : resolve(result as T)));
      else reject(Object.assign(new Error('the connection is closed'), { code: 'ECLOSE' }));
      return await promise;
    } catch (error) {
      const told = step === 'login' ? (this.#refusal(error) ?? error) : error;
      const { number, isFatal } = sqlError(told);
      // an error without a number says nothing about what the server did
      if (number === undefined || isFatal) this.#break();
      signal.throwIfAborted();
      const { host, redirect } = this.#wire;
      throw asConnectionError(told, { step, host, database: this.#database, redirect });
    } finally {
      this.#fail = undefined;
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** What the server said when it refused the login: of several errors the first, because the last is that the login failed. */
  #refusal(error: unknown): Error | undefined {
    const [first] = this.#refusals;
    if (!first || (error as { readonly code?: unknown }).code !== 'ELOGIN') return undefined;
    return Object.assign(new Error(first.message), { number: first.number });
  }

  #lost(error: unknown): void {
    this.#fail?.(error);
    this.#break();
  }

  #break(): void {
    if (!this.#isUsable) return;
    this.#isUsable = false;
    this.#wire.destroy();
    this.#connection.close();
  }
}

interface Column {
  readonly metadata: { readonly colName: string };
  readonly value: unknown;
}

function rowOf<Row>(columns: readonly Column[]): Row {
  return Object.fromEntries(columns.map(({ metadata, value }) => [metadata.colName, value])) as Row;
}
