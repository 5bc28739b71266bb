import type { Mark } from '../mark.ts';
import type { EndingRequest } from '../target.ts';
import type { UserNoteChange } from '../user-notes.ts';
import { endSessionsOf } from './end-sessions.ts';
import type { FoundUser, UsersPlace } from './observe-users.ts';
import type { Session } from './session.ts';
import { forbidLogin } from './statements.ts';
import { findEnding, type OurUser } from './still-ours.ts';
import { writeMark } from './write-mark.ts';

/** Takes the login away and ends the sessions. Each step is kept by itself, the login first. Throws ConnectionError. */
export async function endUser(session: Session, request: EndingRequest, place: UsersPlace): Promise<'ended' | 'absent' | 'not-ours'> {
  const { userName } = request;
  const found = await findEnding(session, request, place);
  if (found.kind === 'absent') await forget(found.user, request, place);
  if (found.kind !== 'ours') return found.kind;
  const { user } = found;
  if (!user.account.isLocked) await session.query(forbidLogin(userName), { signal: place.signal });
  if (user.mark.state === 'live') await remark(session, userName, user, { ...user.mark, state: 'disabled' }, place);
  await endSessionsOf(session, userName, place);
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

/** Writes another mark, and nothing else about the user. */
export async function remark(session: Session, userName: string, user: OurUser, mark: Mark, place: UsersPlace): Promise<void> {
  const { notes, server, signal } = place;
  // of one that is bound to nobody any more, the note, if there is any, doesn't count either
  const boundTo = user.account.binding?.id ?? '';
  const change: UserNoteChange = await writeMark(session, { userName, mark, user, boundTo }, { signal });
  await notes.write(server.serverId, [change], { signal });
}

/** Forgets what was noted of a user that is gone, if it was this connection's. */
export async function forget({ note }: Pick<FoundUser, 'note'>, { userName, mark }: EndingRequest, place: UsersPlace): Promise<void> {
  const { notes, server, signal } = place;
  if (note?.mark.cluster === mark.cluster && note.mark.uid === mark.uid)
    await notes.write(server.serverId, [{ userName, note: undefined }], { signal });
}
