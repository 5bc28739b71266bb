import type { Context } from '../context.ts';
import { asType, type Compiled } from '../expression.ts';
import { compileQuery } from '../query.ts';
import { parseQuery } from '../query-parser.ts';
import type { Row } from '../scope.ts';
import { int } from '../sql-type.ts';
import { commands, type Outcome, type Statement, type StatementShape } from '../statement.ts';
import type { Query } from '../syntax-tree.ts';
import type { TokenCursor } from '../token-cursor.ts';

/** https://learn.microsoft.com/sql/t-sql/queries/select-transact-sql */
export const selectStatements: readonly StatementShape[] = [
  { syntax: 'SELECT … [UNION [ALL] SELECT …] [ORDER BY …]', begins: ['SELECT'], readsWords: true, parse: parseSelect },
];

const noRow: Row = { values: [], parent: undefined };

function parseSelect(cursor: TokenCursor): Statement {
  const query = parseQuery(cursor);
  return { run: (context) => select(query, context) };
}

function select(query: Query, context: Context): Outcome {
  const { columns, rows, assigned } = compileQuery(query, context);
  const found = rows();
  if (assigned.length > 0) {
    const last = found.at(-1);
    for (const [index, name] of assigned.entries())
      if (last) assign(name, { type: columns[index]?.type, value: () => last[index] ?? null }, context);
    return { command: commands.select, rows: found.length };
  }
  context.output.result(columns, found);
  return { command: commands.select, rows: found.length };
}

/** Gives a variable a value. Throws 137. */
export function assign(name: string, given: Compiled, context: Context): void {
  const { type } = context.variable(name);
  const value = asType(given, type).value(noRow);
  context.variables.set(name.toLowerCase(), { type: type ?? int, value });
}
