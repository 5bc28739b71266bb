import { setTimeout as wait } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { SupervisedProcess } from '../control-plane/child-process.ts';
import type { MysqlBinary } from './binaries.ts';

export interface ServerSettings {
  /** Holds the data, the socket and the log. */
  readonly home: string;
  readonly data: string;
  /** Its path must stay below 107 bytes. */
  readonly socket: string;
  /** Of 127.0.0.1. */
  readonly port: number;
  /** Switches partial_revokes on, on an engine that has it. */
  readonly partialRevokes: boolean;
}

const pollInMs = 25;

/** Starts the server and waits until the account can log in. `initFile`: statements that run before anybody can. Throws with the end of the log when it ends before that. */
export async function startServerProcess(
  binary: MysqlBinary,
  settings: ServerSettings,
  account: { readonly user: string; readonly password: string },
  { initFile, signal }: { readonly initFile?: string; readonly signal: AbortSignal },
): Promise<SupervisedProcess> {
  const server = await SupervisedProcess.start(
    {
      name: binary.engine,
      program: binary.path,
      args: [...flags(binary, settings), ...(initFile === undefined ? [] : [`--init-file=${initFile}`])],
      directory: '/',
      logFile: `${settings.home}/log`,
    },
    { signal },
  );
  const ended = new AbortController();
  void server.failure.then((error) => ended.abort(error));
  const waiting = AbortSignal.any([signal, ended.signal]);
  try {
    while (!(await takesLogins(settings.socket, account))) {
      waiting.throwIfAborted();
      await wait(pollInMs, undefined, { signal: waiting }).catch(() => waiting.throwIfAborted());
    }
    return server;
  } catch (error) {
    await server.stop({ signal: AbortSignal.abort() });
    throw error;
  }
}

function flags({ engine, runAs }: MysqlBinary, { data, home, socket, port, partialRevokes }: ServerSettings): readonly string[] {
  const settings = {
    datadir: data,
    socket,
    port,
    'pid-file': `${home}/pid`,
    'bind-address': '127.0.0.1',
    // a server that starts removes what it takes for its own leavings: in /tmp also what another one needs just now
    tmpdir: home,
    // packages of distributions name a directory that only their own set-up makes
    'secure-file-priv': home,
    // as on Azure
    'lower-case-table-names': 1,
    'character-set-server': 'utf8mb4',
    'local-infile': 0,
    // a sandbox's data need not survive a power cut
    'innodb-flush-log-at-trx-commit': 0,
    'innodb-flush-method': 'nosync',
    'innodb-doublewrite': 0,
    'innodb-fast-shutdown': 2,
    'innodb-buffer-pool-size': '32M',
    'max-connections': 200,
    'max-allowed-packet': '64M',
    // the gateway sees to it that clients log in in time
    'connect-timeout': 3600,
    ...(runAs && { user: runAs }),
    ...(engine === 'MySQL' && { mysqlx: 0, ...(partialRevokes && { 'partial-revokes': 'ON' }) }),
  };
  return [
    '--no-defaults',
    '--skip-log-bin',
    '--skip-name-resolve',
    ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`),
  ];
}

async function takesLogins(socketPath: string, account: { readonly user: string; readonly password: string }): Promise<boolean> {
  try {
    const connection = await createConnection({ ...account, socketPath });
    await connection.end();
    return true;
  } catch {
    return false;
  }
}
