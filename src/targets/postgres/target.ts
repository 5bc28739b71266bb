import { ConnectionError } from '../../api/connection-error.ts';
import type { Step } from '../../api/step.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { ReadOwnerCredentials } from '../owner-credentials.ts';
import { SessionPool } from '../session-pool.ts';
import type { ApplyOptions, Cancellable, EndingRequest, ServerObservation, Target, TargetRequest, UserObservation } from '../target.ts';
import { Batches } from './batches.ts';
import { endUser } from './end.ts';
import { settings } from './env.ts';
import { listMarked } from './list-marked.ts';
import { defaultUserName, fitsAsName } from './names.ts';
import { observeAdoption } from './observe-adoption.ts';
import { observeGrants } from './observe-grants.ts';
import { OwnerLogins } from './owner-logins.ts';
import { isForAdoption } from './plan-adoption.ts';
import { type GrantsObservation, planGrants } from './plan-grants.ts';
import type { PublicConnectStep } from './plan-public-connect.ts';
import { planUser, requireUserName } from './plan-user.ts';
import { readServerIdentifier } from './queries.ts';
import { releaseUser } from './release.ts';
import { RightsMemory } from './rights-memory.ts';
import { administratorNamesOf, type PostgresServer, type PostgresServerReads, ServerObserver } from './server.ts';
import { Session } from './session.ts';
import { port } from './session-settings.ts';
import type { GrantStep, UserStep } from './steps.ts';
import { tidyUser } from './tidy.ts';
import type { PostgresUser } from './user.ts';

export interface PostgresTargetOptions {
  readonly reads: PostgresServerReads;
  /** Whether a host is one of the cloud's PostgreSQL servers: nothing else is ever sent a token. */
  readonly isServerHost: (host: string) => boolean;
  /** A token for PostgreSQL, fresh enough for a login. */
  readonly token: (options: Cancellable) => Promise<string>;
  /** Reads the login of an owner of older objects, which a policy may give. */
  readonly ownerCredentials: ReadOwnerCredentials;
  /** Of the operator's own identity. */
  readonly operatorObjectId: string;
  readonly clusterHash: string;
  /** Certificates to trust besides Node's own, in PEM. */
  readonly ca?: string | undefined;
  readonly clock: Clock;
  readonly logger?: Pick<Logger, 'info' | 'warn'> | undefined;
  /** How long a session is kept for the next connection, in milliseconds. Default 15,000. */
  readonly idleInMs?: number;
}

interface Address {
  readonly host: string;
  readonly login: string;
  readonly database: string;
}

/** Azure Database for PostgreSQL Flexible Server, version 16 and later. */
export function createPostgresTarget(options: PostgresTargetOptions): Target {
  return new PostgresTarget(options);
}

class PostgresTarget implements Target {
  readonly type = 'PostgreSQL';
  readonly port = port;
  readonly defaultUserName = defaultUserName;
  readonly settings = settings;
  readonly #options: PostgresTargetOptions;
  readonly #pool: SessionPool<Address, Session>;
  readonly #servers: ServerObserver;
  readonly #memory: RightsMemory;
  readonly #batches: Batches;
  readonly #ownerLogins: OwnerLogins;

  constructor(options: PostgresTargetOptions) {
    const { reads, isServerHost, operatorObjectId, token, ownerCredentials, ca, clock, clusterHash, logger, idleInMs = 15_000 } = options;
    this.#options = options;
    this.#pool = new SessionPool<Address, Session>({
      open: (address, { signal }) => Session.open({ ...address, password: token, ca, signal }),
      keyOf: ({ host, login, database }) => JSON.stringify([host, login, database]),
      isSameServer: (a, b) => a.host === b.host,
      idleInMs,
      clock,
    });
    const logIn = (address: Omit<Address, 'database'>, { signal }: Cancellable) =>
      this.#pool.ensure({ ...address, database: 'postgres' }, { signal });
    this.#servers = new ServerObserver({ reads, isServerHost, operatorObjectId, logIn });
    this.#memory = new RightsMemory(clock);
    this.#ownerLogins = new OwnerLogins({
      credentials: ownerCredentials,
      open: (login) => Session.open({ ...login, ca }),
      clock,
      logger,
    });
    this.#batches = new Batches({
      enter: ({ server, database }, work, { signal }) => this.#in(server, database, work, { signal }),
      clusterHash,
      memory: this.#memory,
      ownerLogins: this.#ownerLogins,
      clock,
      logger,
    });
  }

  async observeServer({ serverId }: Pick<TargetRequest, 'serverId'>, { signal }: Cancellable): Promise<PostgresServer> {
    return await this.#servers.observe(serverId, { signal });
  }

  async observeUser(request: TargetRequest, server: ServerObservation, { signal }: Cancellable): Promise<PostgresUser> {
    requireUserName(request.userName);
    const user = await this.#batches.users.ask({ server: ours(server), database: 'postgres' }, request, { signal });
    return isForAdoption(request, user) ? await this.#withAdoption(user, request.userName, ours(server), { signal }) : user;
  }

  async #withAdoption(user: PostgresUser, userName: string, server: PostgresServer, { signal }: Cancellable): Promise<PostgresUser> {
    const administratorNames = administratorNamesOf(server);
    const look = (session: Session) =>
      session.reading(() => observeAdoption(session, userName, { administratorNames, signal }), { signal });
    const adoption = await this.#in(server, 'postgres', look, { signal });
    return adoption ? { ...user, adoption } : user;
  }

  planUser(request: TargetRequest, user: UserObservation) {
    return planUser(request, user as PostgresUser);
  }

  async observeGrants(
    request: TargetRequest,
    server: ServerObservation,
    user: UserObservation,
    { signal }: Cancellable,
  ): Promise<GrantsObservation> {
    const { role } = user as PostgresUser;
    if (!role) throw new ConnectionError('retry', 'InternalError', 'rights of a user that is not there were asked for');
    const place = { server: ours(server), database: request.database };
    const found = await this.#batches.rights.ask(place, { request, roleOid: role.oid }, { signal });
    const inDatabase = <T>(work: (session: Session) => Promise<T>) => this.#in(place.server, place.database, work, { signal });
    const { host, login } = place.server;
    return await observeGrants(request, found, { host, login, ownerLogins: this.#ownerLogins, inDatabase, signal });
  }

  planGrants(request: TargetRequest, grants: unknown) {
    return planGrants(request, grants as GrantsObservation);
  }

  async apply(
    steps: readonly Step[],
    request: TargetRequest,
    server: ServerObservation,
    { beforeStep, signal }: ApplyOptions,
  ): Promise<void> {
    const userSteps = steps.filter((step): step is UserStep => step.stage === 'user');
    const grantSteps = steps.filter((step): step is GrantStep | PublicConnectStep => step.stage === 'grants');
    if (userSteps.length > 0)
      await this.#batches.userWrites.ask(
        { server: ours(server), database: 'postgres' },
        { request, steps: userSteps, beforeStep },
        { signal },
      );
    if (grantSteps.length > 0)
      await this.#batches.grantWrites.ask(
        { server: ours(server), database: request.database },
        { request, steps: grantSteps, beforeStep },
        { signal },
      );
  }

  async listMarked(server: ServerObservation, { signal }: Cancellable) {
    const { clusterHash } = this.#options;
    return await this.#in(server, 'postgres', (session) => listMarked(session, ours(server), clusterHash, { signal }), { signal });
  }

  async identify(server: ServerObservation, { signal }: Cancellable): Promise<string> {
    const look = (session: Session) =>
      session.reading(() => session.query<{ serverIdentifier: string }>(readServerIdentifier, [], { signal }), { signal });
    const [row] = await this.#in(server, 'postgres', look, { signal });
    if (!row) throw new ConnectionError('retry', 'InternalError', 'the server did not tell its identifier');
    return row.serverIdentifier;
  }

  async end(request: EndingRequest, server: ServerObservation, { signal }: Cancellable) {
    const { logger } = this.#options;
    this.#memory.forget(ours(server).host, request);
    return await this.#in(server, 'postgres', (session) => endUser(session, request, ours(server), { logger, signal }), { signal });
  }

  async release(request: EndingRequest, server: ServerObservation, { signal }: Cancellable) {
    return await this.#in(server, 'postgres', (session) => releaseUser(session, request, ours(server), { signal }), { signal });
  }

  async tidy(request: EndingRequest, server: ServerObservation, { signal }: Cancellable) {
    const inDatabase = <T>(database: string, work: (session: Session) => Promise<T>) => this.#in(server, database, work, { signal });
    const { logger } = this.#options;
    return await tidyUser(request, { server: ours(server), inDatabase, ownerLogins: this.#ownerLogins, logger, signal });
  }

  async whenUnused(server: Pick<ServerObservation, 'host'>, { signal }: Cancellable): Promise<void> {
    await this.#pool.whenUnused(({ host }) => host === server.host, { signal });
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  async #in<T>(server: ServerObservation, database: string, work: (session: Session) => Promise<T>, { signal }: Cancellable): Promise<T> {
    // PostgreSQL cuts a longer name off and lets us into another database
    if (!fitsAsName(database))
      throw new ConnectionError(
        'waiting',
        'DatabaseNotFound',
        `no database of PostgreSQL can have a name as long as ${database}: correct the name`,
      );
    const { host, login } = ours(server);
    return await this.#pool.use({ host, login, database }, work, { signal });
  }
}

/** A server that this target has observed. */
function ours(server: ServerObservation): PostgresServer {
  return server as PostgresServer;
}
