import { ConnectionError } from '../../api/connection-error.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Cancellable } from '../target.ts';
import { errnoOf } from './errors.ts';
import { isFromHost } from './hosts.ts';
import { readSessions, type SessionRow } from './queries.ts';
import type { Session } from './session.ts';
import type { Sql } from './sql.ts';
import { endSession, killSession, pause } from './statements.ts';

/** Waits after each round, in milliseconds, the last one again and again: most sessions are gone at once, and one amid a statement takes a while. */
const waits = [5, 10, 20, 50, 100, 200, 500];
/** The server's one session is held all the while, and what doesn't end in this time is tried again later. */
const limitInMs = 10_000;
const maximumRounds = 30;
/** No such session any more. */
const gone = 1094;
/** No such procedure, or none for us. */
const withoutProcedure = [1049, 1142, 1227, 1305, 1370];

export interface EndSessionsOptions extends Cancellable {
  readonly clock: Clock;
  /** Other hosts at which there is an account of that name: whose clients come from there isn't meant. */
  readonly otherHosts?: readonly string[];
}

/** Ends a user's sessions, and its events that run, and returns when none is left. Throws ConnectionError when some don't end within 10 s. */
export async function endSessionsOf(session: Session, userName: string, options: EndSessionsOptions): Promise<void> {
  const { clock, signal } = options;
  const until = clock.now() + limitInMs;
  for (let round = 0; round < maximumRounds && clock.now() < until; round += 1) {
    const sessions = await sessionsOf(session, userName, options);
    if (sessions.length === 0) return;
    for (const { id } of sessions) {
      if (clock.now() < until) await endOne(session, Number(id), { signal });
    }
    await session.query(pause(waits[round] ?? waits.at(-1)!), { signal });
  }
  throw new ConnectionError('retry', 'DatabaseError', `sessions of ${userName} don't end`);
}

/** The sessions of a user at host %, as far as the server tells, and its events that run. Never writes. Throws ConnectionError. */
export async function sessionsOf(
  session: Session,
  userName: string,
  { otherHosts = [], signal }: Omit<EndSessionsOptions, 'clock'>,
): Promise<readonly SessionRow[]> {
  const rows = await session.query<SessionRow>(readSessions(userName), { signal });
  // that this way of asking grows old is nothing to be told
  session.takeWarnings();
  return rows.filter((row) => row.userName === userName && !otherHosts.some((host) => isFromHost(row.host, host)));
}

async function endOne(session: Session, id: number, { signal }: Cancellable): Promise<void> {
  const errno = await refusalOf(session, endSession(id), [gone, ...withoutProcedure], { signal });
  if (errno !== undefined && errno !== gone) await refusalOf(session, killSession(id), [gone], { signal });
}

async function refusalOf(
  session: Session,
  statement: Sql,
  expected: readonly number[],
  { signal }: Cancellable,
): Promise<number | undefined> {
  try {
    await session.query(statement, { signal });
    return undefined;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined || !expected.includes(errno)) throw error;
    return errno;
  }
}
