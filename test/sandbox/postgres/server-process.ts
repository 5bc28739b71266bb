import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { superuser } from './azure-shape.ts';
import type { PostgresBinaries } from './binaries.ts';

/**
 * The shell watches descriptor 3, the far end of a pipe that this process holds: when this process ends, however it ends,
 * PostgreSQL is told to shut down. A shell's background job loses its stdin, hence the other descriptor.
 */
const supervised = `exec 3<&0
"$@" </dev/null 3<&- & server=$!
(cat <&3; kill -INT "$server") >/dev/null 2>&1 & watcher=$!
wait "$server"; code=$?
kill "$watcher" 2>/dev/null
exit "$code"`;

export interface ServerSettings {
  readonly data: string;
  readonly socketDirectory: string;
  readonly port: number;
  readonly logFile: string;
}

/** A running postgres that does not outlive this process. */
export class ServerProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Starts it and waits until it takes logins. Throws with the end of its log when it ends before that. */
  static async start(
    binaries: PostgresBinaries,
    settings: ServerSettings,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<ServerProcess> {
    const log = openSync(settings.logFile, 'a');
    // detached: Ctrl-C in a terminal reaches only us, who shut down in order
    const child = spawn('/bin/sh', ['-c', supervised, 'sh', binaries.postgres, ...flags(settings)], {
      ...binaries.runAs,
      cwd: '/',
      env: {},
      detached: true,
      stdio: ['pipe', log, log],
    });
    closeSync(log);
    const server = new ServerProcess(child);
    try {
      await once(child, 'spawn', { signal });
      while (!(await takesLogins(settings))) {
        if (server.#hasEnded()) throw new Error(`PostgreSQL did not start: ${await tail(settings.logFile)}`);
        await wait(25, undefined, { signal });
      }
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Ends all sessions and waits for the end of the process. */
  async stop(): Promise<void> {
    if (this.#hasEnded()) return;
    const exit = once(this.#child, 'exit');
    this.#child.stdin?.end();
    await exit;
  }

  #hasEnded(): boolean {
    return this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}

function flags({ data, socketDirectory, port }: ServerSettings): readonly string[] {
  const settings = {
    unix_socket_directories: socketDirectory,
    unix_socket_permissions: '0700',
    listen_addresses: '127.0.0.1',
    port,
    // a sandbox's data need not survive a power cut
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    shared_buffers: '32MB',
    max_connections: 200,
  };
  return ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

async function takesLogins({ socketDirectory, port }: ServerSettings): Promise<boolean> {
  const client = new pg.Client({ host: socketDirectory, port, user: superuser, database: 'postgres' });
  client.on('error', () => {});
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

async function tail(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).split('\n').slice(-10).join('\n');
}
