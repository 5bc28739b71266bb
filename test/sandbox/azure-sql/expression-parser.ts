import { errors } from './errors.ts';
import { parseQuery } from './query-parser.ts';
import { int, type SqlType } from './sql-type.ts';
import { type Expression, isCondition } from './syntax-tree.ts';
import type { TokenCursor } from './token-cursor.ts';
import { parseType } from './type-parser.ts';

/** Functions that stand without parentheses, and reserved words that are functions with them. */
const niladic = ['CURRENT_USER', 'SESSION_USER', 'SYSTEM_USER', 'USER', 'CURRENT_TIMESTAMP'];
const callable = ['COALESCE', 'NULLIF', 'LEFT', 'RIGHT', 'TRY_CONVERT'];
const comparisons = ['=', '<>', '!=', '<=', '>=', '<', '>', '!<', '!>'];

/** A value, thus no condition. */
export function parseValue(cursor: TokenCursor): Expression {
  return parseSum(cursor);
}

/** What is true, false or unknown. Throws 4145 for a value. */
export function parseCondition(cursor: TokenCursor): Expression {
  const parsed = parseOr(cursor);
  if (!isCondition(parsed)) throw errors.notACondition(cursor.isAtEnd ? '' : cursor.token.value);
  return parsed;
}

function parseOr(cursor: TokenCursor): Expression {
  let left = parseAnd(cursor);
  while (cursor.skip('OR')) left = { kind: 'or', left: condition(left, cursor), right: condition(parseAnd(cursor), cursor) };
  return left;
}

function parseAnd(cursor: TokenCursor): Expression {
  let left = parseNot(cursor);
  while (cursor.skip('AND')) left = { kind: 'and', left: condition(left, cursor), right: condition(parseNot(cursor), cursor) };
  return left;
}

function condition(parsed: Expression, cursor: TokenCursor): Expression {
  if (!isCondition(parsed)) throw errors.notACondition(cursor.token.value);
  return parsed;
}

function parseNot(cursor: TokenCursor): Expression {
  if (cursor.skip('NOT')) return { kind: 'not', operand: condition(parseNot(cursor), cursor) };
  if (!cursor.skip('EXISTS')) return parseComparison(cursor);
  cursor.expectSymbol('(');
  const query = parseQuery(cursor);
  cursor.expectSymbol(')');
  return { kind: 'exists', query };
}

function parseComparison(cursor: TokenCursor): Expression {
  const left = parseSum(cursor, { mayBeCondition: true });
  if (isCondition(left)) return left;
  const operator = comparisons.find((each) => cursor.isAtSymbol(each));
  if (operator) {
    cursor.take();
    return { kind: 'comparison', operator, left, right: parseSum(cursor) };
  }
  if (cursor.skip('IS')) {
    const isNot = cursor.skip('NOT');
    cursor.expect('NULL');
    return negated({ kind: 'is null', operand: left }, isNot);
  }
  const isNot = cursor.isAt('NOT') && ['IN', 'LIKE', 'BETWEEN'].includes(cursor.at(1).value.toUpperCase()) && cursor.skip('NOT');
  if (cursor.skip('IN')) return negated({ kind: 'in', operand: left, list: parseMembers(cursor) }, isNot);
  if (cursor.skip('LIKE')) {
    const pattern = parseSum(cursor);
    return negated({ kind: 'like', operand: left, pattern, escape: cursor.skip('ESCAPE') ? cursor.text() : undefined }, isNot);
  }
  if (cursor.skip('BETWEEN')) {
    const from = parseSum(cursor);
    cursor.expect('AND');
    const to = parseSum(cursor);
    const within: Expression = {
      kind: 'and',
      left: { kind: 'comparison', operator: '>=', left, right: from },
      right: { kind: 'comparison', operator: '<=', left, right: to },
    };
    return negated(within, isNot);
  }
  return left;
}

function negated(operand: Expression, isNot: boolean): Expression {
  return isNot ? { kind: 'not', operand } : operand;
}

function parseMembers(cursor: TokenCursor) {
  cursor.expectSymbol('(');
  const members = cursor.isAt('SELECT') ? parseQuery(cursor) : cursor.list(() => parseSum(cursor));
  cursor.expectSymbol(')');
  return members;
}

function parseSum(cursor: TokenCursor, { mayBeCondition = false } = {}): Expression {
  return parseChain(
    cursor,
    ['+', '-', '&', '|', '^'],
    () => parseChain(cursor, ['*', '/', '%'], () => parseSign(cursor), mayBeCondition),
    mayBeCondition,
  );
}

function parseChain(cursor: TokenCursor, operators: readonly string[], operand: () => Expression, mayBeCondition: boolean): Expression {
  let left = operand();
  if (isCondition(left)) {
    if (mayBeCondition && !operators.some((each) => cursor.isAtSymbol(each))) return left;
    throw cursor.wrong();
  }
  for (;;) {
    const operator = operators.find((each) => cursor.isAtSymbol(each));
    if (!operator) return left;
    cursor.take();
    const right = operand();
    if (isCondition(right)) throw cursor.wrong();
    left = { kind: 'calculation', operator, left, right };
  }
}

function parseSign(cursor: TokenCursor): Expression {
  if (cursor.skipSymbol('+')) return parseSign(cursor);
  if (cursor.skipSymbol('-'))
    return { kind: 'calculation', operator: '-', left: { kind: 'literal', value: 0, type: int }, right: parseSign(cursor) };
  const operand = parseOperand(cursor);
  // every column has its database's collation here, so that a collation says nothing
  while (cursor.skip('COLLATE'))
    if (!/^(database_default|catalog_default|latin1_general|sql_latin1_general)/i.test(cursor.name())) throw cursor.wrong();
  return operand;
}

function parseOperand(cursor: TokenCursor): Expression {
  const { token } = cursor;
  switch (token.kind) {
    case 'number':
      cursor.take();
      return numberLiteral(token.value);
    case 'text':
    case 'national text': {
      cursor.take();
      const length = Math.max(token.value.length, 1);
      const isLong = length > (token.kind === 'text' ? 8000 : 4000);
      const type: SqlType = { name: token.kind === 'text' ? 'varchar' : 'nvarchar', length: isLong ? 'max' : length };
      return { kind: 'literal', value: token.value, type };
    }
    case 'binary': {
      cursor.take();
      const value = Buffer.from(token.value.length % 2 === 0 ? token.value : `0${token.value}`, 'hex');
      return { kind: 'literal', value, type: { name: 'varbinary', length: Math.max(value.length, 1) } };
    }
    case 'variable':
      cursor.take();
      return { kind: 'variable', name: token.value };
    case 'symbol':
      return parseParenthesis(cursor);
    default:
      return parseWord(cursor);
  }
}

function numberLiteral(text: string): Expression {
  const value = Number(text);
  if (/e/i.test(text)) return { kind: 'literal', value, type: { name: 'float' } };
  if (/^\d+$/.test(text) && value <= 2_147_483_647) return { kind: 'literal', value, type: int };
  const [whole = '', fraction = ''] = text.split('.');
  return {
    kind: 'literal',
    value,
    type: { name: 'decimal', precision: Math.max(whole.length + fraction.length, 1), scale: fraction.length },
  };
}

function parseParenthesis(cursor: TokenCursor): Expression {
  cursor.expectSymbol('(');
  if (cursor.isAt('SELECT')) {
    const query = parseQuery(cursor);
    cursor.expectSymbol(')');
    return { kind: 'subquery', query };
  }
  const inner = parseOr(cursor);
  cursor.expectSymbol(')');
  return inner;
}

function parseWord(cursor: TokenCursor): Expression {
  if (cursor.skip('NULL')) return { kind: 'null' };
  if (cursor.skip('CASE')) return parseCase(cursor);
  const word = cursor.token.kind === 'word' ? cursor.token.value.toUpperCase() : '';
  if (cursor.isAtSymbol('(', 1)) {
    if (word === 'CAST' || word === 'TRY_CAST') return parseCast(cursor, word === 'TRY_CAST');
    if (word === 'CONVERT' || word === 'TRY_CONVERT') return parseConvert(cursor, word === 'TRY_CONVERT');
    if (word === 'IIF') return parseIif(cursor);
    if (callable.includes(word)) return parseCall(cursor, [cursor.take().value]);
  }
  if (niladic.includes(word)) return { kind: 'call', name: [cursor.take().value], arguments: [], isOfAll: false, isDistinct: false };
  const parts = cursor.names(4);
  return cursor.isAtSymbol('(') ? parseCall(cursor, parts) : { kind: 'column', parts };
}

function parseCall(cursor: TokenCursor, name: readonly string[]): Expression {
  cursor.expectSymbol('(');
  const isDistinct = cursor.skip('DISTINCT');
  const isOfAll = !isDistinct && cursor.skipSymbol('*');
  const given = isOfAll || cursor.isAtSymbol(')') ? [] : cursor.list(() => parseSum(cursor));
  cursor.expectSymbol(')');
  return { kind: 'call', name, arguments: given, isOfAll, isDistinct };
}

function parseCase(cursor: TokenCursor): Expression {
  const subject = cursor.isAt('WHEN') ? undefined : parseSum(cursor);
  const branches: { when: Expression; result: Expression }[] = [];
  while (cursor.skip('WHEN')) {
    const when: Expression = subject
      ? { kind: 'comparison', operator: '=', left: subject, right: parseSum(cursor) }
      : parseCondition(cursor);
    cursor.expect('THEN');
    branches.push({ when, result: parseSum(cursor) });
  }
  if (branches.length === 0) throw cursor.wrong();
  const otherwise: Expression = cursor.skip('ELSE') ? parseSum(cursor) : { kind: 'null' };
  cursor.expect('END');
  return { kind: 'case', branches, otherwise };
}

function parseCast(cursor: TokenCursor, isTry: boolean): Expression {
  cursor.take();
  cursor.expectSymbol('(');
  const operand = parseSum(cursor);
  cursor.expect('AS');
  const type = parseType(cursor, 30);
  cursor.expectSymbol(')');
  return { kind: 'cast', operand, type, style: 0, isTry };
}

function parseIif(cursor: TokenCursor): Expression {
  cursor.take();
  cursor.expectSymbol('(');
  const when = parseCondition(cursor);
  cursor.expectSymbol(',');
  const result = parseSum(cursor);
  cursor.expectSymbol(',');
  const otherwise = parseSum(cursor);
  cursor.expectSymbol(')');
  return { kind: 'case', branches: [{ when, result }], otherwise };
}

/** A style counts for binary alone: 1 reads and writes it with 0x, 2 without. */
function parseConvert(cursor: TokenCursor, isTry: boolean): Expression {
  cursor.take();
  cursor.expectSymbol('(');
  const type = parseType(cursor, 30);
  cursor.expectSymbol(',');
  const operand = parseSum(cursor);
  const style = cursor.skipSymbol(',') ? cursor.wholeNumber() : 0;
  cursor.expectSymbol(')');
  return { kind: 'cast', operand, type, style, isTry };
}
