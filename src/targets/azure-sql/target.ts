import { ConnectionError, isConnectionError } from '../../api/connection-error.ts';
import type { Step } from '../../api/step.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import { SessionPool } from '../session-pool.ts';
import type { ApplyOptions, Cancellable, EndingRequest, ServerObservation, Target, TargetRequest, UserObservation } from '../target.ts';
import type { UserNotes } from '../user-notes.ts';
import { Batches } from './batches.ts';
import { boundIdOf, forgetBoundId, rememberBoundId } from './bound-ids.ts';
import { endUser, releaseUser } from './end.ts';
import { settings } from './env.ts';
import { numberOf } from './errors.ts';
import type { EndingOptions } from './find-meant.ts';
import { listMarked } from './list-marked.ts';
import { defaultUserName } from './names.ts';
import { observeAdoption } from './observe-adoption.ts';
import { isForRebinding, observeRebinding } from './observe-rebinding.ts';
import { isForAdoption } from './plan-adoption.ts';
import { planRights } from './plan-rights.ts';
import { planUser, requireUserName } from './plan-user.ts';
import { promisedBy } from './profile.ts';
import type { RightsObservation } from './rights.ts';
import { type AzureSqlServer, type AzureSqlServerReads, databaseNotFound, isAsleep, paused, ServerObserver } from './server.ts';
import { Session } from './session.ts';
import { port } from './session-settings.ts';
import type { GrantStep, UserStep } from './steps.ts';
import { tidyUser } from './tidy.ts';
import type { AzureSqlUser } from './user.ts';

export interface AzureSqlTargetOptions {
  readonly reads: AzureSqlServerReads;
  /** Whether a host is one of the cloud's servers of Azure SQL: nothing else is ever sent a token, but for hosts to which these send their clients on. */
  readonly isServerHost: (host: string) => boolean;
  readonly isRedirectHost: (host: string) => boolean;
  /** A token for Azure SQL, fresh enough for a login. */
  readonly token: (options: Cancellable) => Promise<string>;
  /** The operator's own identity. */
  readonly operator: { readonly principalId: string; readonly clientId: string };
  readonly clusterHash: string;
  /** Remembers to whom users are bound that may change their own names and marks. */
  readonly notes: UserNotes;
  /** Certificates to trust besides Node's own, in PEM. */
  readonly ca?: string | undefined;
  readonly clock: Clock;
  readonly logger?: Pick<Logger, 'info' | 'warn'> | undefined;
  /** How long a session is kept for the next connection, in milliseconds. Default 15,000. */
  readonly idleInMs?: number;
}

interface Address {
  readonly host: string;
  readonly database: string;
}

/**
 * Azure SQL Database. Users live in their database, and each database has sessions of its own. A paused serverless database isn't woken for a look; it is woken to end an access,
 * because the user could wake it too.
 */
export function createAzureSqlTarget(options: AzureSqlTargetOptions): Target {
  return new AzureSqlTarget(options);
}

class AzureSqlTarget implements Target {
  readonly type = 'AzureSQL';
  readonly port = port;
  readonly defaultUserName = defaultUserName;
  readonly settings = settings;
  readonly #options: AzureSqlTargetOptions;
  readonly #pool: SessionPool<Address, Session>;
  readonly #servers: ServerObserver;
  readonly #batches: Batches;

  constructor(options: AzureSqlTargetOptions) {
    const { reads, isServerHost, isRedirectHost, operator, token, ca, clock, idleInMs = 15_000 } = options;
    this.#options = options;
    this.#pool = new SessionPool<Address, Session>({
      open: (address, { signal }) => Session.open({ ...address, isRedirectHost, token, ca, signal }),
      keyOf: ({ host, database }) => JSON.stringify([host, database]),
      idleInMs,
      clock,
    });
    const logIn = (address: Address, { signal }: Cancellable) => this.#pool.ensure(address, { signal });
    this.#servers = new ServerObserver({ reads, isServerHost, operator, logIn });
    this.#batches = new Batches({
      enter: (place, work, { signal }) => this.#waking(place, work, { signal }),
    });
  }

  async observeServer(
    { serverId, database }: Pick<TargetRequest, 'serverId'> & Partial<Pick<TargetRequest, 'database'>>,
    { signal }: Cancellable,
  ): Promise<AzureSqlServer> {
    return await this.#servers.observe(serverId, database, { signal });
  }

  async observeUser(request: TargetRequest, server: ServerObservation, { signal }: Cancellable): Promise<AzureSqlUser> {
    const { userName, database } = request;
    requireUserName(userName);
    await this.#requireAwake(server, database, { signal });
    const place = { server: ours(server), database };
    const user = await this.#batches.users.ask(place, request, { signal });
    if (!user.principal) return user;
    const { id } = user.principal;
    if (isForAdoption(request, user))
      return { ...user, adoption: await this.#in(place, (session) => observeAdoption(session, id, { signal }), { signal }) };
    if (!isForRebinding(request, user)) return user;
    return { ...user, rebinding: await this.#in(place, (session) => observeRebinding(session, request, id, { signal }), { signal }) };
  }

  planUser(request: TargetRequest, user: UserObservation) {
    return planUser(request, user as AzureSqlUser);
  }

  async observeGrants(
    request: TargetRequest,
    server: ServerObservation,
    user: UserObservation,
    { signal }: Cancellable,
  ): Promise<RightsObservation> {
    const { principal } = user as AzureSqlUser;
    if (!principal) throw new ConnectionError('retry', 'InternalError', 'rights of a user that is not there were asked for');
    const place = { server: ours(server), database: request.database };
    return await this.#batches.rights.ask(place, { request, userId: principal.id }, { signal });
  }

  planGrants({ access }: TargetRequest, grants: unknown) {
    return planRights(promisedBy(access), grants as RightsObservation);
  }

  async apply(
    steps: readonly Step[],
    request: TargetRequest,
    server: ServerObservation,
    { beforeStep, signal }: ApplyOptions,
  ): Promise<void> {
    const { notes } = this.#options;
    const place = { server: ours(server), database: request.database };
    const userSteps = steps.filter((step): step is UserStep => step.stage === 'user');
    const grantSteps = steps.filter((step): step is GrantStep => step.stage === 'grants');
    if (userSteps.length > 0) {
      await this.#batches.userWrites.ask(place, { request, steps: userSteps, beforeStep }, { signal });
      await rememberBoundId(request, { notes, signal });
    }
    if (grantSteps.length === 0) return;
    // before it may change its name and mark
    await rememberBoundId(request, { notes, signal });
    await this.#batches.grantWrites.ask(place, { request, steps: grantSteps, beforeStep }, { signal });
  }

  async listMarked(server: ServerObservation, { signal }: Cancellable): Promise<readonly EndingRequest[]> {
    const { clusterHash } = this.#options;
    const { database } = ours(server);
    // the server itself knows no users
    if (database === undefined) return [];
    await this.#requireAwake(server, database, { signal });
    return await this.#in({ server: ours(server), database }, (session) => listMarked(session, clusterHash, { server, signal }), {
      signal,
    });
  }

  /** Where the database is gone, the server's own still tells. */
  async identify(server: ServerObservation, { signal }: Cancellable): Promise<string> {
    const { serverId, database } = ours(server);
    const isThere = database !== undefined && (await this.#servers.statusOf(serverId, database, { signal })) !== undefined;
    const tell = async ({ serverIdentifier }: Session) => serverIdentifier;
    return await this.#waking({ server: ours(server), database: isThere ? database : 'master' }, tell, { signal });
  }

  async end(request: EndingRequest, server: ServerObservation, { signal }: Cancellable) {
    return (await this.#ending(request, server, (session, options) => endUser(session, request, options), { signal })) ?? 'absent';
  }

  async release(request: EndingRequest, server: ServerObservation, { signal }: Cancellable) {
    const released = await this.#ending(request, server, (session, options) => releaseUser(session, request, options), { signal });
    await forgetBoundId(request, { notes: this.#options.notes, signal });
    return released ?? 'absent';
  }

  async tidy(request: EndingRequest, server: ServerObservation, { signal }: Cancellable) {
    const tidied = await this.#ending(request, server, (session, options) => tidyUser(session, request, options), { signal });
    await forgetBoundId(request, { notes: this.#options.notes, signal });
    return tidied ?? ({ kind: 'gone' } as const);
  }

  async whenUnused(server: Pick<ServerObservation, 'host'>, { signal }: Cancellable): Promise<void> {
    await this.#pool.whenUnused(({ host }) => host === server.host, { signal });
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  /** Throws DatabaseNotFound and DatabasePaused. */
  async #requireAwake({ serverId }: ServerObservation, database: string, { signal }: Cancellable): Promise<void> {
    const status = await this.#servers.statusOf(serverId, database, { signal });
    if (status === undefined) throw databaseNotFound(database);
    if (isAsleep(status)) throw paused(database);
  }

  /** With a database went its users: undefined. */
  async #ending<T>(
    request: EndingRequest,
    server: ServerObservation,
    work: (session: Session, options: EndingOptions) => Promise<T>,
    { signal }: Cancellable,
  ): Promise<T | undefined> {
    const { database } = request;
    const status = await this.#servers.statusOf(server.serverId, database, { signal });
    if (status === undefined) return undefined;
    const boundTo = await boundIdOf(request, { notes: this.#options.notes, signal });
    return await this.#waking({ server: ours(server), database }, (session) => work(session, { server, boundTo, signal }), { signal });
  }

  /** As `#in`, and says so where the login only woke the database, which was paused since we looked or is to be woken. */
  async #waking<T>(
    place: { readonly server: AzureSqlServer; readonly database: string },
    work: (session: Session) => Promise<T>,
    { signal }: Cancellable,
  ): Promise<T> {
    try {
      return await this.#in(place, work, { signal });
    } catch (error) {
      if (numberOf(error) !== notAvailable || !isConnectionError(error)) throw error;
      const status = await this.#servers.statusOf(place.server.serverId, place.database, { signal });
      if (status === undefined || !(isAsleep(status) || status === 'Resuming')) throw error;
      const message = `database ${place.database} was paused and is being woken, which takes about a minute`;
      throw new ConnectionError('retry', 'DatabasePaused', message, { cause: error });
    }
  }

  async #in<T>(
    { server: { host }, database }: { readonly server: AzureSqlServer; readonly database: string },
    work: (session: Session) => Promise<T>,
    { signal }: Cancellable,
  ): Promise<T> {
    return await this.#pool.use({ host, database }, work, { signal });
  }
}

/** What a login to a paused database is told. */
const notAvailable = 40613;

/** A server that this target has observed. */
function ours(server: ServerObservation): AzureSqlServer {
  return server as AzureSqlServer;
}
