import { ConnectionError } from '../../api/connection-error.ts';
import type { Cancellable } from '../target.ts';
import { actFor } from './act-for.ts';
import { sqlState } from './errors.ts';
import { endSessions } from './queries.ts';
import type { Session } from './session.ts';

export interface SessionsOwner {
  readonly oid: number;
  readonly name: string;
}

/** First all at once without waiting, then in small lists with a wait for each, so that a statement stays below its time limit. */
const rounds = [{ waitInMs: 0, count: 10_000 }, ...Array.from({ length: 20 }, () => ({ waitInMs: 2_000, count: 10 }))];

/** Ends a role's sessions and returns when none is left. Needs no lock. Throws ConnectionError when some don't end. */
export async function endSessionsOf(session: Session, role: SessionsOwner, { signal }: Cancellable): Promise<void> {
  for (const { waitInMs, count } of rounds) {
    const seen = await endOnce(session, role, [role.oid, waitInMs, count], { signal });
    if (seen === 0) return;
  }
  throw new ConnectionError('retry', 'DatabaseError', `sessions of ${role.name} don't end`);
}

/** How many sessions were still there. */
async function endOnce(session: Session, role: SessionsOwner, values: readonly number[], { signal }: Cancellable): Promise<number> {
  const end = async () => (await session.query(endSessions, values, { signal })).length;
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
  await session.writing(() => actFor(session, [role.name], asRole, { signal }), { signal });
  return seen;
}
