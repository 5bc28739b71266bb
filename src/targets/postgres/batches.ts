import { isConnectionError } from '../../api/connection-error.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import { Gate } from '../gate.ts';
import { answersOf, Gathering, togetherOrAlone } from '../gathering.ts';
import type { Cancellable, TargetRequest } from '../target.ts';
import { applyGrants, type GrantsWork } from './apply-grants.ts';
import { applyUsers, type UserWork } from './apply-user.ts';
import { lookAtRights, type RightsQuestion } from './look-at-rights.ts';
import { observeUsers } from './observe-users.ts';
import type { OwnerLogins } from './owner-logins.ts';
import type { RightsObservation } from './rights.ts';
import type { RightsMemory } from './rights-memory.ts';
import { administratorNamesOf, type PostgresServer } from './server.ts';
import type { Session } from './session.ts';
import type { PostgresUser } from './user.ts';

export interface Place {
  readonly server: PostgresServer;
  readonly database: string;
}

export interface BatchesOptions {
  /** Waits for the place's session and gives it to `work`. */
  readonly enter: (place: Place, work: (session: Session) => Promise<void>, options: Cancellable) => Promise<void>;
  readonly clusterHash: string;
  readonly memory: RightsMemory;
  readonly ownerLogins: OwnerLogins;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn'> | undefined;
}

/** Batches that one server answers at a time: few and large ones cost it less than many small ones in all its databases at once. */
const maximumBatches = 2;
/** A batch that takes longer waits for somebody's lock, or is in a large database: the others needn't wait for it. */
const countedForMs = 500;
/** Users in one look or transaction: more is hardly quicker (sql-playbook 7.2), and a transaction is to be short. */
const maximumTogether = 50;

/** The looks and writes of many connections, each kind gathered by database. */
export class Batches {
  /** In database `postgres`. */
  readonly users: Gathering<Place, TargetRequest, Session, PostgresUser>;
  readonly rights: Gathering<Place, RightsQuestion, Session, RightsObservation>;
  /** In database `postgres`. */
  readonly userWrites: Gathering<Place, UserWork, Session, void>;
  readonly grantWrites: Gathering<Place, GrantsWork, Session, void>;

  constructor({ enter, clusterHash, memory, ownerLogins, clock, logger }: BatchesOptions) {
    const gate = new Gate({ clock, maximum: maximumBatches, countedForMs });
    const gathered = {
      keyOf: ({ server, database }: Place) => JSON.stringify([server.host, server.login, database]),
      enter: async (place: Place, work: (session: Session) => Promise<void>, { signal }: Cancellable) => {
        const leave = await gate.enter(place.server.host, { signal });
        try {
          await enter(place, work, { signal });
        } finally {
          leave();
        }
      },
      maximum: maximumTogether,
    };
    this.users = new Gathering({
      ...gathered,
      answer: (session, requests, { server }, { signal }) =>
        togetherOrAlone(
          requests,
          (some) => observeUsers(session, some, server, { signal }),
          () => session.isUsable,
        ),
    });
    this.rights = new Gathering({
      ...gathered,
      // an answer that is too large ends the session
      mayBeOnes: (error) => isConnectionError(error) && error.reason === 'TooManyObjects',
      answer: (session, questions, { server }, { signal }) =>
        lookAtRights(session, questions, {
          host: server.host,
          clusterHash,
          memory,
          administratorNames: administratorNamesOf(server),
          signal,
        }),
    });
    this.userWrites = new Gathering({
      ...gathered,
      answer: async (session, works, _place, { signal }) => answersOf(works, await applyUsers(session, works, { signal })),
    });
    this.grantWrites = new Gathering({
      ...gathered,
      answer: async (session, works, { server: { host }, database }, { signal }) =>
        answersOf(works, await applyGrants(session, works, { host, database, ownerLogins, logger, signal })),
    });
  }
}
