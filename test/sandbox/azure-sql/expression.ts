import { aggregateNamed, compileAggregate } from './aggregates.ts';
import { compileCalculation } from './calculation.ts';
import { assertConvertible, compareValues, converted, keyOf } from './convert.ts';
import { errors } from './errors.ts';
import { compileCall } from './functions.ts';
import { likePattern } from './like.ts';
import { compileQuery } from './query.ts';
import { type Row, resolveColumn, rowAt, type Scope } from './scope.ts';
import { commonType, int, isNumber, isText, type SqlType, type SqlValue } from './sql-type.ts';
import { type Expression, isCondition, type Query } from './syntax-tree.ts';

/** An expression that can be looked at for a row. */
export interface Compiled {
  /** Undefined for NULL. */
  readonly type: SqlType | undefined;
  readonly value: (row: Row) => SqlValue;
}

export type CompiledCondition = (row: Row) => boolean | null;

/** Binds names and checks types, as the server does before it runs anything. */
export function compileValue(expression: Expression, scope: Scope): Compiled {
  const { context, columns, parent, groupKeys } = scope;
  if (groupKeys?.has(signatureOf(expression))) return compileValue(expression, { context, columns, parent });
  switch (expression.kind) {
    case 'literal':
      return { type: expression.type, value: () => expression.value };
    case 'null':
      return { type: undefined, value: () => null };
    case 'column':
      return compileColumn(expression.parts, scope);
    case 'variable':
      return context.variable(expression.name);
    case 'call':
      if (aggregateNamed(expression)) return compileAggregate(expression, scope);
      return compileCall(
        expression,
        expression.arguments.map((each) => compileValue(each, scope)),
        context,
      );
    case 'case':
      return compileCase(expression, scope);
    case 'cast':
      return compileCast(expression, scope);
    case 'calculation':
      return compileCalculation(expression.operator, compileValue(expression.left, scope), compileValue(expression.right, scope));
    case 'subquery':
      return compileSubquery(expression.query, scope);
    default:
      throw errors.syntax('=');
  }
}

/** What two expressions have in common that are written alike. */
export function signatureOf(expression: Expression): string {
  return JSON.stringify(expression, (key, value: unknown) => {
    if (typeof value === 'bigint') return String(value);
    return key === 'parts' && Array.isArray(value) ? String(value.at(-1)).toUpperCase() : value;
  });
}

function compileColumn(parts: readonly string[], scope: Scope): Compiled {
  const { column, index, depth } = resolveColumn(parts, scope);
  if (depth === 0 && scope.groupKeys) throw errors.notGrouped(parts.join('.'), 'select list');
  column.used?.();
  return { type: column.type, value: depth === 0 ? (row) => row.values[index] ?? null : (row) => rowAt(row, depth).values[index] ?? null };
}

function compileCase({ branches, otherwise }: Extract<Expression, { kind: 'case' }>, scope: Scope): Compiled {
  const compiled = branches.map(({ when, result }) => ({ when: compileCondition(when, scope), result: compileValue(result, scope) }));
  const last = compileValue(otherwise, scope);
  const type = commonTypeOf([...compiled.map(({ result }) => result.type), last.type]);
  const results = compiled.map(({ when, result }) => ({ when, result: asType(result, type) }));
  const fallback = asType(last, type);
  return { type, value: (row) => (results.find(({ when }) => when(row) === true)?.result ?? fallback).value(row) };
}

/** The type that several values meet in; undefined when all are NULL. */
export function commonTypeOf(types: readonly (SqlType | undefined)[]): SqlType | undefined {
  const known = types.filter((each) => each !== undefined);
  const [first, ...rest] = known;
  return first && rest.reduce(commonType, first);
}

/** The value converted without being asked. Throws 206 and 257. */
export function asType(compiled: Compiled, type: SqlType | undefined): Compiled {
  const { type: from, value } = compiled;
  if (!type || !from || (from.name === type.name && from.name !== 'decimal')) return { type: type ?? from, value };
  assertConvertible(from, type, { isExplicit: false });
  return { type, value: (row) => converted(value(row), from, type) };
}

function compileCast({ operand, type, style, isTry }: Extract<Expression, { kind: 'cast' }>, scope: Scope): Compiled {
  const { type: from, value } = compileValue(operand, scope);
  assertConvertible(from, type, { isExplicit: true });
  const cast = (row: Row) => converted(value(row), from, type, style);
  if (!isTry) return { type, value: cast };
  return {
    type,
    value: (row) => {
      try {
        return cast(row);
      } catch {
        return null;
      }
    },
  };
}

function compileSubquery(query: Query, scope: Scope): Compiled {
  const { columns, rows } = compileQuery(query, scope.context, scope);
  if (columns.length !== 1) throw errors.subqueryColumns();
  return {
    type: columns[0]?.type ?? int,
    value: (row) => {
      const found = rows(row);
      if (found.length > 1) throw errors.subqueryRows();
      return found[0]?.[0] ?? null;
    },
  };
}

/** Throws what compileValue throws. */
export function compileCondition(expression: Expression, scope: Scope): CompiledCondition {
  if (!isCondition(expression)) throw errors.notACondition('');
  switch (expression.kind) {
    case 'and':
    case 'or': {
      const [left, right] = [compileCondition(expression.left, scope), compileCondition(expression.right, scope)];
      // what decides alone
      const decisive = expression.kind === 'or';
      return (row) => {
        const first = left(row);
        if (first === decisive) return decisive;
        const second = right(row);
        if (second === decisive) return decisive;
        return first === null || second === null ? null : !decisive;
      };
    }
    case 'not': {
      const operand = compileCondition(expression.operand, scope);
      return (row) => {
        const value = operand(row);
        return value === null ? null : !value;
      };
    }
    case 'comparison':
      return compileComparison(expression.operator, compileValue(expression.left, scope), compileValue(expression.right, scope), scope);
    case 'is null': {
      const { value } = compileValue(expression.operand, scope);
      return (row) => value(row) === null;
    }
    case 'in':
      return compileMembership(expression, scope);
    case 'like':
      return compileLike(expression, scope);
    case 'exists': {
      const { rows } = compileQuery(expression.query, scope.context, scope);
      return (row) => rows(row).length > 0;
    }
    default:
      return expression satisfies never;
  }
}

const decisions: Readonly<Record<string, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '<>': (order) => order !== 0,
  '!=': (order) => order !== 0,
  '<': (order) => order < 0,
  '>': (order) => order > 0,
  '<=': (order) => order <= 0,
  '>=': (order) => order >= 0,
  '!<': (order) => order >= 0,
  '!>': (order) => order <= 0,
};

function compileComparison(operator: string, left: Compiled, right: Compiled, { context }: Scope): CompiledCondition {
  const type = commonTypeOf([left.type, right.type]);
  const [a, b] = [asType(left, type), asType(right, type)];
  const decide = decisions[operator];
  if (!decide) throw errors.syntax(operator);
  const fold = (text: string) => context.catalog.fold(text);
  return (row) => {
    const [first, second] = [a.value(row), b.value(row)];
    return first === null || second === null ? null : decide(compareValues(first, second, fold));
  };
}

function compileMembership({ operand, list }: Extract<Expression, { kind: 'in' }>, scope: Scope): CompiledCondition {
  if ('parts' in list) return compileQueryMembership(operand, list, scope);
  const subject = compileValue(operand, scope);
  const members = list.map((each) => compileComparison('=', subject, compileValue(each, scope), scope));
  return (row) => {
    const found = members.map((each) => each(row));
    return found.includes(true) ? true : found.includes(null) ? null : false;
  };
}

function compileQueryMembership(operand: Expression, query: Query, scope: Scope): CompiledCondition {
  const { columns, rows } = compileQuery(query, scope.context, scope);
  const type = commonTypeOf([compileValue(operand, scope).type, columns[0]?.type]);
  const subject = asType(compileValue(operand, scope), type);
  const fold = (text: string) => scope.context.catalog.fold(text);
  return (row) => {
    const value = subject.value(row);
    const found = rows(row).map(([each]) => (type ? converted(each ?? null, columns[0]?.type, type) : null));
    if (found.length === 0) return false;
    if (value === null) return null;
    const key = keyOf(value, fold);
    return found.some((each) => each !== null && keyOf(each, fold) === key) ? true : found.includes(null) ? null : false;
  };
}

function compileLike({ operand, pattern, escape: escapedBy }: Extract<Expression, { kind: 'like' }>, scope: Scope): CompiledCondition {
  const [subject, wanted] = [compileValue(operand, scope), compileValue(pattern, scope)].map((each) =>
    each.type && !isText(each.type) && !isNumber(each.type) ? asType(each, { name: 'nvarchar', length: 'max' }) : each,
  );
  return (row) => {
    const [text, like] = [subject?.value(row) ?? null, wanted?.value(row) ?? null];
    if (text === null || like === null) return null;
    return likePattern(String(like), { escapedBy, isCaseSensitive: scope.context.catalog.isCaseSensitive }).test(String(text));
  };
}
