import type { Session } from './session.ts';
import { Transaction } from './transaction.ts';

/** Runs a change in the session's transaction, or, where it has none, in one that the change is committed with. */
export async function inTransaction<T>(session: Session, change: () => Promise<T>): Promise<T> {
  if (session.transaction) return change();
  const own = new Transaction(0);
  session.transaction = own;
  try {
    const result = await change();
    if (session.transaction === own && own.count === 0) session.commit();
    return result;
  } catch (error) {
    if (session.transaction === own && own.count === 0) session.rollBack();
    throw error;
  }
}
