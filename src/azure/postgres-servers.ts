import { ConnectionError } from '../api/connection-error.ts';
import { reasons } from '../api/reasons.ts';
import type { Arm, ArmCall, ArmOptions } from './arm.ts';
import { collectPages } from './arm-pipeline.ts';
import { checkedServerHost } from './checked-server-host.ts';
import { isGuid, type ResourceId, resourceName } from './resource-id.ts';
import type { AzureAction } from './roles.ts';

/** A PostgreSQL Flexible Server as found in Azure. Words of Azure stand as it sends them. */
export interface PostgresServer {
  readonly id: ResourceId;
  /** Where to log in, checked against the cloud; undefined while Azure gives the server none. */
  readonly host: string | undefined;
  /** Ready, Stopped, Updating and so on; Unknown when Azure doesn't say. */
  readonly state: string;
  /** Major version; empty when Azure doesn't say. */
  readonly version: string;
  readonly entraAuthentication: 'Enabled' | 'Disabled';
  readonly publicNetworkAccess: 'Enabled' | 'Disabled';
  /** Whether the server stands in a virtual network, which it can't leave. */
  readonly inVirtualNetwork: boolean;
  /** The zone that must be linked to the cluster's network. */
  readonly privateDnsZoneId: string | undefined;
}

/** An Entra administrator of a server. */
export interface PostgresAdministrator {
  /** Lower case. */
  readonly objectId: string;
  /** Its user name at the server. */
  readonly principalName: string;
  readonly principalType: 'User' | 'Group' | 'ServicePrincipal' | 'Unknown';
}

/** The server, or undefined when it isn't there. Throws ConnectionError, also when Azure names a host outside of the cloud's suffix. */
export async function readServer(arm: Arm, id: ResourceId, options: ArmOptions): Promise<PostgresServer | undefined> {
  const client = await arm.postgresServers(id.subscriptionId);
  const found = await arm.find(
    call(id, 'Microsoft.DBforPostgreSQL/flexibleServers/read'),
    (callOptions) => client.servers.get(id.resourceGroup, id.names[0], callOptions),
    options,
  );
  if (!found) return undefined;
  const { fullyQualifiedDomainName, state, version, authConfig, network } = found;
  return {
    id,
    host: fullyQualifiedDomainName ? checkedServerHost(arm.cloud, 'PostgreSQL', fullyQualifiedDomainName, described(id)) : undefined,
    state: state ?? 'Unknown',
    version: version ?? '',
    entraAuthentication: authConfig?.activeDirectoryAuth === 'Enabled' ? 'Enabled' : 'Disabled',
    publicNetworkAccess: network?.publicNetworkAccess === 'Disabled' ? 'Disabled' : 'Enabled',
    inVirtualNetwork: Boolean(network?.delegatedSubnetResourceId),
    privateDnsZoneId: network?.privateDnsZoneArmResourceId || undefined,
  };
}

/** The server's Entra administrators, or undefined when the server isn't there. Throws ConnectionError. */
export async function listAdministrators(
  arm: Arm,
  id: ResourceId,
  options: ArmOptions,
): Promise<readonly PostgresAdministrator[] | undefined> {
  const client = await arm.postgresServers(id.subscriptionId);
  const all = await arm.find(
    call(id, 'Microsoft.DBforPostgreSQL/flexibleServers/administrators/read'),
    (callOptions) => collectPages(client.administratorsMicrosoftEntra.listByServer(id.resourceGroup, id.names[0], callOptions).byPage()),
    options,
  );
  return all?.map(({ objectId, principalName, principalType }) => {
    // One that can't be read could be the very identity that a connection asks for.
    if (!isGuid(objectId) || typeof principalName !== 'string') {
      const text = `Azure describes an administrator of ${described(id)} in a way that is not understood`;
      throw new ConnectionError('waiting', reasons.AzureError, text);
    }
    return { objectId: objectId.toLowerCase(), principalName, principalType: knownType(principalType) };
  });
}

function call(id: ResourceId, action: AzureAction): ArmCall {
  return { action, what: described(id), subscriptionId: id.subscriptionId };
}

function described(id: ResourceId): string {
  return `server "${resourceName(id)}"`;
}

function knownType(type: string | undefined): PostgresAdministrator['principalType'] {
  return type === 'User' || type === 'Group' || type === 'ServicePrincipal' ? type : 'Unknown';
}
