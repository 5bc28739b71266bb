import type { BatchResult } from './batch.ts';
import type { Context } from './context.ts';
import { SqlError } from './sql-error.ts';

/** Of an injected fault; what is no number, as PostgreSQL's codes, becomes 50000. */
export function injected(code: string | number, message = 'fault injected by the sandbox'): SqlError {
  return new SqlError(Number(code) || 50_000, message, { severity: 16, reach: Number(code) === 1205 ? 'transaction' : 'batch' });
}

/** A request that a fault has taken the place of. */
export function prevented(error: SqlError, { session, output }: Context): BatchResult {
  if ((error.reach === 'transaction' || session.settings.xactAbort) && session.transaction) output.change(session.rollBack());
  output.notice(error.notice);
  return { failed: true, lost: false, error: error.number };
}
