import { isRedirectHost, isServerHost } from '../../../src/azure/host.ts';
import { resourcePath } from '../../../src/azure/resource-id.ts';
import { createAzureSqlTarget } from '../../../src/targets/azure-sql/target.ts';
import type { Identity } from '../../sandbox/azure/world.ts';
import type { Faults } from '../../sandbox/controls/faults.ts';
import type { Engine } from '../oracle-b/engine.ts';
import type { Line, Refusal } from '../oracle-b/line.ts';
import { cloud } from '../oracle-b/memory-azure.ts';
import { cluster } from '../oracle-b/world.ts';
import { operator, other, shop } from '../target/given.ts';
import { administratorOf } from './administrator.ts';
import { numberIn } from './application-session.ts';
import { linesOf, sessionLines } from './catalogs.ts';
import { id, type SqlClient } from './client.ts';
import { audience, loginRefusals, serverId, startShopServer } from './shop-server.ts';

type Strike = Faults['strike'];

const { subscriptionId, resourceGroup } = serverId;

const database = 'orders';
/** Beyond the time limit of a pass; nothing else ends a statement that hangs but the driver's own limit. */
const hangInMs = 4 * 60_000;

/** What a server that is full or moves answers to logins, and somebody else's locks or too much work to statements. */
const busy = { login: [40613, 40501, 10928], statement: [1205, 1222, 40501] } as const;
/** Of a right that is lacking: on an object or to carry out a statement at all. */
const denied = [229, 15247] as const;

/** A server of Azure SQL, with tables and a routine of its administrator. */
export async function startAzureSqlEngine(host: string): Promise<Engine> {
  const server = await startShopServer({ host });
  const { engine, tokens, query } = server;
  const administrator = administratorOf(server, database);
  for (const name of ['items', 'notes']) await administrator.createTable(name);
  await administrator.createRoutine('task');
  const { state } = databaseIn();

  let token: string | undefined;
  const operatorToken = async () => {
    token ??= await tokens.issue(operator, audience, { expiresIn: 3_600 });
    return token;
  };

  function databaseIn() {
    const found = engine.database(database);
    if (!found) throw new Error(`there is no database ${database}`);
    return found;
  }

  async function undisturbed<T>(work: () => Promise<T>): Promise<T> {
    const { strike } = server.faults;
    server.faults.strike = () => undefined;
    try {
      return await work();
    } finally {
      server.faults.strike = strike;
    }
  }

  /** Undefined where the server refuses. */
  async function logIn(identity: Identity): Promise<SqlClient | undefined> {
    try {
      return await undisturbed(() => server.logIn(database, identity));
    } catch (error) {
      if (loginRefusals.includes(numberIn(error) ?? 0)) return undefined;
      throw error;
    }
  }

  return {
    type: 'AzureSQL',
    title: 'Azure SQL, in memory',
    server: { ...server.server, resourceId: resourcePath(serverId) },
    database,
    schemas: ['dbo'],
    identities: { operator: onAzure(operator), first: onAzure(shop), second: onAzure(other) },
    newTarget: ({ calls, line, clock, notes }) => {
      server.faults.strike = strikeBy(line);
      return createAzureSqlTarget({
        reads: { readServer: calls.readSqlServer, listAdministrators: calls.listSqlAdministrators, listDatabases: calls.listSqlDatabases },
        isServerHost: (name) => isServerHost(name, cloud.suffixes.AzureSQL, cloud.name),
        isRedirectHost: (name) => isRedirectHost(name, cloud.suffixes.AzureSQL, cloud.name),
        token: operatorToken,
        operator: { principalId: operator.principalId, clientId: operator.clientId },
        clusterHash: cluster.hash,
        notes,
        ca: server.ca,
        clock,
      });
    },
    look: async () => [...linesOf(databaseIn().state.catalog), ...sessionLines(engine)],
    openSession: async (user) => {
      // the token decides who it is
      for (const identity of [shop, other]) if (await logIn(identity)) return;
      throw new Error(`nobody can log in as ${user}`);
    },
    giveTable: (user) =>
      undisturbed(async () => {
        await query(database, 'CREATE TABLE dbo.of_user (id int)', `ALTER AUTHORIZATION ON OBJECT::dbo.of_user TO ${id(user)}`);
      }),
    letsIn: async (_user, identity) => {
      const session = await logIn(identity);
      session?.close();
      return session !== undefined;
    },
    isOfShell: (line) => /\bdbaccess_retired_|\bof_user\b/.test(line),
    hasSecondWay: () => false,
    cleanUp: async () => {
      server.faults.strike = () => undefined;
      await server.cleanUp();
      databaseIn().state = state;
    },
    stop: () => server.stop(),
  };
}

/** Puts a process's line between the operator and the gateway. */
function strikeBy(line: Line): Strike {
  return (_kind, _method, text) => {
    const reception = line.meet({ system: 'database', name: nameOf(text), writes: mayWrite(text) });
    switch (reception.kind) {
      case 'carry-out':
        return undefined;
      case 'dead':
        return { drop: 'before' };
      case 'cut':
      case 'kill':
        return { drop: reception.when };
      case 'refuse':
        return { code: refusalOf(reception, text === 'LOGIN') };
      case 'hang':
        line.hang(hangInMs);
        return { delayMs: 2 ** 31 - 1 };
      default:
        return reception satisfies never;
    }
  };
}

/** A session has another number each time. */
function nameOf(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replace(/^KILL \d+/, 'KILL …');
}

function refusalOf({ how, chance }: Refusal, isLogin: boolean): number {
  const oneOf = (codes: readonly [number, ...number[]]) => codes[Math.floor(chance * codes.length)] ?? codes[0];
  if (how === 'denied') return oneOf(denied);
  // no administrator any more; read-only, as a database that is short of storage is
  if (how === 'refused') return isLogin ? 18456 : 3906;
  return oneOf(isLogin ? busy.login : busy.statement);
}

/** A login changes nothing, nor does what only reads, waits, or is about the session itself. */
function mayWrite(text: string): boolean {
  return !/^\s*(LOGIN$|SELECT\b|SET\b|WAITFOR\b|BEGIN TRANSACTION\b)/i.test(text);
}

/** An identity under an id that Azure could have given it. */
function onAzure(identity: Identity): Identity {
  const group = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
  return { ...identity, resourceId: `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${identity.name}` };
}
