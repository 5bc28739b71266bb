import { isOurs, type Mark } from '../mark.ts';
import type { EndingRequest } from '../target.ts';
import { despiteSessionsOf, endOnce, endSessionsOf } from './end-sessions.ts';
import { type EndingOptions, findMeant, requireMeant } from './find-meant.ts';
import { bears, findPrincipal, type Principal } from './principal.ts';
import type { Session } from './session.ts';
import { denyConnect, setMark } from './statements.ts';
import { requireUnchanged } from './still-ours.ts';
import { write } from './write.ts';

/**
 * Locks the user out and ends its sessions. To be denied CONNECT holds whatever else the user was given. Where a session of the user holds a lock on the user itself, that is ended
 * first, so nobody can hold it up (threat-model M4); a DDL trigger that would run as the operator does hold it up (threat-model A8), but the sessions end also then.
 */
export async function endUser(session: Session, request: EndingRequest, options: EndingOptions): Promise<'ended' | 'absent' | 'not-ours'> {
  const { named, meant } = await findMeant(session, request, options);
  for (const principal of meant) await endPrincipal(session, principal, request, options);
  if (meant.length > 0) return 'ended';
  return named ? 'not-ours' : 'absent';
}

async function endPrincipal(session: Session, principal: Principal, request: EndingRequest, options: EndingOptions): Promise<void> {
  const { boundTo } = principal;
  const { signal } = options;
  const lock = async () => {
    const { name, mark, lockedBy } = await requireMeant(session, principal, request, options);
    const isOpen = !lockedBy.includes(undefined);
    const disabled: Mark | undefined = isOurs(mark, request.mark) && mark.state === 'live' ? { ...mark, state: 'disabled' } : undefined;
    if (isOpen || disabled) await requireUnchanged(session, request, { user: 'new', signal });
    const statements = [
      // somebody else's denial goes when that one takes it back
      ...(isOpen ? [denyConnect(session.database, name)] : []),
      ...(disabled ? [setMark(name, disabled, { isThere: true })] : []),
    ];
    await write(session, statements, request, { signal });
  };
  try {
    await despiteSessionsOf(session, boundTo, () => session.writing(lock, { signal }), { signal });
  } catch (error) {
    if (session.isUsable && boundTo !== undefined) await endOnce(session, boundTo, { signal });
    throw error;
  }
  await endSessionsOf(session, boundTo, { signal });
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
  const release = async () => {
    await requireUnchanged(session, request, { user: 'there', signal });
    await write(session, [setMark(userName, released, { isThere: true })], request, { signal });
  };
  if (mark.state !== 'released') await session.writing(release, { signal });
  return 'released';
}
