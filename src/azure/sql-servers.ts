import { ConnectionError } from '../api/connection-error.ts';
import { reasons } from '../api/reasons.ts';
import type { Arm, ArmCall, ArmOptions } from './arm.ts';
import { collectPages } from './arm-pipeline.ts';
import { checkedServerHost } from './checked-server-host.ts';
import { isGuid, type ResourceId, resourceName } from './resource-id.ts';
import type { AzureAction } from './roles.ts';

/** A logical server of Azure SQL as found in Azure. Words of Azure stand as it sends them. */
export interface SqlServer {
  readonly id: ResourceId;
  /** Where to log in, checked against the cloud; undefined while Azure gives the server none. */
  readonly host: string | undefined;
  /** Ready or Disabled; Unknown when Azure doesn't say. */
  readonly state: string;
  readonly publicNetworkAccess: 'Enabled' | 'Disabled';
}

/** The Entra administrator of a server, of which Azure allows one. */
export interface SqlAdministrator {
  /** Of a user or group its object id, of an application its client id or its object id. Lower case. */
  readonly sid: string;
  /** As whoever set it called it; it need not be a name in Entra. */
  readonly login: string;
}

export interface SqlDatabase {
  readonly name: string;
  /** Online, Paused, Resuming and so on; Unknown when Azure doesn't say. */
  readonly status: string;
}

/** The server, or undefined when it isn't there. Throws ConnectionError, also when Azure names a host outside of the cloud's suffix. */
export async function readServer(arm: Arm, id: ResourceId, options: ArmOptions): Promise<SqlServer | undefined> {
  const client = await arm.sqlServers(id.subscriptionId);
  const found = await arm.find(
    call(id, 'Microsoft.Sql/servers/read'),
    (callOptions) => client.servers.get(id.resourceGroup, id.names[0], callOptions),
    options,
  );
  if (!found) return undefined;
  const { fullyQualifiedDomainName, state, publicNetworkAccess } = found;
  return {
    id,
    host: fullyQualifiedDomainName ? checkedServerHost(arm.cloud, 'AzureSQL', fullyQualifiedDomainName, described(id)) : undefined,
    state: state ?? 'Unknown',
    publicNetworkAccess: publicNetworkAccess === 'Disabled' ? 'Disabled' : 'Enabled',
  };
}

/** The server's Entra administrators, or undefined when the server isn't there. Throws ConnectionError. */
export async function listAdministrators(arm: Arm, id: ResourceId, options: ArmOptions): Promise<readonly SqlAdministrator[] | undefined> {
  const client = await arm.sqlServers(id.subscriptionId);
  const all = await arm.find(
    call(id, 'Microsoft.Sql/servers/administrators/read'),
    (callOptions) => collectPages(client.serverAzureADAdministrators.listByServer(id.resourceGroup, id.names[0], callOptions).byPage()),
    options,
  );
  return all?.map(({ sid, login }) => {
    // One that can't be read could be the very identity that a connection asks for.
    if (!isGuid(sid)) throw notUnderstood('an administrator', id);
    return { sid: sid.toLowerCase(), login: typeof login === 'string' ? login : '' };
  });
}

/** The server's databases, or undefined when the server isn't there. One read for all of them. Throws ConnectionError. */
export async function listDatabases(arm: Arm, id: ResourceId, options: ArmOptions): Promise<readonly SqlDatabase[] | undefined> {
  const client = await arm.sqlServers(id.subscriptionId);
  const all = await arm.find(
    call(id, 'Microsoft.Sql/servers/databases/read'),
    (callOptions) => collectPages(client.databases.listByServer(id.resourceGroup, id.names[0], callOptions).byPage()),
    options,
  );
  return all?.map(({ name, status }) => {
    if (typeof name !== 'string') throw notUnderstood('a database', id);
    return { name, status: status ?? 'Unknown' };
  });
}

function call(id: ResourceId, action: AzureAction): ArmCall {
  return { action, what: described(id), subscriptionId: id.subscriptionId };
}

function described(id: ResourceId): string {
  return `server "${resourceName(id)}"`;
}

function notUnderstood(what: string, id: ResourceId): ConnectionError {
  return new ConnectionError('waiting', reasons.AzureError, `Azure describes ${what} of ${described(id)} in a way that is not understood`);
}
