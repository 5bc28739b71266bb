import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chown, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { azureRoles, azureSchemas, passwordAdministrator, setPassword, superuser } from './azure-shape.ts';
import { findPostgres, type PostgresBinaries } from './binaries.ts';
import { installLabels, installPrincipals, type LabelNull, type Principal, principalsStatement } from './pgaadauth.ts';
import { ServerProcess, type ServerSettings } from './server-process.ts';

const run = promisify(execFile);

export interface BackendOptions {
  /** Where the data go, in a folder of their own. The system's temporary folder when left out, or when PostgreSQL's user can't reach it. */
  readonly directory?: string;
  /** The bin directory of a PostgreSQL from 16 on; npm's when left out. The sandbox takes it from SANDBOX_POSTGRES. */
  readonly binDirectory?: string | undefined;
  /** Whether azure_pg_admin is in pg_read_all_data, as seen on a real server. Default true. */
  readonly readAllData?: boolean;
  /** [U] Whether an administrator may set a label to NULL. Default allowed. */
  readonly labelNull?: LabelNull;
  /** Shown by pgaadauth_list_principals. */
  readonly tenantId?: string;
  readonly log: (message: string) => void;
  readonly signal: AbortSignal;
}

/** A real PostgreSQL with the roles of Azure Database for PostgreSQL Flexible Server. Over its socket everybody is trusted. */
export interface Backend {
  readonly socketDirectory: string;
  /** For looking at the catalogs from outside, as `superuser` with `password`. */
  readonly host: string;
  readonly port: number;
  readonly superuser: string;
  readonly password: string;
  /** The administrator with a password that the server was made with; owns the databases unless told otherwise. */
  readonly administrator: { readonly user: string; readonly password: string };
  readonly version: string;
  readonly databases: readonly string[];
  /** Makes a database as Azure does. `owner`: pgadmin when left out; azuresu where there was no administrator yet. */
  createDatabase(name: string, owner?: string): Promise<void>;
  /** Runs one statement as superuser. */
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(database: string, sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** The objects of the tenant that the server can find. */
  setPrincipals(principals: readonly Principal[]): Promise<void>;
  /** Ends PostgreSQL and removes the data. */
  stop(): Promise<void>;
  /** Ends all sessions and starts again on the same data, address and port. */
  restart(options: { readonly signal: AbortSignal }): Promise<void>;
}

/** Starts PostgreSQL; takes about a second. It ends with `stop`, when `signal` is aborted, and with this process. */
export async function startBackend(options: BackendOptions): Promise<Backend> {
  const { signal, log } = options;
  const binaries = await findPostgres({ binDirectory: options.binDirectory ?? process.env['SANDBOX_POSTGRES'], log, signal });
  const files = await makeFiles(options.directory, binaries);
  await initialise(files, binaries, signal);
  // not before: what is free now others may have taken when the files are there
  const backend = new PostgresBackend(binaries, { ...files, port: await freePort() });
  try {
    await backend.start({ signal });
    await backend.shape(options);
  } catch (error) {
    await backend.stop();
    throw error;
  }
  signal.addEventListener('abort', () => void backend.stop(), { once: true });
  log(`PostgreSQL ${binaries.version} takes logins on ${backend.host}:${backend.port}`);
  return backend;
}

class PostgresBackend implements Backend {
  readonly host = '127.0.0.1';
  readonly superuser = superuser;
  readonly password = randomBytes(24).toString('base64url');
  readonly administrator = { user: passwordAdministrator, password: randomBytes(24).toString('base64url') };
  readonly databases: string[] = [];
  readonly socketDirectory: string;
  readonly port: number;
  readonly version: string;
  readonly #binaries: PostgresBinaries;
  readonly #settings: ServerSettings;
  #server: ServerProcess | undefined;

  constructor(binaries: PostgresBinaries, settings: ServerSettings) {
    this.#binaries = binaries;
    this.#settings = settings;
    this.version = binaries.version;
    this.socketDirectory = settings.socketDirectory;
    this.port = settings.port;
  }

  async start({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    this.#server = await ServerProcess.start(this.#binaries, this.#settings, { signal });
  }

  async shape({ readAllData = true, labelNull = 'allowed', tenantId = '' }: BackendOptions): Promise<void> {
    const statements = [
      ...azureRoles({ readAllData }),
      setPassword(superuser, this.password),
      setPassword(passwordAdministrator, this.administrator.password),
    ];
    const everywhere = [...azureSchemas, ...installLabels({ labelNull })];
    await this.#connected('template1', (client) => runAll(client, [...statements, ...everywhere]));
    await this.#connected('postgres', (client) => runAll(client, [...everywhere, ...installPrincipals({ tenantId })]));
  }

  async createDatabase(name: string, owner: string = passwordAdministrator): Promise<void> {
    await this.query('postgres', `CREATE DATABASE ${pg.escapeIdentifier(name)} OWNER ${pg.escapeIdentifier(owner)}`);
    this.databases.push(name);
  }

  async query<Row extends pg.QueryResultRow>(database: string, sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return this.#connected(database, async (client) => (await client.query<Row>(sql, [...values])).rows);
  }

  async setPrincipals(principals: readonly Principal[]): Promise<void> {
    await this.query('postgres', principalsStatement, [JSON.stringify(principals)]);
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
    await removeFiles(this.#settings);
  }

  async restart({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    await this.#server?.stop();
    await this.start({ signal });
  }

  async #connected<T>(database: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client({ host: this.socketDirectory, port: this.port, user: superuser, database });
    await client.connect();
    try {
      return await use(client);
    } finally {
      await client.end();
    }
  }
}

async function runAll(client: pg.Client, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await client.query(statement);
}

/** Makes 0700 folders of PostgreSQL's user. The socket's is apart because its path must stay below 107 bytes. */
async function makeFiles(directory: string | undefined, { runAs }: PostgresBinaries): Promise<Omit<ServerSettings, 'port'>> {
  const parent = directory && (runAs.uid === undefined || (await canBeReachedByAll(directory))) ? directory : tmpdir();
  const home = await mkdtemp(join(parent, 'dbaccess-pg-'));
  const socketDirectory = await mkdtemp(join(tmpdir(), 'dbaccess-pg-'));
  if (runAs.uid !== undefined) await Promise.all([home, socketDirectory].map((folder) => chown(folder, runAs.uid, runAs.gid)));
  return { data: join(home, 'data'), logFile: join(home, 'log'), socketDirectory };
}

async function canBeReachedByAll(directory: string): Promise<boolean> {
  for (let path = resolve(directory); ; path = dirname(path)) {
    if (((await stat(path)).mode & 0o001) === 0) return false;
    if (path === dirname(path)) return true;
  }
}

type Files = Pick<ServerSettings, 'data' | 'socketDirectory'>;

async function removeFiles({ data, socketDirectory }: Files): Promise<void> {
  await rm(dirname(data), { recursive: true, force: true });
  await rm(socketDirectory, { recursive: true, force: true });
}

/** Leaves no files behind when it fails. */
async function initialise(files: Files, binaries: PostgresBinaries, signal: AbortSignal): Promise<void> {
  try {
    await makeCluster(files.data, binaries, signal);
  } catch (error) {
    await removeFiles(files);
    throw error;
  }
}

async function makeCluster(data: string, binaries: PostgresBinaries, signal: AbortSignal): Promise<void> {
  const flags = ['-D', data, '-U', superuser, '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions'];
  await run(binaries.initdb, flags, { ...binaries.runAs, cwd: '/', env: {}, signal });
  await writeFile(join(data, 'pg_hba.conf'), `local all all trust\nhost all ${superuser} 127.0.0.1/32 scram-sha-256\n`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
