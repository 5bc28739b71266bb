import pg from 'pg';
import { sqlState } from '../../src/targets/postgres/errors.ts';
import { administratorOf, dropEverything, objectOf, privileges } from '../contract/postgres/administrator.ts';
import { PostgresApplication } from '../contract/postgres/application-session.ts';
import { loginRefusals, postgresTraits } from '../contract/postgres/traits.ts';
import { plantTraps } from '../contract/postgres/traps.ts';
import type { Administrator, ContractEngine } from '../contract/target/engine.ts';
import type { LiveServer } from './live-azure.ts';
import { leftBehind, liveName, liveRequest, noCut } from './live-request.ts';

const identifier = pg.escapeIdentifier;
const literal = pg.escapeLiteral;

/** What was on the server before a run. It stands in the comment of the run's database, where a clean-up finds it. */
interface Before {
  readonly databases: readonly string[];
  readonly roles: readonly string[];
}

/** A PostgreSQL Flexible Server in Azure. The administrator is the operator itself. */
export async function startLivePostgres(server: LiveServer): Promise<ContractEngine> {
  const { target, login } = server;
  const line = new Line(server);
  const before = await line.begin();
  const own = { query: line.query, operatorName: login };
  /** Who makes a role of PostgreSQL 16 administers it, but doesn't have its rights. */
  const administrator = (database: string): Administrator => {
    const by = administratorOf(own, database);
    const dropUser: Administrator['dropUser'] = async (name) => {
      await line.query(database, joinRole(name));
      await by.dropUser(name);
    };
    return { ...by, dropUser };
  };
  const [{ version } = { version: '' }] = await line.query<{ version: string }>(
    'postgres',
    "SELECT current_setting('server_version') AS version",
  );

  return {
    ...postgresTraits,
    title: `PostgreSQL ${version} at ${server.host}`,
    target,
    identities: server.identities,
    operatorName: login,
    administrator: administrator(liveName),
    request: (overrides) => liveRequest(server, liveName, overrides),
    newTarget: () => server.newTarget(),
    signIn: async (user, identity, { database = liveName } = {}) => {
      try {
        return new PostgresApplication(await line.connect({ user, database, password: await server.tokenOf(identity) }));
      } catch (error) {
        if (loginRefusals.test(sqlState(error) ?? '')) return undefined;
        throw error;
      }
    },
    grantAsStranger: async (deed, name, user) => {
      const grant = `GRANT ${privileges[deed]} ON ${objectOf(deed, name)}`;
      await line.query(liveName, `CREATE ROLE stranger; ${joinRole('stranger')}; ${grant} TO stranger WITH GRANT OPTION`);
      await line.query(liveName, `SET ROLE stranger; ${grant} TO ${identifier(user)}; RESET ROLE; REVOKE stranger FROM CURRENT_USER`);
    },
    createDatabase: async (name) => {
      await line.query('postgres', `CREATE DATABASE ${identifier(name)}`);
      return administrator(name);
    },
    plantTraps: async (session) => {
      if (!(session instanceof PostgresApplication)) throw new TypeError('a session of another engine');
      return await plantTraps(session.client, (sql, values) => line.query('postgres', sql, values));
    },
    cut: noCut,
    cleanUp: () => line.removeMade(before),
    stop: async () => {
      await line.removeMade(before);
      await line.end();
      await server.close();
    },
  };
}

/** Takes away what a run left behind, and says what that was. */
export async function cleanUpPostgres(server: LiveServer): Promise<string> {
  const line = new Line(server);
  const before = await line.before();
  if (before) await line.removeMade(before);
  await line.end();
  return before ? `database ${liveName} and what was made since` : 'nothing';
}

/** Sessions as the operator and as applications. */
class Line {
  readonly #server: LiveServer;
  readonly #administrators = new Map<string, pg.Client>();
  readonly #clients: pg.Client[] = [];

  constructor(server: LiveServer) {
    this.#server = server;
  }

  async connect(config: { readonly user: string; readonly database: string; readonly password: string }): Promise<pg.Client> {
    const { host, port } = this.#server;
    const client = new pg.Client({ ...config, host, port, ssl: true });
    client.on('error', () => {});
    this.#clients.push(client);
    await client.connect();
    return client;
  }

  /** Runs statements as the operator. */
  query = async <Row extends object>(database: string, sql: string, values: readonly unknown[] = []): Promise<Row[]> => {
    let client = this.#administrators.get(database);
    client ??= await this.connect({ user: this.#server.login, database, password: await this.#server.operatorToken() });
    this.#administrators.set(database, client);
    return (await client.query(sql, values.length > 0 ? [...values] : undefined)).rows as Row[];
  };

  async #now(): Promise<Before> {
    const databases = await this.query<{ name: string }>('postgres', 'SELECT datname AS name FROM pg_database');
    const roles = await this.query<{ name: string }>('postgres', 'SELECT rolname AS name FROM pg_roles');
    const namesOf = (rows: readonly { readonly name: string }[]) => rows.map(({ name }) => name);
    return { databases: namesOf(databases), roles: namesOf(roles) };
  }

  /** What was there before the run that left its database behind. */
  async before(): Promise<Before | undefined> {
    const [found] = await this.query<{ comment: string | null }>(
      'postgres',
      "SELECT shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE datname = $1",
      [liveName],
    );
    if (!found) return undefined;
    if (found.comment === null) throw new Error(`database ${liveName} was not made by a live run, or that ended at once: drop it by hand`);
    return JSON.parse(found.comment) as Before;
  }

  /** Makes the run's database. */
  async begin(): Promise<Before> {
    const now = await this.#now();
    if (now.databases.includes(liveName)) throw leftBehind(`database ${liveName} is there`);
    await this.query('postgres', `CREATE DATABASE ${liveName}`);
    await this.query('postgres', `COMMENT ON DATABASE ${liveName} IS ${literal(JSON.stringify(now))}`);
    return now;
  }

  /** Drops databases and roles that weren't there before, and empties the run's database. */
  async removeMade(before: Before): Promise<void> {
    await this.#close();
    const now = await this.#now();
    for (const name of now.databases.filter((each) => each !== liveName && !before.databases.includes(each)))
      await this.query('postgres', `DROP DATABASE ${identifier(name)} WITH (FORCE)`);
    const roles = now.roles.filter((each) => !before.roles.includes(each));
    for (const role of roles) await this.query(liveName, joinRole(role));
    for (const role of roles) await this.query(liveName, `DROP OWNED BY ${identifier(role)} CASCADE`);
    for (const role of roles) await this.query(liveName, `DROP ROLE ${identifier(role)}`);
    await this.query(liveName, dropEverything);
  }

  /** Drops the run's database, and closes everything. */
  async end(): Promise<void> {
    await this.#close();
    await this.query('postgres', `DROP DATABASE IF EXISTS ${liveName} WITH (FORCE)`);
    await this.#close();
  }

  async #close(): Promise<void> {
    this.#administrators.clear();
    await Promise.all(this.#clients.splice(0).map((client) => client.end().catch(() => {})));
  }
}

function joinRole(name: string): string {
  return `GRANT ${identifier(name)} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE`;
}
