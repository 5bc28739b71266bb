import type { ResultSetHeader } from 'mysql2';

/** What mysql2 makes of the answer to a statement: rows, what became of it, or, of a procedure, several of both. */
export type Result = ResultSetHeader | readonly unknown[];

/** The rows, or those of the first result of several; none where the statement answers none. Pure. */
export function rowsOf<Row>(result: Result): readonly Row[] {
  if (!Array.isArray(result)) return [];
  return Array.isArray(result[0]) ? result[0] : result;
}

/** How many warnings the server counted. Of rows nobody tells. Pure. */
export function warningsIn(result: Result): number {
  const last = Array.isArray(result) ? result.at(-1) : result;
  const { warningStatus } = (last ?? {}) as { readonly warningStatus?: unknown };
  return typeof warningStatus === 'number' ? warningStatus : 0;
}
