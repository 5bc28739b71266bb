import type { SqlValue } from './sql-type.ts';
import type { ResultColumn } from './wire/rows.ts';
import type { Change, Notice } from './wire/tokens.ts';

/** Where a request's results go. */
export interface Output {
  result(columns: readonly ResultColumn[], rows: readonly (readonly SqlValue[])[]): void;
  /** A statement has ended; `rows` is what it counted. */
  done(options: { readonly command?: number; readonly rows?: number | undefined; readonly failed?: boolean }): void;
  notice(notice: Notice): void;
  change(change: Change): void;
  /** A parameter for output has got a value. */
  returned(name: string, value: number): void;
}
