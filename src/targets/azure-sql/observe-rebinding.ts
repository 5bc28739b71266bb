import type { Cancellable, TargetRequest } from '../target.ts';
import { standInName } from './names.ts';
import { observeBelongings } from './observe-hand-over.ts';
import { observeRights } from './observe-rights.ts';
import { isHeld } from './plan-adoption.ts';
import { findPrincipals, isBoundTo } from './principal.ts';
import { promisedBy } from './profile.ts';
import type { Session } from './session.ts';
import type { AzureSqlUser, Rebinding } from './user.ts';

/** How many names of stand-ins are tried. */
const maximumStandIns = 20;

/** Whether a user of ours is to be dropped and made anew. Pure. */
export function isForRebinding(
  { mark, identity }: Pick<TargetRequest, 'mark' | 'identity'>,
  { principal, isReserved }: AzureSqlUser,
): boolean {
  return principal !== undefined && !isReserved && isHeld(principal.mark, mark) && !isBoundTo(principal, identity.clientId);
}

/** Looks at what must come back when the user is made anew. Never writes. Throws PrivilegeUnknown. `userId`: of the principal. */
export async function observeRebinding(
  session: Session,
  { userName, access, mark, knownTriggers }: Pick<TargetRequest, 'userName' | 'access' | 'mark' | 'knownTriggers'>,
  userId: number,
  { signal }: Cancellable,
): Promise<Rebinding> {
  const belongings = await observeBelongings(session, userId, { signal });
  const request = { userName, userId, promised: promisedBy(access), knownTriggers };
  const [rights] = await observeRights(session, [request], { signal });
  const names = Array.from({ length: maximumStandIns }, (_, index) => standInName(mark.uid, index + 1));
  const taken = await findPrincipals(
    session,
    names.map((name) => ({ name, securityId: null })),
    { signal },
  );
  const standIn = names.find((_, index) => !taken[index]?.named);
  return { ...belongings, standIn, rights: { ...rights!, permissions: [], memberships: [] } };
}
