import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PasswordlessConnection } from '../../src/api/connection.generated.ts';
import { apiVersion } from '../../src/api/names.ts';
import type { ConnectionPolicy } from '../../src/api/policy.generated.ts';
import type { ConnectionSpec } from '../../src/api/spec.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { readMarked } from '../../src/targets/postgres/list-marked.ts';
import { unlimitTransactions, whoAmI } from '../../src/targets/postgres/queries.ts';
import { beginRead, commit } from '../../src/targets/postgres/statements.ts';
import type { World } from '../sandbox/azure/world.ts';
import type { JournalEntry } from '../sandbox/controls/journal.ts';
import type { PostgresServer } from '../sandbox/postgres-server.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { type ConnectionKey, waitForConnection, waitForReady } from '../support/connections.ts';
import { databaseToken, injectedBy, readSettings, trust } from '../support/workload.ts';

/** For hooks that may be the first to ask for the sandbox, whose programs may have to be built: milliseconds. */
export const startTimeout = 30 * 60_000;
/** For a test that waits for the operator: milliseconds. */
export const testTimeout = 90_000;

const subscription = '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/sandbox/providers';
export const serverId = `${subscription}/Microsoft.DBforPostgreSQL/flexibleServers/shop-pg`;
export const mysqlServerId = `${subscription}/Microsoft.DBforMySQL/flexibleServers/shop-mysql`;
export const azureSqlServerId = `${subscription}/Microsoft.Sql/servers/shop-sql`;

export function identityId(name: string): string {
  return `${subscription}/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
}

let running: Promise<{ readonly sandbox: Sandbox; readonly directory: string }> | undefined;

/** The one sandbox of this test run, with an operator whose drift interval is some seconds. */
export async function sandbox(): Promise<Sandbox> {
  running ??= start();
  return (await running).sandbox;
}

async function start() {
  const directory = await mkdtemp(join(tmpdir(), 'dbaccess-e2e-'));
  const log = (line: string) => console.error(`    ${line}`);
  const started = await startSandbox({
    directory,
    operator: true,
    driftInterval: '3s',
    operatorFlags: ['--withdrawal-grace=4s', '--max-withdrawals=2', '--abandon-after=3s'],
    postgresServers: [{ name: 'shop-pg', databases: ['orders', 'billing'] }],
    mysqlServers: [{ name: 'shop-mysql', databases: ['orders'] }],
    azureSqlServers: [{ name: 'shop-sql', databases: ['orders'] }],
    identities: ['shop-orders', 'shop-reports', 'shop-spare'],
    log,
    // mocha ends a start that takes too long; the sandbox itself lives for as long as the tests do
    signal: new AbortController().signal,
  });
  trust(started.controlPlane.caPem);
  return { sandbox: started, directory };
}

after(async function () {
  this.timeout(60_000);
  if (!running) return;
  const { sandbox, directory } = await running;
  await sandbox.stop();
  await rm(directory, { recursive: true, force: true });
});

/** The sandbox's one PostgreSQL server. */
export async function server(): Promise<PostgresServer> {
  const [first] = (await sandbox()).postgres.values();
  if (!first) throw new Error('the sandbox has no server');
  return first;
}

/** Runs SQL as superuser, past the gateway. */
export async function asSuperuser<Row extends object = Record<string, unknown>>(
  database: string,
  sql: string,
  values?: readonly unknown[],
): Promise<Row[]> {
  return (await server()).backend.query(database, sql, values) as Promise<Row[]>;
}

/** A signal that ends before the test does, so that what hangs is named. */
export function inTime(): { readonly signal: AbortSignal } {
  return { signal: AbortSignal.timeout(testTimeout - 5_000) };
}

let namespaces = 0;

/** A new namespace for a test. With `served`, the policy of everyPolicy is for it. */
export async function newNamespace(options: { readonly served?: boolean; readonly labels?: Record<string, string> } = {}): Promise<string> {
  namespaces += 1;
  const name = `e2e-${namespaces}`;
  const labels = { ...(options.served === false ? {} : { 'e2e.example/served': 'true' }), ...options.labels };
  await create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
  return name;
}

export async function newServiceAccount(namespace: string, name = 'app', annotations: Record<string, string> = {}): Promise<void> {
  await create(`/api/v1/namespaces/${namespace}/serviceaccounts`, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, annotations },
  });
}

/** Allows the namespaces of newNamespace what version one serves on all servers. */
export async function everyPolicy(): Promise<void> {
  const spec: ConnectionPolicy['spec'] = {
    namespaces: { selector: { matchLabels: { 'e2e.example/served': 'true' } } },
    identities: { userAssigned: [identityId('*')] },
    targets: [
      {
        servers: ['DBforPostgreSQL/flexibleServers', 'DBforMySQL/flexibleServers', 'Sql/servers'].map(
          (type) => `${subscription}/Microsoft.${type}/*`,
        ),
        databases: ['*'],
        profiles: ['ReadOnly', 'ReadWrite', 'ReadWriteDDL', 'All', 'Custom'],
        customPrivileges: ['*'],
        users: ['*'],
        schemas: ['*'],
        routines: 'Allow',
        adoption: 'Allow',
        retain: 'Allow',
        abandon: 'Allow',
      },
    ],
  };
  await applyPolicy('e2e', spec);
}

export async function applyPolicy(name: string, spec: ConnectionPolicy['spec']): Promise<void> {
  const { api } = (await sandbox()).controlPlane;
  const body = { apiVersion, kind: 'ConnectionPolicy', metadata: { name }, spec };
  await api.request(
    'PATCH',
    `/apis/${apiVersion}/connectionpolicies/${name}?fieldManager=e2e&force=true`,
    { body, contentType: 'application/apply-patch+yaml' },
    inTime(),
  );
}

export async function deletePolicy(name: string): Promise<void> {
  await (await sandbox()).controlPlane.api.request('DELETE', `/apis/${apiVersion}/connectionpolicies/${name}`, {}, inTime());
}

/** A spec that the policy of everyPolicy allows, and what a test wants otherwise. */
export function specOf(change: (spec: ConnectionSpec) => void = () => {}): ConnectionSpec {
  const spec: ConnectionSpec = {
    workload: { type: 'ServiceAccount', serviceAccount: { name: 'app' } },
    identity: { type: 'UserAssigned', userAssigned: { resourceId: identityId('shop-orders') } },
    target: { type: 'PostgreSQL', serverId, database: 'orders' },
    access: { profile: 'ReadWrite' },
    output: { clientType: 'NodeJS' },
  };
  change(spec);
  return spec;
}

export async function createConnection(key: ConnectionKey, spec: ConnectionSpec): Promise<void> {
  const body = { apiVersion, kind: 'PasswordlessConnection', metadata: { name: key.name }, spec };
  await create(`/apis/${apiVersion}/namespaces/${key.namespace}/passwordlessconnections`, body);
}

/** A merge patch of a connection. */
export async function patchConnection({ namespace, name }: ConnectionKey, body: unknown): Promise<void> {
  const { api } = (await sandbox()).controlPlane;
  const path = `/apis/${apiVersion}/namespaces/${namespace}/passwordlessconnections/${name}`;
  await api.request('PATCH', path, { body, contentType: 'application/merge-patch+json' }, inTime());
}

export async function deleteConnection({ namespace, name }: ConnectionKey): Promise<void> {
  await (await sandbox()).controlPlane.api.request(
    'DELETE',
    `/apis/${apiVersion}/namespaces/${namespace}/passwordlessconnections/${name}`,
    {},
    inTime(),
  );
}

export async function create(path: string, body: unknown): Promise<void> {
  await (await sandbox()).controlPlane.api.request('POST', path, { body }, inTime());
}

/** Deletes the connections of all tests and waits until they are gone, so that the next test finds the operator at rest. */
export async function deleteAllConnections(): Promise<void> {
  const { api } = (await sandbox()).controlPlane;
  const list = await api.request('GET', `/apis/${apiVersion}/passwordlessconnections`, {}, inTime());
  const keys = (list.items as PasswordlessConnection[]).map(({ metadata }) => ({
    namespace: metadata.namespace ?? '',
    name: metadata.name,
  }));
  for (const key of keys) await deleteConnection(key);
  for (const key of keys) await waitForConnection(api, key, (connection) => connection === undefined, inTime());
}

/** Asks again until the answer is yes. Rejects after `withinInMs` with the question's own text. */
export async function eventually(
  question: () => boolean | Promise<boolean>,
  { withinInMs }: { readonly withinInMs: number },
): Promise<void> {
  const deadline = AbortSignal.timeout(withinInMs);
  while (!(await question())) {
    if (deadline.aborted) throw new Error(`within ${withinInMs} ms it never held that ${question}`);
    await systemClock.sleep(50, deadline).catch(() => undefined);
  }
}

/** A Ready connection in a namespace of its own, for service account `app`. */
export async function readyConnection(
  change: (spec: ConnectionSpec) => void = () => {},
  name = 'c',
): Promise<ConnectionKey & { readonly user: string }> {
  const namespace = await newNamespace();
  await newServiceAccount(namespace);
  const key = { namespace, name };
  await createConnection(key, specOf(change));
  const connection = await waitForReady((await sandbox()).controlPlane.api, key, { status: 'True' }, inTime());
  return { ...key, user: connection.status?.databaseUser?.name ?? '' };
}

/** What a workload logs in with: its settings, and a token of its own. */
export async function loginOf(
  key: ConnectionKey,
): Promise<{ readonly settings: Readonly<Record<string, string>>; readonly token: string }> {
  const { controlPlane, file } = await sandbox();
  const account = { namespace: key.namespace, serviceAccount: 'app' };
  const injected = await injectedBy(controlPlane.api, { ...account, authority: file.entra.authority }, inTime());
  const token = await databaseToken(controlPlane.api, account, injected, inTime());
  return { settings: await readSettings(controlPlane.api, key, inTime()), token };
}

/** The Events about a connection. */
export async function eventsOf({
  namespace,
  name,
}: ConnectionKey): Promise<readonly { reason: string; note: string; type: string; eventTime: string }[]> {
  const list = await (await sandbox()).controlPlane.api.request(
    'GET',
    `/apis/events.k8s.io/v1/namespaces/${namespace}/events`,
    {},
    inTime(),
  );
  return list.items.filter((event: { regarding: { name: string } }) => event.regarding.name === name);
}

/** Why an action was refused, or that it wasn't. */
export async function messageOf(action: Promise<unknown>): Promise<string> {
  return action.then(
    () => 'it went through',
    (error: Error) => error.message,
  );
}

/** What was asked of Azure and databases since the journal was so long, apart from the sweep for orphans: that goes over the server in each interval. */
export async function askedSince(length: number): Promise<readonly JournalEntry[]> {
  const { journal } = await sandbox();
  return journal
    .list()
    .slice(length)
    .filter((entry) => !belongsToSweep(entry));
}

const sweepStatements: readonly string[] = ['LOGIN', whoAmI, unlimitTransactions, beginRead, readMarked, commit];

function belongsToSweep(entry: JournalEntry): boolean {
  switch (entry.kind) {
    case 'arm':
      return entry.method === 'GET' && [serverId, mysqlServerId, azureSqlServerId].some((id) => `${entry.path}/`.startsWith(`${id}/`));
    case 'sql':
      // those who ask connect to PostgreSQL
      return entry.server !== 'shop-pg' || (entry.database === 'postgres' && sweepStatements.includes(entry.statement));
    case 'token':
      return false;
    default:
      return entry satisfies never;
  }
}

/** How often the server was passed over: each time its marks are read once. */
export async function passes(): Promise<number> {
  const { journal } = await sandbox();
  return journal.list('sql').filter((each) => each.kind === 'sql' && each.statement === readMarked).length;
}

/** A counter or gauge of the operator: the sum of its series, or of those whose labels match. */
export async function metricOf(name: string, labels = /^/): Promise<number> {
  const { operator } = (await sandbox()).file;
  const text = await (await fetch(operator?.metrics ?? '', inTime())).text();
  const series = [...text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].filter(([, found, of = '']) => found === name && labels.test(of));
  return series.reduce((sum, [, , , value]) => sum + Number(value), 0);
}

/** Who may stand for an identity. */
export function credentialsOf(world: Pick<World, 'identities'>, name: string) {
  return world.identities.find((identity) => identity.name === name)?.federatedCredentials.map(({ subject }) => subject) ?? [];
}

/** Starts the sandbox for the tests of a file, with a table that was there before, and leaves nothing behind. */
export function withTable(table: string): void {
  before(async function () {
    this.timeout(startTimeout);
    await sandbox();
    await everyPolicy();
    await asSuperuser('orders', `CREATE TABLE public.${table} (id int)`);
    await asSuperuser('orders', `ALTER TABLE public.${table} OWNER TO azure_pg_admin`);
  });

  afterEach(async function () {
    this.timeout(testTimeout);
    await deleteAllConnections();
  });

  after(async () => {
    await asSuperuser('orders', `DROP TABLE public.${table}`);
  });
}
