import { randomBytes, randomUUID } from 'node:crypto';
import { chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { escape as literal } from 'mysql2';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import type { Log } from '../cache.ts';
import type { SupervisedProcess } from '../control-plane/child-process.ts';
import { freePort } from '../control-plane/free-port.ts';
import {
  createDatabase,
  type EngineKind,
  killProcedure,
  passwordAdministrator,
  passwordAdministratorStatements,
  superuser,
  superuserOnly,
} from './azure-shape.ts';
import { findMysql, type MysqlBinary } from './binaries.ts';
import { fillDataDirectory } from './data-directory.ts';
import { tablesOfMysql8 } from './mariadb-catalog.ts';
import { type ServerSettings, startServerProcess } from './server-process.ts';
import { bindingTable, digestOfUser, scratchHost, type UserColumn, userView } from './user-view.ts';

export interface BackendOptions {
  /** Where the server is looked for; that of this process when left out. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Switches partial_revokes on, on an engine that has it: MariaDB goes without. */
  readonly partialRevokes?: boolean;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** An Entra user of the engine. */
export interface EntraAccount {
  /** As in authentication_string of mysql.user, for example `AADSP:<client id>:upn:<user>`. */
  readonly binding: string;
  readonly isAdministrator: boolean;
  /** What the engine asks for in the token's place. */
  readonly password: string;
}

/** A real server of the MySQL family with the users of Azure Database for MySQL Flexible Server. */
export interface Backend {
  readonly engine: EngineKind;
  /** For example 10.11.19. */
  readonly version: string;
  /** What the engine is to answer for server_uuid; undefined where it has that variable itself. */
  readonly serverUuid: string | undefined;
  readonly socket: string;
  /** For looking at the catalogs from outside, as `superuser` with `password`. */
  readonly host: string;
  readonly port: number;
  readonly superuser: string;
  readonly password: string;
  /** The administrator with a password that the server was made with. */
  readonly administrator: { readonly user: string; readonly password: string };
  /** Makes a database as Azure does. */
  createDatabase(name: string): Promise<void>;
  /** Runs one statement as superuser. */
  query<Row extends object = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** The clause of CREATE USER that makes an Entra user with this binding; it is good for one user. */
  identifiedAs(binding: string, options: { readonly isAdministrator: boolean }): Promise<string>;
  /** The Entra user of this name; undefined where it is none. */
  findEntraAccount(user: string): Promise<EntraAccount | undefined>;
  /** Ends the server and removes the data. */
  stop(): Promise<void>;
  /** Ends all sessions and starts again on the same data, address and port. */
  restart(options: { readonly signal: AbortSignal }): Promise<void>;
}

/** uid and gid of `nobody` on Linux: the servers refuse to run as root. */
const nobody = 65534;
const stopWithinInMs = 10_000;

/** Starts a server; takes MariaDB about two seconds. It ends with `stop`, when `signal` is aborted, and with this process. Throws what `findMysql` throws. */
export async function startBackend({ environment = process.env, partialRevokes = false, log, signal }: BackendOptions): Promise<Backend> {
  const binary = await findMysql({ environment, log, signal });
  const settings = { ...(await makeFiles(binary)), port: await freePort({ signal }), partialRevokes };
  const backend = new MysqlBackend(binary, settings);
  try {
    await fillDataDirectory(settings.data, binary, { signal });
    await backend.startFirst({ signal });
    await backend.shape();
  } catch (error) {
    await backend.stop();
    throw error;
  }
  signal.addEventListener('abort', () => void backend.stop(), { once: true });
  log(`${binary.engine} ${binary.version} takes logins on ${backend.host}:${backend.port}`);
  return backend;
}

class MysqlBackend implements Backend {
  readonly host = '127.0.0.1';
  readonly superuser = superuser;
  readonly password = randomBytes(24).toString('base64url');
  readonly administrator = { user: passwordAdministrator, password: randomBytes(24).toString('base64url') };
  readonly engine: EngineKind;
  readonly version: string;
  readonly serverUuid: string | undefined;
  readonly socket: string;
  readonly port: number;
  readonly #binary: MysqlBinary;
  readonly #settings: ServerSettings;
  /** Of Entra users, by digest. */
  readonly #passwords = new Map<string, string>();
  #server: SupervisedProcess | undefined;

  constructor(binary: MysqlBinary, settings: ServerSettings) {
    this.#binary = binary;
    this.#settings = settings;
    ({ engine: this.engine, version: this.version } = binary);
    this.serverUuid = this.engine === 'MariaDB' ? randomUUID() : undefined;
    ({ socket: this.socket, port: this.port } = settings);
  }

  /** Starts on fresh data. */
  async startFirst({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const initFile = join(this.#settings.home, 'init.sql');
    await writeFile(initFile, superuserOnly(this.password).join(';\n').concat(';\n'), { mode: 0o600 });
    await ownedBy(this.#binary, initFile);
    await this.#start({ initFile, signal });
    await rm(initFile);
  }

  async shape(): Promise<void> {
    await this.#connected(async (connection) => {
      const [columns] = await connection.query<(UserColumn & RowDataPacket)[]>(
        `SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'mysql' AND TABLE_NAME = 'user' ORDER BY ORDINAL_POSITION`,
      );
      const administrator = passwordAdministratorStatements(this.administrator.password, this.engine);
      const catalog = [...bindingTable, userView(columns), ...(this.engine === 'MariaDB' ? tablesOfMysql8 : [])];
      for (const statement of [...administrator, killProcedure, ...catalog]) await connection.query(statement);
    });
  }

  async createDatabase(name: string): Promise<void> {
    await this.query(createDatabase(name));
  }

  async query<Row extends object>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return this.#connected(async (connection) => (await connection.query<RowDataPacket[]>(sql, [...values]))[0] as unknown as Row[]);
  }

  async identifiedAs(binding: string, { isAdministrator }: { readonly isAdministrator: boolean }): Promise<string> {
    const password = randomBytes(24).toString('base64url');
    const user = randomBytes(12).toString('hex');
    const scratch = `${literal(user)}@${literal(scratchHost)}`;
    return this.#connected(async (connection) => {
      await connection.query(`CREATE USER ${scratch} IDENTIFIED BY ${literal(password)}`);
      const [[kept]] = await connection.query<({ plugin: string; hash: Buffer; digest: string } & RowDataPacket)[]>(
        `SELECT u.plugin, CAST(u.authentication_string AS BINARY) AS hash, ${digestOfUser} AS digest FROM mysql.user u WHERE u.User = ?`,
        [user],
      );
      await connection.query(`DROP USER ${scratch}`);
      if (!kept) throw new Error('the engine lost a user');
      await connection.query('INSERT INTO mysql.sandbox_binding VALUES (?, ?, ?)', [kept.digest, binding, isAdministrator]);
      this.#passwords.set(kept.digest, password);
      const hash = this.engine === 'MySQL' ? `0x${kept.hash.toString('hex')}` : literal(kept.hash.toString());
      return `IDENTIFIED WITH ${kept.plugin} AS ${hash}`;
    });
  }

  async findEntraAccount(user: string): Promise<EntraAccount | undefined> {
    const [found] = await this.query<{ binding: string | null; administrator: number; digest: string }>(
      `SELECT b.binding, b.administrator, b.digest FROM mysql.user u LEFT JOIN mysql.sandbox_binding b ON b.digest = ${digestOfUser}
       WHERE u.User = ? AND u.Host IN ('localhost', '%') ORDER BY u.Host DESC`,
      [user],
    );
    const password = this.#passwords.get(found?.digest ?? '');
    if (found?.binding == null || password === undefined) return undefined;
    return { binding: found.binding, isAdministrator: found.administrator === 1, password };
  }

  async stop(): Promise<void> {
    await this.#end();
    await rm(this.#settings.home, { recursive: true, force: true });
  }

  async restart({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    await this.#end();
    await this.#start({ signal });
  }

  async #start(options: { readonly initFile?: string; readonly signal: AbortSignal }): Promise<void> {
    this.#server = await startServerProcess(this.#binary, this.#settings, { user: superuser, password: this.password }, options);
  }

  async #end(): Promise<void> {
    await this.#server?.stop({ signal: AbortSignal.timeout(stopWithinInMs) });
  }

  async #connected<T>(use: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await createConnection({ socketPath: this.socket, user: superuser, password: this.password });
    try {
      return await use(connection);
    } finally {
      await connection.end();
    }
  }
}

/** Makes a 0700 folder of the server's user. */
async function makeFiles(binary: MysqlBinary): Promise<Pick<ServerSettings, 'home' | 'data' | 'socket'>> {
  const home = await mkdtemp(join(tmpdir(), 'dbaccess-my-'));
  const settings = { home, data: join(home, 'data'), socket: join(home, 's') };
  await mkdir(settings.data, { mode: 0o700 });
  for (const folder of [home, settings.data]) await ownedBy(binary, folder);
  return settings;
}

async function ownedBy({ runAs }: MysqlBinary, path: string): Promise<void> {
  if (runAs !== undefined) await chown(path, nobody, nobody);
}
