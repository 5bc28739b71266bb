import { assertConvertible, converted } from './convert.ts';
import { errors } from './errors.ts';
import type { Compiled } from './expression.ts';
import { SqlError } from './sql-error.ts';
import { commonType, int, isBinary, isNumber, isText, isWhole, type SqlType, type SqlValue } from './sql-type.ts';

/** `left operator right`; + puts texts and binaries together. Throws 402 and 8117 for types that can't be calculated with. */
export function compileCalculation(operator: string, left: Compiled, right: Compiled): Compiled {
  const joined = operator === '+' ? joinedType(left.type, right.type) : undefined;
  if (joined)
    return {
      type: joined,
      value: (row) => join(converted(left.value(row), left.type, joined), converted(right.value(row), right.type, joined)),
    };
  const type = left.type && right.type ? commonType(left.type, right.type) : (left.type ?? right.type ?? int);
  if (!isNumber(type) || (isBits(operator) && !isWhole(type))) {
    throw new SqlError(8117, `Operand data type ${type.name} is invalid for ${nameOf(operator)} operator.`, { reach: 'batch' });
  }
  for (const each of [left, right]) assertConvertible(each.type, type, { isExplicit: false });
  const result = resultType(operator, type);
  return {
    type: result,
    value: (row) => {
      const [a, b] = [left, right].map((each) => converted(each.value(row), each.type, type)) as [SqlValue, SqlValue];
      return a === null || b === null ? null : converted(calculate(operator, a as number, b as number, type), type, result);
    },
  };
}

function joinedType(left: SqlType | undefined, right: SqlType | undefined): SqlType | undefined {
  const type = left && right ? commonType(left, right) : (left ?? right);
  if (!type || !(isText(type) || isBinary(type))) return undefined;
  const lengths = [left, right].map((each) => each?.length ?? 1);
  const limit = type.name === 'nvarchar' || type.name === 'nchar' ? 4000 : 8000;
  const name = isBinary(type) ? 'varbinary' : limit === 4000 ? 'nvarchar' : 'varchar';
  return {
    name,
    length: lengths.includes('max')
      ? 'max'
      : Math.min(
          lengths.reduce((sum: number, each) => sum + Number(each), 0),
          limit,
        ),
  };
}

function join(left: SqlValue, right: SqlValue): SqlValue {
  if (left === null || right === null) return null;
  return Buffer.isBuffer(left) && Buffer.isBuffer(right) ? Buffer.concat([left, right]) : `${left}${right}`;
}

function isBits(operator: string): boolean {
  return operator === '&' || operator === '|' || operator === '^';
}

function nameOf(operator: string): string {
  return { '+': 'add', '-': 'subtract', '*': 'multiply', '/': 'divide', '%': 'modulo' }[operator] ?? `'${operator}'`;
}

function resultType(operator: string, type: SqlType): SqlType {
  if (type.name !== 'decimal') return type.name === 'bit' ? int : type;
  return { name: 'decimal', precision: 38, scale: operator === '/' ? 6 : operator === '*' ? (type.scale ?? 0) * 2 : (type.scale ?? 0) };
}

function calculate(operator: string, left: number, right: number, type: SqlType): number | bigint {
  if ((operator === '/' || operator === '%') && Number(right) === 0) throw errors.divisionByZero();
  if (!isWhole(type))
    return { '+': left + right, '-': left - right, '*': left * right, '/': left / right, '%': left % right }[operator] ?? 0;
  const [a, b] = [BigInt(left), BigInt(right)];
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return a % b;
    case '&':
      return a & b;
    case '|':
      return a | b;
    default:
      return a ^ b;
  }
}
