import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Server } from '../sandbox/azure/world.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import type { Wish } from './live-config.ts';

const sqlDatabase = 'live';
const operatorFlags = /^--(ca-file|cloud|authority|arm-endpoint|[a-z]+-scope|[a-z]+-suffix)=/;

/** Starts a sandbox, and runs the suite against it in a process of its own, told by flags and environment like any other. */
export async function runInSandbox({ only }: Pick<Wish, 'only'>): Promise<number> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(new Error('stopped')));
  const { signal } = stop;
  const sandbox = await startSandbox({
    directory: join(import.meta.dirname, '..', '..', '.sandbox', 'live'),
    operator: false,
    azureSqlServers: [{ name: 'shop-sql', databases: [sqlDatabase] }],
    servicePrincipals: ['first', 'second'].map((name) => ({ name, secrets: [secretOf(name)] })),
    log: (line) => console.log(`  ${line}`),
    signal,
  });
  try {
    const flags = [...sandbox.operatorCommand.args.filter((arg) => operatorFlags.test(arg)), `--only=${only.join(',')}`];
    const args = [join(import.meta.dirname, 'main.ts'), ...flags];
    const child = spawn(process.execPath, args, { stdio: 'inherit', env: { ...process.env, ...environmentOf(sandbox) }, signal });
    const [code] = (await once(child, 'exit')) as [number | null];
    return code ?? 1;
  } finally {
    await sandbox.stop();
  }
}

function environmentOf({ world, operatorCommand }: Sandbox): Readonly<Record<string, string>> {
  const serverId = (type: Server['type']) => world.servers.find((each) => each.type === type)?.resourceId ?? '';
  const clientId = (wanted: string) => world.servicePrincipals.find(({ name }) => name === wanted)?.clientId ?? '';
  return {
    ...operatorCommand.env,
    LIVE_FIRST_CLIENT_ID: clientId('first'),
    LIVE_FIRST_CLIENT_SECRET: secretOf('first'),
    LIVE_SECOND_CLIENT_ID: clientId('second'),
    LIVE_SECOND_CLIENT_SECRET: secretOf('second'),
    LIVE_POSTGRESQL_SERVER_ID: serverId('PostgreSQL'),
    LIVE_MYSQL_SERVER_ID: serverId('MySQL'),
    LIVE_AZURESQL_SERVER_ID: serverId('AzureSQL'),
    LIVE_AZURESQL_DATABASE: sqlDatabase,
  };
}

function secretOf(name: string): string {
  return `of the sandbox, for ${name}`;
}
