import { isMark } from '../mark.ts';
import type { Cancellable } from '../target.ts';
import { isReserved } from './observe-users.ts';
import type { RoleFound } from './rights.ts';
import { type RoleRow, readRoles } from './role-queries.ts';
import type { MysqlServer } from './server.ts';
import type { Session } from './session.ts';

/** Those of the roles that are there. Never writes. Throws ConnectionError. */
export async function observeRoles(
  session: Session,
  names: readonly string[],
  server: MysqlServer,
  { signal }: Cancellable,
): Promise<readonly RoleFound[]> {
  if (names.length === 0) return [];
  const rows = await session.query<RoleRow>(readRoles([...new Set(names)]), { signal });
  return [...Map.groupBy(rows, ({ role }) => role)].map(([name, reached]) => ({
    name,
    privilege: reached.some(({ isPrivileged }) => Number(isPrivileged) > 0)
      ? 'has a right on all databases or on a system database, or may pass rights on, or has a role that does'
      : undefined,
    isReserved: reached.some((each) => isReserved(each.name, server)),
    // who logs in as itself is a user, and perhaps one whose mark stands beside the server
    isMarked: reached.some(({ isBound, mark }) => Number(isBound) > 0 || isMark(mark ?? '')),
  }));
}
