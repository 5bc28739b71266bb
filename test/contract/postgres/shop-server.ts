import pg from 'pg';
import type { StagePlan } from '../../../src/api/step.ts';
import type { ResourceId } from '../../../src/azure/resource-id.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import type { OwnerCredentials } from '../../../src/targets/owner-credentials.ts';
import { createPostgresTarget } from '../../../src/targets/postgres/target.ts';
import type { EndingRequest, Target, TargetRequest } from '../../../src/targets/target.ts';
import { createTokenSigner, type TokenSigner } from '../../sandbox/azure/token-signer.ts';
import type { Identity, Server } from '../../sandbox/azure/world.ts';
import { createAuthority } from '../../sandbox/certificates.ts';
import { Faults } from '../../sandbox/controls/faults.ts';
import { Journal } from '../../sandbox/controls/journal.ts';
import { syncAdministrators } from '../../sandbox/postgres/administrators.ts';
import { type Backend, type BackendOptions, startBackend } from '../../sandbox/postgres/backend.ts';
import { type Gateway, startGateway } from '../../sandbox/postgres/gateway.ts';
import { ossAudience } from '../../sandbox/postgres/login.ts';
import { access, cluster, markOf, operator, other, shop, tenantId } from '../target/given.ts';
import { end, type Pass, plan, reconcile, tidy } from '../target/pass.ts';

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
  /** Logins of owners, by the name of the Secret that would hold them. */
  readonly secrets: Map<string, OwnerCredentials>;
  /** Names of the Secrets that were read, in order. */
  readonly secretReads: string[];
  /** A target of its own, as after a restart of the operator. */
  newTarget(options?: { readonly operatorObjectId?: string; readonly idleInMs?: number }): Target;
  request(overrides?: Partial<TargetRequest>): TargetRequest;
  /** Observes, plans and applies until nothing is left to do. */
  reconcile(request: TargetRequest, target?: Target): Promise<Pass>;
  /** What would be done, without doing it: of the first stage that is out of sync. */
  plan(request: TargetRequest, target?: Target): Promise<StagePlan>;
  end(request: EndingRequest, target?: Target): ReturnType<Target['end']>;
  tidy(request: EndingRequest, target?: Target): ReturnType<Target['tidy']>;
  /** Logs in as a workload does. Closed at the end of the test. */
  logIn(user: string, database: string, who?: Identity): Promise<pg.Client>;
  /** As superuser. */
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(database: string, sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** As the password administrator, who owns the databases. */
  asOwner(database: string, ...statements: readonly string[]): Promise<void>;
  /** Statements of the operator since the journal was last cleared. */
  statements(): readonly string[];
  /** Ends what tests left open. */
  cleanUp(): Promise<void>;
  stop(): Promise<void>;
}

export interface ShopServerOptions extends Pick<BackendOptions, 'readAllData' | 'labelNull'> {
  /** Within 127.0.0.0/8; each suite has its own. */
  readonly host: string;
}

/** Starts PostgreSQL with the Azure front on its own address; takes about two seconds. */
export async function startShopServer({ host, ...backendOptions }: ShopServerOptions): Promise<ShopServer> {
  const closing = new AbortController();
  const { signal } = closing;
  const journal = new Journal();
  const faults = new Faults();
  const server: Server = {
    name: 'shop-pg',
    type: 'PostgreSQL',
    resourceId: '/subscriptions/s/resourceGroups/sandbox/providers/Microsoft.DBforPostgreSQL/flexibleServers/shop-pg',
    host,
    port: 5432,
    databases: ['orders'],
    administrators: [{ objectId: operator.principalId, principalName: 'operator', principalType: 'ServicePrincipal' }],
    state: 'Ready',
    authConfig: { activeDirectoryAuth: 'Enabled', passwordAuth: 'Enabled' },
    network: { publicNetworkAccess: 'Enabled' },
  };
  const authority = await createAuthority();
  const tokens = await createTokenSigner({ tenantId, clock: systemClock });
  const backend = await startBackend({ ...backendOptions, tenantId, log: () => {}, signal });
  await backend.setPrincipals([operator, shop, other].map(({ principalId }) => ({ objectId: principalId, kind: 'service' })));
  await syncAdministrators(server, backend);
  const certificate = await authority.issue({ commonName: server.name, ipAddresses: [host] });
  const starting = startGateway({ backend, server, certificate, verify: tokens.verify, journal, faults, log: () => {}, signal });
  const gateway = await starting.catch(async (error: unknown) => {
    await backend.stop();
    throw error;
  });

  const secrets = new Map<string, OwnerCredentials>();
  const secretReads: string[] = [];
  const targets: Target[] = [];
  const clients: pg.Client[] = [];

  function newTarget({ operatorObjectId = operator.principalId, idleInMs }: { operatorObjectId?: string; idleInMs?: number } = {}): Target {
    const target = createPostgresTarget({
      reads: {
        readServer: async () => ({ host: server.host, state: server.state, entraAuthentication: server.authConfig.activeDirectoryAuth }),
        listAdministrators: async () => server.administrators,
      },
      isServerHost: (name) => name.startsWith('127.'),
      token: () => tokens.issue(operator, ossAudience, { expiresIn: 300 }),
      ownerCredentials: async (secretName) => {
        secretReads.push(secretName);
        return secrets.get(secretName) ?? { kind: 'unusable', why: 'its Secret is not there' };
      },
      operatorObjectId,
      clusterHash: cluster,
      ca: authority.pem,
      clock: systemClock,
      ...(idleInMs !== undefined && { idleInMs }),
    });
    targets.push(target);
    return target;
  }

  const target = newTarget();

  async function connected(config: pg.ClientConfig): Promise<pg.Client> {
    const client = new pg.Client({ host, port: 5432, ssl: { ca: authority.pem }, ...config });
    client.on('error', () => {});
    clients.push(client);
    await client.connect();
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
    secrets,
    secretReads,
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
      connected({ user, database, password: await tokens.issue(who, ossAudience, { expiresIn: 300 }) }),
    query: (database, sql, values) => backend.query(database, sql, values),
    asOwner: async (database, ...statements) => {
      const client = await connected({ ...backend.administrator, database });
      for (const statement of statements) await client.query(statement);
      await client.end();
    },
    statements: () => journal.list('sql').flatMap((entry) => (entry.kind === 'sql' && entry.user === 'operator' ? [entry.statement] : [])),
    cleanUp: async () => {
      faults.clear();
      await Promise.all(clients.splice(0).map((client) => client.end().catch(() => {})));
    },
    stop: async () => {
      await Promise.all(clients.map((client) => client.end().catch(() => {})));
      await Promise.all(targets.map((each) => each.close()));
      await gateway.stop();
      await backend.stop();
      closing.abort();
    },
  };
}

/** Whether a session can still do something. */
export async function isAlive(session: pg.Client): Promise<boolean> {
  return await session.query('SELECT 1').then(
    () => true,
    () => false,
  );
}

export const serverId: ResourceId = {
  kind: 'postgresServer',
  subscriptionId: '00000000-0000-4000-8000-000000000001',
  resourceGroup: 'sandbox',
  names: ['shop-pg'],
};
