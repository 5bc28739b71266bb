import { type NamespaceFacts, selectsNamespace } from './namespaces.ts';
import { subscriptionOf } from './resource-pattern.ts';
import type { Policy } from './verdict.ts';

/**
 * Whether some policy for the namespace names user-assigned identities of the subscription. Only in such a subscription may a client id be looked up,
 * else a connection could find out what there is elsewhere (threat-model I4).
 */
export function isSubscriptionNamed(subscriptionId: string, policies: readonly Policy[], namespace: NamespaceFacts): boolean {
  return policies.some(
    ({ spec }) => selectsNamespace(spec.namespaces, namespace) && isSubscriptionIn(spec.identities?.userAssigned, subscriptionId),
  );
}

/** Whether one of the patterns is for user-assigned identities of the subscription. */
export function isSubscriptionIn(patterns: readonly string[] | undefined, subscriptionId: string): boolean {
  return patterns?.some((pattern) => subscriptionOf(pattern, 'userAssignedIdentity') === subscriptionId.toLowerCase()) ?? false;
}
