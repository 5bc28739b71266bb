import type { Mark } from '../mark.ts';
import type { Cancellable, EndingRequest } from '../target.ts';
import { despiteSessionsOf, endSessionsOf } from './end-sessions.ts';
import { findDespiteLocks } from './find-despite-locks.ts';
import { bears, findPrincipal } from './principal.ts';
import type { AzureSqlServer } from './server.ts';
import type { Session } from './session.ts';
import { denyConnect, setMark } from './statements.ts';
import { requireUnchanged } from './still-ours.ts';

export interface EndingOptions extends Cancellable {
  readonly server: Pick<AzureSqlServer, 'administratorIds' | 'serverId'>;
}

/**
 * Locks the user out and ends its sessions. To be denied CONNECT holds whatever else the user was given. Where a session of the user holds a lock on the user itself, that is ended
 * first, so nobody can hold it up (threat-model M4); a DDL trigger that would run as the operator does hold it up (threat-model A8).
 */
export async function endUser(
  session: Session,
  request: EndingRequest,
  { server, signal }: EndingOptions,
): Promise<'ended' | 'absent' | 'not-ours'> {
  const { userName } = request;
  const principal = await findDespiteLocks(session, request, { server, signal });
  if (!principal) return 'absent';
  const { mark, isLocked, boundTo } = principal;
  if (!mark || !bears(principal, request.mark, server.administratorIds)) return 'not-ours';
  const disabled: Mark = { ...mark, state: 'disabled' };
  const lock = async () => {
    await requireUnchanged(session, request, { user: 'there', signal });
    await session.query(denyConnect(session.database, userName), [], { signal });
    if (mark.state === 'live') await session.query(setMark(userName, disabled, { isThere: true }), [], { signal });
  };
  if (!isLocked || mark.state === 'live') await despiteSessionsOf(session, boundTo, () => session.writing(lock, { signal }), { signal });
  await endSessionsOf(session, boundTo, { signal });
  return 'ended';
}

/** Says in the user's mark that nobody looks after it any more, and leaves everything else as it is. */
export async function releaseUser(
  session: Session,
  request: EndingRequest,
  { server, signal }: EndingOptions,
): Promise<'released' | 'absent' | 'not-ours'> {
  const { userName } = request;
  const principal = await findPrincipal(session, userName, { signal });
  if (!principal) return 'absent';
  const { mark } = principal;
  if (!mark || !bears(principal, request.mark, server.administratorIds)) return 'not-ours';
  const released: Mark = { ...mark, state: 'released' };
  const write = async () => {
    await requireUnchanged(session, request, { user: 'there', signal });
    await session.query(setMark(userName, released, { isThere: true }), [], { signal });
  };
  if (mark.state !== 'released') await session.writing(write, { signal });
  return 'released';
}
