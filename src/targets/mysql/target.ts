import { ConnectionError } from '../../api/connection-error.ts';
import type { Step } from '../../api/step.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import { SessionPool } from '../session-pool.ts';
import type { ApplyOptions, Cancellable, EndingRequest, ServerObservation, Target, TargetRequest, UserObservation } from '../target.ts';
import type { UserNotes } from '../user-notes.ts';
import { Batches } from './batches.ts';
import { observeDefiner } from './defined-objects.ts';
import { endUser, releaseUser } from './end.ts';
import { settings } from './env.ts';
import { listMarked } from './list-marked.ts';
import { defaultUserName } from './names.ts';
import { observeAdoption } from './observe-adoption.ts';
import type { UsersPlace } from './observe-users.ts';
import { isForAdoption } from './plan-adoption.ts';
import { planRights } from './plan-rights.ts';
import { isForRebind, planUser, requireUserName } from './plan-user.ts';
import { promisedBy } from './profile.ts';
import type { RightsObservation } from './rights.ts';
import { type MysqlServer, type MysqlServerReads, ServerObserver } from './server.ts';
import { Session } from './session.ts';
import { port } from './session-settings.ts';
import type { GrantStep, UserStep } from './steps.ts';
import { tidyUser } from './tidy.ts';
import type { MysqlUser } from './user.ts';

export interface MysqlTargetOptions {
  readonly reads: MysqlServerReads;
  /** Whether a host is one of the cloud's MySQL servers: nothing else is ever sent a token. */
  readonly isServerHost: (host: string) => boolean;
  /** A token for MySQL, fresh enough for a login. */
  readonly token: (options: Cancellable) => Promise<string>;
  /** The operator's own identity. */
  readonly operator: { readonly principalId: string; readonly clientId: string };
  /** What is remembered of users beside their servers. */
  readonly notes: UserNotes;
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
}

/**
 * Azure Database for MySQL Flexible Server, version 8.0 and later. One session serves all databases of a server. Of a policy's set-up, owners' logins and PUBLIC's rights are
 * PostgreSQL's alone, and so is a retired owner: MySQL knows no owners, and a definer can't be changed.
 */
export function createMysqlTarget(options: MysqlTargetOptions): Target {
  return new MysqlTarget(options);
}

class MysqlTarget implements Target {
  readonly type = 'MySQL';
  readonly port = port;
  readonly defaultUserName = defaultUserName;
  readonly settings = settings;
  readonly #options: MysqlTargetOptions;
  readonly #pool: SessionPool<Address, Session>;
  readonly #servers: ServerObserver;
  readonly #batches: Batches;

  constructor(options: MysqlTargetOptions) {
    const { reads, isServerHost, operator, token, ca, clock, notes, logger, idleInMs = 15_000 } = options;
    this.#options = options;
    this.#pool = new SessionPool<Address, Session>({
      open: (address, { signal }) => Session.open({ ...address, password: token, ca, signal }),
      keyOf: ({ host, login }) => JSON.stringify([host, login]),
      idleInMs,
      clock,
    });
    const logIn = (address: Address, { signal }: Cancellable) => this.#pool.ensure(address, { signal });
    this.#servers = new ServerObserver({ reads, isServerHost, operator, logIn });
    this.#batches = new Batches({ enter: (server, work, { signal }) => this.#in(server, work, { signal }), notes, clock, logger });
  }

  async observeServer({ serverId }: Pick<TargetRequest, 'serverId'>, { signal }: Cancellable): Promise<MysqlServer> {
    return await this.#servers.observe(serverId, { signal });
  }

  async observeUser(request: TargetRequest, server: ServerObservation, { signal }: Cancellable): Promise<MysqlUser> {
    const { userName } = request;
    requireUserName(userName);
    const user = await this.#batches.users.ask(ours(server), request, { signal });
    if (isForAdoption(request, user)) {
      const look = (session: Session) => observeAdoption(session, userName, { server: ours(server), signal });
      return { ...user, adoption: await this.#in(server, look, { signal }) };
    }
    if (!isForRebind(request, user)) return user;
    const look = (session: Session) => observeDefiner(session, request, { signal });
    const definer = await this.#in(server, look, { signal });
    if (!definer) return user;
    if (!user.account?.isLocked || definer.hasSessions) return { ...user, ...definer };
    return { ...user, ...definer, rights: await this.#batches.rights.ask(ours(server), request, { signal }) };
  }

  planUser(request: TargetRequest, user: UserObservation) {
    return planUser(request, user as MysqlUser);
  }

  async observeGrants(
    request: TargetRequest,
    server: ServerObservation,
    user: UserObservation,
    { signal }: Cancellable,
  ): Promise<RightsObservation> {
    if (!(user as MysqlUser).account)
      throw new ConnectionError('retry', 'InternalError', 'rights of a user that is not there were asked for');
    return await this.#batches.rights.ask(ours(server), request, { signal });
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
    const userSteps = steps.filter((step): step is UserStep => step.stage === 'user');
    const grantSteps = steps.filter((step): step is GrantStep => step.stage === 'grants');
    if (userSteps.length > 0) await this.#batches.userWrites.ask(ours(server), { request, steps: userSteps, beforeStep }, { signal });
    if (grantSteps.length > 0) await this.#batches.grantWrites.ask(ours(server), { request, steps: grantSteps, beforeStep }, { signal });
  }

  async listMarked(server: ServerObservation, { signal }: Cancellable) {
    const { clusterHash } = this.#options;
    return await this.#in(server, (session) => listMarked(session, clusterHash, this.#place(server, { signal })), { signal });
  }

  async identify(server: ServerObservation, { signal }: Cancellable): Promise<string> {
    return await this.#in(server, async ({ traits }) => traits.serverIdentifier, { signal });
  }

  async end(request: EndingRequest, server: ServerObservation, { signal }: Cancellable) {
    const { logger } = this.#options;
    return await this.#in(server, (session) => endUser(session, request, { ...this.#place(server, { signal }), logger }), { signal });
  }

  async release(request: EndingRequest, server: ServerObservation, { signal }: Cancellable) {
    return await this.#in(server, (session) => releaseUser(session, request, this.#place(server, { signal })), { signal });
  }

  async tidy(request: EndingRequest, server: ServerObservation, { signal }: Cancellable) {
    const { logger } = this.#options;
    return await this.#in(server, (session) => tidyUser(session, request, { ...this.#place(server, { signal }), logger }), { signal });
  }

  async whenUnused(server: Pick<ServerObservation, 'host'>, { signal }: Cancellable): Promise<void> {
    await this.#pool.whenUnused(({ host }) => host === server.host, { signal });
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  #place(server: ServerObservation, { signal }: Cancellable): UsersPlace {
    const { notes, clock } = this.#options;
    return { server: ours(server), notes, clock, signal };
  }

  async #in<T>(server: ServerObservation, work: (session: Session) => Promise<T>, { signal }: Cancellable): Promise<T> {
    const { host, login } = ours(server);
    return await this.#pool.use({ host, login }, work, { signal });
  }
}

/** A server that this target has observed. */
function ours(server: ServerObservation): MysqlServer {
  return server as MysqlServer;
}
