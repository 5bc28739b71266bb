import { getCACertificates } from 'node:tls';
import { administratorOf, grantAsStranger } from '../contract/azure-sql/administrator.ts';
import { AzureSqlApplication, numberIn } from '../contract/azure-sql/application-session.ts';
import { id, literal, SqlClient } from '../contract/azure-sql/client.ts';
import { loginRefusals } from '../contract/azure-sql/shop-server.ts';
import { azureSqlTraits } from '../contract/azure-sql/traits.ts';
import type { ContractEngine } from '../contract/target/engine.ts';
import type { LiveServer } from './live-azure.ts';
import { leftBehind, liveName, liveRequest, noCut } from './live-request.ts';

/** A role that says that the database was empty before the run, so that all in it is the run's. */
const marker = `${liveName}_was_empty`;

/** What the database has beyond that of every new one: https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-database-principals-transact-sql */
const made = {
  objects: `SELECT s.name AS inSchema, o.name, RTRIM(o.type) AS type FROM sys.objects AS o JOIN sys.schemas AS s ON s.schema_id = o.schema_id
    WHERE o.type IN ('U', 'V', 'P', 'FN') AND s.name <> 'sys'`,
  schemas: 'SELECT s.name FROM sys.schemas AS s WHERE s.schema_id BETWEEN 5 AND 16383',
  members: `SELECT r.name AS role, m.name FROM sys.database_role_members AS x JOIN sys.database_principals AS r ON r.principal_id = x.role_principal_id
    JOIN sys.database_principals AS m ON m.principal_id = x.member_principal_id WHERE m.principal_id BETWEEN 5 AND 16383`,
  principals: `SELECT p.name, RTRIM(p.type) AS type FROM sys.database_principals AS p WHERE p.principal_id BETWEEN 5 AND 16383 AND p.name <> ${literal(marker)}`,
} as const;

const kinds: Readonly<Record<string, string>> = { U: 'TABLE', V: 'VIEW', P: 'PROCEDURE', FN: 'FUNCTION' };

/** One database of a logical server of Azure SQL. The administrator is the operator itself. */
export async function startLiveAzureSql(server: LiveServer, database: string): Promise<ContractEngine> {
  const { target, notes } = server;
  const line = new Line(server, database);
  const { query } = line;
  await line.begin();

  return {
    ...azureSqlTraits,
    title: `Azure SQL at ${server.host}`,
    target,
    identities: server.identities,
    administrator: administratorOf({ query }, database),
    request: (overrides) => liveRequest(server, database, overrides),
    newTarget: () => server.newTarget(),
    signIn: async (_user, identity, { database: name = database } = {}) => {
      try {
        return new AzureSqlApplication(await line.connect(name, await server.tokenOf(identity)));
      } catch (error) {
        if (loginRefusals.includes(numberIn(error) ?? 0)) return undefined;
        throw error;
      }
    },
    grantAsStranger: grantAsStranger({ query }, database),
    createDatabase: {
      passedOver: 'each database of Azure SQL takes minutes and is paid for by itself, and Azure refuses most hostile names for one',
    },
    cut: noCut,
    cleanUp: async () => {
      await line.removeMade();
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
export async function cleanUpAzureSql(server: LiveServer, database: string): Promise<string> {
  const line = new Line(server, database);
  const isMarked = await line.isMarked();
  if (isMarked) await line.removeMade();
  await line.end();
  return isMarked ? `all that was in database ${database}` : 'nothing';
}

/** Sessions as the operator and as applications. */
class Line {
  readonly #server: LiveServer;
  readonly #database: string;
  readonly #administrators = new Map<string, SqlClient>();
  readonly #clients: SqlClient[] = [];

  constructor(server: LiveServer, database: string) {
    this.#server = server;
    this.#database = database;
  }

  async connect(database: string, token: string): Promise<SqlClient> {
    const { host, port } = this.#server;
    const client = await SqlClient.open({ host, port, database, token, ca: getCACertificates('default').join('\n') });
    this.#clients.push(client);
    return client;
  }

  /** Runs batches as the operator, and answers the rows of the last. */
  query = async <Row extends object = Record<string, unknown>>(database: string, ...batches: readonly string[]): Promise<Row[]> => {
    const client = this.#administrators.get(database) ?? (await this.connect(database, await this.#server.operatorToken()));
    this.#administrators.set(database, client);
    let rows: Row[] = [];
    for (const batch of batches) rows = await client.query<Row>(batch);
    return rows;
  };

  async isMarked(): Promise<boolean> {
    const found = await this.#here(`SELECT p.name FROM sys.database_principals AS p WHERE p.name = ${literal(marker)}`);
    return found.length > 0;
  }

  /** Marks the database as the run's. Throws where anything is in it. */
  async begin(): Promise<void> {
    if (await this.isMarked()) throw leftBehind(`role ${marker} is in database ${this.#database}`);
    for (const [what, query] of Object.entries(made))
      if ((await this.#here(query)).length > 0)
        throw new Error(
          `database ${this.#database} has ${what} already: give an empty one, that nobody else uses, in LIVE_AZURESQL_DATABASE`,
        );
    await this.#here(`CREATE ROLE ${id(marker)}`);
  }

  /** Empties the database. */
  async removeMade(): Promise<void> {
    this.#close();
    for (const { inSchema, name, type } of await this.#here<{ inSchema: string; name: string; type: string }>(made.objects))
      await this.#here(`DROP ${kinds[type]} ${id(inSchema)}.${id(name)}`);
    for (const { name } of await this.#here<{ name: string }>(made.schemas)) await this.#here(`DROP SCHEMA ${id(name)}`);
    for (const { role, name } of await this.#here<{ role: string; name: string }>(made.members))
      await this.#here(`ALTER ROLE ${id(role)} DROP MEMBER ${id(name)}`);
    for (const { name, type } of await this.#here<{ name: string; type: string }>(made.principals))
      await this.#here(`DROP ${type === 'R' ? 'ROLE' : 'USER'} ${id(name)}`);
  }

  /** Takes the mark off, and closes everything. */
  async end(): Promise<void> {
    if (await this.isMarked()) await this.#here(`DROP ROLE ${id(marker)}`);
    this.#close();
  }

  #here<Row extends object>(batch: string): Promise<Row[]> {
    return this.query<Row>(this.#database, batch);
  }

  #close(): void {
    this.#administrators.clear();
    for (const client of this.#clients.splice(0)) client.close();
  }
}
