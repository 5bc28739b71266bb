import { parseCondition, parseValue } from './expression-parser.ts';
import type { Query, Select, SelectItem, Source } from './syntax-tree.ts';
import type { TokenCursor } from './token-cursor.ts';

/** SELECT … [UNION [ALL] SELECT …] [ORDER BY …]. */
export function parseQuery(cursor: TokenCursor): Query {
  const parts = [{ select: parseSelect(cursor), all: true }];
  while (cursor.skip('UNION')) {
    const all = cursor.skip('ALL');
    parts.push({ select: parseSelect(cursor), all });
  }
  const order = cursor.skip('ORDER', 'BY')
    ? cursor.list(() => {
        const by = parseValue(cursor);
        return { by, isDescending: !cursor.skip('ASC') && cursor.skip('DESC') };
      })
    : [];
  return { parts, order };
}

function parseSelect(cursor: TokenCursor): Select {
  cursor.expect('SELECT');
  const isDistinct = !cursor.skip('ALL') && cursor.skip('DISTINCT');
  const top = cursor.skip('TOP') ? parseTop(cursor) : undefined;
  const items = cursor.list(() => parseItem(cursor));
  const from = cursor.skip('FROM') ? parseSources(cursor) : undefined;
  const where = cursor.skip('WHERE') ? parseCondition(cursor) : undefined;
  const groupBy = cursor.skip('GROUP', 'BY') ? cursor.list(() => parseValue(cursor)) : [];
  const having = cursor.skip('HAVING') ? parseCondition(cursor) : undefined;
  return { isDistinct, top, items, from, where, groupBy, having };
}

function parseTop(cursor: TokenCursor) {
  const isInParentheses = cursor.skipSymbol('(');
  const count = isInParentheses ? parseValue(cursor) : ({ kind: 'literal', value: cursor.wholeNumber(), type: { name: 'int' } } as const);
  if (isInParentheses) cursor.expectSymbol(')');
  return count;
}

function parseItem(cursor: TokenCursor): SelectItem {
  if (cursor.skipSymbol('*')) return { kind: 'all', of: undefined };
  if (cursor.isAtName && cursor.isAtSymbol('.', 1) && cursor.isAtSymbol('*', 2)) {
    const of = cursor.name();
    cursor.take();
    cursor.take();
    return { kind: 'all', of };
  }
  if (cursor.token.kind === 'variable' && !cursor.token.value.startsWith('@@') && cursor.isAtSymbol('=', 1)) {
    const variable = cursor.take().value;
    cursor.take();
    return { kind: 'assignment', variable, value: parseValue(cursor) };
  }
  if (cursor.isAtName && cursor.isAtSymbol('=', 1)) {
    const alias = cursor.name();
    cursor.take();
    return { kind: 'value', value: parseValue(cursor), alias };
  }
  const value = parseValue(cursor);
  return { kind: 'value', value, alias: parseAlias(cursor, { mayBeText: true }) };
}

function parseAlias(cursor: TokenCursor, { mayBeText = false } = {}): string | undefined {
  const isNamed = cursor.skip('AS');
  if (mayBeText && isNamed && cursor.token.kind === 'text') return cursor.text();
  return isNamed || cursor.isAtName ? cursor.name() : undefined;
}

function parseSources(cursor: TokenCursor): Source {
  let source = parseJoins(cursor);
  while (cursor.skipSymbol(',')) source = { kind: 'join', how: 'cross', left: source, right: parseJoins(cursor), on: undefined };
  return source;
}

function parseJoins(cursor: TokenCursor): Source {
  let left = parseSource(cursor);
  for (;;) {
    if (cursor.skip('CROSS', 'JOIN')) {
      left = { kind: 'join', how: 'cross', left, right: parseSource(cursor), on: undefined };
      continue;
    }
    const how =
      cursor.skip('INNER', 'JOIN') || cursor.skip('JOIN')
        ? 'inner'
        : cursor.skip('LEFT', 'OUTER', 'JOIN') || cursor.skip('LEFT', 'JOIN')
          ? 'left'
          : undefined;
    if (!how) return left;
    const right = parseJoins(cursor);
    cursor.expect('ON');
    left = { kind: 'join', how, left, right, on: parseCondition(cursor) };
  }
}

function parseSource(cursor: TokenCursor): Source {
  if (cursor.skipSymbol('(')) {
    if (cursor.skip('VALUES')) return parseValues(cursor);
    if (!cursor.isAt('SELECT')) {
      const source = parseJoins(cursor);
      cursor.expectSymbol(')');
      return source;
    }
    const query = parseQuery(cursor);
    cursor.expectSymbol(')');
    const alias = parseAlias(cursor);
    if (alias === undefined) throw cursor.wrong();
    const columns = cursor.isAtSymbol('(') ? cursor.listInParentheses(() => cursor.name()) : undefined;
    return { kind: 'query', query, alias, columns };
  }
  const name = cursor.names(3);
  return { kind: 'table', name, alias: parseAlias(cursor) ?? name.at(-1) ?? '' };
}

/** `(VALUES (value, …), …) AS name (column, …)`. */
function parseValues(cursor: TokenCursor): Source {
  const rows = cursor.list(() => cursor.listInParentheses(() => parseValue(cursor)));
  cursor.expectSymbol(')');
  const alias = parseAlias(cursor);
  if (alias === undefined) throw cursor.wrong();
  return { kind: 'values', rows, alias, columns: cursor.listInParentheses(() => cursor.name()) };
}
