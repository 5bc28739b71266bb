import { getCACertificates } from 'node:tls';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { account, administratorOf, id } from '../contract/mysql/administrator.ts';
import { errnoOf, MysqlApplication } from '../contract/mysql/application-session.ts';
import { plantTraps } from '../contract/mysql/hostile-schema.ts';
import { loginRefusals } from '../contract/mysql/shop-server.ts';
import { mysqlTraits } from '../contract/mysql/traits.ts';
import type { ContractEngine } from '../contract/target/engine.ts';
import type { LiveServer } from './live-azure.ts';
import { leftBehind, liveName, liveRequest, noCut } from './live-request.ts';

/** Holds what was on the server before a run, where a clean-up finds it. */
const memory = `${liveName}_before`;

interface User {
  readonly user: string;
  readonly host: string;
}

/** A MySQL Flexible Server in Azure. The administrator is the operator itself. */
export async function startLiveMysql(server: LiveServer): Promise<ContractEngine> {
  const { target, login, notes } = server;
  const line = new Line(server);
  await line.begin();
  const { query } = line;
  const [{ version } = { version: '' }] = await query<{ version: string }>('SELECT VERSION() AS version');
  const backend = { engine: version.includes('MariaDB') ? 'MariaDB' : 'MySQL' } as const;
  const administrator = (database: string) => administratorOf({ backend, query, operatorName: login }, database);

  return {
    ...mysqlTraits,
    title: `${backend.engine} ${version} at ${server.host}`,
    target,
    identities: server.identities,
    operatorName: login,
    administrator: administrator(liveName),
    request: (overrides) => liveRequest(server, liveName, overrides),
    newTarget: () => server.newTarget(),
    signIn: async (user, identity, { database = liveName } = {}) => {
      try {
        return new MysqlApplication(await line.connect({ user, database, password: await server.tokenOf(identity) }));
      } catch (error) {
        if (loginRefusals.includes(errnoOf(error) ?? 0)) return undefined;
        throw error;
      }
    },
    // MySQL doesn't tell grantors apart
    grantAsStranger: administrator(liveName).grant,
    createDatabase: async (name) => {
      await query(createStatement(name));
      return administrator(name);
    },
    plantTraps: async (session) => {
      if (!(session instanceof MysqlApplication)) throw new TypeError('a session of another engine');
      return await plantTraps(session.client, { query, database: liveName });
    },
    cut: noCut,
    cleanUp: async () => {
      await line.removeMade();
      await query(createStatement(liveName));
      notes.all.clear();
    },
    stop: async () => {
      await line.removeMade();
      await line.end();
      await server.close();
    },
  };
}

/** Takes away what a run left behind, and says what that was. */
export async function cleanUpMysql(server: LiveServer): Promise<string> {
  const line = new Line(server);
  const hasMemory = await line.has(memory);
  if (hasMemory) await line.removeMade();
  await line.end();
  return hasMemory ? `database ${liveName} and what was made since` : 'nothing';
}

/** Sessions as the operator and as applications. */
class Line {
  readonly #server: LiveServer;
  readonly #clients: Connection[] = [];
  #administrator: Connection | undefined;

  constructor(server: LiveServer) {
    this.#server = server;
  }

  async connect(login: { readonly user: string; readonly password: string; readonly database?: string }): Promise<Connection> {
    const { host, port } = this.#server;
    const ssl = { ca: getCACertificates('default'), minVersion: 'TLSv1.2', rejectUnauthorized: true, verifyIdentity: true };
    const client = await createConnection({ ...login, host, port, ssl, enableCleartextPlugin: true });
    client.on('error', () => {});
    this.#clients.push(client);
    return client;
  }

  /** Runs one statement as the operator. */
  query = async <Row extends object = Record<string, unknown>>(sql: string, values: readonly unknown[] = []): Promise<Row[]> => {
    const { login, operatorToken } = this.#server;
    this.#administrator ??= await this.connect({ user: login, password: await operatorToken() });
    return (await this.#administrator.query<RowDataPacket[]>(sql, [...values]))[0] as unknown as Row[];
  };

  async has(database: string): Promise<boolean> {
    return (await this.#databases()).includes(database);
  }

  async #databases(): Promise<readonly string[]> {
    return (await this.query<{ name: string }>('SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA')).map(({ name }) => name);
  }

  #users(): Promise<readonly User[]> {
    return this.query<User>('SELECT User AS user, Host AS host FROM mysql.user');
  }

  /** Makes the run's database, and writes down what was there before. */
  async begin(): Promise<void> {
    const databases = await this.#databases();
    for (const name of [memory, liveName]) if (databases.includes(name)) throw leftBehind(`database ${name} is there`);
    const before = { databases, users: (await this.#users()).map(keyOf) };
    await this.query(`CREATE DATABASE ${memory}`);
    await this.query(`CREATE TABLE ${memory}.state (json longtext) CHARACTER SET utf8mb4`);
    await this.query(`INSERT INTO ${memory}.state VALUES (?)`, [JSON.stringify(before)]);
    await this.query(createStatement(liveName));
  }

  /** Drops databases and users that weren't there before; the run's own database, too. */
  async removeMade(): Promise<void> {
    this.#close();
    const [state] = await this.query<{ json: string }>(`SELECT json FROM ${memory}.state`);
    if (!state) throw new Error(`database ${memory} does not say what was there before: look yourself what of this is to go, and drop it`);
    const before = JSON.parse(state.json) as { readonly databases: readonly string[]; readonly users: readonly string[] };
    for (const name of await this.#databases())
      if (name !== memory && !before.databases.includes(name)) await this.query(`DROP DATABASE ${id(name)}`);
    for (const each of await this.#users()) {
      if (before.users.includes(keyOf(each))) continue;
      // a role of MariaDB has no host
      await this.query(each.host === '' ? `DROP ROLE ${id(each.user)}` : `DROP USER ${account(each.user)}`);
    }
  }

  async end(): Promise<void> {
    await this.query(`DROP DATABASE IF EXISTS ${memory}`);
    this.#close();
  }

  #close(): void {
    this.#administrator = undefined;
    for (const client of this.#clients.splice(0)) client.destroy();
  }
}

/** As Azure makes one. */
function createStatement(database: string): string {
  return `CREATE DATABASE ${id(database)} CHARACTER SET utf8mb4`;
}

function keyOf({ user, host }: User): string {
  return JSON.stringify([user, host]);
}
