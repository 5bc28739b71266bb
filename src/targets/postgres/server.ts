import { ConnectionError, isConnectionError } from '../../api/connection-error.ts';
import { inSync, type StagePlan } from '../../api/step.ts';
import type { PostgresServer as FlexibleServer, PostgresAdministrator } from '../../azure/postgres-servers.ts';
import { type ResourceId, resourceKey, resourceName } from '../../azure/resource-id.ts';
import type { Cancellable, ServerObservation } from '../target.ts';

/** What Azure tells about a flexible server, as far as we need it. */
export type AzureServer = Pick<FlexibleServer, 'host' | 'state' | 'entraAuthentication'>;

/** Reads of Azure Resource Manager. */
export interface PostgresServerReads {
  /** Undefined when the server isn't there. */
  readServer(id: ResourceId, options: Cancellable): Promise<AzureServer | undefined>;
  /** Undefined when the server isn't there. */
  listAdministrators(id: ResourceId, options: Cancellable): Promise<readonly PostgresAdministrator[] | undefined>;
}

export interface PostgresServer extends ServerObservation {
  readonly login: string;
  /** Names of the roles of the Entra administrators. */
  readonly administratorNames: readonly string[];
}

export interface ServerObserverOptions {
  readonly reads: PostgresServerReads;
  /** Whether a host is one of the cloud's PostgreSQL servers. */
  readonly isServerHost: (host: string) => boolean;
  /** Of the operator's own identity. */
  readonly operatorObjectId: string;
  /** Logs in to database `postgres`, and leaves the session to be used again. */
  readonly logIn: (address: { readonly host: string; readonly login: string }, options: Cancellable) => Promise<void>;
}

/** States in which nobody can log in (@azure/arm-postgresql-flexible 9, ServerState); in the others a login is tried. */
const closedStates: readonly string[] = ['Dropping', 'Disabled', 'Starting', 'Stopping', 'Stopped', 'Provisioning', 'Inaccessible'];

/** Finds out where a server is and as whom the operator can log in. */
export class ServerObserver {
  readonly #options: ServerObserverOptions;
  /** As which group the operator got in, by server: so that others needn't be tried again. */
  readonly #groups = new Map<string, string>();

  constructor(options: ServerObserverOptions) {
    this.#options = options;
  }

  /** Never writes. Throws ConnectionError when the operator can't log in, with what to do about it. */
  async observe(serverId: ResourceId, { signal }: Cancellable): Promise<PostgresServer> {
    const { reads } = this.#options;
    const server = await reads.readServer(serverId, { signal });
    if (!server) throw notFound(serverId);
    const host = this.#requireOpen(server);
    const administrators = await reads.listAdministrators(serverId, { signal });
    if (!administrators) throw notFound(serverId);
    const login = await this.#logIn(serverId, host, administrators, { signal });
    return {
      serverId,
      host,
      login,
      administratorIds: administrators.map((each) => each.objectId.toLowerCase()),
      administratorNames: administrators.map((each) => each.principalName),
    };
  }

  /** The host, when a login can be tried. */
  #requireOpen({ host, state, entraAuthentication }: AzureServer): string {
    if (closedStates.includes(state))
      throw new ConnectionError('waiting', 'ServerStopped', `the server's state is ${state}: ${adviceFor(state)}`);
    if (host === undefined)
      throw new ConnectionError('waiting', 'ServerStopped', `Azure tells no host name of the server yet; its state is ${state}`);
    if (!this.#options.isServerHost(host))
      throw new ConnectionError(
        'stalled',
        'WrongServer',
        'Azure names a host outside the cloud for this server, so no token was sent to it: start the operator with the --cloud that the server is in',
      );
    if (entraAuthentication !== 'Enabled')
      throw new ConnectionError(
        'waiting',
        'EntraAuthenticationDisabled',
        "Entra authentication is off on the server: switch it on under the server's Authentication settings; Azure restarts the server for it",
      );
    return host;
  }

  /** A caller who is administrator through a group needs nothing, so logging in is what tells. */
  async #logIn(
    serverId: ResourceId,
    host: string,
    administrators: readonly PostgresAdministrator[],
    { signal }: Cancellable,
  ): Promise<string> {
    const { logIn, operatorObjectId } = this.#options;
    const own = administrators.find((each) => each.objectId.toLowerCase() === operatorObjectId.toLowerCase());
    if (own) {
      await logIn({ host, login: own.principalName }, { signal });
      return own.principalName;
    }
    const key = resourceKey(serverId);
    const groups = administrators.filter((each) => each.principalType === 'Group').map((each) => each.principalName);
    const known = this.#groups.get(key);
    for (const login of groups.toSorted((a, b) => Number(b === known) - Number(a === known))) {
      try {
        await logIn({ host, login }, { signal });
        this.#groups.set(key, login);
        return login;
      } catch (error) {
        if (!isConnectionError(error) || error.reason !== 'NotEntraAdministrator') throw error;
      }
    }
    throw new ConnectionError(
      'waiting',
      'NotEntraAdministrator',
      `the operator is no Entra administrator of the server: add the service principal with object id ${operatorObjectId} under the server's Authentication settings (az postgres flexible-server microsoft-entra-admin create), or put it into a group that is one`,
    );
  }
}

function notFound(serverId: ResourceId): ConnectionError {
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

/** Setting servers up isn't served yet: what is missing was thrown as an error. Pure. */
export function planServer(): StagePlan {
  return inSync;
}

/** Names of the roles that nobody but administrators may be. Pure. */
export function administratorNamesOf({ login, administratorNames }: PostgresServer): readonly string[] {
  return [login, ...administratorNames];
}
