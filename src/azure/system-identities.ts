import { ConnectionError } from '../api/connection-error.ts';
import { reasons } from '../api/reasons.ts';
import type { Arm, ArmOptions } from './arm.ts';
import { isGuid } from './resource-id.ts';

/** The ids of a resource's own identity; GUIDs in lower case. */
export interface SystemIdentity {
  readonly clientId: string;
  readonly principalId: string;
  readonly tenantId: string;
}

/**
 * The system-assigned identity of the resource under this path, which is made of checked parts, or undefined when it has none. The resource itself says only its
 * principal id. Throws ConnectionError.
 */
export async function readSystemIdentity(arm: Arm, scope: string, options: ArmOptions): Promise<SystemIdentity | undefined> {
  const subscriptionId = scope.split('/')[2] ?? '';
  const client = await arm.identities(subscriptionId);
  const what = `the system-assigned identity of "${scope.split('/').at(-1)}"`;
  const found = await arm.find(
    { action: 'Microsoft.ManagedIdentity/identities/read', what, subscriptionId },
    (callOptions) => client.systemAssignedIdentities.getByScope(scope.replace(/^\//, ''), callOptions),
    options,
  );
  if (!found) return undefined;
  const { clientId, principalId, tenantId } = found;
  if (!isGuid(clientId) || !isGuid(principalId) || !isGuid(tenantId))
    throw new ConnectionError('retry', reasons.IdentityNotReady, `Azure does not say yet which ids ${what} has; it goes on by itself`);
  return { clientId: clientId.toLowerCase(), principalId: principalId.toLowerCase(), tenantId: tenantId.toLowerCase() };
}
