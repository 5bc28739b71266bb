import { isConnectionError } from '../../api/connection-error.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Mark } from '../mark.ts';
import type { Cancellable, EndingRequest } from '../target.ts';
import { despiteSessionsOf, endSessionsOf } from './end-sessions.ts';
import { sqlState } from './errors.ts';
import { bears, findRole } from './role.ts';
import type { PostgresServer } from './server.ts';
import type { Session } from './session.ts';
import { forbidLogin, setMark, unbind } from './statements.ts';

/**
 * Takes the login away and ends the sessions, through a session in database `postgres`. Each step is committed by itself, the login first; none needs a lock on
 * what the user owns, and where a session of the user changes the role itself, that is ended first, so nobody can hold it up (threat-model M4). Statements about roles fire no event triggers, so those don't matter here.
 */
export async function endUser(
  session: Session,
  request: EndingRequest,
  server: PostgresServer,
  { logger, signal }: Cancellable & { readonly logger: Pick<Logger, 'warn'> | undefined },
): Promise<'ended' | 'absent' | 'not-ours'> {
  const { userName } = request;
  const role = await findRole(session, userName, { signal });
  if (!role) return 'absent';
  if (!bears(role, request.mark, server) || !role.mark) return 'not-ours';
  const lock = async () => {
    await session.query(forbidLogin(userName), [], { signal });
  };
  if (role.canLogin) await despiteSessionsOf(session, role, 'all', lock, { signal });
  try {
    await session.query(unbind(userName), [], { signal });
  } catch (error) {
    // whether an administrator may remove a label is not documented; without LOGIN it opens nothing
    if (!session.isUsable || isPassing(error)) throw error;
    logger?.warn('the label of an ended user stays', { user: userName, error });
  }
  const mark: Mark = { ...role.mark, state: 'disabled' };
  if (role.mark.state === 'live') await session.query(setMark(userName, mark), [], { signal });
  await endSessionsOf(session, role, { signal });
  return 'ended';
}

/** Whether an error says nothing about what we may do: a conflict, a lost connection, a server that is short of time or storage. */
function isPassing(error: unknown): boolean {
  const code = sqlState(error);
  return code === undefined || code === '25006' || code === '57014' || (isConnectionError(error) && error.kind === 'retry');
}
