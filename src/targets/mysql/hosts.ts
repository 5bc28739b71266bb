import { BlockList, isIP } from 'node:net';
import { matchesWild } from './databases.ts';

/**
 * Whether a client is one of those that an account at `pattern` is for, and no account at host % then, by the HOST that the process list has of it
 * (https://dev.mysql.com/doc/refman/8.0/en/account-names.html). Of an event, which has its definer's own host there, only that account is. Pure.
 */
export function isFromHost(host: string, pattern: string): boolean {
  // an account without host comes after every other
  if (pattern === '' || pattern === '%') return false;
  if (host === pattern) return true;
  if (host === '%') return false;
  const client = host.replace(/:\d+$/, '');
  return pattern.includes('/') ? isInNetwork(client, pattern) : matchesWild(pattern.toLowerCase(), client.toLowerCase());
}

/** `192.0.2.0/255.255.255.0` or `192.0.2.0/24`. */
function isInNetwork(client: string, pattern: string): boolean {
  const [network = '', mask = ''] = pattern.split('/');
  const bits = isIP(mask) === 4 ? bitsOf(mask) : /^\d{1,3}$/.test(mask) ? Number(mask) : Number.NaN;
  const family = isIP(network);
  if (family === 0 || isIP(client) !== family || !(bits <= (family === 4 ? 32 : 128))) return false;
  const networks = new BlockList();
  const type = family === 4 ? 'ipv4' : 'ipv6';
  networks.addSubnet(network, bits, type);
  return networks.check(client, type);
}

function bitsOf(mask: string): number {
  return [
    ...mask
      .split('.')
      .map((part) => Number(part).toString(2))
      .join(''),
  ].filter((bit) => bit === '1').length;
}
