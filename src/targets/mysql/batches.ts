import { isConnectionError } from '../../api/connection-error.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import { answersOf, Gathering, togetherOrAlone } from '../gathering.ts';
import type { Cancellable, TargetRequest } from '../target.ts';
import type { UserNotes } from '../user-notes.ts';
import { applyRights, type RightsWork } from './apply-rights.ts';
import { applyUsers, type UserWork } from './apply-user.ts';
import { lookAtRights } from './observe-rights.ts';
import { observeUsers } from './observe-users.ts';
import type { RightsObservation } from './rights.ts';
import type { MysqlServer } from './server.ts';
import type { Session } from './session.ts';
import type { MysqlUser } from './user.ts';

export interface BatchesOptions {
  /** Waits for the server's session and gives it to `work`. */
  readonly enter: (server: MysqlServer, work: (session: Session) => Promise<void>, options: Cancellable) => Promise<void>;
  readonly notes: UserNotes;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn'> | undefined;
}

/** Users in one look: more is hardly quicker, and the others wait for the one session that there is. */
const maximumTogether = 50;

/** The looks and writes of many connections, each kind gathered by server. */
export class Batches {
  readonly users: Gathering<MysqlServer, TargetRequest, Session, MysqlUser>;
  readonly rights: Gathering<MysqlServer, TargetRequest, Session, RightsObservation>;
  readonly userWrites: Gathering<MysqlServer, UserWork, Session, void>;
  readonly grantWrites: Gathering<MysqlServer, RightsWork, Session, void>;

  constructor({ enter, notes, clock, logger }: BatchesOptions) {
    const gathered = {
      keyOf: ({ host, login }: MysqlServer) => JSON.stringify([host, login]),
      enter,
      maximum: maximumTogether,
    };
    this.users = new Gathering({
      ...gathered,
      answer: (session, requests, server, { signal }) =>
        togetherOrAlone(
          requests,
          (some) => observeUsers(session, some, { server, notes, clock, signal }),
          () => session.isUsable,
        ),
    });
    this.rights = new Gathering({
      ...gathered,
      // an answer that is too large ends the session
      mayBeOnes: (error) => isConnectionError(error) && error.reason === 'TooManyObjects',
      answer: (session, requests, server, { signal }) => lookAtRights(session, requests, { server, signal }),
    });
    this.userWrites = new Gathering({
      ...gathered,
      answer: async (session, works, server, { signal }) =>
        answersOf(works, await applyUsers(session, works, { server, notes, clock, logger, signal })),
    });
    this.grantWrites = new Gathering({
      ...gathered,
      answer: async (session, works, server, { signal }) =>
        answersOf(works, await applyRights(session, works, { server, notes, clock, logger, signal })),
    });
  }
}
