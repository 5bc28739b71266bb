import type { StagePlan } from '../../../src/api/step.ts';
import type { ResourceId } from '../../../src/azure/resource-id.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { createAzureSqlTarget } from '../../../src/targets/azure-sql/target.ts';
import type { EndingRequest, Target, TargetRequest } from '../../../src/targets/target.ts';
import { createTokenSigner, type TokenSigner } from '../../sandbox/azure/token-signer.ts';
import type { Identity, Server } from '../../sandbox/azure/world.ts';
import type { SqlServer } from '../../sandbox/azure-sql/sql-server.ts';
import { startAzureSqlServer } from '../../sandbox/azure-sql-server.ts';
import { createAuthority } from '../../sandbox/certificates.ts';
import { Faults } from '../../sandbox/controls/faults.ts';
import { Journal } from '../../sandbox/controls/journal.ts';
import { MemoryNotes } from '../mysql/memory-notes.ts';
import { access, cluster, markOf, operator, shop, tenantId } from '../target/given.ts';
import { end, type Pass, plan, reconcile, tidy } from '../target/pass.ts';
import { SqlClient } from './client.ts';

export const audience = 'https://database.windows.net/';
/** Numbers of a login: no user, no such database for it. */
export const loginRefusals: readonly number[] = [18456, 4060, 916];

/** Somebody else who administers the server. */
export const dba: Identity = {
  name: 'dba',
  resourceId: '/identities/dba',
  clientId: 'dddddddd-0000-4000-8000-000000000002',
  principalId: 'dddddddd-0000-4000-8000-000000000001',
  federatedCredentials: [],
};

/** A server as on Azure, the target that looks after it, and what a test needs beside them. */
export interface ShopServer {
  readonly target: Target;
  readonly engine: SqlServer;
  readonly server: Server;
  readonly journal: Journal;
  readonly faults: Faults;
  readonly tokens: TokenSigner;
  readonly ca: string;
  readonly notes: MemoryNotes;
  /** A target of its own, as after a restart of the operator. */
  newTarget(options?: { readonly operator?: Identity; readonly idleInMs?: number }): Target;
  request(overrides?: Partial<TargetRequest>): TargetRequest;
  /** Observes, plans and applies until nothing is left to do. */
  reconcile(request: TargetRequest, target?: Target): Promise<Pass>;
  /** What would be done, without doing it: of the first stage that is out of sync. */
  plan(request: TargetRequest, target?: Target): Promise<StagePlan>;
  end(request: EndingRequest, target?: Target): ReturnType<Target['end']>;
  tidy(request: EndingRequest, target?: Target): ReturnType<Target['tidy']>;
  /** Logs in as a workload does. Closed at the end of the test. */
  logIn(database: string, who?: Identity): Promise<SqlClient>;
  /** Runs batches as another administrator, and answers the rows of the last. */
  query<Row extends object = Record<string, unknown>>(database: string, ...batches: readonly string[]): Promise<Row[]>;
  /** Statements of the operator since the journal was last cleared, each login as LOGIN. */
  statements(): readonly string[];
  /** Ends what tests left open, forgets faults and journal, and makes database `orders` anew. */
  cleanUp(): Promise<void>;
  stop(): Promise<void>;
}

export interface ShopServerOptions {
  /** Within 127.0.0.0/8; each suite has its own. */
  readonly host: string;
  /** How long a paused database takes to wake, in milliseconds. */
  readonly resumeInMs?: number;
}

/** Starts a server of Azure SQL on its own address, with database `orders`. */
export async function startShopServer({ host, resumeInMs = 50 }: ShopServerOptions): Promise<ShopServer> {
  const closing = new AbortController();
  const { signal } = closing;
  const journal = new Journal();
  const faults = new Faults();
  const administrator = ({ principalId, name }: Identity) => ({
    objectId: principalId,
    principalName: name,
    principalType: 'ServicePrincipal' as const,
  });
  const server: Server = {
    name: 'shop-sql',
    type: 'AzureSQL',
    resourceId: '/subscriptions/s/resourceGroups/sandbox/providers/Microsoft.Sql/servers/shop-sql',
    host,
    port: 1433,
    databases: ['orders'],
    administrators: [administrator(operator), administrator(dba)],
    state: 'Ready',
    authConfig: { activeDirectoryAuth: 'Enabled', passwordAuth: 'Enabled' },
    network: { publicNetworkAccess: 'Enabled' },
  };
  const authority = await createAuthority();
  const tokens = await createTokenSigner({ tenantId, clock: systemClock });
  const { engine, gateway } = await startAzureSqlServer({
    server,
    authority,
    verify: tokens.verify,
    tokenAuthority: `https://127.0.0.1/${tenantId}`,
    journal,
    faults,
    clock: systemClock,
    resumeInMs,
    log: () => {},
    signal,
  });

  const targets: Target[] = [];
  const notes = new MemoryNotes();
  const clients = new Set<SqlClient>();
  const administrators = new Map<string, SqlClient>();

  function newTarget({ operator: who = operator, idleInMs }: Parameters<ShopServer['newTarget']>[0] = {}): Target {
    const target = createAzureSqlTarget({
      reads: {
        readServer: async () => ({ host: server.host, state: server.state }),
        listAdministrators: async () =>
          server.administrators.slice(0, 1).map(({ objectId, principalName }) => ({ sid: objectId, login: principalName })),
        listDatabases: async () => engine.databases.map(({ name, status }) => ({ name, status })),
      },
      isServerHost: (name) => name.startsWith('127.'),
      isRedirectHost: (name) => name.startsWith('127.'),
      token: () => tokens.issue(who, audience, { expiresIn: 300 }),
      operator: { principalId: who.principalId, clientId: who.clientId },
      clusterHash: cluster,
      notes,
      ca: authority.pem,
      clock: systemClock,
      ...(idleInMs !== undefined && { idleInMs }),
    });
    targets.push(target);
    return target;
  }

  const target = newTarget();

  async function connected(database: string, who: Identity): Promise<SqlClient> {
    const token = await tokens.issue(who, audience, { expiresIn: 300 });
    return await SqlClient.open({ host, port: server.port, database, token, ca: authority.pem });
  }

  return {
    target,
    engine,
    server,
    journal,
    faults,
    tokens,
    ca: authority.pem,
    notes,
    newTarget,
    request: (overrides = {}) => ({
      serverId,
      database: 'orders',
      userName: 'aad_shop_orders',
      mark: markOf('shop', 'orders'),
      identity: shop,
      access: access('ReadWrite'),
      knownTriggers: [],
      ...overrides,
    }),
    reconcile: (request, by = target) => reconcile(by, request, { signal }),
    plan: (request, by = target) => plan(by, request, { signal }),
    end: (request, by = target) => end(by, request, { signal }),
    tidy: (request, by = target) => tidy(by, request, { signal }),
    logIn: async (database, who = shop) => {
      const client = await connected(database, who);
      clients.add(client);
      return client;
    },
    query: async <Row extends object>(database: string, ...batches: readonly string[]) => {
      const client = administrators.get(database) ?? (await connected(database, dba));
      administrators.set(database, client);
      let rows: Row[] = [];
      for (const batch of batches) rows = await client.query<Row>(batch);
      return rows;
    },
    statements: () =>
      journal.list('sql').flatMap((entry) => (entry.kind === 'sql' && entry.by === operator.clientId ? [entry.statement] : [])),
    cleanUp: async () => {
      faults.clear();
      for (const client of [...clients, ...administrators.values()]) client.close();
      clients.clear();
      administrators.clear();
      engine.dropDatabase('orders');
      engine.createDatabase('orders');
      notes.all.clear();
      journal.clear();
    },
    stop: async () => {
      for (const client of [...clients, ...administrators.values()]) client.close();
      await Promise.all(targets.map((each) => each.close()));
      await gateway.stop();
      closing.abort();
    },
  };
}

export const serverId: ResourceId = {
  kind: 'sqlServer',
  subscriptionId: '00000000-0000-4000-8000-000000000001',
  resourceGroup: 'sandbox',
  names: ['shop-sql'],
};
