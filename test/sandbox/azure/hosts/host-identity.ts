import { ArmError, armErrors } from '../arm-error.ts';
import type { ArmContext } from '../arm-operation.ts';
import type { ManagedPrincipal, Principal, World } from '../world.ts';
import { isObject, type JsonObject } from './json.ts';

/** The identities that an app has. */
export interface HostIdentity {
  readonly systemAssigned: ManagedPrincipal | undefined;
  /** Resource ids of user-assigned identities, as those spell themselves. */
  readonly userAssigned: readonly string[];
}

export const noIdentity: HostIdentity = { systemAssigned: undefined, userAssigned: [] };

export interface IdentityChange {
  readonly resourceId: string;
  /** PATCH keeps the user-assigned identities that it doesn't name; PUT drops them. */
  readonly method: 'PATCH' | 'PUT';
  readonly newId: () => string;
}

const assignAction = 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action';
const identityId = /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.ManagedIdentity\/userAssignedIdentities\/[^/]+$/i;

/**
 * What the identity block of a request makes of an app's identities. Azure Resource Manager does this for all providers alike, and before them. `type` says which
 * kinds there are afterwards, so that a kind left out of it is dropped. Texts of refusals: https://github.com/microsoft/azure-container-apps/issues/662,
 * https://github.com/Azure/azure-cli/issues/31837. Throws ArmError.
 */
export function changedIdentity(current: HostIdentity, block: unknown, context: ArmContext, change: IdentityChange): HostIdentity {
  if (!isObject(block)) throw armErrors.contentInvalid('identity must be an object');
  const { system, user } = kindsOf(block['type']);
  const systemAssigned = system ? (current.systemAssigned ?? newPrincipal(context, change)) : undefined;
  if (!user) return { systemAssigned, userAssigned: [] };
  const kept = change.method === 'PATCH' ? current.userAssigned : [];
  const userAssigned = new Map(kept.map((id) => [id.toLowerCase(), id]));
  for (const [id, value] of Object.entries(namedIdentities(block))) {
    if (!identityId.test(id)) throw linkedIdInvalid(id);
    if (value === null) userAssigned.delete(id.toLowerCase());
    else userAssigned.set(id.toLowerCase(), attachable(id, value, context, change));
  }
  if (userAssigned.size === 0) {
    throw new ArmError(400, 'MissingIdentityIds', "The identity ids must not be null or empty for 'UserAssigned' identity type.");
  }
  return { systemAssigned, userAssigned: [...userAssigned.values()] };
}

/** The identity block as a provider shows it. `spelling` is the provider's way to write an identity's id. */
export function renderIdentity(
  { systemAssigned, userAssigned }: HostIdentity,
  { tenantId, identities }: World,
  spelling: (resourceId: string) => string,
): JsonObject | undefined {
  const kinds = [systemAssigned && 'SystemAssigned', userAssigned.length > 0 && 'UserAssigned'].filter(Boolean);
  if (kinds.length === 0) return undefined;
  return {
    // [U] a blank stands behind the comma, whatever the caller wrote: the careful reader takes it with and without
    type: kinds.join(', '),
    ...(systemAssigned && { principalId: systemAssigned.principalId, tenantId }),
    ...(userAssigned.length > 0 && {
      userAssignedIdentities: Object.fromEntries(
        userAssigned.map((id) => {
          const { principalId, clientId } = identities.find(({ resourceId }) => isSameId(resourceId, id)) ?? {};
          return [spelling(id), { principalId, clientId }];
        }),
      ),
    }),
  };
}

/** Microsoft.ManagedIdentity, and Microsoft.App for identities, write `resourcegroups` whatever the caller wrote: https://github.com/Azure/azure-cli/issues/33837, recorded answers in Azure/azure-cli. */
export function lowerCaseGroup(resourceId: string): string {
  return resourceId.replace(/\/resourceGroups\//i, '/resourcegroups/');
}

export function isSameId(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}

/** Whether the rest of Azure knows a principal already. */
export function isKnown({ effectiveAt }: Principal, now: number): boolean {
  return effectiveAt === undefined || effectiveAt <= now;
}

function kindsOf(type: unknown): { readonly system: boolean; readonly user: boolean } {
  const kinds = typeof type === 'string' ? type.toLowerCase().replaceAll(' ', '').split(',') : [];
  const known = ['none', 'systemassigned', 'userassigned'];
  if (kinds.length === 0 || !kinds.every((kind) => known.includes(kind)) || (kinds.includes('none') && kinds.length > 1)) {
    throw armErrors.contentInvalid(
      `Error converting value "${type}" to type 'ResourceIdentityType'. Path 'identity.type'. Known are None, SystemAssigned, UserAssigned, and both with a comma`,
    );
  }
  return { system: kinds.includes('systemassigned'), user: kinds.includes('userassigned') };
}

function namedIdentities(block: JsonObject): JsonObject {
  const named = block['userAssignedIdentities'] ?? {};
  if (!isObject(named)) throw armErrors.contentInvalid('identity.userAssignedIdentities must be an object');
  return named;
}

function newPrincipal({ world, clock }: ArmContext, { resourceId, newId }: IdentityChange): ManagedPrincipal {
  return { resourceId, clientId: newId(), principalId: newId(), effectiveAt: clock.now() + world.principalSeconds * 1000 };
}

function attachable(id: string, value: unknown, { world, clock, demandLinked }: ArmContext, { resourceId }: IdentityChange): string {
  const identity = world.identities.find((each) => isSameId(each.resourceId, id));
  const members = isObject(value) ? Object.entries(value) : undefined;
  if (!members?.every(([name, member]) => (name === 'principalId' || name === 'clientId') && member === identity?.[name])) {
    throw new ArmError(
      400,
      'InvalidIdentityValues',
      `Invalid value for the identities '${id}'. The 'UserAssignedIdentities' property keys should only be empty json objects, null or the resource exisiting property.`,
    );
  }
  demandLinked(assignAction, id);
  if (!identity || !isKnown(identity, clock.now())) throw identityOperationFailed(resourceId, id);
  return identity.resourceId;
}

function linkedIdInvalid(id: string): ArmError {
  return new ArmError(
    400,
    'LinkedInvalidPropertyId',
    `Property id '${id}' at path 'identity.userAssignedIdentities' is invalid. Expect fully qualified resource Id that start with '/subscriptions/{subscriptionId}' or '/providers/{resourceProviderNamespace}/'.`,
  );
}

function identityOperationFailed(resourceId: string, id: string): ArmError {
  const inner = { error: { code: 'BadRequest', message: `Resource '${id}' was not found.` } };
  return new ArmError(
    400,
    'FailedIdentityOperation',
    `Identity operation for resource '${resourceId}' failed with error 'Failed to perform resource identity operation. Status: 'BadRequest'. Response: '${JSON.stringify(inner)}'.'.`,
  );
}
