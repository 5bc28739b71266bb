import { ConnectionError, isConnectionError } from '../../api/connection-error.ts';
import type { MysqlServer as FlexibleServer, MysqlAdministrator } from '../../azure/mysql-servers.ts';
import { type ResourceId, resourceName } from '../../azure/resource-id.ts';
import { firewallGap } from '../firewall-gap.ts';
import { closedServer, requireOpenServer, serverNotFound } from '../open-server.ts';
import { explainUnreachable, type NetworkFacts } from '../reachability.ts';
import { type ClosedServer, type ServerGap, SetupNeeded } from '../setup-needed.ts';
import type { Cancellable, ServerObservation } from '../target.ts';

/** What Azure tells about a flexible server, as far as we need it. */
export type AzureServer = Pick<FlexibleServer, 'host' | 'state'> & Partial<Pick<FlexibleServer, 'identityIds'>> & NetworkFacts;

/** Reads of Azure Resource Manager. */
export interface MysqlServerReads {
  /** Undefined when the server isn't there. */
  readServer(id: ResourceId, options: Cancellable): Promise<AzureServer | undefined>;
  /** Undefined when the server isn't there. */
  listAdministrators(id: ResourceId, options: Cancellable): Promise<readonly MysqlAdministrator[] | undefined>;
}

export interface MysqlServer extends ServerObservation {
  readonly login: string;
  /** Names of the users of the Entra administrators. */
  readonly administratorNames: readonly string[];
}

export interface ServerObserverOptions {
  readonly reads: MysqlServerReads;
  /** Whether a host is one of the cloud's MySQL servers. */
  readonly isServerHost: (host: string) => boolean;
  /** The operator's own identity. */
  readonly operator: { readonly principalId: string; readonly clientId: string };
  /** Logs in, and leaves the session to be used again. */
  readonly logIn: (address: { readonly host: string; readonly login: string }, options: Cancellable) => Promise<void>;
}

/** Finds out where a server is and as whom the operator can log in. */
export class ServerObserver {
  readonly #options: ServerObserverOptions;

  constructor(options: ServerObserverOptions) {
    this.#options = options;
  }

  /** Never writes. Throws ConnectionError when the operator can't log in, with what to do about it: SetupNeeded where Azure could be set up for it. */
  async observe(serverId: ResourceId, { signal }: Cancellable): Promise<MysqlServer> {
    const { reads, isServerHost } = this.#options;
    const server = await reads.readServer(serverId, { signal });
    if (!server) throw serverNotFound(serverId);
    const host = requireOpenServer(server, isServerHost);
    const administrators = await reads.listAdministrators(serverId, { signal });
    if (!administrators) throw serverNotFound(serverId);
    const administratorIds = administrators.map((each) => each.sid.toLowerCase());
    const closed = closedServer({ serverId, host, administratorIds }, server);
    try {
      const login = await this.#logIn(closed, administrators, server.identityIds ?? [], { signal });
      return { serverId, host, login, administratorIds, administratorNames: administrators.map((each) => each.login) };
    } catch (error) {
      if (!isConnectionError(error)) throw error;
      const failure = explainUnreachable(error, host, server);
      const gap = firewallGap(failure);
      throw gap ? new SetupNeeded(failure, gap, closed) : failure;
    }
  }

  /** Azure doesn't say whether the administrator is a group, which the operator may be in, so logging in is what tells. */
  async #logIn(
    server: ClosedServer,
    administrators: readonly MysqlAdministrator[],
    directoryReaders: readonly ResourceId[],
    { signal }: Cancellable,
  ): Promise<string> {
    const { logIn } = this.#options;
    const { serverId, host } = server;
    const [principalId, clientId] = this.#ids();
    const needed = (failure: ConnectionError, kind: 'administrator' | 'other-administrator', sid = principalId) =>
      new SetupNeeded(failure, { kind, sid, directoryReaders } satisfies ServerGap, server);
    const own = administrators.find((each) => [principalId, clientId].includes(each.sid.toLowerCase()));
    if (own) {
      try {
        await logIn({ host, login: own.login }, { signal });
      } catch (error) {
        if (!isRefusal(error) || own.sid.toLowerCase() === clientId) throw error;
        // Microsoft's pages want the object id of a service principal, where users found that only the client id works (azure-facts 2.3)
        throw needed(error, 'administrator', clientId);
      }
      return own.login;
    }
    for (const { login } of administrators) {
      try {
        await logIn({ host, login }, { signal });
        return login;
      } catch (error) {
        if (!isRefusal(error)) throw error;
      }
    }
    throw administrators.length === 0
      ? needed(this.#noAdministrator(serverId), 'administrator')
      : needed(this.#otherAdministrator(), 'other-administrator');
  }

  #ids(): readonly [principalId: string, clientId: string] {
    const { principalId, clientId } = this.#options.operator;
    return [principalId.toLowerCase(), clientId.toLowerCase()];
  }

  #noAdministrator(serverId: ResourceId): ConnectionError {
    const { principalId } = this.#options.operator;
    return new ConnectionError(
      'waiting',
      'NotEntraAdministrator',
      `the server has no Entra administrator: make the operator's identity it (az mysql flexible-server ad-admin create --resource-group ${serverId.resourceGroup} --server-name ${resourceName(serverId)} --display-name passwordless-operator --object-id ${principalId} --identity <an identity of the server's own that may read Entra>)`,
    );
  }

  /** Who that is isn't told to tenants (threat-model E4). */
  #otherAdministrator(): ConnectionError {
    return new ConnectionError(
      'waiting',
      'OtherEntraAdministrator',
      `the server's one Entra administrator is another, as which the operator can't log in: if that is a group, put the service principal with object id ${this.#options.operator.principalId} into it; else make a group of both the administrator, or the operator's identity alone`,
    );
  }
}

function isRefusal(error: unknown): error is ConnectionError {
  return isConnectionError(error) && error.reason === 'NotEntraAdministrator';
}

/** Names of the users that nobody but administrators may be. Pure. */
export function administratorNamesOf({ login, administratorNames }: MysqlServer): readonly string[] {
  return [login, ...administratorNames];
}
