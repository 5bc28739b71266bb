import { compareValues, keyOf } from './convert.ts';
import { errors } from './errors.ts';
import { type Compiled, compileValue } from './expression.ts';
import type { Row, Scope } from './scope.ts';
import { SqlError } from './sql-error.ts';
import { int, isNumber, nvarchar, type SqlType, type SqlValue } from './sql-type.ts';
import type { Expression } from './syntax-tree.ts';

type Call = Extract<Expression, { kind: 'call' }>;

const names = ['COUNT', 'COUNT_BIG', 'SUM', 'MIN', 'MAX', 'STRING_AGG', 'CHECKSUM_AGG'] as const;

/** The aggregate function that is called; undefined for every other call. */
export function aggregateNamed({ name }: Call): (typeof names)[number] | undefined {
  const upper = name.at(-1)?.toUpperCase();
  return name.length === 1 ? names.find((each) => each === upper) : undefined;
}

/** Whether an expression has an aggregate outside of subqueries. */
export function hasAggregate(expression: Expression): boolean {
  if (expression.kind === 'call') return aggregateNamed(expression) !== undefined || expression.arguments.some(hasAggregate);
  return Object.values(expression).some((part: unknown) => partsOf(part).some(hasAggregate));
}

function partsOf(part: unknown): readonly Expression[] {
  if (Array.isArray(part)) return part.flatMap(partsOf);
  if (typeof part !== 'object' || part === null || Buffer.isBuffer(part) || part instanceof Date) return [];
  if ('when' in part && 'result' in part) return [part.when as Expression, part.result as Expression];
  return 'kind' in part ? [part as Expression] : [];
}

/** Throws 147-like 102 outside of a query with groups. */
export function compileAggregate(call: Call, scope: Scope): Compiled {
  const name = aggregateNamed(call);
  if (!name || !scope.groupKeys)
    throw new SqlError(
      147,
      'An aggregate may not appear in the WHERE clause unless it is in a subquery contained in a HAVING clause or a select list, and the column being aggregated is an outer reference.',
      { reach: 'batch' },
    );
  const { context, columns, parent } = scope;
  const [operand, separator] = call.arguments.map((each) => compileValue(each, { context, columns, parent }));
  if (call.isOfAll ? !name.startsWith('COUNT') : !operand) throw errors.argumentCount(name.toLowerCase(), 1);
  const type = typeOf(name, operand?.type);
  const fold = (text: string) => context.catalog.fold(text);
  return {
    type,
    value: (row) => {
      const rows = row.group ?? [];
      if (!operand) return name === 'COUNT_BIG' ? BigInt(rows.length) : rows.length;
      const values = rows.map((each) => operand.value(each)).filter((each) => each !== null);
      const counted = call.isDistinct ? [...new Map(values.map((each) => [keyOf(each, fold), each])).values()] : values;
      return combine(name, counted, () => String(separator?.value(rows[0] ?? emptyRow) ?? ''), fold);
    },
  };
}

const emptyRow: Row = { values: [], parent: undefined };

function typeOf(name: (typeof names)[number], operand: SqlType | undefined): SqlType {
  if (name === 'COUNT' || name === 'CHECKSUM_AGG') return int;
  if (name === 'COUNT_BIG') return { name: 'bigint' };
  if (name === 'STRING_AGG') return nvarchar('max');
  if (name === 'SUM' && operand && !isNumber(operand))
    throw new SqlError(8117, `Operand data type ${operand.name} is invalid for sum operator.`, { reach: 'batch' });
  return name === 'SUM' && operand?.name !== 'bigint' && operand?.name !== 'decimal' && operand?.name !== 'float' ? int : (operand ?? int);
}

function combine(
  name: (typeof names)[number],
  values: readonly NonNullable<SqlValue>[],
  separator: () => string,
  fold: (text: string) => string,
): SqlValue {
  switch (name) {
    case 'COUNT':
      return values.length;
    case 'COUNT_BIG':
      return BigInt(values.length);
    case 'STRING_AGG':
      return values.length === 0 ? null : values.join(separator());
    case 'CHECKSUM_AGG':
      return values.reduce<number>((sum, each) => sum ^ Number(each), 0);
    case 'SUM':
      return values.length === 0
        ? null
        : values.reduce((sum, each) => (typeof sum === 'bigint' ? sum + BigInt(each as bigint) : Number(sum) + Number(each)));
    case 'MIN':
    case 'MAX': {
      const sign = name === 'MIN' ? 1 : -1;
      return values.toSorted((left, right) => sign * compareValues(left, right, fold))[0] ?? null;
    }
    default:
      return name satisfies never;
  }
}
