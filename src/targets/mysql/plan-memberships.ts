import type { Finding } from '../../api/step.ts';
import { finding } from '../finding.ts';
import type { Promised } from './profile.ts';
import type { MembershipFound, RightsObservation, RoleFound, RoleName } from './rights.ts';
import { grantRole, revokeRole } from './statements.ts';
import type { GrantAction } from './steps.ts';

/** What is to be done about a user's roles, in this order. */
export interface MembershipPlan {
  readonly actions: readonly GrantAction[];
  readonly findings: readonly Finding[];
}

type Found = Pick<RightsObservation, 'userName' | 'memberships' | 'defaultRoles' | 'roles' | 'own'>;

/**
 * The user gets the roles promised, active from login on and unable to give them to others; every other role is taken back. One that would make it more than a user of an
 * application is never given, whatever a policy says, and taken back where it was. Pure.
 */
export function planMemberships(promised: Promised, found: Found): MembershipPlan {
  const { userName, memberships, defaultRoles, own } = found;
  const judged = promised.roles.map((name) => judge(name, found));
  const given = new Set(judged.flatMap(({ name, isGiven }) => (isGiven ? [name] : [])));
  const isWanted = ({ name, host }: RoleName) => host === '%' && given.has(name);
  const surplus = memberships.filter(({ role, canPassOn }) => !isWanted(role) || canPassOn);
  const mayTake = ({ role }: MembershipFound) => own.anyRole || own.roles.includes(role.name);
  const active = defaultRoles.filter(isWanted).map(({ name }) => name);
  const isActive = active.length === defaultRoles.length && active.length === given.size;
  return {
    actions: [
      // what could be given to others is taken back and given anew without that
      ...surplus.filter(mayTake).map(({ role }) => ({ kind: 'revoke-role', from: userName, role }) as const),
      ...judged.flatMap(({ name, isMissing }) => (isMissing ? [{ kind: 'grant-role', to: userName, role: name } as const] : [])),
      ...(isActive ? [] : [{ kind: 'set-default-roles', to: userName, roles: [...given] } as const]),
    ],
    findings: [
      ...judged.flatMap(({ finding: found }) => found ?? []),
      ...surplus.filter((membership) => !mayTake(membership)).map(({ role }) => irrevocable(role, userName)),
    ],
  };
}

/**
 * Why nobody may get a role, after "because"; undefined when nothing is against it (threat-model A3, D9). That it has rights in other databases isn't against it: a policy
 * allows each role by its name. Names nobody else. Pure.
 */
export function whyNeverGiven({ privilege, isReserved, isMarked }: RoleFound): string | undefined {
  if (isReserved) return "it is an administrator's or one of MySQL's own, or has such a role";
  if (privilege !== undefined) return `it ${privilege}`;
  return isMarked ? 'it is the user of a connection, or has the role of one' : undefined;
}

interface Judged {
  readonly name: string;
  /** Whether the user has it when the plan is carried out. */
  readonly isGiven: boolean;
  /** Whether we have to give it. */
  readonly isMissing: boolean;
  readonly finding?: Finding;
}

function judge(name: string, { roles, memberships, userName, own }: Found): Judged {
  const refused = (reason: Finding['reason'], message: string): Judged => ({
    name,
    isGiven: false,
    isMissing: false,
    finding: finding(reason, message, { blocking: true }),
  });
  const role = roles.find((each) => each.name === name);
  if (!role) return refused('RoleNotFound', `the server has no role ${name}: create it, or correct access.roles`);
  const why = whyNeverGiven(role);
  if (why !== undefined) return refused('NotPermitted', `nobody gets role ${name}, because ${why}: take it out of access.roles`);
  const having = memberships.find((membership) => membership.role.name === name && membership.role.host === '%');
  const mayGive = own.anyRole || own.roles.includes(name);
  if (having) return { name, isGiven: true, isMissing: mayGive && having.canPassOn };
  if (mayGive) return { name, isGiven: true, isMissing: true };
  const statement = grantRole(name, userName);
  return refused(
    'RoleNotGrantable',
    `${userName} doesn't have role ${name}, and the operator may not give it: have somebody who has ADMIN OPTION on that role run ${statement}`,
  );
}

function irrevocable(role: RoleName, userName: string): Finding {
  const message = `${userName} has role ${role.name}, or may give it to others, which the operator can't take away: have somebody who has ADMIN OPTION on that role run ${revokeRole(role, userName)}`;
  return finding('PrivilegeNotRevocable', message, { blocking: false });
}
