import { randomUUID } from 'node:crypto';
import type { AddressRange } from './addresses.ts';
import { type ContainerAppOptions, newContainerApp } from './azure/hosts/container-app.ts';
import { newSpringApp, type SpringAppOptions } from './azure/hosts/spring-app.ts';
import { newWebApp, type WebAppOptions } from './azure/hosts/web-app.ts';
import { roleActions } from './azure/role.ts';
import type { Identity, Server, World } from './azure/world.ts';

export interface ServerOptions {
  readonly name: string;
  readonly databases: readonly string[];
}

/** Which resources a sandbox has; the names of the defaults are those of the samples. */
export interface LandscapeOptions {
  readonly postgresServers?: readonly ServerOptions[];
  readonly mysqlServers?: readonly ServerOptions[];
  readonly azureSqlServers?: readonly ServerOptions[];
  readonly identities?: readonly string[];
  /** Apps that Azure hosts; of these there are none when left out, but for the container apps. */
  readonly containerApps?: readonly Placed<ContainerAppOptions>[];
  readonly webApps?: readonly Placed<WebAppOptions>[];
  readonly springApps?: readonly Placed<SpringAppOptions>[];
  /** None when left out. */
  readonly servicePrincipals?: readonly { readonly name: string; readonly secrets: readonly string[] }[];
}

/** Without its place, which the landscape gives. */
type Placed<T> = Omit<T, 'groupId' | 'location'>;

const subscriptionId = '00000000-0000-0000-0000-000000000001';
const resourceGroup = 'sandbox';
const location = 'westeurope';

/** From where everything in the sandbox reaches its servers, as these see it: an address of Azure's West Europe. */
export const egressAddress = '20.50.2.10';
/** What MySQL servers look their administrators up with. */
const directoryReader = 'mysql-reads-entra';
const openToAll = { name: 'everybody', start: '0.0.0.0', end: '255.255.255.255', effectiveAt: 0 };

/** The operator's identity, and the name of its role on every server. */
export const operatorIdentityName = 'passwordless-operator';

const engines = {
  PostgreSQL: { resourceType: 'Microsoft.DBforPostgreSQL/flexibleServers', port: 5432, administratorLogin: 'pgadmin' },
  MySQL: { resourceType: 'Microsoft.DBforMySQL/flexibleServers', port: 3306, administratorLogin: 'mysqladmin' },
  AzureSQL: { resourceType: 'Microsoft.Sql/servers', port: 1433, administratorLogin: 'sqladmin' },
} as const;

/** The ports that the servers listen on, in their order. */
export function portsOf(options: LandscapeOptions): readonly number[] {
  return serversOf(options).map(({ type }) => engines[type].port);
}

/** An Azure with the servers and identities asked for, the operator being Entra administrator of every server. */
export function createLandscape(options: LandscapeOptions, range: AddressRange): World {
  const { identities = ['shop-orders', 'shop-reports'] } = options;
  const operator = newIdentity(operatorIdentityName);
  const place = { groupId: `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`, location };
  const administrator = { objectId: operator.principalId, principalName: operator.name, principalType: 'ServicePrincipal' } as const;
  return {
    tenantId: randomUUID(),
    subscriptionId,
    resourceGroup,
    location,
    identities: [operator, ...identities.map(newIdentity)],
    servers: serversOf(options).map(
      ({ name, databases, type }, index): Server => ({
        name,
        type,
        resourceId: resourceId(engines[type].resourceType, name),
        host: range.address(index + 1),
        port: engines[type].port,
        databases: [...databases],
        administrators: [administrator],
        state: 'Ready',
        authConfig: { activeDirectoryAuth: 'Enabled', passwordAuth: 'Enabled' },
        network: { publicNetworkAccess: 'Enabled' },
        administratorLogin: engines[type].administratorLogin,
        firewall: { clientAddress: egressAddress, effectSeconds: 0, rules: [openToAll] },
        ...(type === 'MySQL' && { identityIds: [resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', directoryReader)] }),
      }),
    ),
    hosts: {
      containerApps: (options.containerApps ?? [{ name: 'shop-web' }, { name: 'shop-worker' }]).map((each) =>
        newContainerApp({ ...each, ...place }),
      ),
      webApps: (options.webApps ?? []).map((each) => newWebApp({ ...each, ...place })),
      springApps: (options.springApps ?? []).map((each) => newSpringApp({ ...each, ...place })),
    },
    locks: [],
    servicePrincipals: (options.servicePrincipals ?? []).map((each) => ({
      ...each,
      clientId: randomUUID(),
      principalId: randomUUID(),
      federatedCredentials: [],
    })),
    operatorClientId: operator.clientId,
    operatorActions: [...roleActions],
    propagationSeconds: 0,
    principalSeconds: 0,
  };
}

function serversOf({
  postgresServers = [{ name: 'shop-pg', databases: ['orders'] }],
  mysqlServers = [{ name: 'shop-mysql', databases: ['orders'] }],
  azureSqlServers = [{ name: 'shop-sql', databases: ['orders'] }],
}: LandscapeOptions): readonly (ServerOptions & { readonly type: keyof typeof engines })[] {
  return [
    ...postgresServers.map((each) => ({ ...each, type: 'PostgreSQL' as const })),
    ...mysqlServers.map((each) => ({ ...each, type: 'MySQL' as const })),
    ...azureSqlServers.map((each) => ({ ...each, type: 'AzureSQL' as const })),
  ];
}

function newIdentity(name: string): Identity {
  const id = resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', name);
  return { name, resourceId: id, clientId: randomUUID(), principalId: randomUUID(), federatedCredentials: [] };
}

function resourceId(type: string, name: string): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${type}/${name}`;
}
