import { randomUUID } from 'node:crypto';
import type { AddressRange } from './addresses.ts';
import { roleActions } from './azure/role.ts';
import type { Identity, Server, World } from './azure/world.ts';

/** Which resources a sandbox has; the names of the defaults are those of the samples. */
export interface LandscapeOptions {
  readonly postgresServers?: readonly { readonly name: string; readonly databases: readonly string[] }[];
  readonly identities?: readonly string[];
}

const subscriptionId = '00000000-0000-0000-0000-000000000001';
const resourceGroup = 'sandbox';

/** The operator's identity, and the name of its role on every server. */
export const operatorIdentityName = 'passwordless-operator';

/** An Azure with the servers and identities asked for, the operator being Entra administrator of every server. */
export function createLandscape(options: LandscapeOptions, range: AddressRange): World {
  const { postgresServers = [{ name: 'shop-pg', databases: ['orders'] }], identities = ['shop-orders', 'shop-reports'] } = options;
  const operator = newIdentity(operatorIdentityName);
  const administrator = { objectId: operator.principalId, principalName: operator.name, principalType: 'ServicePrincipal' } as const;
  return {
    tenantId: randomUUID(),
    subscriptionId,
    resourceGroup,
    location: 'westeurope',
    identities: [operator, ...identities.map(newIdentity)],
    servers: postgresServers.map(
      ({ name, databases }, index): Server => ({
        name,
        type: 'PostgreSQL',
        resourceId: resourceId('Microsoft.DBforPostgreSQL/flexibleServers', name),
        host: range.address(index + 1),
        port: 5432,
        databases: [...databases],
        administrators: [administrator],
        state: 'Ready',
        authConfig: { activeDirectoryAuth: 'Enabled', passwordAuth: 'Enabled' },
        network: { publicNetworkAccess: 'Enabled' },
        administratorLogin: 'pgadmin',
      }),
    ),
    operatorClientId: operator.clientId,
    operatorActions: [...roleActions],
    propagationSeconds: 0,
  };
}

function newIdentity(name: string): Identity {
  const id = resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', name);
  return { name, resourceId: id, clientId: randomUUID(), principalId: randomUUID(), federatedCredentials: [] };
}

function resourceId(type: string, name: string): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${type}/${name}`;
}
