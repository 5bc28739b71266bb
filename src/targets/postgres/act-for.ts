import type { Cancellable } from '../target.ts';
import { readOwnMemberships } from './queries.ts';
import type { Session } from './session.ts';
import { joinRole, leaveRole, type Membership, restoreMembership } from './statements.ts';

/**
 * Runs `work` while the session has the rights of a role, and with `set` may give it things to own, within a transaction that is open already. Afterwards our memberships are as before;
 * a standing one would hand us whatever the role is given later. One role at a time: with several, nothing tells in whose name a GRANT is made.
 */
export async function actFor(
  session: Session,
  role: string,
  work: () => Promise<void>,
  { set = false, signal }: Cancellable & { readonly set?: boolean },
): Promise<void> {
  const before = await memberships(session, role, { signal });
  await session.query(joinRole(role, { set }), [], { signal });
  await work();
  for (const now of await memberships(session, role, { signal })) {
    const was = before.find(({ grantor }) => grantor === now.grantor);
    if (!was) await session.query(leaveRole(role, now.grantor), [], { signal });
    else if (was.inherit !== now.inherit || was.set !== now.set) await session.query(restoreMembership(role, was), [], { signal });
  }
}

async function memberships(session: Session, role: string, { signal }: Cancellable): Promise<readonly Membership[]> {
  return await session.query<Membership & Record<string, unknown>>(readOwnMemberships, [role], { signal });
}
