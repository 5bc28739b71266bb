import type { UserNote, UserNoteChange } from '../user-notes.ts';
import type { ApplyUserOptions, UserWork } from './apply-user.ts';
import { parseClientId } from './client-id.ts';
import { errnoOf } from './errors.ts';
import { keptFor, keptText } from './kept.ts';
import { type FoundUser, findUsers } from './observe-users.ts';
import type { Session } from './session.ts';
import { createUser, trustIds } from './statements.ts';
import { changedMeanwhile } from './still-ours.ts';
import { writeMark } from './write-mark.ts';

interface Creation {
  readonly work: UserWork;
  /** As it stood before. */
  readonly before: UserNote | undefined;
  /** Tells, before the user is there, that it will be ours. */
  readonly intent: UserNote;
}

/** Makes users, with an intent beside the server for each until its mark stands. What fails is put among the failures; throws what ends the session, and what the notes throw. */
export async function createUsers(
  session: Session,
  works: readonly UserWork[],
  found: ReadonlyMap<string, FoundUser>,
  failures: Map<UserWork, unknown>,
  options: ApplyUserOptions,
): Promise<void> {
  const { notes, server, signal } = options;
  const names = new Set<string>();
  const creations = works.flatMap((work) => begin(work, found.get(work.request.userName), names, failures) ?? []);
  if (creations.length === 0) return;
  const intents = creations.map(({ work, intent }) => ({ userName: work.request.userName, note: intent }));
  await notes.write(server.serverId, intents, { signal });
  await session.query(trustIds, { signal });
  const changes: UserNoteChange[] = [];
  try {
    for (const creation of creations) changes.push(...(await create(session, creation, failures, options)));
  } finally {
    // also when the session broke: those made so far have their marks
    if (!signal.aborted && changes.length > 0) await notes.write(server.serverId, changes, { signal });
  }
}

function begin(work: UserWork, found: FoundUser | undefined, names: Set<string>, failures: Map<UserWork, unknown>): Creation | undefined {
  const { request, steps, beforeStep } = work;
  const { userName, identity, mark } = request;
  try {
    // two connections may want the same name: it is the first one's
    if (!found || found.account || found.isReserved || found.otherHosts.length > 0 || names.has(userName)) throw changedMeanwhile(userName);
    for (const step of steps) beforeStep(step);
    names.add(userName);
    const before = found.note;
    // what an interrupted rebinding kept is given back afterwards, unless somebody dropped the user since then
    const { former } = keptFor(mark, before);
    const kept = keptText({ isMark: false, ...(former && !former.begun && { former: { from: undefined, grants: former.grants } }) });
    return { work, before, intent: { mark, boundTo: identity.clientId.toLowerCase(), kept } };
  } catch (error) {
    failures.set(work, error);
    return undefined;
  }
}

async function create(
  session: Session,
  { work, before, intent }: Creation,
  failures: Map<UserWork, unknown>,
  options: ApplyUserOptions,
): Promise<readonly UserNoteChange[]> {
  const { userName } = work.request;
  const { signal } = options;
  try {
    await session.query(createUser(userName, parseClientId(intent.boundTo)), { signal });
  } catch (error) {
    if (errnoOf(error) === undefined || !session.isUsable) throw error;
    failures.set(work, error);
    // who is there under that name isn't ours, unless another process made it in the same moment, for the same identity
    const user = (await findUsers(session, [userName], options)).get(userName);
    return user?.account && user.note ? [] : [{ userName, note: before }];
  }
  try {
    return [await writeMark(session, { userName, mark: intent.mark, user: { note: intent }, boundTo: intent.boundTo }, { signal })];
  } catch (error) {
    if (!session.isUsable) throw error;
    // the intent stands for the mark until the next pass
    failures.set(work, error);
    return [];
  }
}
