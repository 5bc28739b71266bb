import { SqlError } from '../sql-error.ts';

/** Of transactions and sessions. */
export const sessionErrors = {
  notPrepared: (handle: number) =>
    new SqlError(8179, `Could not find prepared statement with handle ${handle}.`, { state: 2, reach: 'batch' }),
  noTransactionToCommit: () => new SqlError(3902, 'The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.'),
  noTransactionToRollBack: () => new SqlError(3903, 'The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.'),
  noSavepoint: (name: string) => new SqlError(6401, `Cannot roll back ${name}. No transaction or savepoint of that name was found.`),
  endedInTrigger: () => new SqlError(3609, 'The transaction ended in the trigger. The batch has been aborted.', { reach: 'batch' }),
  deadlock: (session: number) =>
    new SqlError(
      1205,
      `Transaction (Process ID ${session}) was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction.`,
      { severity: 13, state: 51, reach: 'transaction' },
    ),
  lockTimeout: () => new SqlError(1222, 'Lock request time out period exceeded.', { state: 51 }),
  mayNotKill: () => new SqlError(6102, 'User does not have permission to use the KILL statement.', { severity: 14 }),
  killInTransaction: () => new SqlError(6115, 'KILL command cannot be used inside user transactions.'),
  killSelf: () => new SqlError(6104, 'Cannot use KILL to kill your own process.'),
  noSession: (id: number) => new SqlError(6106, `Process ID ${id} is not an active process ID.`, { state: 2 }),
  noSessionId: (id: number) => new SqlError(6101, `Session ID ${id} is not valid.`),
  killed: () =>
    new SqlError(596, 'Cannot continue the execution because the session is in the kill state.', { severity: 21, reach: 'session' }),
  otherDatabase: () =>
    new SqlError(
      40508,
      'USE statement is not supported to switch between databases. Use a new connection to connect to a different database.',
    ),
  noAccess: (principal: string, database: string) =>
    new SqlError(
      916,
      `The server principal "${principal}" is not able to access the database "${database}" under the current security context.`,
      { severity: 14, reach: 'batch' },
    ),
  noImpersonation: (user: string) =>
    new SqlError(
      15517,
      `Cannot execute as the database principal because the principal "${user}" does not exist, this type of principal cannot be impersonated, or you do not have permission.`,
      { reach: 'batch' },
    ),
  nestedTooDeep: () =>
    new SqlError(217, 'Maximum stored procedure, function, trigger, or view nesting level exceeded (limit 32).', { reach: 'transaction' }),
};
