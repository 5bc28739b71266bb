import { ArmError, armErrors } from './arm-error.ts';
import type { ArmContext, ArmOperation } from './arm-operation.ts';
import { isSameId } from './hosts/host-identity.ts';
import { checkLocation, readResource } from './hosts/resource-body.ts';
import { renderIdentity } from './managed-identity.ts';
import type { Identity } from './world.ts';

const apiVersions = ['2024-11-30'];
const type = 'Microsoft.ManagedIdentity/userAssignedIdentities';
const path = `/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/providers/${type}/{identityName}`;
const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9-_]{2,127}$/;

/** How user-assigned identities come and go. A new one is not known to the rest of Azure at once. */
export function userAssignedIdentityOperations({ newId }: { readonly newId: () => string }): readonly ArmOperation[] {
  return [
    {
      method: 'PUT',
      path,
      action: `${type}/write`,
      apiVersions,
      run: (context) => {
        const { world, body } = context;
        const { location, tags } = readResource(body);
        if (location === undefined) throw armErrors.locationRequired();
        const existing = findIdentity(context);
        checkLocation({ name: context.params['identityName'] ?? '', location: world.location }, location);
        const texts = Object.fromEntries(Object.entries(tags ?? {}).filter((entry): entry is [string, string] => entry[1] !== null));
        if (existing) {
          existing.tags = texts;
          return { status: 200, json: renderIdentity(existing, world) };
        }
        const identity = newIdentity(context, texts, newId);
        world.identities.push(identity);
        return { status: 201, json: renderIdentity(identity, world) };
      },
    },
    {
      method: 'DELETE',
      path,
      action: `${type}/delete`,
      apiVersions,
      run: (context) => {
        const identity = findIdentity(context);
        if (!identity) return { status: 204 };
        context.world.identities.splice(context.world.identities.indexOf(identity), 1);
        return { status: 200 };
      },
    },
  ];
}

function newIdentity({ params, world, clock }: ArmContext, tags: Record<string, string>, newId: () => string): Identity {
  const { identityName: name = '' } = params;
  if (!namePattern.test(name)) {
    throw new ArmError(
      400,
      'BadRequest',
      `The name '${name}' is invalid: 3 to 128 letters, digits, '-' and '_', of which the first is a letter or digit.`,
    );
  }
  return {
    name,
    resourceId: idOf(params),
    clientId: newId(),
    principalId: newId(),
    effectiveAt: clock.now() + world.principalSeconds * 1000,
    federatedCredentials: [],
    tags,
  };
}

function findIdentity({ world, params }: ArmContext): Identity | undefined {
  return world.identities.find(({ resourceId }) => isSameId(resourceId, idOf(params)));
}

function idOf({ subscriptionId, resourceGroup, identityName }: ArmContext['params']): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${type}/${identityName}`;
}
