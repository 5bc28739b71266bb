import type { Cancellable, EndingRequest } from '../target.ts';
import type { Session } from './session.ts';
import type { Sql } from './sql.ts';
import { unlessTriggered } from './statements.ts';

/** Sends statements that change something, each only while no DDL trigger would run as us. Within a transaction. Throws DdlTriggerPresent. */
export async function write(
  session: Session,
  statements: readonly Sql[],
  { knownTriggers = [] }: Pick<EndingRequest, 'knownTriggers'>,
  { signal }: Cancellable,
): Promise<void> {
  for (const statement of statements) await session.query(unlessTriggered(statement, knownTriggers), [], { signal });
}
