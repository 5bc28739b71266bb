import { errors } from './errors.ts';
import type { SqlError } from './sql-error.ts';
import type { Statement, StatementShape } from './statement.ts';
import { changeStatements } from './statements/change.ts';
import { executeStatements } from './statements/execute.ts';
import { flowStatements } from './statements/flow.ts';
import { insertStatements } from './statements/insert.ts';
import { moduleStatements } from './statements/modules.ts';
import { ownershipStatements } from './statements/ownership.ts';
import { permissionStatements } from './statements/permissions.ts';
import { roleStatements } from './statements/roles.ts';
import { schemaStatements } from './statements/schemas.ts';
import { selectStatements } from './statements/select.ts';
import { sessionStatements } from './statements/sessions.ts';
import { settingStatements } from './statements/settings.ts';
import { tableStatements } from './statements/tables.ts';
import { transactionStatements } from './statements/transactions.ts';
import { triggerStatements } from './statements/triggers.ts';
import { typeStatements } from './statements/types.ts';
import { userStatements } from './statements/users.ts';
import type { TokenCursor } from './token-cursor.ts';
import type { Token } from './tokenizer.ts';

/** All that the sandbox's Azure SQL takes. Everything else is error 102. */
export const statementShapes = (): readonly StatementShape[] => [
  ...userStatements,
  ...roleStatements,
  ...permissionStatements,
  ...ownershipStatements,
  ...schemaStatements,
  ...tableStatements,
  ...typeStatements,
  ...moduleStatements,
  ...triggerStatements,
  ...selectStatements,
  ...insertStatements,
  ...changeStatements,
  ...executeStatements,
  ...transactionStatements,
  ...settingStatements,
  ...sessionStatements,
  ...flowStatements,
];

let sorted: readonly StatementShape[] | undefined;

/** With the longest beginnings first. Some statements hold others, so that the list can only be made when all files are read. */
function longestFirst(): readonly StatementShape[] {
  sorted ??= statementShapes().toSorted((left, right) => right.begins.length - left.begins.length);
  return sorted;
}

/** The statements of a batch. Throws 102, 156, 111 and what else is wrong with their words: then none of them runs. */
export function parseBatch(cursor: TokenCursor): readonly Statement[] {
  const statements: Statement[] = [];
  for (;;) {
    while (cursor.skipSymbol(';'));
    if (cursor.isAtEnd) return statements;
    statements.push(parseStatement(cursor, { isFirst: statements.length === 0 }));
  }
}

/** The statement that comes next. */
export function parseStatement(cursor: TokenCursor, { isFirst = false } = {}): Statement {
  const shape = longestFirst().find(({ begins }) => cursor.isAt(...begins));
  if (!shape) throw unknownStatement(cursor);
  if (shape.isFirst && !isFirst) throw errors.notFirst(shape.begins.join(' '));
  if (!shape.readsWords) cursor.skip(...shape.begins);
  return shape.parse(cursor);
}

/** 102 near the first word that no form of statement has in this place. */
function unknownStatement(cursor: TokenCursor): SqlError {
  const known = longestFirst().map(({ begins }) => begins.findIndex((word, index) => !isWord(cursor.at(index), word)));
  const { start, end } = cursor.at(Math.max(...known));
  return errors.syntax(cursor.sql.slice(start, end));
}

function isWord({ kind, value }: Token, word: string): boolean {
  return kind === 'word' && value.toUpperCase() === word;
}
