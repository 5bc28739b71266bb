import type { Cancellable } from '../target.ts';
import { readMemberships } from './queries.ts';
import { privilegedAmong, readRoleGraph } from './role-graph.ts';
import type { Session } from './session.ts';
import type { Adoption } from './user.ts';

/** Looks at what decides whether somebody else's user may be taken over. Never writes. `id`: of the principal. */
export async function observeAdoption(session: Session, id: number, { signal }: Cancellable): Promise<Adoption> {
  const memberships = await session.query<{ role: string }>(readMemberships(1), [id], { signal });
  const names = memberships.map(({ role }) => role);
  return { privilegedRole: names.length === 0 ? undefined : privilegedAmong(names, await readRoleGraph(session, { signal })) };
}
