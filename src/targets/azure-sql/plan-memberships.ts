import type { Finding } from '../../api/step.ts';
import { finding } from '../finding.ts';
import type { Promised } from './profile.ts';
import type { RightsObservation } from './rights.ts';
import type { GrantAction } from './steps.ts';

/** What is to be done about a user's memberships. */
export interface MembershipPlan {
  readonly revokes: readonly GrantAction[];
  readonly grants: readonly GrantAction[];
  readonly findings: readonly Finding[];
}

type Found = Pick<RightsObservation, 'userName' | 'database' | 'memberships' | 'roles'>;

/**
 * The user becomes a member of the roles promised and of no others. A role that would make it more than a user of an application is never given because a spec names it, and taken
 * back where it was; what a profile gives is the profile's business. Pure.
 */
export function planMemberships(promised: Promised, found: Found): MembershipPlan {
  const { userName, memberships } = found;
  const judged = promised.roles.map((name) => judge(name, found));
  const wanted = [...new Set([...promised.fixedRoles, ...judged.flatMap(({ role }) => role ?? [])])];
  return {
    revokes: memberships.filter((role) => !wanted.includes(role)).map((role) => ({ kind: 'revoke-membership', from: userName, role })),
    grants: wanted.filter((role) => !memberships.includes(role)).map((role) => ({ kind: 'grant-membership', to: userName, role })),
    findings: judged.flatMap(({ finding: told }) => told ?? []),
  };
}

interface Judged {
  /** As the catalog has it; undefined when the user may not be a member. */
  readonly role?: string;
  readonly finding?: Finding;
}

function judge(asked: string, { roles, database }: Found): Judged {
  const role = roles.find((each) => each.asked === asked);
  if (!role) {
    const message = `database ${database} has no role ${asked}: create it, or correct access.roles`;
    return { finding: finding('RoleNotFound', message, { blocking: true }) };
  }
  if (role.whyNever === undefined) return { role: role.name };
  const message = `nobody becomes a member of role ${asked}, because ${role.whyNever}: take it out of access.roles`;
  return { finding: finding('NotPermitted', message, { blocking: true }) };
}
