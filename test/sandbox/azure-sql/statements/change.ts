import type { SqlObject } from '../catalog-records.ts';
import type { Context } from '../context.ts';
import { type CompiledCondition, compileCondition, compileValue } from '../expression.ts';
import { parseCondition, parseValue } from '../expression-parser.ts';
import { holds } from '../query.ts';
import type { Scope } from '../scope.ts';
import { type Accesses, usedColumns } from '../source.ts';
import { commands, type Outcome, type Statement, type StatementShape } from '../statement.ts';
import type { Expression } from '../syntax-tree.ts';
import type { TableRow } from '../table-changes.ts';
import { asLoose, assertKeys, checked, tableNamed } from '../table-row.ts';
import type { NameParts, TokenCursor } from '../token-cursor.ts';
import { columnsNamed } from './securable-name.ts';

/** https://learn.microsoft.com/sql/t-sql/queries/update-transact-sql and https://learn.microsoft.com/sql/t-sql/statements/delete-transact-sql */
export const changeStatements: readonly StatementShape[] = [
  { syntax: 'UPDATE name SET column = value, … [WHERE condition]', begins: ['UPDATE'], parse: parseUpdate },
  { syntax: 'DELETE [FROM] name [WHERE condition]', begins: ['DELETE'], parse: parseDelete },
];

function parseWhere(cursor: TokenCursor): Expression | undefined {
  return cursor.skip('WHERE') ? parseCondition(cursor) : undefined;
}

function parseUpdate(cursor: TokenCursor): Statement {
  const name = cursor.names(3);
  cursor.expect('SET');
  const changes = cursor.list(() => {
    const column = cursor.name();
    cursor.expectSymbol('=');
    return { column, value: parseValue(cursor) };
  });
  const where = parseWhere(cursor);
  return { run: (context) => update(context, name, changes, where) };
}

/** Reading a column, as WHERE does, needs SELECT: https://learn.microsoft.com/sql/t-sql/queries/update-transact-sql#permissions */
function scopeOf(table: SqlObject, context: Context, accesses: Accesses): Scope {
  const reads: Accesses = [];
  let isRead = false;
  const columns = usedColumns(table, table.name, context, reads).map((each) => ({
    ...each,
    used: () => {
      isRead = true;
      each.used?.();
    },
  }));
  accesses.push(() => {
    if (isRead) for (const check of reads) check();
  });
  return { context, columns, parent: undefined };
}

async function update(
  context: Context,
  name: NameParts,
  changes: readonly { readonly column: string; readonly value: Expression }[],
  where: Expression | undefined,
): Promise<Outcome> {
  const table = tableNamed(name, context);
  const accesses: Accesses = [];
  const scope = scopeOf(table, context, accesses);
  const targets = columnsNamed(
    table,
    changes.map(({ column }) => column),
    context,
  );
  const values = changes.map(({ value }, index) => asLoose(compileValue(value, scope), targets[index]));
  const condition = where && compileCondition(where, scope);
  context.requireOn(table, 'UPDATE', targets);
  for (const check of accesses) check();
  const changed = (row: TableRow) =>
    table.columns.map((column, index) => {
      const target = targets.indexOf(column);
      if (target < 0) return row[index] ?? null;
      return checked(values[target]?.value({ values: row, parent: undefined }) ?? null, column, table, 'UPDATE', context);
    });
  const decide = (rows: readonly TableRow[]) => {
    const replaced = new Map(matching(rows, condition).map((row) => [row, changed(row)]));
    const after = rows.map((row) => replaced.get(row) ?? row);
    assertKeys(table, after, context);
    return replaced;
  };
  return { command: commands.update, rows: await context.session.replaceRows(table.id, decide, context) };
}

function matching(rows: readonly TableRow[], condition: CompiledCondition | undefined): readonly TableRow[] {
  return rows.filter((row) => holds(condition, { values: row, parent: undefined }));
}

function parseDelete(cursor: TokenCursor): Statement {
  cursor.skip('FROM');
  const name = cursor.names(3);
  const where = parseWhere(cursor);
  return { run: (context) => remove(context, name, where) };
}

async function remove(context: Context, name: NameParts, where: Expression | undefined): Promise<Outcome> {
  const table = tableNamed(name, context);
  const accesses: Accesses = [];
  const condition = where && compileCondition(where, scopeOf(table, context, accesses));
  context.requireOn(table, 'DELETE');
  for (const check of accesses) check();
  const decide = (rows: readonly TableRow[]) => new Map(matching(rows, condition).map((row) => [row, null]));
  return { command: commands.delete, rows: await context.session.replaceRows(table.id, decide, context) };
}
