import { ConnectionError } from '../api/connection-error.ts';
import { type ResourceId, resourceName } from '../azure/resource-id.ts';
import type { ClosedServer } from './setup-needed.ts';

/** States in which nobody can log in (ServerState of @azure/arm-postgresql-flexible 9 and @azure/arm-mysql-flexible 4); in the others a login is tried. */
const closedStates: readonly string[] = ['Dropping', 'Disabled', 'Starting', 'Stopping', 'Stopped', 'Provisioning', 'Inaccessible'];

/** The host of a flexible server, when a login can be tried. Throws ConnectionError when not, with what to do about it. Pure. */
export function requireOpenServer(
  { host, state }: { readonly host: string | undefined; readonly state: string },
  isServerHost: (host: string) => boolean,
): string {
  if (closedStates.includes(state))
    throw new ConnectionError('waiting', 'ServerStopped', `the server's state is ${state}: ${adviceFor(state)}`);
  if (host === undefined)
    throw new ConnectionError('waiting', 'ServerStopped', `Azure tells no host name of the server yet; its state is ${state}`);
  if (!isServerHost(host))
    throw new ConnectionError(
      'stalled',
      'WrongServer',
      'Azure names a host outside the cloud for this server, so no token was sent to it: start the operator with the --cloud that the server is in',
    );
  return host;
}

/** A server as it is seen before a login. Pure. */
export function closedServer(
  found: Pick<ClosedServer, 'serverId' | 'host' | 'administratorIds'>,
  { state }: { readonly state: string },
): ClosedServer {
  return { ...found, login: undefined, isBusy: state !== 'Ready' && state !== 'Unknown' };
}

/** Of a server that isn't there. Pure. */
export function serverNotFound(serverId: ResourceId): ConnectionError {
  return new ConnectionError(
    'waiting',
    'ServerNotFound',
    `there is no server "${resourceName(serverId)}" in resource group "${serverId.resourceGroup}": create it, or create the connection anew with the right id`,
  );
}

function adviceFor(state: string): string {
  switch (state) {
    case 'Stopped':
      return 'start it';
    case 'Disabled':
    case 'Inaccessible':
      return 'see its health in Azure; its encryption key or its subscription may be out of reach';
    default:
      return 'it is looked at again';
  }
}
