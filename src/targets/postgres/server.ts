import { ConnectionError, isConnectionError } from '../../api/connection-error.ts';
import type { PostgresServer as FlexibleServer, PostgresAdministrator } from '../../azure/postgres-servers.ts';
import { type ResourceId, resourceKey } from '../../azure/resource-id.ts';
import { firewallGap } from '../firewall-gap.ts';
import { closedServer, requireOpenServer, serverNotFound } from '../open-server.ts';
import { explainUnreachable, type NetworkFacts } from '../reachability.ts';
import { type ClosedServer, SetupNeeded } from '../setup-needed.ts';
import type { Cancellable, ServerObservation } from '../target.ts';

/** What Azure tells about a flexible server, as far as we need it. */
export type AzureServer = Pick<FlexibleServer, 'host' | 'state' | 'entraAuthentication'> & NetworkFacts;

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

/** Finds out where a server is and as whom the operator can log in. */
export class ServerObserver {
  readonly #options: ServerObserverOptions;
  /** As which group the operator got in, by server: so that others needn't be tried again. */
  readonly #groups = new Map<string, string>();

  constructor(options: ServerObserverOptions) {
    this.#options = options;
  }

  /** Never writes. Throws ConnectionError when the operator can't log in, with what to do about it: SetupNeeded where Azure could be set up for it. */
  async observe(serverId: ResourceId, { signal }: Cancellable): Promise<PostgresServer> {
    const { reads, isServerHost } = this.#options;
    const server = await reads.readServer(serverId, { signal });
    if (!server) throw serverNotFound(serverId);
    const host = requireOpenServer(server, isServerHost);
    const administrators = await reads.listAdministrators(serverId, { signal });
    if (!administrators) throw serverNotFound(serverId);
    const administratorIds = administrators.map((each) => each.objectId.toLowerCase());
    const closed = closedServer({ serverId, host, administratorIds }, server);
    if (server.entraAuthentication !== 'Enabled') throw new SetupNeeded(entraDisabled(), { kind: 'entra-authentication' }, closed);
    try {
      const login = await this.#logIn(closed, administrators, { signal });
      return { serverId, host, login, administratorIds, administratorNames: administrators.map((each) => each.principalName) };
    } catch (error) {
      if (!isConnectionError(error)) throw error;
      const failure = explainUnreachable(error, host, server);
      const gap = firewallGap(failure);
      throw gap ? new SetupNeeded(failure, gap, closed) : failure;
    }
  }

  /** A caller who is administrator through a group needs nothing, so logging in is what tells. */
  async #logIn(server: ClosedServer, administrators: readonly PostgresAdministrator[], { signal }: Cancellable): Promise<string> {
    const { logIn, operatorObjectId } = this.#options;
    const { serverId, host } = server;
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
    throw new SetupNeeded(
      notAdministrator(operatorObjectId),
      { kind: 'administrator', sid: operatorObjectId.toLowerCase(), directoryReaders: undefined },
      server,
    );
  }
}

function entraDisabled(): ConnectionError {
  return new ConnectionError(
    'waiting',
    'EntraAuthenticationDisabled',
    "Entra authentication is off on the server: switch it on under the server's Authentication settings; Azure restarts the server for it",
  );
}

function notAdministrator(operatorObjectId: string): ConnectionError {
  return new ConnectionError(
    'waiting',
    'NotEntraAdministrator',
    `the operator is no Entra administrator of the server: add the service principal with object id ${operatorObjectId} under the server's Authentication settings (az postgres flexible-server microsoft-entra-admin create), or put it into a group that is one`,
  );
}

/** Names of the roles that nobody but administrators may be. Pure. */
export function administratorNamesOf({ login, administratorNames }: PostgresServer): readonly string[] {
  return [login, ...administratorNames];
}
