import { ConnectionError } from '../../api/connection-error.ts';
import type { Cancellable } from '../target.ts';
import { numberOf } from './errors.ts';
import { readSessions } from './queries.ts';
import type { Session } from './session.ts';
import { securityId } from './sid.ts';
import { kill, pause } from './statements.ts';

/** Waits after each round, in milliseconds: most sessions are gone at once, and one amid a large change takes a while. Together some 20 s. */
const waits = [5, 10, 20, 50, 100, 200, ...Array.from({ length: 40 }, () => 500)];
/** No such session any more, or it is ending. */
const gone: readonly number[] = [6106, 6104, 6120];
const lockTimeout = 1222;
/** Sessions that come back may be first with the lock again, but not often. */
const maximumAttempts = 3;

/** Ends the sessions of an identity in the session's database and returns when none is left; not within a transaction. Throws ConnectionError when some don't end. */
export async function endSessionsOf(session: Session, clientId: string | undefined, { signal }: Cancellable): Promise<void> {
  if (clientId === undefined) return;
  for (const wait of waits) {
    if ((await endOnce(session, clientId, { signal })) === 0) return;
    await session.query(pause(wait), [], { signal });
  }
  throw new ConnectionError('retry', 'DatabaseError', `sessions of a user of database ${session.database} don't end`);
}

/** Runs `work`. Where that waits for a lock in vain, a session of the user may hold it, so that nothing can be taken from it: such sessions are ended and it is tried again. */
export async function despiteSessionsOf<T>(
  session: Session,
  clientId: string | undefined,
  work: () => Promise<T>,
  { signal }: Cancellable,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isLockTimeout(error) || attempt === maximumAttempts || clientId === undefined) throw error;
      // nothing of the user's is in the way
      if ((await endOnce(session, clientId, { signal })) === 0) throw error;
    }
  }
}

/** Whether an error says that we waited in vain for somebody's lock. */
export function isLockTimeout(error: unknown): boolean {
  return numberOf(error) === lockTimeout;
}

/** How many sessions were still there. */
export async function endOnce(session: Session, clientId: string, { signal }: Cancellable): Promise<number> {
  const sessions = await session.query<{ id: number }>(readSessions, [securityId(clientId), `${clientId}@%`], { signal });
  for (const { id } of sessions) {
    try {
      await session.query(kill(id), [], { signal });
    } catch (error) {
      if (!gone.includes(numberOf(error) ?? 0)) throw error;
    }
  }
  return sessions.length;
}
