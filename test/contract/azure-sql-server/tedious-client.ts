import { once } from 'node:events';
import { Connection, type ConnectionConfiguration, Request, type TYPES } from 'tedious';

/** An error as a server sends it. */
export interface ServerNotice {
  readonly number: number;
  readonly state: number;
  readonly class: number;
  readonly message: string;
}

export type Rows = readonly Readonly<Record<string, unknown>>[];

/** What a request brought: rows of all its result sets, how many rows it counted, and what went wrong. */
export interface Answer {
  readonly sets: readonly Rows[];
  readonly errors: readonly ServerNotice[];
  readonly infos: readonly ServerNotice[];
  readonly count: number;
  /** What the driver made of it. */
  readonly failure: (Error & { readonly code?: string }) | undefined;
}

type DataType = (typeof TYPES)[keyof typeof TYPES];

/** A login that was refused. */
export class Refused extends Error {
  readonly notices: readonly ServerNotice[];

  constructor(cause: unknown, notices: readonly ServerNotice[]) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.notices = notices;
  }
}

/** One session with tedious, the driver that the operator uses. */
export class TediousClient {
  readonly connection: Connection;
  readonly #notices: { readonly errors: ServerNotice[]; readonly infos: ServerNotice[] };

  private constructor(connection: Connection, notices: { readonly errors: ServerNotice[]; readonly infos: ServerNotice[] }) {
    this.connection = connection;
    this.#notices = notices;
  }

  /** Logs in. Throws Refused. */
  static async connect(configuration: ConnectionConfiguration): Promise<TediousClient> {
    const connection = new Connection(configuration);
    const notices = { errors: [] as ServerNotice[], infos: [] as ServerNotice[] };
    connection.on('errorMessage', (notice) => notices.errors.push(told(notice)));
    connection.on('infoMessage', (notice) => notices.infos.push(told(notice)));
    connection.on('error', () => {});
    try {
      await new Promise<void>((resolve, reject) => connection.connect((error) => (error ? reject(error) : resolve())));
    } catch (error) {
      connection.close();
      throw new Refused(error, notices.errors);
    }
    return new TediousClient(connection, notices);
  }

  /** Sends a batch. */
  batch(sql: string): Promise<Answer> {
    return this.#send(sql, (request) => this.connection.execSqlBatch(request));
  }

  /** Sends a statement by sp_executesql. */
  execute(sql: string, parameters: Readonly<Record<string, readonly [DataType, unknown]>> = {}): Promise<Answer> {
    return this.#send(sql, (request) => {
      for (const [name, [type, value]] of Object.entries(parameters)) request.addParameter(name, type, value);
      this.connection.execSql(request);
    });
  }

  /** Calls a procedure by its name. */
  call(procedure: string, parameters: Readonly<Record<string, readonly [DataType, unknown]>>): Promise<Answer> {
    return this.#send(procedure, (request) => {
      for (const [name, [type, value]] of Object.entries(parameters)) request.addParameter(name, type, value);
      this.connection.callProcedure(request);
    });
  }

  /** A statement that is prepared once and run often. Each of its methods throws the server's error. */
  prepared(sql: string, parameters: Readonly<Record<string, DataType>>) {
    let ended: (error?: Error | null) => void = () => {};
    const request = new Request(sql, (error) => ended(error));
    for (const [name, type] of Object.entries(parameters)) request.addParameter(name, type);
    const run = (start: () => void) =>
      called((done) => {
        ended = done;
        start();
      });
    return {
      prepare: async () => {
        const prepared = once(request, 'prepared');
        this.connection.prepare(request);
        await prepared;
      },
      execute: (values: Readonly<Record<string, unknown>>) => run(() => this.connection.execute(request, values)),
      unprepare: () => run(() => this.connection.unprepare(request)),
    };
  }

  /** The rows of the first result set. Throws the first error. */
  async rows(sql: string): Promise<Rows> {
    const { sets, failure } = await this.batch(sql);
    if (failure) throw failure;
    return sets[0] ?? [];
  }

  /** Throws the first error. */
  async run(...statements: readonly string[]): Promise<void> {
    for (const sql of statements) {
      const { failure } = await this.batch(sql);
      if (failure) throw new Error(`${sql}: ${failure.message}`, { cause: failure });
    }
  }

  /** Numbers of the errors that a batch ends with. */
  async errorsOf(sql: string): Promise<readonly number[]> {
    return (await this.batch(sql)).errors.map(({ number }) => number);
  }

  begin(): Promise<void> {
    return called((done) => this.connection.beginTransaction(done));
  }

  commit(): Promise<void> {
    return called((done) => this.connection.commitTransaction(done));
  }

  rollBack(): Promise<void> {
    return called((done) => this.connection.rollbackTransaction(done));
  }

  reset(): Promise<void> {
    return called((done) => this.connection.reset(done));
  }

  async close(): Promise<void> {
    const ended = once(this.connection, 'end');
    this.connection.close();
    await ended;
  }

  async #send(sql: string, start: (request: Request) => void): Promise<Answer> {
    const sets: Record<string, unknown>[][] = [];
    const { errors, infos } = this.#notices;
    errors.length = 0;
    infos.length = 0;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const request = new Request(sql, (failure, count) => {
      resolve({ sets, errors: [...errors], infos: [...infos], count: count ?? 0, failure: failure ?? undefined });
    });
    request.on('columnMetadata', () => sets.push([]));
    request.on('row', (columns: readonly { readonly metadata: { readonly colName: string }; readonly value: unknown }[]) => {
      sets.at(-1)?.push(Object.fromEntries(columns.map(({ metadata, value }) => [metadata.colName, value])));
    });
    start(request);
    return promise;
  }
}

function told({ number, state, class: severity, message }: ServerNotice): ServerNotice {
  return { number, state, class: severity, message };
}

function called(run: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => run((error) => (error ? reject(error) : resolve())));
}
