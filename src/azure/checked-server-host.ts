import { ConnectionError } from '../api/connection-error.ts';
import { reasons } from '../api/reasons.ts';
import type { TargetType } from '../api/spec.ts';
import type { Cloud } from './cloud.ts';
import { isServerHost } from './host.ts';

/** The host that Azure names for a server, in lower case. `what`: the server, within a sentence. Throws ConnectionError for a host outside of the cloud. */
export function checkedServerHost(cloud: Cloud, type: TargetType, host: unknown, what: string): string {
  const suffix = cloud.suffixes[type];
  if (typeof host === 'string' && isServerHost(host, suffix, cloud.name)) return host.toLowerCase();
  const text = `Azure names a host for ${what} that is not one of ${suffix}; nothing is sent there`;
  throw new ConnectionError('waiting', reasons.AzureError, text);
}
