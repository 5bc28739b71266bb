import type { Finding } from '../../api/step.ts';
import { finding } from '../finding.ts';
import type { Promised } from './profile.ts';
import type { MembershipFound, RightsObservation, RoleFound } from './rights.ts';
import { grantMembership } from './statements.ts';
import { type GrantAction, quoted } from './steps.ts';

/** What is to be done about a user's memberships. Revokes go before grants: a membership that allows too much is taken back and given anew. */
export interface MembershipPlan {
  readonly revokes: readonly GrantAction[];
  readonly grants: readonly GrantAction[];
  readonly findings: readonly Finding[];
}

type Found = Pick<RightsObservation, 'userName' | 'memberships' | 'roles'>;

/**
 * The user becomes a member of the roles promised, with their rights, without SET ROLE and unable to make others members; every other membership is taken back. A role that
 * would make it more than a user of an application is never given, whatever a policy says, and taken back where it was. Pure.
 */
export function planMemberships(promised: Promised, found: Found): MembershipPlan {
  const { userName, memberships, roles = [] } = found;
  const judged = promised.roles.map((name) => judge(name, roles, memberships, userName));
  const given = new Set(judged.flatMap(({ name, isGiven }) => (isGiven ? [name] : [])));
  const surplus = memberships.filter((membership) => !given.has(membership.role) || allowsTooMuch(membership));
  return {
    revokes: surplus
      .filter(({ revocable }) => revocable)
      .map(({ role, grantor, canPassOn }) => ({ kind: 'revoke-membership', from: userName, role, grantor, cascade: canPassOn })),
    grants: judged.flatMap(({ name, isMissing }) => (isMissing ? [{ kind: 'grant-membership', to: userName, role: name } as const] : [])),
    findings: [
      ...judged.flatMap(({ finding: found }) => found ?? []),
      ...surplus.filter(({ revocable }) => !revocable).map((membership) => irrevocable(membership, given.has(membership.role), userName)),
    ],
  };
}

/**
 * Why nobody may become a member of a role, after "because"; undefined when nothing is against it (threat-model A3, D9). That somebody can log in as the role, or that it
 * owns something, isn't against it: a policy allows each role by its name. Names nobody else. Pure.
 */
export function whyNeverGiven({ hasAttribute, reservedRole, isAdministrator, isMarked }: RoleFound): string | undefined {
  if (reservedRole !== null) return `it is ${quoted(reservedRole)} or a member of it`;
  if (isAdministrator) return "it is an administrator's, or a member of one that is";
  if (hasAttribute) return 'it has an attribute such as CREATEROLE or CREATEDB, or is a member of a role that has';
  return isMarked ? 'it is the user of a connection or a member of one' : undefined;
}

interface Judged {
  readonly name: string;
  /** Whether the user may be a member. */
  readonly isGiven: boolean;
  /** Whether we have to make it one. */
  readonly isMissing: boolean;
  readonly finding?: Finding;
}

function judge(name: string, roles: readonly RoleFound[], memberships: readonly MembershipFound[], userName: string): Judged {
  const role = roles.find((each) => each.name === name);
  if (!role) {
    const message = `the server has no role ${name}: create it, or correct access.roles`;
    return { name, isGiven: false, isMissing: false, finding: finding('RoleNotFound', message, { blocking: true }) };
  }
  const why = whyNeverGiven(role);
  if (why !== undefined) {
    const message = `nobody becomes a member of role ${name}, because ${why}: take it out of access.roles`;
    return { name, isGiven: false, isMissing: false, finding: finding('NotPermitted', message, { blocking: true }) };
  }
  const having = memberships.filter((membership) => membership.role === name && membership.inherit);
  // where we could give it, only what we gave counts, so that nobody else can take it away
  if (role.grantable) return { name, isGiven: true, isMissing: !having.some((each) => each.revocable && !allowsTooMuch(each)) };
  if (having.length > 0) return { name, isGiven: true, isMissing: false };
  const statement = grantMembership(name, [userName]);
  const message = `${userName} is no member of role ${name}, and the operator may not make it one: have somebody who has ADMIN OPTION on that role run ${statement}`;
  return { name, isGiven: true, isMissing: false, finding: finding('RoleNotGrantable', message, { blocking: true }) };
}

/** Whether a member could become the role, or make others members. */
function allowsTooMuch({ canPassOn, set }: MembershipFound): boolean {
  return canPassOn || set;
}

function irrevocable(membership: MembershipFound, isGiven: boolean, userName: string): Finding {
  const { role, grantor, canPassOn, set } = membership;
  const options = !isGiven ? [''] : [...(canPassOn ? ['ADMIN OPTION FOR '] : []), ...(set ? ['SET OPTION FOR '] : [])];
  const statements = options.map((option) => `REVOKE ${option}${quoted(role)} FROM ${quoted(userName)}`);
  const how = !isGiven ? '' : canPassOn ? ' with the right to make others members' : ' with SET ROLE';
  const message = `${userName} is a member of role ${role}${how}, which ${grantor} gave: have ${grantor} run ${statements.join('; ')}`;
  return finding('PrivilegeNotRevocable', message, { blocking: false });
}
