import { join } from 'node:path';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { type Application, logInTo } from '../support/application.ts';
import { type ConnectionKey, connectionPath, waitForConnection, waitForReady } from '../support/connections.ts';
import { databaseToken, type Environment, injectedBy, readSettings, trust } from '../support/workload.ts';
import { environmentOf, type ShownApp, settingsIn, shownApps, tokenOf } from './apps.ts';
import { type Shown, shown } from './shown.ts';
import { table } from './table.ts';

const root = join(import.meta.dirname, '..', '..');
const samples = ['workload', 'policy', 'connections'].map((name) => `test/sandbox/samples/${name}.yaml`);
const account = { namespace: 'shop', serviceAccount: 'orders' };
const reader = { namespace: 'shop', name: 'orders-db-report' };

interface Login {
  readonly shown: Pick<Shown, 'type' | 'title'>;
  readonly settings: Environment;
  readonly token: string;
  readonly session: Application;
}

/** A promise of the demo that didn't hold. */
class Broken extends Error {
  override readonly name = 'Broken';
}

/** `npm run demo`: from `kubectl apply` to a login without a password, and to its end. */
async function main(): Promise<void> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(new Error('stopped')));
  const { signal } = stop;

  console.log(`A Kubernetes, an Azure and its databases (${shown.map(({ title }) => title).join(', ')}) on this machine:`);
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
  const keys = [...shown, ...shownApps].map(({ key }) => key).concat(reader);
  for (const { makeTable } of shown) await makeTable(sandbox);

  console.log('\nA policy and connections are applied, one to write for each database, one to read, and two of container apps:');
  await sandbox.apply(samples, { signal });
  const startedAt = Date.now();
  const ready = await Promise.all(keys.map((key) => waitForReady(api, key, { status: 'True' }, { signal, withinInMs: 60_000 })));
  console.log(indented(table(ready)));
  console.log(`  Ready after ${((Date.now() - startedAt) / 1000).toFixed(1)} s.`);

  console.log('\nThe workload logs in, with the settings of its Secrets and a token of its own service account:');
  const injected = await injectedBy(api, { ...account, authority: sandbox.file.entra.authority }, { signal });
  const tokenFor = (scope?: string) => databaseToken(api, account, injected, { ...(scope !== undefined && { scope }), signal });
  const logins: Login[] = [];
  for (const each of shown) logins.push(await showLogin(sandbox, each, await tokenFor(each.scope), { signal }));
  await showReader(sandbox, reader, await tokenFor(), { signal });

  console.log('\nThe container apps log in, with the environment of their newest revision and a token of their identity endpoint:');
  for (const app of shownApps) logins.push(await showApp(sandbox, app, { signal }));

  console.log('\nThe connections are deleted:');
  for (const key of keys) await api.request('DELETE', connectionPath(key), {}, { signal });
  for (const key of keys) await waitForConnection(api, key, (connection) => connection === undefined, { signal, withinInMs: 60_000 });
  for (const login of logins) await showEnd(login);
  say(`a new token is refused by Entra: ${firstLine(await refused(tokenFor()))}`);
  for (const app of shownApps) showEmpty(sandbox, app);
}

async function showLogin(sandbox: Sandbox, each: Shown, token: string, { signal }: { readonly signal: AbortSignal }): Promise<Login> {
  const settings = await readSettings(sandbox.controlPlane.api, each.key, { signal });
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  console.log(indented(lines.join('\n')));
  const session = await logInTo(each.type, settings, token);
  await session.query("INSERT INTO items (name) VALUES ('tea'), ('milk')");
  const count = await countItems(session);
  demand(count === 2, `two rows are there in ${each.title}`);
  const [row] = await session.query('SELECT CURRENT_USER AS who');
  say(`${row?.['who']} wrote and read ${count} rows in ${each.title}`);
  return { shown: each, settings, token, session };
}

async function showApp(sandbox: Sandbox, app: ShownApp, { signal }: { readonly signal: AbortSignal }): Promise<Login> {
  const environment = environmentOf(sandbox, app);
  const settings = settingsIn(environment, app);
  console.log(
    indented(
      Object.entries({ CONTAINER_APP_REVISION: environment['CONTAINER_APP_REVISION'], ...settings })
        .map(([key, value]) => `${key}=${value}`)
        .join('\n'),
    ),
  );
  const token = await tokenOf(environment, app, { signal });
  const session = await logInTo(app.target, environment, token);
  const [row] = await session.query('SELECT CURRENT_USER AS who');
  say(`${app.name}, with its ${app.identity} identity, is ${row?.['who']} in ${app.target}, and reads ${await countItems(session)} rows`);
  return { shown: { type: app.target, title: app.name }, settings, token, session };
}

function showEmpty(sandbox: Sandbox, app: ShownApp): void {
  const environment = environmentOf(sandbox, app);
  demand(Object.keys(settingsIn(environment, app)).length === 0, `no setting is left in ${app.name}`);
  say(`${app.name}: its newest revision, ${environment['CONTAINER_APP_REVISION']}, has none of the settings any more`);
}

async function showReader(
  sandbox: Sandbox,
  key: ConnectionKey,
  token: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const settings = await readSettings(sandbox.controlPlane.api, key, { signal });
  const session = await logInTo('PostgreSQL', settings, token);
  demand((await countItems(session)) === 2, 'the reader sees both rows');
  const refusal = await refused(session.query("INSERT INTO items (name) VALUES ('salt')"));
  say(`${settings['AZURE_POSTGRESQL_USER']} reads them, and may not write: ${refusal}`);
  await session.close();
}

async function showEnd({ shown: { type, title }, settings, token, session }: Login): Promise<void> {
  say(`${title}: the open session was ended: ${await refused(session.query('SELECT 1'))}`);
  const login = logInTo(type, settings, token).then((application) => application.close());
  say(`${title}: the same login, with a token that is still good, is refused: ${await refused(login)}`);
}

async function countItems(session: Application): Promise<number> {
  const [row] = await session.query('SELECT count(*) AS n FROM items');
  return Number(row?.['n']);
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
