import type { Context } from '../context.ts';
import { errors } from '../errors.ts';
import type { Statement, StatementShape } from '../statement.ts';
import type { TokenCursor } from '../token-cursor.ts';

const words = ['TRANSACTION', 'TRAN'] as const;

/** https://learn.microsoft.com/sql/t-sql/language-elements/transactions-transact-sql */
export const transactionStatements: readonly StatementShape[] = [
  ...words.flatMap((word): readonly StatementShape[] => [
    { syntax: `BEGIN ${word} [name]`, begins: ['BEGIN', word], parse: (cursor) => ending(cursor, begin) },
    { syntax: `COMMIT ${word} [name]`, begins: ['COMMIT', word], parse: (cursor) => ending(cursor, commit) },
    { syntax: `ROLLBACK ${word} [name]`, begins: ['ROLLBACK', word], parse: (cursor) => ending(cursor, rollBack) },
    { syntax: `SAVE ${word} name`, begins: ['SAVE', word], parse: parseSave },
  ]),
  { syntax: 'COMMIT [WORK]', begins: ['COMMIT'], parse: (cursor) => afterWork(cursor, commit) },
  { syntax: 'ROLLBACK [WORK]', begins: ['ROLLBACK'], parse: (cursor) => afterWork(cursor, (context) => rollBack(context, undefined)) },
];

function frame(run: (context: Context) => void): Statement {
  return {
    isFrame: true,
    run: (context) => {
      run(context);
      return undefined;
    },
  };
}

function afterWork(cursor: TokenCursor, act: (context: Context) => void): Statement {
  cursor.skip('WORK');
  return frame(act);
}

function ending(cursor: TokenCursor, act: (context: Context, name: string | undefined) => void): Statement {
  const name = cursor.isAtName ? cursor.name() : undefined;
  return frame((context) => act(context, name));
}

function parseSave(cursor: TokenCursor): Statement {
  const name = cursor.name();
  return frame((context) => save(context, name));
}

/** Begun again inside of itself it is only counted. */
export function begin({ session, output }: Context, name?: string): void {
  if (session.transaction) session.transaction.count += 1;
  else output.change(session.begin(name?.toLowerCase()));
}

/** Throws 3902. Inner ones are only counted. */
export function commit({ session, output }: Context): void {
  const { transaction } = session;
  if (!transaction || transaction.count === 0) throw errors.noTransactionToCommit();
  transaction.count -= 1;
  if (transaction.count === 0 && !transaction.isOfStatement) output.change(session.commit());
}

/** Rolls back to a savepoint of that name, or all, by the name of the outermost transaction or without one. Throws 3903 and 6401. */
export function rollBack({ session, output, isInTrigger }: Context, name: string | undefined): void {
  const { transaction } = session;
  if (!transaction || (transaction.count === 0 && !isInTrigger)) throw errors.noTransactionToRollBack();
  const folded = name?.toLowerCase();
  if (folded !== undefined && transaction.rollBackTo(folded)) return;
  if (folded !== undefined && folded !== transaction.name) throw errors.noSavepoint(name ?? '');
  output.change(session.rollBack());
}

/** Throws 628. */
export function save({ session }: Context, name: string): void {
  if (!session.transaction) throw errors.noTransactionToRollBack();
  session.transaction.save(name.toLowerCase());
}
