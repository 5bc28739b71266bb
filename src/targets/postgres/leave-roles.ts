import type { Cancellable } from '../target.ts';
import { sqlState } from './errors.ts';
import { readMembershipsOf } from './queries.ts';
import type { EndingRole } from './role.ts';
import type { Session } from './session.ts';
import { revokeMembership } from './statements.ts';

/** Takes the user out of all roles, and others out of its own, as far as we may. Returns a role that it is still a member of. */
export async function leaveRoles(session: Session, role: EndingRole, { signal }: Cancellable): Promise<string | undefined> {
  type Row = { role: string; member: string; grantor: string; canPassOn: boolean; revocable: boolean };
  const rows = await session.query<Row>(readMembershipsOf, [role.oid], { signal });
  const kept: string[] = [];
  for (const row of rows) {
    try {
      if (row.revocable)
        await session.query(revokeMembership(row.role, row.member, row.grantor, { cascade: row.canPassOn }), [], { signal });
      else if (row.member === role.name) kept.push(row.role);
    } catch (error) {
      if (sqlState(error) !== '42501') throw error;
      if (row.member === role.name) kept.push(row.role);
    }
  }
  return kept[0];
}
