import { isOurs, type Mark } from '../mark.ts';
import type { UserNote } from '../user-notes.ts';
import type { Securable } from './securable.ts';
import type { KeptGrant } from './steps.ts';
import type { Account } from './user.ts';

/** What a note keeps besides mark and binding. */
export interface Kept {
  /** Whether the note is the mark, because the server takes none. Until that is known, it tells that a user is about to be made. */
  readonly isMark: boolean;
  /** What the user was before it was made anew, until it has its rights again. */
  readonly former?: Former | undefined;
}

export interface Former {
  /** The id that it was bound to. One that is still bound so was never dropped, and has what it has. */
  readonly from: string | undefined;
  /** Its rights outside of the connection's database, that it is still to get back. */
  readonly grants: readonly KeptGrant[];
  /** Whether they are being given back: one that isn't there then may have been taken by somebody since. */
  readonly begun?: true;
}

/** Whether nobody but us can have taken what a user had: it was dropped, and nothing of that was given back. Pure. */
export function isToRestore({ from, begun }: Former, { account }: { readonly account: Account }): boolean {
  return from !== account.binding?.id && !begun;
}

/** For a note. Pure. */
export function keptText(kept: Kept): string {
  return JSON.stringify(kept);
}

/** What a note keeps. Of what can't be read, nothing. Pure. */
export function keptIn(note: Pick<UserNote, 'kept'> | undefined): Kept {
  const { isMark, former } = read(note?.kept);
  if (typeof former !== 'object' || former === null) return { isMark: isMark === true };
  const { from, grants, begun } = former as Partial<Former>;
  const kept = { from: typeof from === 'string' ? from : undefined, grants: Array.isArray(grants) ? grants.filter(isGrant) : [] };
  return { isMark: isMark === true, former: { ...kept, ...(begun === true && { begun }) } };
}

/** As `keptIn`, but of another connection's note nothing that its user was. Pure. */
export function keptFor(own: Pick<Mark, 'cluster' | 'connection'>, note: UserNote | undefined): Kept {
  const kept = keptIn(note);
  return isOurs(note?.mark, own) ? kept : { isMark: kept.isMark };
}

function read(text: string | undefined): { readonly isMark?: unknown; readonly former?: unknown } {
  try {
    return (text === undefined ? undefined : JSON.parse(text)) ?? {};
  } catch {
    return {};
  }
}

const kinds: readonly Securable['kind'][] = ['database', 'table', 'column', 'routine'];

/** Whoever changes the notes must not have the operator give rights on everything. */
function isGrant(value: unknown): value is KeptGrant {
  const { on, privileges } = (value ?? {}) as Partial<KeptGrant>;
  return on !== undefined && kinds.includes(on.kind) && Array.isArray(privileges) && privileges.every((each) => typeof each === 'string');
}
