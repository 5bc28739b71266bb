import type { Cancellable } from '../target.ts';
import type { RoleFound } from './rights.ts';
import { readRoles } from './role-queries.ts';
import type { Session } from './session.ts';

export interface ObserveRolesOptions extends Cancellable {
  /** Names of the roles of the server's administrators, who may have come by their rights in ways that PostgreSQL doesn't show. */
  readonly administratorNames: readonly string[];
}

/** Looks at the roles of these names, within a transaction that reads; one query however many there are. Those that aren't there are left out. Never writes. */
export async function observeRoles(
  session: Session,
  names: readonly string[],
  { administratorNames, signal }: ObserveRolesOptions,
): Promise<readonly RoleFound[]> {
  const distinct = [...new Set(names)];
  if (distinct.length === 0) return [];
  return await session.query<RoleFound & Record<string, unknown>>(readRoles, [distinct, administratorNames], { signal });
}
