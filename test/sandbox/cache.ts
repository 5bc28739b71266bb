import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Clock, systemClock } from '../../src/runtime/clock.ts';

/** Reports what takes long, in a line for a person. */
export type Log = (line: string) => void;

/** Where things that take long to make are kept between runs: DBACCESS_CACHE, else XDG_CACHE_HOME/dbaccess, else ~/.cache/dbaccess. */
export function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment['DBACCESS_CACHE']) return environment['DBACCESS_CACHE'];
  if (environment['XDG_CACHE_HOME']) return join(environment['XDG_CACHE_HOME'], 'dbaccess');
  return join(homedir(), '.cache', 'dbaccess');
}

/** How often somebody who waits is told so, in milliseconds. */
export const reminderInMs = 15_000;
const lockCheckInMs = 500;

/**
 * The path of a directory in the cache, made by `make` when it is not there yet. It appears whole or not at all: `make` fills a directory of another name. Of several processes
 * one makes it, and the others wait for that one. Rejects with what `make` throws, or with the signal's reason.
 * @param key path of the entry below the cache. It must change whenever `make` would make something else.
 */
export async function cachedDirectory(
  key: string,
  make: (directory: string) => Promise<void>,
  {
    cache = cacheDirectory(),
    clock = systemClock,
    log,
    signal,
  }: { readonly cache?: string; readonly clock?: Clock; readonly log: Log; readonly signal: AbortSignal },
): Promise<string> {
  const entry = join(cache, key);
  if (await exists(entry)) return entry;
  await mkdir(dirname(entry), { recursive: true });
  const lock = `${entry}.lock`;
  await takeLock(lock, { clock, log, signal });
  const unfinished = `${entry}.${process.pid}.unfinished`;
  try {
    if (await exists(entry)) return entry;
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished);
    await make(unfinished);
    await rename(unfinished, entry);
    return entry;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
    await rm(lock, { force: true });
  }
}

/** The lock is a file with the holder's process id. One whose holder has died counts for nothing. */
async function takeLock(lock: string, { clock, log, signal }: { readonly clock: Clock; readonly log: Log; readonly signal: AbortSignal }) {
  let remindAt = clock.now();
  for (;;) {
    signal.throwIfAborted();
    try {
      return await writeFile(lock, String(process.pid), { flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = await holderOf(lock);
    if (holder !== undefined && !isAlive(holder)) {
      await rm(lock, { force: true });
      continue;
    }
    if (clock.now() >= remindAt) {
      log(`waiting for process ${holder ?? '(unknown)'}, which is making the same thing (${lock})`);
      remindAt = clock.now() + reminderInMs;
    }
    await clock.sleep(lockCheckInMs, signal);
  }
}

/** The process that holds a lock; undefined when the lock is gone, or so new that nothing stands in it yet. */
async function holderOf(lock: string): Promise<number | undefined> {
  const text = await readFile(lock, 'utf8').catch(() => '');
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
