import type { EndingRequest } from '../target.ts';
import type { EndingOptions } from './end.ts';
import { endOnce, isLockTimeout } from './end-sessions.ts';
import { bears, findPrincipal, type Principal } from './principal.ts';
import type { Session } from './session.ts';
import { readCommitted, readUncommitted } from './statements.ts';

/**
 * The user of an ending, or undefined. A session of the user that changes itself and doesn't commit would keep everybody from looking at it: sessions of who seems to be it are ended
 * then, and it is looked at again (threat-model M4).
 */
export async function findDespiteLocks(
  session: Session,
  { userName, mark }: Pick<EndingRequest, 'userName' | 'mark'>,
  { server, signal }: EndingOptions,
): Promise<Principal | undefined> {
  try {
    return await findPrincipal(session, userName, { signal });
  } catch (error) {
    if (!isLockTimeout(error)) throw error;
    const seeming = await glimpse(session, userName, { server, signal });
    if (seeming?.boundTo === undefined || !bears(seeming, mark, server.administratorIds)) throw error;
    await endOnce(session, seeming.boundTo, { signal });
    return await findPrincipal(session, userName, { signal });
  }
}

async function glimpse(session: Session, userName: string, { signal }: EndingOptions): Promise<Principal | undefined> {
  await session.query(readUncommitted, [], { signal });
  try {
    return await findPrincipal(session, userName, { signal });
  } finally {
    await session.query(readCommitted, [], { signal });
  }
}
