import { join } from 'node:path';
import type pg from 'pg';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { connectionPath, waitForConnection, waitForReady } from '../support/connections.ts';
import { databaseToken, type Environment, injectedBy, logIn, readSettings, trust } from '../support/workload.ts';
import { table } from './table.ts';

const root = join(import.meta.dirname, '..', '..');
const samples = ['workload', 'policy', 'connections'].map((name) => `test/sandbox/samples/${name}.yaml`);
const account = { namespace: 'shop', serviceAccount: 'orders' };
const writer = { namespace: 'shop', name: 'orders-db' };
const reader = { namespace: 'shop', name: 'orders-db-report' };

/** A promise of the demo that didn't hold. */
class Broken extends Error {
  override readonly name = 'Broken';
}

/** `npm run demo`: from `kubectl apply` to a login without a password, and to its end. */
async function main(): Promise<void> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(new Error('stopped')));
  const { signal } = stop;

  console.log('A Kubernetes, an Azure and a PostgreSQL on this machine:');
  const sandbox = await startSandbox({
    directory: join(root, '.sandbox', 'demo'),
    operator: true,
    log: (line) => console.log(`  ${line}`),
    signal,
  });
  try {
    trust(sandbox.controlPlane.caPem);
    await show(sandbox, { signal });
    console.log('\nAll of it held.');
  } finally {
    await sandbox.stop();
  }
}

async function show(sandbox: Sandbox, { signal }: { readonly signal: AbortSignal }): Promise<void> {
  const { api } = sandbox.controlPlane;
  await makeTable(sandbox);

  console.log('\nA policy and two connections are applied, one to write and one to read:');
  await sandbox.apply(samples, { signal });
  const startedAt = Date.now();
  const ready = await Promise.all(
    [writer, reader].map((key) => waitForReady(api, key, { status: 'True' }, { signal, withinInMs: 60_000 })),
  );
  console.log(indented(table(ready)));
  console.log(`  Ready after ${((Date.now() - startedAt) / 1000).toFixed(1)} s.`);

  console.log('\nThe workload logs in, with the settings of its Secret and a token of its own service account:');
  const injected = await injectedBy(api, { ...account, authority: sandbox.file.entra.authority }, { signal });
  const token = await databaseToken(api, account, injected, { signal });
  const settings = await readSettings(api, writer, { signal });
  console.log(
    indented(
      Object.entries(settings)
        .map(([key, value]) => `${key}=${value}`)
        .join('\n'),
    ),
  );
  const session = await logIn(settings, token);
  await session.query("INSERT INTO public.items (name) VALUES ('tea'), ('milk')");
  const { rows } = await session.query('SELECT current_user AS who, count(*)::int AS n FROM public.items');
  demand(rows[0]?.n === 2, 'two rows are there');
  say(`${rows[0]?.who} wrote and read ${rows[0]?.n} rows`);

  const readerSettings = await readSettings(api, reader, { signal });
  const readerSession = await logIn(readerSettings, token);
  const read = await readerSession.query('SELECT count(*)::int AS n FROM public.items');
  demand(read.rows[0]?.n === 2, 'the reader sees both rows');
  const refusal = await refused(readerSession.query("INSERT INTO public.items (name) VALUES ('salt')"));
  say(`${readerSettings['AZURE_POSTGRESQL_USER']} reads them, and may not write: ${refusal}`);
  await readerSession.end();

  console.log('\nBoth connections are deleted:');
  for (const key of [writer, reader]) await api.request('DELETE', connectionPath(key), {}, { signal });
  for (const key of [writer, reader])
    await waitForConnection(api, key, (connection) => connection === undefined, { signal, withinInMs: 60_000 });
  say(`the open session was ended: ${await refused(session.query('SELECT 1'))}`);
  await provesRefused(settings, token);
  say(`a new token is refused by Entra: ${firstLine(await refused(databaseToken(api, account, injected, { signal })))}`);
}

/** The table is there before the connections, as in most databases. */
async function makeTable(sandbox: Sandbox): Promise<void> {
  const [server] = sandbox.postgres.values();
  await server?.backend.query('orders', 'CREATE TABLE public.items (id bigint GENERATED ALWAYS AS IDENTITY, name text NOT NULL)');
  await server?.backend.query('orders', 'ALTER TABLE public.items OWNER TO azure_pg_admin');
}

async function provesRefused(settings: Environment, token: string): Promise<void> {
  const login = logIn(settings, token).then(async (client: pg.Client) => client.end());
  say(`the same login, with a token that is still good, is refused: ${await refused(login)}`);
}

async function refused(action: Promise<unknown>): Promise<string> {
  const outcome = await action.then(
    () => undefined,
    (error: Error) => error,
  );
  if (!outcome) throw new Broken('what should have been refused went through');
  return outcome.message;
}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Broken(`it should have held that ${what}`);
}

function say(line: string): void {
  console.log(`  ${line}`);
}

function indented(text: string): string {
  return text.replace(/^/gm, '  ');
}

function firstLine(text: string): string {
  return (/AADSTS\d+: [^.]*\./.exec(text)?.[0] ?? text.split('\n')[0] ?? '').slice(0, 200);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(`\nThe demo failed: ${error instanceof Error ? error.message : error}`);
    process.exit(1);
  },
);
