import type { Principal, World } from '../world.ts';
import { isKnown } from './host-identity.ts';
import { appsOf } from './hosts.ts';

/** All who can hold a token, but those that the rest of Azure doesn't know yet. */
export function knownPrincipals({ identities, servicePrincipals, hosts }: World, now: number): readonly Principal[] {
  const systemAssigned = appsOf(hosts).flatMap(({ identity }) => identity.systemAssigned ?? []);
  return [...identities, ...servicePrincipals, ...systemAssigned].filter((principal) => isKnown(principal, now));
}
