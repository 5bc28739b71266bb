import { ConnectionError } from '../api/connection-error.ts';
import { reasons } from '../api/reasons.ts';
import type { Arm, ArmCall, ArmOptions } from './arm.ts';
import { collectPages } from './arm-pipeline.ts';
import { checkedServerHost } from './checked-server-host.ts';
import { isGuid, parseResourceId, type ResourceId, resourceName } from './resource-id.ts';
import type { AzureAction } from './roles.ts';

/** A MySQL Flexible Server as found in Azure. Words of Azure stand as it sends them. */
export interface MysqlServer {
  readonly id: ResourceId;
  /** Where to log in, checked against the cloud; undefined while Azure gives the server none. */
  readonly host: string | undefined;
  /** Ready, Stopped, Updating and so on; Unknown when Azure doesn't say. */
  readonly state: string;
  /** For example 8.0.21; empty when Azure doesn't say. */
  readonly version: string;
  readonly publicNetworkAccess: 'Enabled' | 'Disabled';
  /** Whether the server stands in a virtual network, which it can't leave. */
  readonly inVirtualNetwork: boolean;
  /** The zone that must be linked to the cluster's network. */
  readonly privateDnsZoneId: string | undefined;
  /** Its own user-assigned identities, one of which looks Entra's users up for it. */
  readonly identityIds: readonly ResourceId[];
}

/** The Entra administrator of a server, of which Azure allows one. */
export interface MysqlAdministrator {
  /** By Azure's words its object id; of some identities it is the client id. Lower case. */
  readonly sid: string;
  /** Its user name at the server. */
  readonly login: string;
}

/** The server, or undefined when it isn't there. Throws ConnectionError, also when Azure names a host outside of the cloud's suffix. */
export async function readServer(arm: Arm, id: ResourceId, options: ArmOptions): Promise<MysqlServer | undefined> {
  const client = await arm.mysqlServers(id.subscriptionId);
  const found = await arm.find(
    call(id, 'Microsoft.DBforMySQL/flexibleServers/read'),
    (callOptions) => client.servers.get(id.resourceGroup, id.names[0], callOptions),
    options,
  );
  if (!found) return undefined;
  const { fullyQualifiedDomainName, state, version, network, identity } = found;
  return {
    id,
    host: fullyQualifiedDomainName ? checkedServerHost(arm.cloud, 'MySQL', fullyQualifiedDomainName, described(id)) : undefined,
    state: state ?? 'Unknown',
    version: version ?? '',
    publicNetworkAccess: network?.publicNetworkAccess === 'Disabled' ? 'Disabled' : 'Enabled',
    inVirtualNetwork: Boolean(network?.delegatedSubnetResourceId),
    privateDnsZoneId: network?.privateDnsZoneResourceId || undefined,
    identityIds: Object.keys(identity?.userAssignedIdentities ?? {}).flatMap(identityId),
  };
}

/** The server's Entra administrators, or undefined when the server isn't there. Throws ConnectionError. */
export async function listAdministrators(
  arm: Arm,
  id: ResourceId,
  options: ArmOptions,
): Promise<readonly MysqlAdministrator[] | undefined> {
  const client = await arm.mysqlServers(id.subscriptionId);
  const all = await arm.find(
    call(id, 'Microsoft.DBforMySQL/flexibleServers/administrators/read'),
    (callOptions) => collectPages(client.azureADAdministrators.listByServer(id.resourceGroup, id.names[0], callOptions).byPage()),
    options,
  );
  return all?.map(({ sid, login }) => {
    // One that can't be read could be the very identity that a connection asks for.
    if (!isGuid(sid) || typeof login !== 'string' || login === '' || login.includes('\0')) {
      const text = `Azure describes an administrator of ${described(id)} in a way that is not understood`;
      throw new ConnectionError('waiting', reasons.AzureError, text);
    }
    return { sid: sid.toLowerCase(), login };
  });
}

function identityId(text: string): readonly ResourceId[] {
  const parsed = parseResourceId(text, 'userAssignedIdentity');
  return parsed.ok ? [parsed.id] : [];
}

function call(id: ResourceId, action: AzureAction): ArmCall {
  return { action, what: described(id), subscriptionId: id.subscriptionId };
}

function described(id: ResourceId): string {
  return `server "${resourceName(id)}"`;
}
