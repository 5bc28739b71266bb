import { type Connection, type ConnectionOptions, createConnection, type RowDataPacket } from 'mysql2/promise';
import type { StagePlan } from '../../../src/api/step.ts';
import type { ResourceId } from '../../../src/azure/resource-id.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { createMysqlTarget } from '../../../src/targets/mysql/target.ts';
import type { EndingRequest, Target, TargetRequest } from '../../../src/targets/target.ts';
import { createTokenSigner, type TokenSigner } from '../../sandbox/azure/token-signer.ts';
import type { Identity, Server } from '../../sandbox/azure/world.ts';
import { createAuthority } from '../../sandbox/certificates.ts';
import { Faults } from '../../sandbox/controls/faults.ts';
import { Journal } from '../../sandbox/controls/journal.ts';
import { syncAdministrators } from '../../sandbox/mysql/administrators.ts';
import { type Backend, startBackend } from '../../sandbox/mysql/backend.ts';
import { type Gateway, startGateway } from '../../sandbox/mysql/gateway.ts';
import { ossAudience } from '../../sandbox/postgres/login.ts';
import { access, cluster, markOf, operator, shop, tenantId } from '../target/given.ts';
import { end, type Pass, plan, reconcile, tidy } from '../target/pass.ts';
import { MemoryNotes } from './memory-notes.ts';

/** A server as on Azure, the target that looks after it, and what a test needs beside them. */
export interface ShopServer {
  readonly target: Target;
  readonly backend: Backend;
  readonly gateway: Gateway;
  readonly server: Server;
  readonly journal: Journal;
  readonly faults: Faults;
  readonly tokens: TokenSigner;
  readonly ca: string;
  /** What targets keep outside of the server. */
  readonly notes: MemoryNotes;
  /** A target of its own, as after a restart of the operator. */
  newTarget(options?: { readonly operator?: Pick<Identity, 'principalId' | 'clientId'>; readonly idleInMs?: number }): Target;
  request(overrides?: Partial<TargetRequest>): TargetRequest;
  /** Observes, plans and applies until nothing is left to do. */
  reconcile(request: TargetRequest, target?: Target): Promise<Pass>;
  /** What would be done, without doing it: of the first stage that is out of sync. */
  plan(request: TargetRequest, target?: Target): Promise<StagePlan>;
  end(request: EndingRequest, target?: Target): ReturnType<Target['end']>;
  tidy(request: EndingRequest, target?: Target): ReturnType<Target['tidy']>;
  /** Logs in as a workload does; without a database where none is named. Closed at the end of the test. */
  logIn(user: string, database: string | undefined, who?: Identity): Promise<Connection>;
  /** Runs one statement as superuser. */
  query<Row extends object = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Runs statements as the password administrator. */
  asAdministrator(...statements: readonly string[]): Promise<void>;
  /** Statements of the operator since the journal was last cleared. */
  statements(): readonly string[];
  /** Ends what tests left open, and forgets faults. */
  cleanUp(): Promise<void>;
  stop(): Promise<void>;
}

export interface ShopServerOptions {
  /** Within 127.0.0.0/8; each suite has its own. */
  readonly host: string;
}

/** Starts a server of the MySQL family with the Azure front on its own address; takes MariaDB about two seconds. Throws what to install where there is none. */
export async function startShopServer({ host }: ShopServerOptions): Promise<ShopServer> {
  const closing = new AbortController();
  const { signal } = closing;
  const journal = new Journal();
  const faults = new Faults();
  const server: Server = {
    name: 'shop-mysql',
    type: 'MySQL',
    resourceId: '/subscriptions/s/resourceGroups/sandbox/providers/Microsoft.DBforMySQL/flexibleServers/shop-mysql',
    host,
    port: 3306,
    databases: ['orders'],
    administrators: [{ objectId: operator.principalId, principalName: operator.name, principalType: 'ServicePrincipal' }],
    state: 'Ready',
    authConfig: { activeDirectoryAuth: 'Enabled', passwordAuth: 'Enabled' },
    network: { publicNetworkAccess: 'Enabled' },
  };
  const authority = await createAuthority();
  const tokens = await createTokenSigner({ tenantId, clock: systemClock });
  const backend = await startBackend({ log: () => {}, signal });
  await syncAdministrators(server, backend);
  const certificate = await authority.issue({ commonName: server.name, ipAddresses: [host], dnsNames: ['localhost'] });
  const starting = startGateway({ backend, server, certificate, verify: tokens.verify, journal, faults, log: () => {}, signal });
  const gateway = await starting.catch(async (error: unknown) => {
    await backend.stop();
    throw error;
  });

  const notes = new MemoryNotes();
  const targets: Target[] = [];
  const clients: Connection[] = [];

  function newTarget({ operator: who = operator, idleInMs }: Parameters<ShopServer['newTarget']>[0] = {}): Target {
    const target = createMysqlTarget({
      reads: {
        readServer: async () => ({ host: server.host, state: server.state }),
        listAdministrators: async () =>
          server.administrators.map(({ objectId, principalName }) => ({ sid: objectId, login: principalName })),
      },
      isServerHost: (name: string) => name.startsWith('127.'),
      token: () => tokens.issue(operator, ossAudience, { expiresIn: 300 }),
      operator: { principalId: who.principalId, clientId: who.clientId },
      notes,
      clusterHash: cluster,
      ca: authority.pem,
      clock: systemClock,
      ...(idleInMs !== undefined && { idleInMs }),
    });
    targets.push(target);
    return target;
  }

  const target = newTarget();

  async function connected(config: ConnectionOptions): Promise<Connection> {
    const ssl = { ca: authority.pem, verifyIdentity: true };
    const client = await createConnection({
      host,
      port: server.port,
      ssl,
      enableCleartextPlugin: true,
      multipleStatements: true,
      ...config,
    });
    client.on('error', () => {});
    clients.push(client);
    return client;
  }

  return {
    target,
    backend,
    gateway,
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
    logIn: async (user, database, who = shop) =>
      connected({ user, ...(database !== undefined && { database }), password: await tokens.issue(who, ossAudience, { expiresIn: 300 }) }),
    query: (sql, values) => backend.query(sql, values),
    asAdministrator: async (...statements) => {
      const client = await connected({ ...backend.administrator });
      for (const statement of statements) await client.query<RowDataPacket[]>(statement);
      await client.end();
    },
    statements: () =>
      journal.list('sql').flatMap((entry) => (entry.kind === 'sql' && entry.user === operator.name ? [entry.statement] : [])),
    cleanUp: async () => {
      faults.clear();
      for (const client of clients.splice(0)) client.destroy();
    },
    stop: async () => {
      for (const client of clients) client.destroy();
      await Promise.all(targets.map((each) => each.close()));
      await gateway.stop();
      await backend.stop();
      closing.abort();
    },
  };
}

/** Nobody of that name, no way into the database, locked, and a token of another identity. */
export const loginRefusals: readonly number[] = [1045, 1044, 3118, 9106];

export const serverId: ResourceId = {
  kind: 'mysqlServer',
  subscriptionId: '00000000-0000-4000-8000-000000000001',
  resourceGroup: 'sandbox',
  names: ['shop-mysql'],
};
