import { noHosts } from '../../sandbox/azure/hosts/hosts.ts';
import type { FederatedCredential, Identity, Server, World } from '../../sandbox/azure/world.ts';

const subscriptionId = '5b0e1c00-0000-4000-8000-000000000001';
const groupId = `/subscriptions/${subscriptionId}/resourceGroups/sandbox`;

/** Ids that look like Azure's, so that the SDKs take them. */
export const ids = {
  tenant: '7e4a0000-0000-4000-8000-000000000001',
  subscription: subscriptionId,
  operatorClient: '0be70000-0000-4000-8000-000000000001',
  operatorPrincipal: '0be70000-0000-4000-8000-000000000002',
  shopClient: '5409c000-0000-4000-8000-000000000001',
  shopPrincipal: '5409c000-0000-4000-8000-000000000002',
  shopIdentity: `${groupId}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/shop-orders`,
  server: `${groupId}/providers/Microsoft.DBforPostgreSQL/flexibleServers/shop-pg`,
  mysqlServer: `${groupId}/providers/Microsoft.DBforMySQL/flexibleServers/shop-mysql`,
} as const;

/** A world with the operator's identity, one of a workload, and one server of each engine. */
export function newWorld(changes: Partial<World> = {}): World {
  return {
    tenantId: ids.tenant,
    subscriptionId,
    resourceGroup: 'sandbox',
    location: 'westeurope',
    identities: [
      newIdentity('operator', ids.operatorClient, ids.operatorPrincipal),
      newIdentity('shop-orders', ids.shopClient, ids.shopPrincipal),
    ],
    servers: [
      newServer(),
      { ...newServer(), name: 'shop-mysql', type: 'MySQL', resourceId: ids.mysqlServer, host: '127.0.46.11', port: 3306 },
    ],
    hosts: noHosts(),
    locks: [],
    servicePrincipals: [],
    operatorClientId: ids.operatorClient,
    operatorActions: ['*'],
    propagationSeconds: 0,
    principalSeconds: 0,
    ...changes,
  };
}

export function newIdentity(name: string, clientId: string, principalId: string): Identity {
  return {
    name,
    resourceId: `${groupId}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`,
    clientId,
    principalId,
    federatedCredentials: [],
  };
}

export function newCredential(changes: Partial<FederatedCredential>): FederatedCredential {
  return {
    name: 'cluster-orders',
    issuer: 'https://issuer.invalid',
    subject: 'system:serviceaccount:shop:orders',
    audiences: ['api://AzureADTokenExchange'],
    effectiveAt: 0,
    ...changes,
  };
}

function newServer(): Server {
  return {
    name: 'shop-pg',
    type: 'PostgreSQL',
    resourceId: ids.server,
    host: '127.0.46.10',
    port: 5432,
    databases: ['orders'],
    administrators: [{ objectId: ids.operatorPrincipal, principalName: 'operator', principalType: 'ServicePrincipal' }],
    state: 'Ready',
    authConfig: { activeDirectoryAuth: 'Enabled', passwordAuth: 'Enabled' },
    network: { publicNetworkAccess: 'Enabled' },
  };
}
