import { isConnectionError } from '../../api/connection-error.ts';
import { answersOf, Gathering, togetherOrAlone } from '../gathering.ts';
import type { Cancellable, TargetRequest } from '../target.ts';
import { applyRights, type RightsWork } from './apply-rights.ts';
import { applyUsers, type UserWork } from './apply-user.ts';
import { lookAtRights, type RightsQuestion } from './look-at-rights.ts';
import { observeUsers } from './observe-users.ts';
import type { RightsObservation } from './rights.ts';
import type { AzureSqlServer } from './server.ts';
import type { Session } from './session.ts';
import type { AzureSqlUser } from './user.ts';

export interface Place {
  readonly server: AzureSqlServer;
  readonly database: string;
}

export interface BatchesOptions {
  /** Waits for the place's session and gives it to `work`. */
  readonly enter: (place: Place, work: (session: Session) => Promise<void>, options: Cancellable) => Promise<void>;
}

/** Users in one look or transaction: more is hardly quicker, and a transaction is to be short. */
const maximumTogether = 50;

/** The looks and writes of many connections, each kind gathered by database. Databases of one server share nothing, so that they needn't wait for each other. */
export class Batches {
  readonly users: Gathering<Place, TargetRequest, Session, AzureSqlUser>;
  readonly rights: Gathering<Place, RightsQuestion, Session, RightsObservation>;
  readonly userWrites: Gathering<Place, UserWork, Session, void>;
  readonly grantWrites: Gathering<Place, RightsWork, Session, void>;

  constructor({ enter }: BatchesOptions) {
    const gathered = {
      keyOf: ({ server, database }: Place) => JSON.stringify([server.host, database]),
      enter,
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
      answer: (session, questions, _place, { signal }) => lookAtRights(session, questions, { signal }),
    });
    this.userWrites = new Gathering({
      ...gathered,
      answer: async (session, works, { server }, { signal }) => answersOf(works, await applyUsers(session, works, { server, signal })),
    });
    this.grantWrites = new Gathering({
      ...gathered,
      answer: async (session, works, _place, { signal }) => answersOf(works, await applyRights(session, works, { signal })),
    });
  }
}
