import { ConnectionError, isConnectionError } from '../../api/connection-error.ts';
import { type ResourceId, resourceName } from '../../azure/resource-id.ts';
import type { SqlServer as LogicalServer, SqlAdministrator, SqlDatabase } from '../../azure/sql-servers.ts';
import { firewallGap } from '../firewall-gap.ts';
import { closedServer, requireOpenServer, serverNotFound } from '../open-server.ts';
import { explainUnreachable, type NetworkFacts } from '../reachability.ts';
import { type ClosedServer, SetupNeeded } from '../setup-needed.ts';
import type { Cancellable, ServerObservation } from '../target.ts';

/** What Azure tells about a logical server, as far as we need it. */
export type AzureServer = Pick<LogicalServer, 'host' | 'state'> & NetworkFacts;

/** Reads of Azure Resource Manager. */
export interface AzureSqlServerReads {
  /** Undefined when the server isn't there. */
  readServer(id: ResourceId, options: Cancellable): Promise<AzureServer | undefined>;
  /** Undefined when the server isn't there. */
  listAdministrators(id: ResourceId, options: Cancellable): Promise<readonly SqlAdministrator[] | undefined>;
  /** Undefined when the server isn't there. */
  listDatabases(id: ResourceId, options: Cancellable): Promise<readonly SqlDatabase[] | undefined>;
}

/** What an administrator is called decides nothing at a login: the token does. */
export interface AzureSqlServer extends ServerObservation {
  readonly login: string;
  /** The one in which the operator is to look; undefined where none was named. */
  readonly database: string | undefined;
}

export interface ServerObserverOptions {
  readonly reads: AzureSqlServerReads;
  /** Whether a host is one of the cloud's servers of Azure SQL. */
  readonly isServerHost: (host: string) => boolean;
  /** The operator's own identity. */
  readonly operator: { readonly principalId: string; readonly clientId: string };
  /** Logs in, and leaves the session to be used again. */
  readonly logIn: (address: { readonly host: string; readonly database: string }, options: Cancellable) => Promise<void>;
}

/** What a login tells of a database, and nothing of its server. */
const ofTheDatabase: readonly string[] = ['DatabaseNotFound', 'DatabasePaused', 'DatabaseError'];

/** Finds out where a server is and whether the operator can log in. */
export class ServerObserver {
  readonly #options: ServerObserverOptions;

  constructor(options: ServerObserverOptions) {
    this.#options = options;
  }

  /**
   * Tries a login where a database is named that is awake: one for each database is all that a pass at rest needs. Never writes.
   * Throws ConnectionError when the operator can't log in, with what to do about it: SetupNeeded where Azure could be set up for it.
   */
  async observe(serverId: ResourceId, database: string | undefined, { signal }: Cancellable): Promise<AzureSqlServer> {
    const { reads, isServerHost } = this.#options;
    const server = await reads.readServer(serverId, { signal });
    if (!server) throw serverNotFound(serverId);
    const host = requireOpenServer(server, isServerHost);
    const administrators = await reads.listAdministrators(serverId, { signal });
    if (!administrators) throw serverNotFound(serverId);
    const administratorIds = administrators.map(({ sid }) => sid.toLowerCase());
    const closed = closedServer({ serverId, host, administratorIds }, server);
    const [administrator] = administrators;
    if (!administrator) throw this.#needed(this.#noAdministrator(serverId), 'administrator', closed);
    if (database !== undefined && (await this.isAwake(serverId, database, { signal })))
      await this.#logIn(database, closed, server, { signal });
    return { serverId, host, database, login: administrator.login, administratorIds };
  }

  /** Whether the database is there and doesn't sleep. */
  async isAwake(serverId: ResourceId, database: string, { signal }: Cancellable): Promise<boolean> {
    const status = await this.statusOf(serverId, database, { signal });
    return status !== undefined && !isAsleep(status);
  }

  /** Azure's word for the state of a database; undefined when it isn't there. Throws ServerNotFound. */
  async statusOf(serverId: ResourceId, database: string, { signal }: Cancellable): Promise<string | undefined> {
    const databases = await this.#options.reads.listDatabases(serverId, { signal });
    if (!databases) throw serverNotFound(serverId);
    const alike = databases.filter(({ name }) => name.toLowerCase() === database.toLowerCase());
    return (alike.find(({ name }) => name === database) ?? alike[0])?.status;
  }

  /** Azure doesn't say whether the administrator is a group, which the operator may be in, so logging in is what tells. */
  async #logIn(database: string, server: ClosedServer, network: NetworkFacts, { signal }: Cancellable): Promise<void> {
    const { logIn } = this.#options;
    const { host } = server;
    try {
      await logIn({ host, database }, { signal });
    } catch (error) {
      if (!isConnectionError(error)) throw error;
      if (ofTheDatabase.includes(error.reason)) return;
      if (error.reason === 'NotEntraAdministrator') throw this.#refused(error, server);
      const failure = explainUnreachable(error, host, network);
      const gap = firewallGap(failure);
      throw gap ? new SetupNeeded(failure, gap, server) : failure;
    }
  }

  #refused(error: ConnectionError, server: ClosedServer): ConnectionError {
    const { principalId, clientId } = this.#options.operator;
    const isAdministrator = (id: string) => server.administratorIds.includes(id.toLowerCase());
    if (isAdministrator(clientId)) return error;
    // Microsoft's pages want the object id of a service principal, where users found that only the client id works (azure-facts 3.7)
    if (isAdministrator(principalId)) return this.#needed(error, 'administrator', server);
    return this.#needed(this.#otherAdministrator(error), 'other-administrator', server);
  }

  #needed(failure: ConnectionError, kind: 'administrator' | 'other-administrator', server: ClosedServer): SetupNeeded {
    const { clientId } = this.#options.operator;
    return new SetupNeeded(failure, { kind, sid: clientId.toLowerCase(), directoryReaders: undefined }, server);
  }

  #noAdministrator(serverId: ResourceId): ConnectionError {
    const { clientId } = this.#options.operator;
    return new ConnectionError(
      'waiting',
      'NotEntraAdministrator',
      `the server has no Microsoft Entra admin: make the operator's identity it, or better a group that it is in (az sql server ad-admin create --resource-group ${serverId.resourceGroup} --server-name ${resourceName(serverId)} --display-name passwordless-operator --object-id ${clientId})`,
    );
  }

  /** Who that is isn't told to tenants (threat-model E4). */
  #otherAdministrator(cause: unknown): ConnectionError {
    const { principalId } = this.#options.operator;
    const message = `the server's one Microsoft Entra admin is another, as which the operator can't log in: if that is a group, put the service principal with object id ${principalId} into it; else make a group of both the admin`;
    return new ConnectionError('waiting', 'OtherEntraAdministrator', message, { cause });
  }
}

/** Whether a login would wake a database: Azure's words for serverless databases. Pure. */
export function isAsleep(status: string): boolean {
  return status === 'Paused' || status === 'Pausing';
}

/** Of a database that nobody shall wake. */
export function paused(database: string): ConnectionError {
  return new ConnectionError(
    'waiting',
    'DatabasePaused',
    `database ${database} is paused, and the operator doesn't wake it for a look: it goes on when something else does, for example an application or a query in the Azure portal`,
  );
}

/** Of a database that Azure doesn't know. */
export function databaseNotFound(database: string): ConnectionError {
  return new ConnectionError(
    'waiting',
    'DatabaseNotFound',
    `the server has no database ${database}: create it, or create the connection anew with the right name`,
  );
}
