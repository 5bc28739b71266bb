import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { Log } from '../cache.ts';
import type { EngineKind } from './azure-shape.ts';

const run = promisify(execFile);
const distributionPackage = 'mariadb-server-core';
/** Somebody else may be installing something. */
const patient = ['-o', 'DPkg::Lock::Timeout=120'];
const leastVersion: Readonly<Record<EngineKind, readonly [number, number]>> = { MySQL: [8, 0], MariaDB: [10, 11] };

/** A server program of the MySQL family. */
export interface MysqlBinary {
  readonly path: string;
  readonly engine: EngineKind;
  /** For example 10.11.19. */
  readonly version: string;
  /** The account that it is to run as; undefined when this process is unprivileged itself. */
  readonly runAs: string | undefined;
}

export interface FindMysqlOptions {
  /** SANDBOX_MYSQLD, SANDBOX_INSTALL and PATH. */
  readonly environment: NodeJS.ProcessEnv;
  /** Where servers are that are on no PATH: that of an ordinary user on Debian leaves their directories out. */
  readonly directories?: readonly string[];
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Finds a server: the one that SANDBOX_MYSQLD names, else mysqld or mariadbd on PATH, else, for root on Debian, the distribution's MariaDB, which is installed then
 * unless SANDBOX_INSTALL is 0. Throws with what to install when there is none, and when it is older than MySQL 8.0 or MariaDB 10.11.
 */
export async function findMysql(options: FindMysqlOptions): Promise<MysqlBinary> {
  const { environment, signal } = options;
  const path = environment['SANDBOX_MYSQLD'] || (await findInstalled(options)) || (await install(options));
  const { stdout } = await run(path, ['--no-defaults', '--version'], { signal }).catch((cause: unknown) => {
    throw new Error(`${path} does not run${environment['SANDBOX_MYSQLD'] ? ' (SANDBOX_MYSQLD)' : ''}: ${cause}`, { cause });
  });
  const engine: EngineKind = /mariadb/i.test(stdout) ? 'MariaDB' : 'MySQL';
  const version = /Ver (\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? '';
  const [major, minor] = leastVersion[engine];
  const [foundMajor = 0, foundMinor = 0] = version.split('.').map(Number);
  if (foundMajor < major || (foundMajor === major && foundMinor < minor)) {
    throw new Error(`${path} is ${engine} ${version || 'of an unknown version'}; ${engine} ${major}.${minor} or later is needed`);
  }
  return { path, engine, version, runAs: process.getuid?.() === 0 ? 'nobody' : undefined };
}

async function findInstalled({
  environment,
  directories = ['/usr/local/sbin', '/usr/sbin'],
}: FindMysqlOptions): Promise<string | undefined> {
  const places = [...(environment['PATH'] ?? '').split(delimiter).filter(Boolean), ...directories];
  for (const name of ['mysqld', 'mariadbd']) {
    for (const place of places) if (await canBeRun(join(place, name))) return join(place, name);
  }
  return undefined;
}

async function install(options: FindMysqlOptions): Promise<string> {
  const { environment, log, signal } = options;
  const hint = `install MariaDB 10.11 or later (Debian: apt-get install ${distributionPackage}) or MySQL 8.0 or later, or name its server program in SANDBOX_MYSQLD`;
  if (environment['SANDBOX_INSTALL'] === '0')
    throw new Error(`no mysqld or mariadbd was found, and SANDBOX_INSTALL=0 forbids to install one: ${hint}`);
  if (process.getuid?.() !== 0 || !(await canBeRun('/usr/bin/apt-get'))) throw new Error(`no mysqld or mariadbd was found: ${hint}`);
  log(`no MySQL was found: installing ${distributionPackage} from the distribution (SANDBOX_INSTALL=0 forbids that)`);
  const settings = { env: { ...environment, DEBIAN_FRONTEND: 'noninteractive' }, maxBuffer: 16 * 1024 * 1024, signal };
  const get = () => run('/usr/bin/apt-get', [...patient, 'install', '--yes', '--no-install-recommends', distributionPackage], settings);
  try {
    // fresh machines and images have no lists of packages, or old ones
    await get().catch(async () => {
      await run('/usr/bin/apt-get', [...patient, 'update'], settings);
      return get();
    });
  } catch (cause) {
    const { stderr = '' } = cause as { readonly stderr?: string };
    throw new Error(`${distributionPackage} could not be installed (${stderr.trim().split('\n').at(-1)}): ${hint}`, { cause });
  }
  const found = await findInstalled(options);
  if (!found) throw new Error(`${distributionPackage} was installed and brought no server: ${hint}`);
  return found;
}

function canBeRun(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
