import { ConnectionError } from '../../api/connection-error.ts';
import type { Cancellable } from '../target.ts';
import { errnoOf } from './errors.ts';
import { readSessions, type SessionRow } from './queries.ts';
import type { Session } from './session.ts';
import type { Sql } from './sql.ts';
import { endSession, killSession, pause } from './statements.ts';

/** Waits after each round, in milliseconds: most sessions are gone at once, and one amid a statement takes a while. Together some 20 s. */
const waits = [5, 10, 20, 50, 100, 200, ...Array.from({ length: 40 }, () => 500)];
/** No such session any more. */
const gone = 1094;
/** No such procedure, or none for us. */
const withoutProcedure = [1049, 1142, 1227, 1305, 1370];

/** Ends a user's sessions and returns when none is left. Throws ConnectionError when some don't end. */
export async function endSessionsOf(session: Session, userName: string, { signal }: Cancellable): Promise<void> {
  for (const wait of waits) {
    const sessions = await session.query<SessionRow>(readSessions(userName), { signal });
    // that this way of asking grows old is nothing to be told
    session.takeWarnings();
    if (sessions.length === 0) return;
    for (const { id } of sessions) await endOne(session, Number(id), { signal });
    await session.query(pause(wait), { signal });
  }
  throw new ConnectionError('retry', 'DatabaseError', `sessions of ${userName} don't end`);
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
