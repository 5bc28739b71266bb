import type { Column, SqlObject } from '../catalog-records.ts';
import type { Context } from '../context.ts';
import { errors } from '../errors.ts';
import { compileValue } from '../expression.ts';
import { parseValue } from '../expression-parser.ts';
import { compileQuery } from '../query.ts';
import { parseQuery } from '../query-parser.ts';
import type { Row, Scope } from '../scope.ts';
import type { SqlValue } from '../sql-type.ts';
import { commands, type Outcome, type Statement, type StatementShape } from '../statement.ts';
import type { Expression, Query } from '../syntax-tree.ts';
import { asLoose, assertKeys, checked, fallbackOf, keyIn, tableNamed } from '../table-row.ts';
import type { NameParts, TokenCursor } from '../token-cursor.ts';
import { columnsNamed } from './securable-name.ts';

/** https://learn.microsoft.com/sql/t-sql/statements/insert-transact-sql */
export const insertStatements: readonly StatementShape[] = [
  { syntax: 'INSERT [INTO] name [(column, …)] VALUES (value, …), … | SELECT … | DEFAULT VALUES', begins: ['INSERT'], parse: parseInsert },
];

const noRow: Row = { values: [], parent: undefined };

type Given = Expression | 'default';

function parseInsert(cursor: TokenCursor): Statement {
  cursor.skip('INTO');
  const name = cursor.names(3);
  const columns = cursor.isAtSymbol('(') && !cursor.isAt('SELECT') ? cursor.listInParentheses(() => cursor.name()) : undefined;
  if (cursor.skip('DEFAULT', 'VALUES')) return { run: (context) => insert(context, name, [], [[]]) };
  if (cursor.isAt('SELECT')) {
    const query = parseQuery(cursor);
    return { run: (context) => insert(context, name, columns, query) };
  }
  cursor.expect('VALUES');
  const rows = cursor.list(() => cursor.listInParentheses((): Given => (cursor.skip('DEFAULT') ? 'default' : parseValue(cursor))));
  return { run: (context) => insert(context, name, columns, rows) };
}

async function insert(
  context: Context,
  name: NameParts,
  columns: readonly string[] | undefined,
  given: Query | readonly (readonly Given[])[],
): Promise<Outcome> {
  const table = tableNamed(name, context);
  context.requireOn(table, 'INSERT');
  const targets = columns ? columnsNamed(table, columns, context) : table.columns.filter(({ isIdentity }) => !isIdentity);
  const identity = targets.find(({ isIdentity }) => isIdentity);
  if (identity) throw errors.identityInsert(table.name);
  const rows =
    'parts' in given ? queriedRows(given, targets, context) : given.map((row) => givenRow(row, targets, columns !== undefined, context));
  const made = rows.map((row) =>
    table.columns.map((column): SqlValue => {
      if (column.isIdentity) return nextIdentity(table, context);
      const index = targets.indexOf(column);
      return checked(index < 0 ? fallbackOf(column, context) : (row[index] ?? null), column, table, 'INSERT', context);
    }),
  );
  await context.session.insertRows(
    table.id,
    made.flatMap((row) => keyIn(row, table, context) ?? []),
    (there) => {
      assertKeys(table, [...there, ...made], context);
      return made;
    },
    context,
  );
  return { command: commands.insert, rows: made.length };
}

/** It is used up even if the row isn't kept. */
function nextIdentity({ id }: SqlObject, { session }: Context): number {
  const { identities } = session.database;
  const next = (identities.get(id) ?? 0) + 1;
  identities.set(id, next);
  session.lastIdentity = next;
  return next;
}

function queriedRows(query: Query, targets: readonly Column[], context: Context): readonly (readonly SqlValue[])[] {
  const { columns, rows } = compileQuery(query, context);
  if (columns.length !== targets.length) throw errors.columnCount();
  const taken = columns.map(({ type, isUntyped }, index) =>
    asLoose({ type: isUntyped ? undefined : type, value: (row) => row.values[index] ?? null }, targets[index]),
  );
  return rows().map((values) => taken.map(({ value }) => value({ values, parent: undefined })));
}

function givenRow(row: readonly Given[], targets: readonly Column[], isNamed: boolean, context: Context): readonly SqlValue[] {
  if (row.length !== targets.length && !isNamed) throw errors.columnCount();
  if (row.length > targets.length) throw errors.fewerValues();
  if (row.length < targets.length && row.length > 0) throw errors.moreColumns();
  const scope: Scope = { context, columns: [], parent: undefined };
  return targets.map((column, index) => {
    const value = row[index] ?? 'default';
    return value === 'default' ? fallbackOf(column, context) : asLoose(compileValue(value, scope), column).value(noRow);
  });
}
