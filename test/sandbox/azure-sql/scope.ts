import type { Context } from './context.ts';
import { errors } from './errors.ts';
import type { SqlType, SqlValue } from './sql-type.ts';
import type { NameParts } from './token-cursor.ts';

/** A column that a query can name. */
export interface ScopeColumn {
  readonly source: string;
  readonly name: string;
  readonly type: SqlType;
  /** Told when the query uses it. */
  readonly used?: () => void;
}

/** The columns of a query's sources, and those of the query around it. */
export interface Scope {
  readonly context: Context;
  readonly columns: readonly ScopeColumn[];
  readonly parent: Scope | undefined;
  /** In a query with groups: the expressions that it is grouped by. */
  readonly groupKeys?: ReadonlySet<string>;
}

/** The row that an expression is looked at for. */
export interface Row {
  readonly values: readonly SqlValue[];
  readonly parent: Row | undefined;
  /** All rows of its group. */
  readonly group?: readonly Row[];
}

export interface Resolved {
  readonly column: ScopeColumn;
  readonly index: number;
  /** How many queries around. */
  readonly depth: number;
}

/** The column that a name means. Throws 207, 209 and 4104. */
export function resolveColumn(parts: NameParts, scope: Scope): Resolved {
  for (let depth = 0, at: Scope | undefined = scope; at; at = at.parent, depth += 1) {
    const found = findColumn(parts, at);
    if (found) return { ...found, depth };
  }
  throw parts.length > 1 ? errors.unboundName(parts.join('.')) : errors.unknownColumn(parts[0] ?? '');
}

/** In this scope alone; undefined when it isn't there. Throws 209. */
export function findColumn(
  parts: NameParts,
  { columns, context }: Scope,
): { readonly column: ScopeColumn; readonly index: number } | undefined {
  const name = parts.at(-1) ?? '';
  const source = parts.at(-2);
  const { catalog } = context;
  const found = [...columns.entries()].filter(
    ([, column]) => catalog.isSame(column.name, name) && (source === undefined || catalog.isSame(column.source, source)),
  );
  if (found.length > 1) throw errors.ambiguousColumn(name);
  const [entry] = found;
  return entry && { index: entry[0], column: entry[1] };
}

export function rowAt(row: Row, depth: number): Row {
  let at = row;
  for (let left = depth; left > 0 && at.parent; left -= 1) at = at.parent;
  return at;
}
