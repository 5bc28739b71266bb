import type { Privilege, RoutineType, Securable } from './securable.ts';
import type { ServerTraits } from './traits.ts';

/** Privileges that a user has on one object, as one row of the catalog has them. */
export interface RightsOn {
  readonly on: Securable;
  readonly privileges: readonly Privilege[];
  /** Whether the user may pass them on. */
  readonly grantOption: boolean;
  /** Whether the server gave them because the user made the routine (https://dev.mysql.com/doc/refman/8.0/en/stored-routines-privileges.html). */
  readonly automatic?: boolean;
}

/** A role that the user has. */
export interface MembershipFound {
  readonly role: RoleName;
  /** Whether the user may give it to others. */
  readonly canPassOn: boolean;
}

export interface RoleName {
  readonly name: string;
  readonly host: string;
}

/** A role that is there and that the user is to have. The reasons are also about every role that it has itself, be it through others. */
export interface RoleFound {
  readonly name: string;
  /** What makes it more than a role of applications, after "it"; undefined when nothing does. Names nobody. */
  readonly privilege: string | undefined;
  /** Whether it is the account of the operator, of an administrator, or one of MySQL's or Azure's own. */
  readonly isReserved: boolean;
  /** Whether it is the user of a connection, whosever that is. */
  readonly isMarked: boolean;
}

/** What the operator itself may give and take. */
export interface OwnRights {
  /** Those that it holds on everything and may pass on. */
  readonly grantable: readonly Privilege[];
  /** Whether it may give and take every role (ROLE_ADMIN, SUPER). */
  readonly anyRole: boolean;
  /** Roles that it may give and take besides. */
  readonly roles: readonly string[];
  /** Whether it may give and take PROXY for everybody. */
  readonly anyProxy: boolean;
}

/** A table or routine that a grant names and that is there. */
export type NamedObject =
  | { readonly kind: 'table'; readonly name: string }
  | { readonly kind: 'routine'; readonly name: string; readonly type: RoutineType };

/** A user's rights, as far as they are about one database or more than databases. */
export interface RightsObservation {
  readonly database: string;
  readonly userName: string;
  readonly traits: Pick<ServerTraits, 'partialRevokes' | 'foldsNames'>;
  /** On the server as a whole, on the database, by whatever pattern, and on what is in it. */
  readonly rights: readonly RightsOn[];
  /** Other accounts as which the user may act. */
  readonly proxied: readonly RoleName[];
  readonly memberships: readonly MembershipFound[];
  /** Roles that are active from login on. */
  readonly defaultRoles: readonly RoleName[];
  /** Those promised that are there. */
  readonly roles: readonly RoleFound[];
  /** Those that grants name that are there. */
  readonly named: readonly NamedObject[];
  readonly own: OwnRights;
}
