import type { SqlValue } from './sql-type.ts';

/** A row is never changed but replaced, so that it is known by being itself. */
export type TableRow = readonly SqlValue[];

/** What a transaction has done to a table so far. */
export interface TableChanges {
  /** Rows of its own. */
  readonly inserted: readonly TableRow[];
  /** Committed rows, and what it has put in their place; null for those that it has deleted. */
  readonly replaced: ReadonlyMap<TableRow, TableRow | null>;
}

export const noChanges: TableChanges = { inserted: [], replaced: new Map() };

/** The rows of a table with a transaction's changes: what the transaction sees itself, and all others when it is committed. */
export function changedRows(committed: readonly TableRow[], { inserted, replaced }: TableChanges): readonly TableRow[] {
  if (inserted.length === 0 && replaced.size === 0) return committed;
  const kept = committed.flatMap((row) => {
    const now = replaced.get(row);
    return now === undefined ? [row] : now === null ? [] : [now];
  });
  return [...kept, ...inserted];
}

/** The committed row that a row stands for; undefined for one of the transaction's own. */
export function committedRow(row: TableRow, { inserted, replaced }: TableChanges): TableRow | undefined {
  if (inserted.includes(row)) return undefined;
  for (const [committed, now] of replaced) if (now === row) return committed;
  return row;
}

/** With some rows replaced, or deleted where there is null in their place. */
export function withReplaced(changes: TableChanges, rows: ReadonlyMap<TableRow, TableRow | null>): TableChanges {
  const replaced = new Map(changes.replaced);
  for (const [row, now] of rows) {
    const committed = committedRow(row, changes);
    if (committed) replaced.set(committed, now);
  }
  const inserted = changes.inserted.flatMap((row) => {
    const now = rows.get(row);
    return now === undefined ? [row] : now === null ? [] : [now];
  });
  return { inserted, replaced };
}
