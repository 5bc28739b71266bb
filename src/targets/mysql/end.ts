import type { Logger } from '../../runtime/logger.ts';
import type { Mark } from '../mark.ts';
import type { EndingRequest } from '../target.ts';
import type { UserNoteChange } from '../user-notes.ts';
import { endSessionsOf } from './end-sessions.ts';
import type { UsersPlace } from './observe-users.ts';
import type { Session } from './session.ts';
import { shutOut } from './shut-out.ts';
import { forbidLogin } from './statements.ts';
import { type EndingUser, findEnding, type OurUser } from './still-ours.ts';
import { writeMark } from './write-mark.ts';

export interface EndingOptions extends UsersPlace {
  readonly logger: Pick<Logger, 'info' | 'warn'> | undefined;
}

/** Takes the login away and ends sessions and events. Each step is kept by itself, the login first and the mark last. Throws ConnectionError. */
export async function endUser(session: Session, request: EndingRequest, options: EndingOptions): Promise<'ended' | 'absent' | 'not-ours'> {
  const { userName } = request;
  const found = await findEnding(session, request, options);
  if (found.kind !== 'ours') return await leave(session, request, found, options);
  const { user } = found;
  const { account, otherHosts } = user;
  if (!account.isLocked) await session.query(forbidLogin(userName), { signal: options.signal });
  await shutOut(session, userName, { ...options, isLocked: true, otherHosts });
  if (user.mark.state === 'live') await remark(session, userName, user, { ...user.mark, state: 'disabled' }, options);
  return 'ended';
}

/** Says in the user's mark that nobody looks after it any more, and leaves everything else as it is. Throws ConnectionError. */
export async function releaseUser(
  session: Session,
  request: EndingRequest,
  place: UsersPlace,
): Promise<'released' | 'absent' | 'not-ours'> {
  const found = await findEnding(session, request, place);
  if (found.kind !== 'ours') return found.kind;
  const { user } = found;
  if (user.mark.state !== 'released') await remark(session, request.userName, user, { ...user.mark, state: 'released' }, place);
  return 'released';
}

/**
 * Does what remains to be done for a user that isn't there, or not the connection's: what was noted of it would make a later user of that name the connection's, and whoever
 * was logged in as one that somebody dropped still is (sql-playbook 9.4). Answers which of both it is.
 */
export async function leave(
  session: Session,
  request: EndingRequest,
  found: Exclude<EndingUser, { readonly kind: 'ours' }>,
  place: UsersPlace,
): Promise<'absent' | 'not-ours'> {
  const { isReserved, otherHosts } = found.user;
  if (found.kind === 'absent' && !isReserved) await endSessionsOf(session, request.userName, { ...place, otherHosts });
  await forget(request, place);
  return found.kind;
}

/** Writes another mark, and nothing else about the user. */
export async function remark(session: Session, userName: string, user: OurUser, mark: Mark, place: UsersPlace): Promise<void> {
  const { notes, server, signal } = place;
  // of one that is bound to nobody any more, the note, if there is any, doesn't count either
  const boundTo = user.account.binding?.id ?? '';
  // rights that a released user has lost since stay lost
  const lost = mark.state === 'released' ? { former: undefined } : {};
  const change: UserNoteChange = await writeMark(session, { userName, mark, user, boundTo, ...lost }, { signal });
  await notes.write(server.serverId, [change], { signal });
}

/** Forgets what was noted of a user, if it was this connection's. */
export async function forget({ userName, mark }: EndingRequest, { notes, server, signal }: UsersPlace): Promise<void> {
  const note = (await notes.read(server.serverId, { signal })).get(userName);
  if (note?.mark.cluster === mark.cluster && note.mark.uid === mark.uid)
    await notes.write(server.serverId, [{ userName, note: undefined }], { signal });
}
