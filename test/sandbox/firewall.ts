import type { Server } from './azure/world.ts';

/** The address of a client whom the server's firewall refuses; undefined when it lets them in. All clients come from one address, as behind a cluster's NAT gateway. */
export function refusedClient({ firewall }: Pick<Server, 'firewall'>, now: number): string | undefined {
  if (!firewall) return undefined;
  const { clientAddress, rules } = firewall;
  const client = numberOf(clientAddress);
  const isIn = rules.some(({ start, end, effectiveAt }) => effectiveAt <= now && numberOf(start) <= client && client <= numberOf(end));
  return isIn ? undefined : clientAddress;
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}
