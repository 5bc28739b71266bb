import { type Connection, createConnection } from 'mysql2/promise';
import { isServerHost } from '../../../src/azure/host.ts';
import { resourcePath } from '../../../src/azure/resource-id.ts';
import { createMysqlTarget } from '../../../src/targets/mysql/target.ts';
import type { Identity } from '../../sandbox/azure/world.ts';
import type { Faults } from '../../sandbox/controls/faults.ts';
import { ossAudience } from '../../sandbox/postgres/login.ts';
import type { Engine } from '../oracle-b/engine.ts';
import type { Line, Refusal } from '../oracle-b/line.ts';
import { cloud } from '../oracle-b/memory-azure.ts';
import { cluster } from '../oracle-b/world.ts';
import { operator, other, shop } from '../target/given.ts';
import { account, administratorOf } from './administrator.ts';
import { errnoOf } from './application-session.ts';
import { allCatalogs, linesOf } from './catalogs.ts';
import { loginRefusals, serverId, startShopServer } from './shop-server.ts';

type Strike = Faults['strike'];

const { subscriptionId, resourceGroup } = serverId;

const database = 'orders';
/** Beyond the time limit of a pass; nothing else ends a statement that hangs but the server's own limit. */
const hangInMs = 4 * 60_000;

/** What a server that is full or restarts answers to logins, and somebody else's locks or a restart to statements. */
const busy = { login: [1040, 1053], statement: [1205, 1213, 1053, 1317] } as const;

/** A server of the MySQL family behind its gateway, with tables and a routine of its administrator. */
export async function startMysqlEngine(host: string): Promise<Engine> {
  const server = await startShopServer({ host });
  const { backend, tokens, query } = server;
  const applications = new Set<Connection>();
  await backend.createDatabase(database);
  const administrator = administratorOf(server, database);
  for (const name of ['items', 'notes']) await administrator.createTable(name);
  await administrator.createRoutine('task');
  const atWork = await createConnection({ socketPath: backend.socket, user: backend.superuser, password: backend.password });
  const known = new Set((await query<{ user: string }>('SELECT User AS user FROM mysql.user')).map(({ user }) => user));

  let token: string | undefined;
  const operatorToken = async () => {
    token ??= await tokens.issue(operator, ossAudience, { expiresIn: 3_600 });
    return token;
  };

  /** Logs in while nothing disturbs that; undefined where the server refuses. */
  async function logIn(user: string, identity: Identity): Promise<Connection | undefined> {
    const { strike } = server.faults;
    server.faults.strike = () => undefined;
    try {
      return await server.logIn(user, database, identity);
    } catch (error) {
      if (loginRefusals.includes(errnoOf(error) ?? 0)) return undefined;
      throw error;
    } finally {
      server.faults.strike = strike;
    }
  }

  return {
    type: 'MySQL',
    title: `${backend.engine} ${backend.version}`,
    server: { ...server.server, resourceId: resourcePath(serverId) },
    database,
    schemas: undefined,
    identities: { operator: onAzure(operator), first: onAzure(shop), second: onAzure(other) },
    newTarget: ({ calls, line, clock, notes }) => {
      server.faults.strike = strikeBy(line);
      return createMysqlTarget({
        reads: { readServer: calls.readMysqlServer, listAdministrators: calls.listMysqlAdministrators },
        isServerHost: (host) => isServerHost(host, cloud.suffixes.MySQL, cloud.name),
        token: operatorToken,
        operator: { principalId: operator.principalId, clientId: operator.clientId },
        notes,
        clusterHash: cluster.hash,
        ca: server.ca,
        clock,
      });
    },
    look: () => linesOf(allCatalogs, atWork),
    openSession: async (user) => {
      for (const identity of [shop, other]) {
        const session = await logIn(user, identity);
        if (session) return void applications.add(session);
      }
      throw new Error(`nobody can log in as ${user}`);
    },
    giveTable: async (user) => void (await query(`CREATE DEFINER = ${account(user)} VIEW orders.of_user AS SELECT 1 AS id`)),
    letsIn: async (user, identity) => {
      const session = await logIn(user, identity);
      await session?.end();
      return session !== undefined;
    },
    isOfShell: (line) => /\baad_shop_|\bof_user\b/.test(line),
    // a mark that the server doesn't take stands in the ledger from then on
    hasSecondWay: (line, { name }) =>
      / ATTRIBUTE /.test(name) && /^(database: mark |Kubernetes: \S+\/configmaps\/ledger-\S+ data user\.)/.test(line),
    cleanUp: async () => {
      server.faults.strike = () => undefined;
      await server.cleanUp();
      for (const client of applications) client.destroy();
      applications.clear();
      await query('DROP VIEW IF EXISTS orders.of_user');
      for (const { user } of await query<{ user: string }>('SELECT User AS user FROM mysql.user'))
        if (!known.has(user)) await query(`DROP USER ${account(user)}`);
    },
    stop: async () => {
      await atWork.end();
      await server.stop();
    },
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
  return text.replaceAll(/\s+/g, ' ').replace(/(az_kill\s*\(|^KILL )\d+/, '$1…');
}

function refusalOf({ how, chance }: Refusal, isLogin: boolean): number {
  if (how === 'denied') return 1227;
  // no administrator any more; read-only, as a server short of storage is
  if (how === 'refused') return isLogin ? 1045 : 1290;
  const codes = isLogin ? busy.login : busy.statement;
  return codes[Math.floor(chance * codes.length)] ?? codes[0];
}

/** A login changes nothing, nor does what only reads, or is about the session itself. */
function mayWrite(text: string): boolean {
  return !/^\s*(LOGIN$|SELECT\b|SHOW\b|SET (?!DEFAULT ROLE|PASSWORD|GLOBAL))/i.test(text);
}

/** An identity under an id that Azure could have given it. */
function onAzure(identity: Identity): Identity {
  const group = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
  return { ...identity, resourceId: `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${identity.name}` };
}
