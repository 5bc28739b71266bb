import { ArmError } from '../arm-error.ts';
import type { ArmContext, ArmOperation } from '../arm-operation.ts';
import { isKnown } from './host-identity.ts';
import { findHost } from './hosts.ts';

const groupPath = '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/providers';

/** Where an app can lie. */
const scopes = [
  `${groupPath}/Microsoft.App/containerApps/{name}`,
  `${groupPath}/Microsoft.Web/sites/{name}`,
  `${groupPath}/Microsoft.Web/sites/{name}/slots/{slotName}`,
  `${groupPath}/Microsoft.AppPlatform/Spring/{serviceName}/apps/{name}`,
];

/** The system-assigned identity of an app: the only place that tells its client id. */
export const systemAssignedOperations: readonly ArmOperation[] = scopes.map((scope) => ({
  method: 'GET',
  path: `${scope}/providers/Microsoft.ManagedIdentity/identities/default`,
  action: 'Microsoft.ManagedIdentity/identities/read',
  apiVersions: ['2024-11-30'],
  run: (context) => {
    const id = scopeOf(scope, context);
    const app = findHost(context.world.hosts, id);
    const principal = app?.identity.systemAssigned;
    // [U] the service's own words; that it takes a while to know a new one is azure-facts 4.7
    if (!app || !principal || !isKnown(principal, context.clock.now()))
      throw new ArmError(404, 'ResourceNotFound', `The system-assigned identity of '${id}' was not found.`);
    const { clientId, principalId } = principal;
    return {
      status: 200,
      json: {
        id: `${app.resourceId}/providers/Microsoft.ManagedIdentity/identities/default`,
        name: 'default',
        type: 'Microsoft.ManagedIdentity/identities',
        location: app.location,
        properties: { tenantId: context.world.tenantId, principalId, clientId },
      },
    };
  },
}));

function scopeOf(scope: string, { params }: ArmContext): string {
  return scope.replaceAll(/\{(\w+)\}/g, (_, name: string) => params[name] ?? '');
}
