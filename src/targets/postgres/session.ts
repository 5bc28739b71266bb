import {
  type ConnectionOptions,
  checkServerIdentity,
  createSecureContext,
  getCACertificates,
  type SecureContext,
  TLSSocket,
} from 'node:tls';
import type { Client, ClientConfig, QueryConfig, QueryResult, QueryResultRow } from 'pg';
import { ConnectionError } from '../../api/connection-error.ts';
import type { Cancellable } from '../target.ts';
import type { ErrorPlace } from './error-place.ts';
import { asConnectionError } from './errors.ts';
import { unlimitTransactions, whoAmI } from './queries.ts';
import { pinnedSearchPath, port, startupOptions, statementTimeoutInMs } from './session-settings.ts';
import type { Sql } from './sql.ts';
import { beginRead, beginWrite, commit, rollback } from './statements.ts';

const connectTimeoutInMs = 15_000;
/** Beyond the server's own limit, for a server that stopped answering. */
const answerTimeoutInMs = statementTimeoutInMs + 15_000;
/** What one statement may answer, whatever somebody put into the catalogs. */
const maximumAnswerBytes = 32 * 1024 * 1024;
const maximumNotices = 1_000;
const oldestVersion = 16;

/** A warning or notice; GRANT and REVOKE tell their failures so. */
export interface Notice {
  readonly code: string;
  readonly message: string;
}

export interface SessionOptions extends Cancellable {
  readonly host: string;
  readonly database: string;
  readonly login: string;
  /** A token, or the password of a role that has one. Asked for once the server has shown a trusted certificate. */
  readonly password: (options: Cancellable) => Promise<string>;
  /** Certificates to trust besides Node's own, in PEM. */
  readonly ca: string | undefined;
}

/**
 * A login to one database that keeps the session contract of threat-model A2. Used by one caller at a time. All methods throw ConnectionError,
 * and the signal's reason when that is aborted, which ends the session.
 */
export class Session {
  readonly #client: Client;
  readonly #place: Omit<ErrorPlace, 'step'>;
  readonly #notices: Notice[] = [];
  #answerBytes = 0;
  #isUsable = true;
  #majorVersion = 0;

  private constructor(client: Client, place: Omit<ErrorPlace, 'step'>) {
    this.#client = client;
    this.#place = place;
    client.on('error', () => this.#break());
    client.on('end', () => this.#break());
    client.on('notice', ({ code = '', message = '' }) => {
      if (this.#notices.length < maximumNotices) this.#notices.push({ code, message });
    });
    client.connection.on('sslconnect', () => client.connection.stream.on('data', (chunk: Buffer) => this.#count(chunk.length)));
  }

  /** Logs in and checks who and where we are. */
  static async open(options: SessionOptions): Promise<Session> {
    const { Client: PgClient } = (await import('pg')).default;
    const { host, database, login, signal } = options;
    const session = new Session(new PgClient(clientConfig(options)) as Client, { host, database, login });
    try {
      await session.#connect({ signal });
      await session.#check({ signal });
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

  /** For example 18. */
  get majorVersion(): number {
    return this.#majorVersion;
  }

  /** Sends one statement; never more, because of the extended protocol. */
  async query<Row extends QueryResultRow>(statement: Sql, values: readonly unknown[], { signal }: Cancellable): Promise<readonly Row[]> {
    return (await this.#send<Row>(statement, values, { signal })).rows;
  }

  /** Runs `work` in a transaction that can't write, on one snapshot. */
  async reading<T>(work: () => Promise<T>, { signal }: Cancellable): Promise<T> {
    return await this.#transaction(beginRead, work, { signal });
  }

  /** Runs `work` in a transaction and commits it; rolls back when it throws. */
  async writing<T>(work: () => Promise<T>, { signal }: Cancellable): Promise<T> {
    return await this.#transaction(beginWrite, work, { signal });
  }

  /** The notices since the last call. */
  takeNotices(): readonly Notice[] {
    return this.#notices.splice(0);
  }

  /** Logs out; never throws. */
  async close(): Promise<void> {
    this.#isUsable = false;
    const { stream } = this.#client.connection;
    AbortSignal.timeout(2_000).addEventListener('abort', () => stream.destroy());
    await this.#client.end().catch(() => {});
  }

  async #connect({ signal }: Cancellable): Promise<void> {
    await this.#guarded('login', () => this.#client.connect(), { signal });
    const { stream } = this.#client.connection;
    if (!(stream instanceof TLSSocket) || !stream.authorized)
      throw new ConnectionError('waiting', 'Unreachable', `no trusted TLS connection to ${this.#place.host} could be made`);
  }

  async #check({ signal }: Cancellable): Promise<void> {
    const { host, database, login } = this.#place;
    const [row] = await this.query<{ sessionUser: string; currentUser: string; database: string; searchPath: string; version: string }>(
      whoAmI,
      [],
      { signal },
    );
    if (row?.sessionUser !== login || row.currentUser !== login || row.database !== database || row.searchPath !== pinnedSearchPath)
      throw new ConnectionError(
        'waiting',
        'WrongServer',
        `${host} gave another session than the one asked for, so nothing was done: see where the name leads in the cluster's DNS`,
      );
    this.#majorVersion = Math.floor(Number(row.version) / 10_000);
    if (!(this.#majorVersion >= oldestVersion))
      throw new ConnectionError(
        'stalled',
        'UnsupportedServer',
        `${host} runs PostgreSQL ${this.#majorVersion}: upgrade it to ${oldestVersion} or later`,
      );
    if (this.#majorVersion >= 17) await this.query(unlimitTransactions, [], { signal });
  }

  async #transaction<T>(begin: Sql, work: () => Promise<T>, { signal }: Cancellable): Promise<T> {
    await this.#send(begin, [], { signal });
    try {
      const result = await work();
      const { command } = await this.#send(commit, [], { signal });
      if (command !== 'COMMIT')
        throw new ConnectionError('retry', 'DatabaseError', `database ${this.#place.database} undid the changes instead of keeping them`);
      return result;
    } catch (error) {
      await this.#rollBack();
      throw error;
    }
  }

  async #rollBack(): Promise<void> {
    if (!this.#isUsable) return;
    try {
      await this.#send(rollback, [], { signal: AbortSignal.timeout(answerTimeoutInMs) });
    } catch {
      this.#break();
    }
  }

  async #send<Row extends QueryResultRow>(statement: Sql, values: readonly unknown[], { signal }: Cancellable): Promise<QueryResult<Row>> {
    this.#answerBytes = 0;
    const query: QueryConfig & { queryMode: 'extended' } = { text: statement, values: [...values], queryMode: 'extended' };
    // what has parameters is sent often, and planning the large looks at the catalogs takes as long as carrying them out
    if (values.length > 0) query.name = nameOf(statement);
    return await this.#guarded('statement', () => this.#client.query<Row>(query), { signal });
  }

  async #guarded<T>(step: ErrorPlace['step'], action: () => Promise<T>, { signal }: Cancellable): Promise<T> {
    signal.throwIfAborted();
    const onAbort = () => this.#break();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await action();
    } catch (error) {
      // an error without SQLSTATE says nothing about what the server did
      if (!isFromServer(error)) this.#break();
      signal.throwIfAborted();
      throw asConnectionError(error, { ...this.#place, step });
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #count(bytes: number): void {
    this.#answerBytes += bytes;
    if (this.#answerBytes <= maximumAnswerBytes) return;
    const { database } = this.#place;
    const message = `database ${database} answers with more than ${maximumAnswerBytes / 1024 / 1024} MiB: something in its catalogs is too large to be looked after`;
    this.#client.connection.stream.destroy(new ConnectionError('stalled', 'TooManyObjects', message));
  }

  #break(): void {
    this.#isUsable = false;
    this.#client.connection.stream.destroy();
  }
}

const names = new Map<Sql, string>();

/** The name under which a session keeps a statement prepared. */
function nameOf(statement: Sql): string {
  const name = names.get(statement) ?? `s${names.size + 1}`;
  names.set(statement, name);
  return name;
}

function isFromServer(error: unknown): boolean {
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  return typeof code === 'string' && severity === 'ERROR';
}

const contexts = new Map<string | undefined, SecureContext>();

/** Made once: to read all of Node's certificates takes longer than the rest of a login. */
function trusting(ca: string | undefined): SecureContext {
  const known = contexts.get(ca);
  const context =
    known ?? createSecureContext({ ca: [...getCACertificates('default'), ...(ca === undefined ? [] : [ca])], minVersion: 'TLSv1.2' });
  contexts.set(ca, context);
  return context;
}

function clientConfig({ host, database, login, password, ca, signal }: SessionOptions): ClientConfig {
  const ssl: ConnectionOptions = {
    secureContext: trusting(ca),
    // also where the host is an address: Node takes the name from elsewhere then
    checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
    rejectUnauthorized: true,
  };
  return {
    host,
    port,
    database,
    user: login,
    password: () => password({ signal }),
    ssl,
    options: startupOptions,
    application_name: 'passwordless-operator',
    connectionTimeoutMillis: connectTimeoutInMs,
    query_timeout: answerTimeoutInMs,
    keepAlive: true,
  };
}
