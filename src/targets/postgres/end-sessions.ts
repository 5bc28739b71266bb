import { ConnectionError } from '../../api/connection-error.ts';
import type { Cancellable } from '../target.ts';
import { actFor } from './act-for.ts';
import { sqlState } from './errors.ts';
import { endSessions, endWriters } from './queries.ts';
import type { Session } from './session.ts';
import type { Sql } from './sql.ts';

export interface SessionsOwner {
  readonly oid: number;
  readonly name: string;
}

const atOnce = { waitInMs: 0, count: 10_000 };
/** First all at once without waiting, then in small lists with a wait for each, so that a statement stays below its time limit. */
const rounds = [atOnce, ...Array.from({ length: 20 }, () => ({ waitInMs: 2_000, count: 10 }))];
/** Sessions that come back may be first with the lock again, but not often. */
const maximumAttempts = 3;

/** Ends a role's sessions and returns when none is left. Needs no lock. Throws ConnectionError when some don't end. */
export async function endSessionsOf(session: Session, role: SessionsOwner, { signal }: Cancellable): Promise<void> {
  for (const { waitInMs, count } of rounds) {
    const seen = await endOnce(session, role, endSessions, [role.oid, waitInMs, count], { signal });
    if (seen === 0) return;
  }
  throw new ConnectionError('retry', 'DatabaseError', `sessions of ${role.name} don't end`);
}

/**
 * Runs `work`. Where that waits for a lock in vain, a session of the role may hold it, so that nothing can be taken from the role: such sessions are ended and it is tried again.
 * `all` sessions, or only those with a transaction that has been writing for as long as we waited.
 */
export async function despiteSessionsOf(
  session: Session,
  role: SessionsOwner,
  which: 'all' | 'writing',
  work: () => Promise<void>,
  { signal }: Cancellable,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await work();
      return;
    } catch (error) {
      if (sqlState(error) !== '55P03' || attempt === maximumAttempts) throw error;
      if (which === 'all') await endOnce(session, role, endSessions, [role.oid, atOnce.waitInMs, atOnce.count], { signal });
      // nothing of the role's is in the way
      else if ((await endOnce(session, role, endWriters, [role.oid], { signal })) === 0) throw error;
    }
  }
}

/** How many sessions were still there. */
async function endOnce(
  session: Session,
  role: SessionsOwner,
  statement: Sql,
  values: readonly number[],
  { signal }: Cancellable,
): Promise<number> {
  const end = async () => (await session.query(statement, values, { signal })).length;
  try {
    return await end();
  } catch (error) {
    // without pg_signal_backend only who has the role's rights may do it
    if (sqlState(error) !== '42501') throw error;
  }
  let seen = 0;
  const asRole = async () => {
    seen = await end();
  };
  await session.writing(() => actFor(session, role.name, asRole, { signal }), { signal });
  return seen;
}
