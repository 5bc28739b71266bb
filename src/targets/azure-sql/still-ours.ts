import { ConnectionError } from '../../api/connection-error.ts';
import { isOurs } from '../mark.ts';
import type { Cancellable, EndingRequest } from '../target.ts';
import { findPrincipals, type Principal } from './principal.ts';
import type { Session } from './session.ts';
import { listTriggers, triggerFinding, unknownTriggers } from './triggers.ts';

export type GuardedRequest = Pick<EndingRequest, 'userName' | 'mark' | 'knownTriggers'>;

/** A request that may not be written to now, and why. */
export interface Changed<Request> {
  readonly request: Request;
  readonly error: ConnectionError;
}

/**
 * Looks again, as the first thing in a transaction that writes, which users are still ours, and whether no DDL trigger would run as us: much may have happened since the plan was made.
 * `user`: whether the users are there already.
 */
export async function changedRequests<Request extends GuardedRequest>(
  session: Session,
  requests: readonly Request[],
  { user, signal }: Cancellable & { readonly user: 'there' | 'new' },
): Promise<readonly Changed<Request>[]> {
  const sought = user === 'new' ? [] : requests.map(({ userName }) => ({ name: userName, securityId: null }));
  const found = await findPrincipals(session, sought, { signal });
  const triggers = await listTriggers(session, { signal });
  return requests.flatMap((request, index) => {
    if (user === 'there' && !isOurs(found[index]?.named?.mark, request.mark)) return { request, error: changedMeanwhile(request.userName) };
    const stopped = triggerError(session.database, triggers, request);
    return stopped ? { request, error: stopped } : [];
  });
}

/** As `changedRequests`, of one user. Throws ConnectionError. */
export async function requireUnchanged(
  session: Session,
  request: GuardedRequest,
  options: Cancellable & { readonly user: 'there' | 'new' },
): Promise<void> {
  const [changed] = await changedRequests(session, [request], options);
  if (changed) throw changed.error;
}

/** The user's principal, when it is still the connection's. Throws ConnectionError when somebody dropped or replaced it. */
export function requireOurs(principal: Principal | undefined, { userName, mark }: Pick<EndingRequest, 'userName' | 'mark'>): Principal {
  if (!principal || !isOurs(principal.mark, mark)) throw changedMeanwhile(userName);
  return principal;
}

/** What to say of a user that somebody else changed, dropped or replaced since the plan was made. */
export function changedMeanwhile(userName: string): ConnectionError {
  return new ConnectionError('retry', 'DatabaseError', `the database user ${userName} was changed by somebody else at the same time`);
}

function triggerError(database: string, triggers: readonly string[], { knownTriggers }: GuardedRequest): ConnectionError | undefined {
  const unknown = unknownTriggers(triggers, knownTriggers);
  if (unknown.length === 0) return undefined;
  const { reason, message } = triggerFinding(database, unknown);
  return new ConnectionError('waiting', reason, message);
}
