import type { Column, SqlObject } from './catalog-records.ts';
import type { Context } from './context.ts';
import { keyOf } from './convert.ts';
import { errors } from './errors.ts';
import { asType, commonTypeOf, compileCondition, compileValue } from './expression.ts';
import { compileQuery, holds } from './query.ts';
import { parseQuery } from './query-parser.ts';
import { findColumn, type Row, type Scope, type ScopeColumn } from './scope.ts';
import { int, type SqlValue } from './sql-type.ts';
import type { Expression, Source } from './syntax-tree.ts';
import { findSystemView } from './system-views.ts';
import { type NameParts, TokenCursor } from './token-cursor.ts';

/** Checks of permissions that wait until the query is bound, and thus known what it reads. */
export type Accesses = (() => void)[];

type Values = readonly SqlValue[];

interface CompiledSource {
  readonly columns: readonly ScopeColumn[];
  readonly rows: (outer?: Row) => readonly Values[];
}

/** Binds what a query reads from. Throws 208 and the errors of names, types and permissions. */
export function compileSource(source: Source, context: Context, parent: Scope | undefined, accesses: Accesses): CompiledSource {
  switch (source.kind) {
    case 'table':
      return compileTable(source, context, accesses);
    case 'query': {
      const { columns, rows } = compileQuery(source.query, context, parent);
      if (source.columns && source.columns.length !== columns.length)
        throw errors.aliasColumns(source.alias, columns.length > source.columns.length);
      return {
        columns: columns.map(({ name, type }, index) => ({ source: source.alias, name: source.columns?.[index] ?? name, type })),
        rows,
      };
    }
    case 'values':
      return compileValues(source, { context, columns: [], parent });
    case 'join':
      return compileJoin(source, context, parent, accesses);
    default:
      return source satisfies never;
  }
}

function compileTable({ name, alias }: Extract<Source, { kind: 'table' }>, context: Context, accesses: Accesses): CompiledSource {
  const view = findSystemView(name);
  if (view) {
    const columns = view.columns.map(([column, type]) => ({ source: alias, name: column, type }));
    return { columns, rows: once(() => view.rows(context)) };
  }
  const object = context.findObject(name);
  if (object?.type === 'U') {
    const columns = usedColumns(object, alias, context, accesses);
    return { columns, rows: () => context.session.tableRows(object.id) };
  }
  if (object?.type !== 'V' || !object.module) throw errors.unknownObject(name.join('.'));
  return compileView(object, object.module.body, alias, context, accesses);
}

/** A table's columns, which note that they are used, so that reading one column needs the right to that column alone. */
export function usedColumns(table: SqlObject, alias: string, context: Context, accesses: Accesses): readonly ScopeColumn[] {
  const used = new Set<Column>();
  accesses.push(() => context.requireOn(table, 'SELECT', [...used]));
  return table.columns.map((column) => ({ source: alias, name: column.name, type: column.type, used: () => used.add(column) }));
}

function compileView(view: SqlObject, body: string, alias: string, context: Context, accesses: Accesses): CompiledSource {
  accesses.push(() => context.requireOn(view, 'SELECT'));
  const query = parseQuery(new TokenCursor(body, { quotedIdentifier: true }));
  const { columns, rows } = compileQuery(query, context.inside(view));
  return { columns: columns.map(({ name, type }) => ({ source: alias, name, type })), rows: once(() => rows()) };
}

/** Rows that stand in the query itself. Throws 10709 and 8158 for rows and names of different lengths. */
function compileValues({ rows, alias, columns }: Extract<Source, { kind: 'values' }>, scope: Scope): CompiledSource {
  const compiled = rows.map((row) => row.map((each) => compileValue(each, scope)));
  const width = compiled[0]?.length ?? 0;
  if (compiled.some((row) => row.length !== width)) throw errors.valuesLength();
  if (columns.length !== width) throw errors.aliasColumns(alias, width > columns.length);
  const types = columns.map((_, index) => commonTypeOf(compiled.map((row) => row[index]?.type)) ?? int);
  const taken = compiled.map((row) => row.map((each, index) => asType(each, types[index])));
  return {
    columns: columns.map((name, index) => ({ source: alias, name, type: types[index] ?? int })),
    rows: (outer) => taken.map((row) => row.map(({ value }) => value({ values: [], parent: outer }))),
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function compileJoin(
  { how, left, right, on }: Extract<Source, { kind: 'join' }>,
  context: Context,
  parent: Scope | undefined,
  accesses: Accesses,
): CompiledSource {
  const [one, other] = [compileSource(left, context, parent, accesses), compileSource(right, context, parent, accesses)];
  const columns = [...one.columns, ...other.columns];
  const scope: Scope = { context, columns, parent };
  const condition = on && compileCondition(on, scope);
  const equality = on && equalityOf(on, { ...scope, columns: one.columns }, { ...scope, columns: other.columns });
  const missing = other.columns.map(() => null);

  const rows = (outer?: Row) => {
    const candidates = equality ? lookup(equality, other.rows(outer), outer) : constant(other.rows(outer));
    return one.rows(outer).flatMap((values): readonly Values[] => {
      const found = candidates({ values, parent: outer })
        .map((each) => [...values, ...each])
        .filter((each) => holds(condition, { values: each, parent: outer }));
      return found.length === 0 && how === 'left' ? [[...values, ...missing]] : found;
    });
  };
  return { columns, rows };
}

interface Equality {
  readonly key: (row: Row) => string | undefined;
  readonly otherKey: (row: Row) => string | undefined;
}

/** Rows of the other side by what they are equal in, which spares looking at every pair. */
function lookup({ key, otherKey }: Equality, others: readonly Values[], outer: Row | undefined): (row: Row) => readonly Values[] {
  const byKey = Map.groupBy(others, (values) => otherKey({ values, parent: outer }));
  return (row) => {
    const wanted = key(row);
    return wanted === undefined ? [] : (byKey.get(wanted) ?? []);
  };
}

function constant(rows: readonly Values[]): () => readonly Values[] {
  return () => rows;
}

/** An `=` among the conditions of a join that has one side in each source. */
function equalityOf(on: Expression, one: Scope, other: Scope): Equality | undefined {
  if (on.kind === 'and') return equalityOf(on.left, one, other) ?? equalityOf(on.right, one, other);
  if (on.kind !== 'comparison' || on.operator !== '=') return undefined;
  if (isOf(on.left, one, other) && isOf(on.right, other, one)) return equality(on.left, on.right, one, other);
  return isOf(on.right, one, other) && isOf(on.left, other, one) ? equality(on.right, on.left, one, other) : undefined;
}

function equality(left: Expression, right: Expression, one: Scope, other: Scope): Equality {
  const [a, b] = [compileValue(left, one), compileValue(right, other)];
  const type = commonTypeOf([a.type, b.type]);
  const fold = (text: string) => one.context.catalog.fold(text);
  const keyWith = (side: typeof a) => {
    const { value } = asType(side, type);
    return (row: Row) => {
      const found = value(row);
      return found === null ? undefined : keyOf(found, fold);
    };
  };
  return { key: keyWith(a), otherKey: keyWith(b) };
}

/** Whether it names columns of a source, and none of the other. */
function isOf(expression: Expression, own: Scope, other: Scope): boolean {
  const names = namesIn(expression);
  return names !== undefined && names.length > 0 && names.every((each) => findColumn(each, own) && !findColumn(each, other));
}

/** Undefined where a subquery names what it likes. */
function namesIn(expression: Expression): readonly NameParts[] | undefined {
  switch (expression.kind) {
    case 'column':
      return [expression.parts];
    case 'literal':
    case 'null':
    case 'variable':
      return [];
    case 'cast':
      return namesIn(expression.operand);
    case 'calculation':
      return joined([expression.left, expression.right]);
    case 'call':
      return joined(expression.arguments);
    default:
      return undefined;
  }
}

function joined(expressions: readonly Expression[]): readonly NameParts[] | undefined {
  const names = expressions.map(namesIn);
  return names.includes(undefined) ? undefined : names.flatMap((each) => each ?? []);
}
