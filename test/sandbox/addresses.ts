import { createServer } from 'node:net';

/** The second octets that are tried: away from 127.0.0.0/16, where everything else listens. */
const tries = 64;

/** A free 127.x.y.0/24 for a sandbox's servers: each has its own address and the engine's standard port there, as ARM names a host and no port. */
export interface AddressRange {
  readonly cidr: string;
  /** The address of the n-th server, from 1. */
  address(n: number): string;
}

/** Finds a range in which nobody listens on the given ports of the first addresses. `random` gives numbers from 0 to below 1. Throws when there is none. */
export async function findAddressRange(ports: readonly number[], random: () => number): Promise<AddressRange> {
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const base = `127.${1 + Math.floor(random() * 254)}.${Math.floor(random() * 256)}`;
    const range = { cidr: `${base}.0/24`, address: (n: number) => `${base}.${n + 1}` };
    const free = await Promise.all(ports.map((port, index) => isFree(range.address(index + 1), port)));
    if (free.every(Boolean)) return range;
  }
  throw new Error(
    `no free range below 127.0.0.0/8 for ports ${ports.join(', ')}: a server on 0.0.0.0 takes them all, and macOS has only 127.0.0.1`,
  );
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port }, () => server.close(() => resolve(true)));
  });
}
