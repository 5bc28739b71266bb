import { ConnectionError } from '../../api/connection-error.ts';
import { isOurs, parseMark } from '../mark.ts';
import type { Cancellable, EndingRequest } from '../target.ts';
import { eventTriggerFinding } from './event-triggers.ts';
import { readGuard } from './queries.ts';
import type { Session } from './session.ts';

export type GuardedRequest = Pick<EndingRequest, 'userName' | 'mark' | 'knownTriggers'>;

/**
 * Looks again, as the first thing in a transaction that writes, whether the user is still ours and no event trigger would run as us: much may have happened since the plan was made.
 * `user`: whether the user is there already. Throws ConnectionError.
 */
export async function requireUnchanged(
  session: Session,
  request: GuardedRequest,
  { user, database, signal }: Cancellable & { readonly user: 'there' | 'new'; readonly database: string },
): Promise<void> {
  const values = [request.userName, request.knownTriggers ?? []];
  const [row] = await session.query<{ comment: string | null; eventTriggers: readonly string[] | null }>(readGuard, values, { signal });
  if (user === 'there' && !isOurs(parseMark(row?.comment), request.mark)) throw changedMeanwhile(request.userName);
  if (row?.eventTriggers) {
    const { reason, message } = eventTriggerFinding(database, row.eventTriggers);
    throw new ConnectionError('waiting', reason, message);
  }
}

/** What to say of a user that somebody else changed, dropped or replaced since the plan was made. */
export function changedMeanwhile(userName: string): ConnectionError {
  return new ConnectionError('retry', 'DatabaseError', `the database user ${userName} was changed by somebody else at the same time`);
}
