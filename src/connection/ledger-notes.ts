import { createHash } from 'node:crypto';
import { markText, parseMark } from '../targets/mark.ts';
import type { UserNote, UserNoteChange } from '../targets/user-notes.ts';

type Data = Readonly<Record<string, string>>;

interface WrittenNote {
  readonly userName: string;
  readonly mark: string;
  readonly boundTo: string;
  readonly kept?: string;
}

const prefix = 'user.';

/** The notes in a ledger entry, by user name. One that can't be read is passed over. Pure. */
export function notesIn(data: Data): ReadonlyMap<string, UserNote> {
  return new Map(
    Object.entries(data)
      .filter(([key]) => key.startsWith(prefix))
      .flatMap(([key, text]) => noteIn(key, text)),
  );
}

/** A ledger entry after changes of its notes. Pure. */
export function withNotes(data: Data, changes: readonly UserNoteChange[]): Data {
  const changed = new Map(changes.map(({ userName, note }) => [noteKey(userName), note && written(userName, note)]));
  const others = Object.entries(data).filter(([key]) => !changed.has(key));
  const set = [...changed].flatMap(([key, text]) => (text === undefined ? [] : [[key, text] as const]));
  return Object.fromEntries([...others, ...set]);
}

/** Names of users hold characters that keys of a ConfigMap can't. */
function noteKey(userName: string): string {
  return `${prefix}${createHash('sha256').update(userName).digest('hex').slice(0, 32)}`;
}

function written(userName: string, { mark, boundTo, kept }: UserNote): string {
  const note: WrittenNote = { userName, mark: markText(mark), boundTo, ...(kept !== undefined && { kept }) };
  return JSON.stringify(note);
}

function noteIn(key: string, text: string): readonly (readonly [string, UserNote])[] {
  const { userName, mark: markWritten, boundTo, kept } = readWritten(text);
  const mark = typeof markWritten === 'string' ? parseMark(markWritten) : undefined;
  if (!mark || typeof userName !== 'string' || typeof boundTo !== 'string' || key !== noteKey(userName)) return [];
  return [[userName, { mark, boundTo, ...(typeof kept === 'string' && { kept }) }]];
}

function readWritten(text: string): Partial<Record<keyof WrittenNote, unknown>> {
  try {
    return (JSON.parse(text) as Partial<Record<keyof WrittenNote, unknown>> | null) ?? {};
  } catch {
    return {};
  }
}
