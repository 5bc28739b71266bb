import { hasAggregate } from './aggregates.ts';
import type { Context } from './context.ts';
import { compareValues, keyOf } from './convert.ts';
import { errors } from './errors.ts';
import { asType, type Compiled, type CompiledCondition, commonTypeOf, compileCondition, compileValue, signatureOf } from './expression.ts';
import type { Row, Scope } from './scope.ts';
import { type Accesses, compileSource } from './source.ts';
import { SqlError } from './sql-error.ts';
import { int, type SqlType, type SqlValue } from './sql-type.ts';
import type { Expression, Query, Select } from './syntax-tree.ts';
import type { ResultColumn } from './wire/rows.ts';

interface QueryColumn extends ResultColumn {
  /** Nothing but NULL, which is an int to those who ask, but takes any type in a UNION. */
  readonly isUntyped: boolean;
}

export interface CompiledQuery {
  readonly columns: readonly QueryColumn[];
  /** The variables that take the values, where the query assigns. */
  readonly assigned: readonly string[];
  /** `outer`: the row of the query around it. */
  readonly rows: (outer?: Row) => readonly (readonly SqlValue[])[];
}

/** Binds a query and checks that its user may read what it reads. Throws the errors of names, types and permissions. */
export function compileQuery(query: Query, context: Context, parent?: Scope): CompiledQuery {
  const accesses: Accesses = [];
  const [first, ...others] = query.parts.map(({ select, all }) => ({
    all,
    ...compileSelect(select, query.parts.length === 1 ? query.order : [], context, parent, accesses),
  }));
  if (!first) throw errors.syntax('SELECT');
  const compiled = others.length === 0 ? first : union([first, ...others], query.order, context);
  for (const check of accesses) check();
  return compiled;
}

interface Item extends Compiled {
  readonly name: string;
}

type Order = Query['order'];

/** One row of the result, with what it is ordered by. */
interface Projected {
  readonly values: readonly SqlValue[];
  readonly keys: readonly SqlValue[];
}

function compileSelect(select: Select, order: Order, context: Context, parent: Scope | undefined, accesses: Accesses): CompiledQuery {
  const source = select.from ? compileSource(select.from, context, parent, accesses) : undefined;
  const plain: Scope = { context, columns: source?.columns ?? [], parent };
  const values = select.items.flatMap((each) => (each.kind === 'all' ? [] : [each.value]));
  const isGrouped = select.groupBy.length > 0 || [...values, ...(select.having ? [select.having] : [])].some(hasAggregate);
  const scope: Scope = isGrouped ? { ...plain, groupKeys: new Set(select.groupBy.map(signatureOf)) } : plain;
  const items = itemsOf(select, scope);
  const where = select.where && compileCondition(select.where, plain);
  const keys = select.groupBy.map((each) => compileValue(each, plain));
  const having = select.having && compileCondition(select.having, scope);
  const ordering = order.map(({ by, isDescending }) => ({ isDescending, ...orderKey(by, items, scope) }));
  const top = select.top && compileValue(select.top, { context, columns: [], parent });
  const fold = (text: string) => context.catalog.fold(text);
  const assigned = select.items.flatMap((each) => (each.kind === 'assignment' ? [each.variable] : []));
  if (assigned.length > 0 && assigned.length < select.items.length) {
    throw new SqlError(141, 'A SELECT statement that assigns a value to a variable must not be combined with data-retrieval operations.', {
      severity: 15,
      reach: 'batch',
    });
  }

  const rows = (outer?: Row) => {
    const found = (source ? source.rows(outer) : [[]])
      .map((each): Row => ({ values: each, parent: outer }))
      .filter((row) => !where || where(row) === true);
    const grouped = isGrouped ? groups(found, keys, fold, outer) : found;
    const projected = (having ? grouped.filter((row) => having(row) === true) : grouped).map((row): Projected => {
      const own = items.map(({ value }) => value(row));
      return { values: own, keys: ordering.map(({ index, value }) => (index === undefined ? value(row) : (own[index] ?? null))) };
    });
    const distinct = select.isDistinct ? unique(projected, fold) : projected;
    const sorted =
      ordering.length === 0 ? distinct : distinct.toSorted((left, right) => compareKeys(left.keys, right.keys, ordering, fold));
    const limit = top ? Number(top.value({ values: [], parent: outer })) : sorted.length;
    return sorted.slice(0, limit).map((each) => each.values);
  };
  return { columns: items.map(({ name, type }) => ({ name, type: type ?? int, isUntyped: type === undefined })), assigned, rows };
}

function itemsOf({ items }: Select, scope: Scope): readonly Item[] {
  return items.flatMap((item): readonly Item[] => {
    switch (item.kind) {
      case 'all':
        return allOf(item.of, scope);
      case 'assignment':
        return [{ name: '', ...compileValue(item.value, scope) }];
      case 'value':
        return [{ name: item.alias ?? nameOf(item.value), ...compileValue(item.value, scope) }];
      default:
        return item satisfies never;
    }
  });
}

function nameOf(value: Expression): string {
  return value.kind === 'column' ? (value.parts.at(-1) ?? '') : '';
}

function allOf(of: string | undefined, scope: Scope): readonly Item[] {
  const { catalog } = scope.context;
  const found = scope.columns.filter(({ source }) => of === undefined || catalog.isSame(source, of));
  if (found.length === 0)
    throw of === undefined ? new SqlError(263, 'Must specify table to select from.', { reach: 'batch' }) : errors.unboundName(`${of}.*`);
  return found.map(({ source, name }) => ({ name, ...compileValue({ kind: 'column', parts: [source, name] }, scope) }));
}

/** By the place or name of a result's column, or by something else. */
function orderKey(
  by: Expression,
  items: readonly Item[],
  scope: Scope,
): { readonly index: number | undefined; readonly value: Compiled['value'] } {
  const index = placeOf(by, items, scope.context);
  return index === undefined ? { index, value: compileValue(by, scope).value } : { index, value: () => null };
}

function placeOf(by: Expression, items: readonly { readonly name: string }[], { catalog }: Context): number | undefined {
  if (by.kind === 'literal' && by.type.name === 'int') {
    if (Number(by.value) < 1 || Number(by.value) > items.length)
      throw new SqlError(108, `The ORDER BY position number ${by.value} is out of range of the number of items in the select list.`, {
        reach: 'batch',
      });
    return Number(by.value) - 1;
  }
  const [name] = by.kind === 'column' && by.parts.length === 1 ? by.parts : [];
  const index = name === undefined ? -1 : items.findIndex((each) => catalog.isSame(each.name, name));
  return index < 0 ? undefined : index;
}

function groups(rows: readonly Row[], keys: readonly Compiled[], fold: (text: string) => string, parent: Row | undefined): readonly Row[] {
  if (keys.length === 0) return [{ values: rows[0]?.values ?? [], parent, group: rows }];
  const found = Map.groupBy(rows, (row) => keys.map(({ value }) => keyOf(value(row), fold)).join('\u0001'));
  return [...found.values()].map((group) => ({ values: group[0]?.values ?? [], parent, group }));
}

function unique<T extends { readonly values: readonly SqlValue[] }>(rows: readonly T[], fold: (text: string) => string): readonly T[] {
  const found = new Map<string, T>();
  for (const row of rows) {
    const key = row.values.map((each) => keyOf(each, fold)).join('\u0001');
    if (!found.has(key)) found.set(key, row);
  }
  return [...found.values()];
}

/** NULL comes first. */
function compareKeys(
  left: readonly SqlValue[],
  right: readonly SqlValue[],
  ordering: readonly { readonly isDescending: boolean }[],
  fold: (text: string) => string,
): number {
  for (const [index, { isDescending }] of ordering.entries()) {
    const [a, b] = [left[index] ?? null, right[index] ?? null];
    const order = a === null || b === null ? Number(b === null) - Number(a === null) : compareValues(a, b, fold);
    if (order !== 0) return isDescending ? -order : order;
  }
  return 0;
}

/** Every part's columns meet in common types; what is not UNION ALL has no row twice. */
function union(parts: readonly (CompiledQuery & { readonly all: boolean })[], order: Order, context: Context): CompiledQuery {
  const [first] = parts;
  if (!first || parts.some(({ columns }) => columns.length !== first.columns.length)) throw errors.unionColumns();
  const columns = first.columns.map(({ name }, index) => {
    const type = commonTypeOf(parts.map((each) => typeAt(each, index)));
    return { name, type: type ?? int, isUntyped: type === undefined };
  });
  const fold = (text: string) => context.catalog.fold(text);
  const ordering = order.map(({ by, isDescending }) => {
    const index = placeOf(by, columns, context);
    if (index === undefined)
      throw new SqlError(
        104,
        'ORDER BY items must appear in the select list if the statement contains a UNION, INTERSECT or EXCEPT operator.',
        { severity: 15, reach: 'batch' },
      );
    return { index, isDescending };
  });
  const converters = parts.map((part) =>
    part.columns.map((_, index) => asType({ type: typeAt(part, index), value: (row) => row.values[index] ?? null }, columns[index]?.type)),
  );
  const rows = (outer?: Row) => {
    let all: readonly { readonly values: readonly SqlValue[] }[] = [];
    for (const [index, part] of parts.entries()) {
      const own = part
        .rows(outer)
        .map((values) => ({ values: converters[index]?.map(({ value }) => value({ values, parent: outer })) ?? [] }));
      all = part.all ? [...all, ...own] : unique([...all, ...own], fold);
    }
    const keyed = all.map(({ values }) => ({ values, keys: ordering.map(({ index }) => values[index] ?? null) }));
    return (ordering.length === 0 ? keyed : keyed.toSorted((left, right) => compareKeys(left.keys, right.keys, ordering, fold))).map(
      ({ values }) => values,
    );
  };
  return { columns, assigned: first.assigned, rows };
}

function typeAt({ columns }: CompiledQuery, index: number): SqlType | undefined {
  const column = columns[index];
  return column?.isUntyped ? undefined : column?.type;
}

/** Whether a condition holds for a row; every row without one. */
export function holds(condition: CompiledCondition | undefined, row: Row): boolean {
  return !condition || condition(row) === true;
}
