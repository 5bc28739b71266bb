import { ConnectionError } from '../../api/connection-error.ts';
import { isMark } from '../mark.ts';
import type { Cancellable } from '../target.ts';
import { maximumPermissionRows, readRoleMembers, readRolePermissions, readRoles } from './queries.ts';
import type { Session } from './session.ts';
import { quoted } from './steps.ts';

/** All roles of a database, and what matters when somebody is to become a member of one. */
export interface RoleGraph {
  readonly roles: readonly RoleNode[];
  /** Which role is a member of which, by their ids. */
  readonly members: readonly { readonly role: number; readonly member: number }[];
  /** Permissions on the database as a whole (class 0) and on principals (class 4). */
  readonly permissions: readonly { readonly id: number; readonly class: number; readonly permission: string }[];
}

export interface RoleNode {
  readonly id: number;
  readonly name: string;
  readonly isFixedRole: boolean;
  /** The text that stands where marks do. */
  readonly mark: string | null;
}

/** Members of these could give themselves, or others, whatever they like; or make triggers that run as somebody else (threat-model A3, A8). */
const privilegedRoles: readonly string[] = ['db_owner', 'db_securityadmin', 'db_accessadmin', 'db_ddladmin', 'db_backupoperator'];
const privilegedPermission = /^(CONTROL|ALTER|TAKE OWNERSHIP|IMPERSONATE|ADMINISTER .*|ALTER ANY .*|CREATE ROLE|CREATE USER)$/;

const denyingRoles: readonly string[] = ['db_denydatareader', 'db_denydatawriter'];
/** Of role public. */
const publicId = 0;

/** Reads it. Throws TooManyObjects. */
export async function readRoleGraph(session: Session, { signal }: Cancellable): Promise<RoleGraph> {
  const roles = await session.query<RoleNode>(readRoles, [], { signal });
  const members = await session.query<RoleGraph['members'][number]>(readRoleMembers, [], { signal });
  const permissions = await session.query<RoleGraph['permissions'][number]>(readRolePermissions, [], { signal });
  if ([roles, members, permissions].some(({ length }) => length > maximumPermissionRows))
    throw new ConnectionError('stalled', 'TooManyObjects', `database ${session.database} has more roles than can be looked after`);
  return { roles, members, permissions };
}

/**
 * Why nobody may become a member of a role, after "because"; undefined when nothing is against it. What it owns isn't: a policy allows each role by its name. Names nobody else. Pure.
 */
export function whyNeverGiven(id: number, graph: RoleGraph): string | undefined {
  if (id === publicId) return 'everybody is a member of it already';
  const inside = rolesAround(id, graph);
  if (inside.some(({ name, isFixedRole }) => isFixedRole && denyingRoles.includes(name))) return 'it only takes rights away';
  const privileged = inside.find(isPrivileged);
  if (privileged) return `it is ${quoted(privileged.name)} or a member of it`;
  const ids = new Set(inside.map((role) => role.id));
  if (graph.permissions.some((each) => ids.has(each.id) && (each.class === 4 || privilegedPermission.test(each.permission))))
    return 'it has a permission such as CONTROL or IMPERSONATE, or is a member of a role that has';
  return inside.some(({ mark }) => mark !== null && isMark(mark))
    ? 'it bears the mark of a connection, or is a member of one that does'
    : undefined;
}

/** The role's own name, and those of the roles that it is a member of, also through others. Pure. */
export function namesAround(id: number, graph: RoleGraph): readonly string[] {
  return rolesAround(id, graph).map(({ name }) => name);
}

/** The first privileged role among these, and those that they are members of. `names`: of roles as the catalog has them. Pure. */
export function privilegedAmong(names: readonly string[], graph: RoleGraph): string | undefined {
  const own = graph.roles.filter(({ name }) => names.includes(name));
  return own.flatMap(({ id }) => rolesAround(id, graph)).find(isPrivileged)?.name;
}

function isPrivileged({ name, isFixedRole }: RoleNode): boolean {
  return isFixedRole && privilegedRoles.includes(name);
}

/** A role, and all that it is a member of, also through others. */
function rolesAround(id: number, { roles, members }: RoleGraph): readonly RoleNode[] {
  const ids = new Set([id]);
  for (const each of ids) for (const { role, member } of members) if (member === each) ids.add(role);
  return roles.filter((role) => ids.has(role.id));
}
