import { isConnectionError } from '../api/connection-error.ts';
import { publicAddressIn } from './refused-address.ts';
import type { ServerGap } from './setup-needed.ts';

/** The gap that a refused login shows where a firewall rule for one public address would mend it. Pure. */
export function firewallGap(error: unknown): ServerGap | undefined {
  if (!isConnectionError(error) || error.reason !== 'FirewallDenied') return undefined;
  const address = publicAddressIn(textsOf(error.cause));
  return address === undefined ? undefined : { kind: 'firewall', address };
}

/** What a driver's error says, and those that it came from. */
function textsOf(error: unknown): string {
  const texts: string[] = [];
  for (let each = error; each instanceof Error && texts.length < 8; each = each.cause) texts.push(each.message);
  return texts.join('\n');
}
