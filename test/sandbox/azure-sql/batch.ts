import type { Context } from './context.ts';
import { errors } from './errors.ts';
import { inTransaction } from './own-transaction.ts';
import { SqlError } from './sql-error.ts';
import type { Outcome, Statement } from './statement.ts';
import { BatchEnd } from './statements/flow.ts';
import { fireTriggers } from './trigger.ts';

/** How a batch ended. `lost`: the session ends with it. */
export interface BatchResult {
  readonly failed: boolean;
  readonly lost: boolean;
  /** Of the first error; undefined without one. */
  readonly error: number | undefined;
}

/** Runs what a client asks for, telling the context's output of all that happens. Rejects when the signal is aborted, with its reason. */
export async function runBatch(read: () => readonly Statement[], context: Context): Promise<BatchResult> {
  const reports: SqlError[] = [];
  try {
    context.session.assertUserExists();
    await runStatements(read(), context, reports);
  } catch (error) {
    if (context.signal.aborted) throw context.signal.reason;
    if (error instanceof BatchEnd) return resultOf(reports);
    report(asSqlError(error), context, reports);
  }
  return resultOf(reports);
}

function resultOf(reports: readonly SqlError[]): BatchResult {
  return { failed: reports.length > 0, lost: reports.some(({ reach }) => reach === 'session'), error: reports[0]?.number };
}

/** Runs statements one after the other. An error that reaches no further than its statement is told, and the next one runs. Throws every other error. */
export async function runStatements(statements: readonly Statement[], context: Context, reports: SqlError[] = []): Promise<void> {
  const { session, output } = context;
  for (const statement of statements) {
    context.signal.throwIfAborted();
    try {
      const outcome = await runStatement(statement, context);
      session.lastError = 0;
      if (statement.isFrame !== true || outcome) tellDone(outcome, context);
    } catch (thrown) {
      if (thrown instanceof BatchEnd || context.signal.aborted) throw thrown;
      const error = asSqlError(thrown);
      session.lastError = error.number;
      session.rowCount = 0;
      if (error.reach !== 'statement' || session.settings.xactAbort || context.isInTrigger) throw undoing(error, context);
      report(error, context, reports);
      output.done({ failed: true });
    }
  }
}

function tellDone(outcome: Outcome | undefined, { session, output }: Context): void {
  session.rowCount = outcome?.rows ?? 0;
  output.done({ command: outcome?.command ?? 0, rows: session.settings.noCount ? undefined : outcome?.rows });
}

function report(error: SqlError, { output }: Context, reports: SqlError[]): void {
  reports.push(error);
  output.notice(error.notice);
}

/** An error that ends the batch rolls the transaction back where it reaches so far, or where XACT_ABORT or a trigger asks for it. */
function undoing(error: SqlError, context: Context): SqlError {
  const { session } = context;
  const reaches = error.reach === 'transaction' || error.reach === 'session' || session.settings.xactAbort || context.isInTrigger;
  if (reaches && session.transaction) context.output.change(session.rollBack());
  return error.reach === 'statement'
    ? new SqlError(error.number, error.message, { state: error.state, severity: error.class, reach: 'batch' })
    : error;
}

async function runStatement(statement: Statement, context: Context): Promise<Outcome | undefined> {
  const { session } = context;
  if (statement.isFrame) return (await statement.run(context)) ?? undefined;
  if (session.settings.implicitTransactions && !session.transaction) context.output.change(session.begin());
  const { triggers } = context.catalog;
  return inTransaction(session, async () => {
    const outcome = (await statement.run(context)) ?? undefined;
    if (statement.event !== undefined) await fireTriggers(statement.event, triggers, context);
    return outcome;
  });
}

function asSqlError(error: unknown): SqlError {
  if (error instanceof SqlError) return error;
  if (error instanceof RangeError && /call stack/.test(error.message)) return errors.nestedTooDeep();
  throw error;
}
