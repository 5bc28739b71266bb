import type { Socket } from 'node:net';

/** The next bytes of a socket that nobody else reads from; what comes behind them stays in it. Rejects when the other side goes away or the signal is aborted. */
export async function readBytes(socket: Socket, size: number, { signal }: { readonly signal: AbortSignal }): Promise<Buffer> {
  if (size === 0) return Buffer.alloc(0);
  for (;;) {
    const bytes: Buffer | null = socket.read(size);
    if (bytes?.length === size) return bytes;
    if (bytes || socket.readableEnded || socket.destroyed) throw new Error('the other side went away');
    await readable(socket, signal);
  }
}

function readable(socket: Socket, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const goesOn = () => resolve();
  const aborted = () => reject(signal.reason);
  const events = ['readable', 'end', 'close', 'error'] as const;
  for (const event of events) socket.once(event, goesOn);
  signal.addEventListener('abort', aborted, { once: true });
  return promise.finally(() => {
    for (const event of events) socket.off(event, goesOn);
    signal.removeEventListener('abort', aborted);
  });
}
