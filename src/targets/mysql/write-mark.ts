import { type Mark, parseMark } from '../mark.ts';
import type { Cancellable } from '../target.ts';
import type { UserNoteChange } from '../user-notes.ts';
import { errnoOf } from './errors.ts';
import { type Former, keptFor, keptText } from './kept.ts';
import type { FoundUser } from './observe-users.ts';
import { isPassing } from './passing-errors.ts';
import type { Session } from './session.ts';
import { setMark } from './statements.ts';

const noSuchUser = 1396;

export interface MarkToWrite {
  readonly userName: string;
  readonly mark: Mark;
  /** What is known of the user from before; of one that was just made, its note alone. */
  readonly user: Pick<FoundUser, 'note'> & { readonly account?: FoundUser['account'] };
  /** The id that the user is bound to. */
  readonly boundTo: string;
  /** What the user must still get back. That of the user's note when left out. */
  readonly former?: Former | undefined;
}

/**
 * Writes a mark onto the account, where the server takes it, and answers what becomes of the user's note with that; the caller writes the notes of many users at once.
 * Throws ConnectionError when that must be tried again.
 */
export async function writeMark(session: Session, write: MarkToWrite, { signal }: Cancellable): Promise<UserNoteChange> {
  const { userName, mark, user, boundTo } = write;
  const kept = keptFor(mark, user.note);
  const former = 'former' in write ? write.former : kept.former;
  const note = (isMark: boolean) => ({ mark, boundTo, kept: keptText({ isMark, ...(former && { former }) }) });
  const wasInAccount = parseMark(user.account?.attribute) !== undefined;
  if (kept.isMark && !wasInAccount) return { userName, note: note(true) };
  try {
    await session.query(setMark(userName, mark), { signal });
    return { userName, note: former && note(false) };
  } catch (error) {
    // a server that doesn't know attributes, or doesn't take them of such users; the account's own mark would go on counting
    if (wasInAccount || !isRefusal(error)) throw error;
    return { userName, note: note(true) };
  }
}

/** Whether the server answered, and would answer the same again. With which number it refuses attributes isn't documented. */
function isRefusal(error: unknown): boolean {
  return !isPassing(error) && errnoOf(error) !== noSuchUser;
}
