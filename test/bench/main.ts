import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { apiVersion } from '../../src/api/names.ts';
import type { ConnectionSpec } from '../../src/api/spec.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import type { JournalEntry } from '../sandbox/controls/journal.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';

/** Connections that share a service account, each in a database of its own. */
const databases = Array.from({ length: 10 }, (_, index) => `db${index}`);
/** Azure allows 20 federated credentials for one identity. */
const accountsPerIdentity = 20;
const accountsPerNamespace = 10;
const driftInterval = '20s';
const subscription = '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/sandbox/providers';

interface Row {
  readonly connections: number;
  readonly readySeconds: number;
  readonly createSeconds: number;
  readonly statements: number;
  readonly sessions: number;
  readonly armCalls: number;
  readonly kubernetesWrites: number;
  readonly cpuSeconds: number;
  readonly memoryMiB: number;
  readonly rest: Rest;
}

interface Rest {
  readonly statements: number;
  readonly writes: number;
  readonly sessions: number;
  readonly armCalls: number;
  readonly kubernetesWrites: number;
}

/** `npm run bench -- 100 1000`: creation until Ready, and one interval at rest. */
async function main(): Promise<void> {
  const { positionals } = parseArgs({ allowPositionals: true });
  const sizes = positionals.length > 0 ? positionals.map(Number) : [100, 1000];
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort(new Error('stopped')));
  const rows: Row[] = [];
  for (const size of sizes) rows.push(await measure(size, { signal: stop.signal }));
  print(rows);
}

async function measure(size: number, { signal }: { readonly signal: AbortSignal }): Promise<Row> {
  const directory = await mkdtemp(join(tmpdir(), 'dbaccess-bench-'));
  const accounts = Math.ceil(size / databases.length);
  const identities = Array.from({ length: Math.ceil(accounts / accountsPerIdentity) }, (_, index) => `bench-${index}`);
  const log = (line: string) => console.error(`  ${line}`);
  const sandbox = await startSandbox({
    directory,
    operator: true,
    driftInterval,
    postgresServers: [{ name: 'shop-pg', databases }],
    mysqlServers: [],
    identities,
    log,
    signal,
  });
  try {
    await prepare(sandbox, accounts, { signal });
    const before = await countersOf(sandbox);
    const startedAt = performance.now();
    console.error(`  creating ${size} connections`);
    await createAll(sandbox, size, { signal });
    const createSeconds = (performance.now() - startedAt) / 1000;
    await allReady(sandbox, size, { signal });
    const readySeconds = (performance.now() - startedAt) / 1000;
    const created = difference(await countersOf(sandbox), before);
    const usage = await usageOf(sandbox);
    console.error('  one interval at rest');
    await systemClock.sleep(25_000, signal);
    const restBefore = await countersOf(sandbox);
    await systemClock.sleep(20_000, signal);
    const rest = difference(await countersOf(sandbox), restBefore);
    return { connections: size, readySeconds, createSeconds, ...created, ...usage, rest };
  } finally {
    await sandbox.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function prepare(sandbox: Sandbox, accounts: number, { signal }: { readonly signal: AbortSignal }): Promise<void> {
  const { api } = sandbox.controlPlane;
  const server = [...sandbox.postgres.values()][0];
  for (const database of databases) {
    for (let table = 0; table < 20; table += 1) {
      await server?.backend.query(database, `CREATE TABLE public.t${table} (id bigint GENERATED ALWAYS AS IDENTITY, note text)`);
      await server?.backend.query(database, `ALTER TABLE public.t${table} OWNER TO azure_pg_admin`);
    }
  }
  for (let namespace = 0; namespace * accountsPerNamespace < accounts; namespace += 1) {
    await api.request(
      'POST',
      '/api/v1/namespaces',
      { body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: `bench-${namespace}` } } },
      { signal },
    );
  }
  for (let account = 0; account < accounts; account += 1) {
    const body = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: `app-${account}` } };
    await api.request('POST', `/api/v1/namespaces/${namespaceOf(account)}/serviceaccounts`, { body }, { signal });
  }
  const spec = {
    namespaces: { names: ['bench-*'] },
    identities: { userAssigned: [`${subscription}/Microsoft.ManagedIdentity/userAssignedIdentities/bench-*`] },
    targets: [
      {
        servers: [`${subscription}/Microsoft.DBforPostgreSQL/flexibleServers/shop-pg`],
        databases: ['db*'],
        profiles: ['ReadWrite'],
      },
    ],
  };
  const body = { apiVersion, kind: 'ConnectionPolicy', metadata: { name: 'bench' }, spec };
  await api.request('POST', `/apis/${apiVersion}/connectionpolicies`, { body }, { signal });
}

/** As one `kubectl create` after the other would, some at a time. */
async function createAll(sandbox: Sandbox, size: number, { signal }: { readonly signal: AbortSignal }): Promise<void> {
  const { api } = sandbox.controlPlane;
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < size; index = next++) {
      const account = Math.floor(index / databases.length);
      const body = { apiVersion, kind: 'PasswordlessConnection', metadata: { name: `c-${index}` }, spec: specOf(index, account) };
      await api.request('POST', `/apis/${apiVersion}/namespaces/${namespaceOf(account)}/passwordlessconnections`, { body }, { signal });
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

function specOf(index: number, account: number): ConnectionSpec {
  const identity = `bench-${Math.floor(account / accountsPerIdentity)}`;
  return {
    workload: { type: 'ServiceAccount', serviceAccount: { name: `app-${account}` } },
    identity: {
      type: 'UserAssigned',
      userAssigned: { resourceId: `${subscription}/Microsoft.ManagedIdentity/userAssignedIdentities/${identity}` },
    },
    target: {
      type: 'PostgreSQL',
      serverId: `${subscription}/Microsoft.DBforPostgreSQL/flexibleServers/shop-pg`,
      database: databases[index % databases.length] ?? '',
    },
    access: { profile: 'ReadWrite' },
    output: { clientType: 'NodeJS' },
  };
}

function namespaceOf(account: number): string {
  return `bench-${Math.floor(account / accountsPerNamespace)}`;
}

/** Asks seldom while many are missing, because a thousand lines of metrics take time that the operator needs. */
async function allReady(sandbox: Sandbox, size: number, { signal }: { readonly signal: AbortSignal }): Promise<void> {
  for (;;) {
    const metrics = await readMetrics(sandbox);
    const ready = [...metrics.matchAll(/^passwordless_connection_ready\{[^}]*\} 1$/gm)].length;
    if (ready >= size) return;
    await systemClock.sleep(ready < size * 0.9 ? 1_000 : 250, signal);
  }
}

type Counters = Omit<Rest, never>;

async function countersOf(sandbox: Sandbox): Promise<Counters> {
  const entries = sandbox.journal.list();
  const sql = entries.filter((each): each is JournalEntry & { kind: 'sql' } => each.kind === 'sql');
  const metrics = await readMetrics(sandbox);
  const kubernetesWrites = [
    ...metrics.matchAll(/^rest_client_requests_total\{code="2\d\d",method="(POST|PUT|PATCH|DELETE)"[^}]*\} (\d+)$/gm),
  ];
  return {
    statements: sql.filter(({ statement }) => statement !== 'LOGIN').length,
    writes: sql.filter(({ statement }) => !/^(LOGIN|SELECT|WITH|BEGIN|COMMIT|ROLLBACK|SHOW)/i.test(statement.trim())).length,
    sessions: sql.filter(({ statement }) => statement === 'LOGIN').length,
    armCalls: entries.filter(({ kind }) => kind === 'arm').length,
    kubernetesWrites: kubernetesWrites.reduce((sum, [, , count]) => sum + Number(count), 0),
  };
}

function difference(after: Counters, before: Counters): Counters {
  return Object.fromEntries(
    Object.entries(after).map(([key, value]) => [key, value - before[key as keyof Counters]]),
  ) as unknown as Counters;
}

async function usageOf(sandbox: Sandbox): Promise<Pick<Row, 'cpuSeconds' | 'memoryMiB'>> {
  const pid = sandbox.file.operator?.pid;
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const metrics = await readMetrics(sandbox);
  return {
    memoryMiB: Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024,
    cpuSeconds: Number(/^process_cpu_seconds_total ([\d.]+)$/m.exec(metrics)?.[1] ?? 0),
  };
}

async function readMetrics(sandbox: Sandbox): Promise<string> {
  return (await fetch(sandbox.file.operator?.metrics ?? '')).text();
}

function print(rows: readonly Row[]): void {
  const columns: readonly [string, (row: Row) => string][] = [
    ['connections', (row) => String(row.connections)],
    ['all Ready, s', (row) => row.readySeconds.toFixed(1)],
    ['  of which creates, s', (row) => row.createSeconds.toFixed(1)],
    ['SQL statements', (row) => String(row.statements)],
    ['SQL sessions', (row) => String(row.sessions)],
    ['ARM requests', (row) => String(row.armCalls)],
    ['Kubernetes writes', (row) => String(row.kubernetesWrites)],
    ['operator CPU, s', (row) => row.cpuSeconds.toFixed(1)],
    ['operator peak memory, MiB', (row) => row.memoryMiB.toFixed(0)],
    ['at rest, per interval: SQL statements', (row) => String(row.rest.statements)],
    ['  SQL writes', (row) => String(row.rest.writes)],
    ['  SQL sessions', (row) => String(row.rest.sessions)],
    ['  ARM requests', (row) => String(row.rest.armCalls)],
    ['  Kubernetes writes', (row) => String(row.rest.kubernetesWrites)],
  ];
  const width = Math.max(...columns.map(([name]) => name.length));
  for (const [name, cell] of columns) console.log(`${name.padEnd(width)}  ${rows.map((row) => cell(row).padStart(8)).join('  ')}`);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
