import type { Context } from './context.ts';
import type { TokenCursor } from './token-cursor.ts';

/** What a statement's end tells the client: [MS-TDS] 2.2.7.6, CurCmd and DoneRowCount. */
export interface Outcome {
  readonly command: number;
  readonly rows: number;
}

export const commands = { select: 0xc1, insert: 0xc3, delete: 0xc4, update: 0xc5 } as const;

/** A statement that has been read. */
export interface Statement {
  readonly run: (context: Context) => Outcome | undefined | Promise<Outcome | undefined> | Promise<void> | void;
  /** It has statements of its own, or is about transactions, so that none is made for it. */
  readonly isFrame?: boolean;
  /** The event that triggers on DDL see. */
  readonly event?: string;
}

/** One form of statement that the sandbox's Azure SQL takes. */
export interface StatementShape {
  /** For people. */
  readonly syntax: string;
  /** The words that it begins with. */
  readonly begins: readonly string[];
  /** It must stand alone in its batch. */
  readonly isFirst?: boolean;
  /** It reads the words that it begins with itself. */
  readonly readsWords?: boolean;
  /** Reads on behind the words that it begins with. */
  readonly parse: (cursor: TokenCursor) => Statement;
}
