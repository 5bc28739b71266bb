import { ConnectionError } from '../../api/connection-error.ts';
import { isOurs, type Mark } from '../mark.ts';
import type { EndingRequest } from '../target.ts';
import { type FoundUser, findUsers, type UsersPlace } from './observe-users.ts';
import type { Session } from './session.ts';
import type { Account } from './user.ts';

/** A user that is there and ours. */
export type OurUser = FoundUser & { readonly account: Account; readonly mark: Mark };

/** What to say of a user that somebody else changed, dropped or replaced since the plan was made. */
export function changedMeanwhile(userName: string): ConnectionError {
  return new ConnectionError('retry', 'DatabaseError', `the database user ${userName} was changed by somebody else at the same time`);
}

/** The user, when it is there and may be changed for this connection. Throws ConnectionError when it isn't its any more. Pure. */
export function requireOurs(user: FoundUser | undefined, { userName, mark }: Pick<EndingRequest, 'userName' | 'mark'>): OurUser {
  if (!user?.account || user.isReserved || user.otherHosts.length > 0 || !isOurs(user.mark, mark)) throw changedMeanwhile(userName);
  return user as OurUser;
}

/** The user of an ending: absent, or another's, or ours. */
export type EndingUser =
  | { readonly kind: 'absent'; readonly user: FoundUser }
  | { readonly kind: 'not-ours'; readonly user: FoundUser }
  | { readonly kind: 'ours'; readonly user: OurUser };

/** Finds the user of a connection that goes. Only one with exactly its mark, whatever the state, is its. */
export async function findEnding(session: Session, { userName, mark }: EndingRequest, place: UsersPlace): Promise<EndingUser> {
  const user = (await findUsers(session, [userName], place)).get(userName)!;
  if (!user.account) return { kind: 'absent', user };
  if (user.isReserved || !isOurs(user.mark, mark) || user.mark.uid !== mark.uid) return { kind: 'not-ours', user };
  return { kind: 'ours', user: user as OurUser };
}
