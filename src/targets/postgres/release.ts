import type { Cancellable, EndingRequest } from '../target.ts';
import { bears, findRole } from './role.ts';
import type { PostgresServer } from './server.ts';
import type { Session } from './session.ts';
import { setMark } from './statements.ts';

/** Says in the user's mark that nobody looks after it any more, and leaves everything else as it is. Through a session in database `postgres`. */
export async function releaseUser(
  session: Session,
  request: EndingRequest,
  server: PostgresServer,
  { signal }: Cancellable,
): Promise<'released' | 'absent' | 'not-ours'> {
  const role = await findRole(session, request.userName, { signal });
  if (!role) return 'absent';
  if (!bears(role, request.mark, server) || !role.mark) return 'not-ours';
  if (role.mark.state !== 'released') await session.query(setMark(request.userName, { ...role.mark, state: 'released' }), [], { signal });
  return 'released';
}
