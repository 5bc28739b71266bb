import type { Identity } from '@azure/arm-msi';
import { ConnectionError } from '../api/connection-error.ts';
import { reasons } from '../api/reasons.ts';
import { textsIn } from './app-json.ts';
import type { Arm, ArmCall, ArmOptions } from './arm.ts';
import { collectPages } from './arm-pipeline.ts';
import { isGuid, parseResourceId, type ResourceId, resourceName } from './resource-id.ts';
import type { Tags } from './tag-mark.ts';

/** A user-assigned identity as found in Azure; GUIDs in lower case. */
export interface FoundIdentity {
  readonly resourceId: ResourceId;
  readonly clientId: string;
  readonly principalId: string;
  readonly tenantId: string;
  readonly tags: Tags;
}

/** The identity under this id, or undefined when it isn't there. Throws ConnectionError. */
export async function readIdentity(arm: Arm, id: ResourceId, options: ArmOptions): Promise<FoundIdentity | undefined> {
  const client = await arm.identities(id.subscriptionId);
  const found = await arm.find(
    call(id.subscriptionId, 'read', described(id)),
    (callOptions) => client.userAssignedIdentities.get(id.resourceGroup, id.names[0], callOptions),
    options,
  );
  return found && checked(id, found);
}

/**
 * The identity of a subscription that has this client id, or undefined. It reads the subscription's whole list, so that a policy must have named the
 * subscription first (isSubscriptionNamed). Throws ConnectionError.
 */
export async function findIdentityByClientId(
  arm: Arm,
  subscriptionId: string,
  clientId: string,
  options: ArmOptions,
): Promise<FoundIdentity | undefined> {
  const client = await arm.identities(subscriptionId.toLowerCase());
  const all = await arm.find(
    call(subscriptionId, 'read', `client id ${clientId}`),
    (callOptions) => collectPages(client.userAssignedIdentities.listBySubscription(callOptions).byPage()),
    options,
  );
  const found = all?.find((identity) => identity.clientId?.toLowerCase() === clientId.toLowerCase());
  const parsed = parseResourceId(found?.id, 'userAssignedIdentity');
  if (!found || !parsed.ok || parsed.id.subscriptionId !== subscriptionId.toLowerCase()) return undefined;
  return checked(parsed.id, found);
}

/** Makes an identity with these tags. One that is there already keeps its ids and gets the tags. Throws ConnectionError. */
export async function createIdentity(
  arm: Arm,
  id: ResourceId,
  { location, tags }: { readonly location: string; readonly tags: Tags },
  options: ArmOptions,
): Promise<void> {
  const client = await arm.identities(id.subscriptionId);
  await arm.call(
    call(id.subscriptionId, 'write', described(id)),
    (callOptions) =>
      client.userAssignedIdentities.createOrUpdate(id.resourceGroup, id.names[0], { location, tags: { ...tags } }, callOptions),
    options,
  );
}

/** Removes the identity; one that isn't there is no error. Throws ConnectionError. */
export async function deleteIdentity(arm: Arm, id: ResourceId, options: ArmOptions): Promise<void> {
  const client = await arm.identities(id.subscriptionId);
  await arm.find(
    call(id.subscriptionId, 'delete', described(id)),
    (callOptions) => client.userAssignedIdentities.delete(id.resourceGroup, id.names[0], callOptions),
    options,
  );
}

/** The identity as words in a message. */
export function described(id: ResourceId): string {
  return `identity "${resourceName(id)}"`;
}

function call(subscriptionId: string, verb: 'read' | 'write' | 'delete', what: string): ArmCall {
  return { action: `Microsoft.ManagedIdentity/userAssignedIdentities/${verb}`, what, subscriptionId };
}

function checked(resourceId: ResourceId, { clientId, principalId, tenantId, tags }: Identity): FoundIdentity {
  if (!isGuid(clientId) || !isGuid(principalId) || !isGuid(tenantId)) {
    throw new ConnectionError('retry', reasons.AzureError, `Azure does not give the ids of ${described(resourceId)} yet`);
  }
  return {
    resourceId,
    clientId: clientId.toLowerCase(),
    principalId: principalId.toLowerCase(),
    tenantId: tenantId.toLowerCase(),
    tags: textsIn(tags),
  };
}
