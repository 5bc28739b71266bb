import type { Logger } from '../../runtime/logger.ts';
import type { Cancellable } from '../target.ts';
import { errnoOf } from './errors.ts';
import type { Session } from './session.ts';
import type { Sql } from './sql.ts';

export interface SendEachOptions extends Cancellable {
  readonly logger: Pick<Logger, 'warn'> | undefined;
}

const goneAlready = [1141, 1147, 1403, 1962];
/** Not for us to take: trying again helps nobody. */
const notOurs = [1044, 1045, 1142, 1143, 1227, 1370, 1698];

/**
 * Takes rights of a user whose access ends. One that we may not send keeps back no other; answers how many those are. Everything else is thrown: what a locked user with
 * rights is the definer of would go on.
 */
export async function sendEach(
  session: Session,
  userName: string,
  statements: readonly Sql[],
  { logger, signal }: SendEachOptions,
): Promise<number> {
  let refused = 0;
  for (const statement of statements) {
    try {
      await session.query(statement, { signal });
    } catch (error) {
      const errno = errnoOf(error) ?? 0;
      if (goneAlready.includes(errno)) continue;
      if (!notOurs.includes(errno)) throw error;
      refused += 1;
      logger?.warn('a right of an ended user stays', { user: userName, statement, error });
    }
  }
  return refused;
}
