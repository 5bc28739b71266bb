import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { MysqlBinary } from './binaries.ts';

const run = promisify(execFile);
/** Those that mariadb-install-db feeds the server with, but for the texts of HELP. That script needs programs of the client's package. */
const mariaDbScripts = [
  'mysql_system_tables.sql',
  'mysql_performance_tables.sql',
  'mysql_system_tables_data.sql',
  'maria_add_gis_sp_bootstrap.sql',
  'mysql_sys_schema.sql',
];
const longestMessage = 2000;

/** Fills an empty directory with the tables that a server needs to start, and a `root` without a password. Takes MariaDB about a second, MySQL some more. Throws with the end of what the server said. */
export async function fillDataDirectory(data: string, binary: MysqlBinary, { signal }: { readonly signal: AbortSignal }): Promise<void> {
  const flags = [
    '--no-defaults',
    `--datadir=${data}`,
    `--tmpdir=${dirname(data)}`,
    '--lower-case-table-names=1',
    '--skip-log-bin',
    ...(binary.runAs ? [`--user=${binary.runAs}`] : []),
  ];
  switch (binary.engine) {
    case 'MySQL':
      return feed(binary.path, [...flags, '--initialize-insecure'], '', signal);
    case 'MariaDB':
      return feed(binary.path, [...flags, '--bootstrap', '--innodb-log-file-size=8M'], await mariaDbTables(binary, signal), signal);
    default:
      return binary.engine satisfies never;
  }
}

async function mariaDbTables({ path }: MysqlBinary, signal: AbortSignal): Promise<string> {
  const { stdout } = await run(path, ['--no-defaults', '--verbose', '--help'], { maxBuffer: 4 * 1024 * 1024, signal });
  const characterSets = /^character-sets-dir\s+(\S+)/m.exec(stdout)?.[1];
  if (!characterSets) throw new Error(`${path} does not tell where its files are`);
  const scripts = await Promise.all(mariaDbScripts.map((name) => readFile(join(dirname(characterSets), name), 'utf8')));
  const lines = ['CREATE DATABASE mysql;', 'USE mysql;', 'SET @auth_root_socket = NULL;', ...scripts].join('\n').split('\n');
  // no account for this machine's own name
  return lines.filter((line) => !line.includes('@current_hostname')).join('\n');
}

async function feed(program: string, args: readonly string[], input: string, signal: AbortSignal): Promise<void> {
  const child = spawn(program, args, { cwd: '/', stdio: ['pipe', 'ignore', 'pipe'], signal });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-longestMessage);
  });
  child.stdin.on('error', () => {}).end(input);
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${program} could not make its tables:\n${said}`);
}
