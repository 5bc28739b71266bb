import type { Cancellable, EndingRequest, TargetRequest } from '../target.ts';
import type { UserNotes } from '../user-notes.ts';

interface NotesPlace extends Cancellable {
  readonly notes: UserNotes;
}

/** Takes down to whom a user is bound that may give itself another name and mark, now or since an earlier profile: that it can't change. Throws as the notes do. */
export async function rememberBoundId(request: TargetRequest, { notes, signal }: NotesPlace): Promise<void> {
  const { serverId, access, mark, identity } = request;
  const userName = noteName(request);
  if (access.profile !== 'All' && !(await notes.read(serverId, { signal })).has(userName)) return;
  await notes.write(serverId, [{ userName, note: { mark, boundTo: identity.clientId.toLowerCase() } }], { signal });
}

/** The client id that a connection's user was bound to, where that was taken down. */
export async function boundIdOf(request: EndingRequest, { notes, signal }: NotesPlace): Promise<string | undefined> {
  const note = (await notes.read(request.serverId, { signal })).get(noteName(request));
  return note?.mark.uid === request.mark.uid ? note.boundTo : undefined;
}

/** When nobody looks after the user any more. */
export async function forgetBoundId(request: EndingRequest, { notes, signal }: NotesPlace): Promise<void> {
  if ((await boundIdOf(request, { notes, signal })) === undefined) return;
  await notes.write(request.serverId, [{ userName: noteName(request), note: undefined }], { signal });
}

/** Users of one name live in several databases of a server. */
function noteName({ database, userName }: Pick<EndingRequest, 'database' | 'userName'>): string {
  return JSON.stringify([database, userName]);
}
