import { ConnectionError } from '../api/connection-error.ts';
import { reasons } from '../api/reasons.ts';
import type { Clock } from '../runtime/clock.ts';
import { textIn } from './app-json.ts';
import type { Arm, ArmOptions } from './arm.ts';
import { isNotFound } from './errors.ts';
import { writeAndWait } from './long-write.ts';
import { type ResourceId, resourceName } from './resource-id.ts';
import { listServerJson, serverAddress, serverCall, serverClient } from './server-resource.ts';

/** Between two looks at whether a rule is gone, and how many of them. */
const lookAgainMs = 2_000;
const maximumLooks = 20;

/** What Azure takes in a URL as it is, for all three engines. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,79}$/;

/** Names of the server's firewall rules; undefined when it isn't there. Throws ConnectionError. */
export async function listFirewallRules(arm: Arm, id: ResourceId, options: ArmOptions): Promise<readonly string[] | undefined> {
  return (await listServerJson(arm, id, 'firewallRules', options))?.map(({ name }) => textIn(name));
}

/** Makes a rule for exactly one address, and waits until Azure has taken it. It counts within five minutes of that. Throws ConnectionError. */
export async function putFirewallRule(
  arm: Arm,
  clock: Clock,
  id: ResourceId,
  { name, address }: { readonly name: string; readonly address: string },
  options: ArmOptions,
): Promise<void> {
  demandName(name);
  const body = { properties: { startIpAddress: address, endIpAddress: address } };
  const request = { method: 'PUT', ...serverAddress(id, 'firewallRules', name), body } as const;
  await writeAndWait(arm, clock, await serverClient(arm, id), serverCall(id, 'write', 'firewallRules'), request, options);
}

/** Removes a rule, and waits until Azure lists it no more; one that isn't there, or lay in a server that is gone, is no error. Throws ConnectionError. */
export async function deleteFirewallRule(arm: Arm, clock: Clock, id: ResourceId, name: string, options: ArmOptions): Promise<void> {
  demandName(name);
  const client = await serverClient(arm, id);
  const request = { method: 'DELETE', ...serverAddress(id, 'firewallRules', name) } as const;
  try {
    const answer = await arm.call(
      serverCall(id, 'delete', 'firewallRules'),
      (callOptions) => arm.send(client, request, callOptions),
      options,
    );
    if (answer.status === 204) return;
  } catch (error) {
    if (error instanceof ConnectionError && isNotFound(error.cause)) return;
    throw error;
  }
  for (let look = 1; look <= maximumLooks; look += 1) {
    // the list is the proof: an operation's own address takes another permission
    const left = await listFirewallRules(arm, id, options);
    if (!left?.includes(name)) return;
    await clock.sleep(lookAgainMs, options.signal);
  }
  throw new ConnectionError(
    'retry',
    reasons.AzureError,
    `Azure still lists a firewall rule of server "${resourceName(id)}" that was removed`,
  );
}

function demandName(name: string): void {
  if (!namePattern.test(name)) throw new TypeError('a firewall rule is named by letters, digits, dashes and underscores');
}
