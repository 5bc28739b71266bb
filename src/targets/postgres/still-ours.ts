import { ConnectionError } from '../../api/connection-error.ts';
import { isOurs, parseMark } from '../mark.ts';
import type { Cancellable, EndingRequest } from '../target.ts';
import { eventTriggerFinding, knownToAll, unknownTriggers } from './event-triggers.ts';
import { readGuards } from './queries.ts';
import type { Session } from './session.ts';

export type GuardedRequest = Pick<EndingRequest, 'userName' | 'mark' | 'knownTriggers'>;

/**
 * Looks again, as the first thing in a transaction that writes, whether the user is still ours and no event trigger would run as us: much may have happened since the plan was made.
 * `user`: whether the user is there already. Throws ConnectionError.
 */
export async function requireUnchanged(
  session: Session,
  request: GuardedRequest,
  options: Cancellable & { readonly user: 'there' | 'new'; readonly database: string },
): Promise<void> {
  const [changed] = await changedRequests(session, [request], options);
  if (changed) throw changed.error;
}

/** As `requireUnchanged`, of several users at once: those of them that may not be written to now, and why. */
export async function changedRequests<Request extends GuardedRequest>(
  session: Session,
  requests: readonly Request[],
  { user, database, signal }: Cancellable & { readonly user: 'there' | 'new'; readonly database: string },
): Promise<readonly { readonly request: Request; readonly error: ConnectionError }[]> {
  const values = [requests.map(({ userName }) => userName), knownToAll(requests)];
  const rows = await session.query<{ kind: 'role' | 'trigger'; name: string; comment: string | null }>(readGuards, values, { signal });
  const comments = new Map(rows.filter(({ kind }) => kind === 'role').map(({ name, comment }) => [name, comment]));
  const triggers = rows.filter(({ kind }) => kind === 'trigger').map(({ name }) => name);
  return requests.flatMap((request) => {
    if (user === 'there' && !isOurs(parseMark(comments.get(request.userName)), request.mark))
      return { request, error: changedMeanwhile(request.userName) };
    const unknown = unknownTriggers(triggers, request.knownTriggers);
    if (unknown.length === 0) return [];
    const { reason, message } = eventTriggerFinding(database, unknown);
    return { request, error: new ConnectionError('waiting', reason, message) };
  });
}

/** What to say of a user that somebody else changed, dropped or replaced since the plan was made. */
export function changedMeanwhile(userName: string): ConnectionError {
  return new ConnectionError('retry', 'DatabaseError', `the database user ${userName} was changed by somebody else at the same time`);
}
