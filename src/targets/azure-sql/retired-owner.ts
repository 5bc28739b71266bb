import type { Cancellable } from '../target.ts';
import { findPrincipal } from './principal.ts';
import { readRoleGraph, whyNeverGiven } from './role-graph.ts';
import type { Session } from './session.ts';

/**
 * Why a role can't take over what a deleted user owned, for the end of a sentence; undefined when it can. Modules of the user run with that one's rights from then on, so that it
 * is never a role that is more than an application (threat-model A1).
 */
export async function whyNotTo(session: Session, owner: string, { signal }: Cancellable): Promise<string | undefined> {
  const found = await findPrincipal(session, owner, { signal });
  if (found?.type !== 'R') return `there is no role ${owner} to take it over`;
  const why = whyNeverGiven(found.id, await readRoleGraph(session, { signal }));
  return why === undefined ? undefined : `role ${owner} may not take it over, because ${why}`;
}
