import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { realpath } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';

/** A directory that only this process may use, until `release` or its end. */
export interface DirectoryLock {
  release(): Promise<void>;
}

/**
 * Takes a directory for this process. Throws an Error that names the process that has it already. The lock is a socket in Linux's abstract namespace
 * (https://man7.org/linux/man-pages/man7/unix.7.html), which goes with its process, so that one that was killed leaves nothing to clean up.
 */
export async function lockDirectory(directory: string, { signal }: { readonly signal: AbortSignal }): Promise<DirectoryLock> {
  const path = await realpath(directory);
  const name = `\0dbaccess-sandbox-${createHash('sha256').update(path).digest('hex')}`;
  const server = createServer((socket) => socket.on('error', () => {}).end(String(process.pid)));
  server.listen(name);
  try {
    await once(server, 'listening', { signal });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Error(`process ${await holderOf(name, { signal })} runs a sandbox in ${path}: end that one first`, { cause: error });
  }
  server.unref();
  return {
    release: async () => {
      if (server.listening) await server[Symbol.asyncDispose]();
    },
  };
}

/** The process id that the holder answers with. */
async function holderOf(name: string, { signal }: { readonly signal: AbortSignal }): Promise<string> {
  const socket = connect({ path: name, signal });
  return text(socket).catch(() => '(unknown)');
}
