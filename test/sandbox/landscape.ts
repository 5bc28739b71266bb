import { randomUUID } from 'node:crypto';
import type { AddressRange } from './addresses.ts';
import { roleActions } from './azure/role.ts';
import type { Identity, Server, World } from './azure/world.ts';

export interface ServerOptions {
  readonly name: string;
  readonly databases: readonly string[];
}

/** Which resources a sandbox has; the names of the defaults are those of the samples. */
export interface LandscapeOptions {
  readonly postgresServers?: readonly ServerOptions[];
  /** None when left out. */
  readonly mysqlServers?: readonly ServerOptions[];
  readonly identities?: readonly string[];
}

const subscriptionId = '00000000-0000-0000-0000-000000000001';
const resourceGroup = 'sandbox';

/** The operator's identity, and the name of its role on every server. */
export const operatorIdentityName = 'passwordless-operator';

const engines = {
  PostgreSQL: { provider: 'Microsoft.DBforPostgreSQL', port: 5432, administratorLogin: 'pgadmin' },
  MySQL: { provider: 'Microsoft.DBforMySQL', port: 3306, administratorLogin: 'mysqladmin' },
} as const;

/** The ports that the servers listen on, in their order. */
export function portsOf(options: LandscapeOptions): readonly number[] {
  return serversOf(options).map(({ type }) => engines[type].port);
}

/** An Azure with the servers and identities asked for, the operator being Entra administrator of every server. */
export function createLandscape(options: LandscapeOptions, range: AddressRange): World {
  const { identities = ['shop-orders', 'shop-reports'] } = options;
  const operator = newIdentity(operatorIdentityName);
  const administrator = { objectId: operator.principalId, principalName: operator.name, principalType: 'ServicePrincipal' } as const;
  return {
    tenantId: randomUUID(),
    subscriptionId,
    resourceGroup,
    location: 'westeurope',
    identities: [operator, ...identities.map(newIdentity)],
    servers: serversOf(options).map(
      ({ name, databases, type }, index): Server => ({
        name,
        type,
        resourceId: resourceId(`${engines[type].provider}/flexibleServers`, name),
        host: range.address(index + 1),
        port: engines[type].port,
        databases: [...databases],
        administrators: [administrator],
        state: 'Ready',
        authConfig: { activeDirectoryAuth: 'Enabled', passwordAuth: 'Enabled' },
        network: { publicNetworkAccess: 'Enabled' },
        administratorLogin: engines[type].administratorLogin,
      }),
    ),
    operatorClientId: operator.clientId,
    operatorActions: [...roleActions],
    propagationSeconds: 0,
  };
}

function serversOf({
  postgresServers = [{ name: 'shop-pg', databases: ['orders'] }],
  mysqlServers = [],
}: LandscapeOptions): readonly (ServerOptions & { readonly type: keyof typeof engines })[] {
  return [
    ...postgresServers.map((each) => ({ ...each, type: 'PostgreSQL' as const })),
    ...mysqlServers.map((each) => ({ ...each, type: 'MySQL' as const })),
  ];
}

function newIdentity(name: string): Identity {
  const id = resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', name);
  return { name, resourceId: id, clientId: randomUUID(), principalId: randomUUID(), federatedCredentials: [] };
}

function resourceId(type: string, name: string): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${type}/${name}`;
}
