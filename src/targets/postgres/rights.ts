import type { OwnerLoginFound } from './owner-login.ts';
import type { ObjectKind } from './promised-grants.ts';
import type { FutureKind, Privilege, Securable } from './securable.ts';

/** How the session may act for an owner: it has the owner's rights, it may join the owner's role for a moment, or not at all. */
export type Acting = 'own' | 'selfgrant' | 'no';

/** One right that somebody gave; `public` ones hold for the user as for everybody. */
export interface Right {
  readonly public: boolean;
  readonly grantor: string;
  readonly privilege: Privilege;
  readonly canPassOn: boolean;
  /** Whether the session has the grantor's rights. */
  readonly fromUs: boolean;
  /** Whether a REVOKE takes it back: of the session, or of its owner where the session can act for that one. */
  readonly revocable: boolean;
}

/** An object and the rights that the user and PUBLIC have on it. */
export interface RightsOn {
  readonly on: Securable;
  readonly owner: string;
  readonly acting: Acting;
  readonly rights: readonly Right[];
  /** Rights that the session could pass on though it can't act for the owner; where it can, those that it would still pass on in its own name. */
  readonly grantable: readonly Privilege[];
  /** Whether it is a member of an extension that no grant names: nothing is promised on it. */
  readonly ofExtension?: boolean;
}

/** All tables, sequences or routines of one schema and owner, with how many of them each right is on. */
export interface ObjectGroup {
  readonly kind: ObjectKind;
  readonly schema: string;
  readonly schemaOid: number;
  readonly owner: string;
  readonly ownerOid: number;
  readonly acting: Acting;
  readonly count: number;
  readonly rights: readonly (Omit<Right, 'revocable'> & { readonly count: number })[];
}

/** A right that the user gets on what an owner creates later; in all schemas when none is named. */
export interface DefaultRight {
  readonly owner: string;
  readonly acting: Acting;
  readonly schema: string | undefined;
  readonly kind: FutureKind;
  readonly privilege: Privilege;
  readonly canPassOn: boolean;
}

/** A role that the user is a member of. */
export interface MembershipFound {
  readonly role: string;
  readonly grantor: string;
  readonly canPassOn: boolean;
  /** Whether the user has the role's rights without more ado (pg_auth_members.inherit_option). */
  readonly inherit: boolean;
  /** Whether the user may become the role (pg_auth_members.set_option). */
  readonly set: boolean;
  readonly revocable: boolean;
}

/** A role that is there and that the user is to be a member of. All but the last is also about every role that it is a member of itself, be it through others. */
export interface RoleFound {
  readonly name: string;
  /** Whether it has SUPERUSER, CREATEROLE, CREATEDB, REPLICATION or BYPASSRLS. */
  readonly hasAttribute: boolean;
  /** The name of one of PostgreSQL's or Azure's own roles. */
  readonly reservedRole: string | null;
  /** Whether it is the operator's role, or that of an administrator of the server. */
  readonly isAdministrator: boolean;
  /** Whether it bears a mark, whosever that is. */
  readonly isMarked: boolean;
  /** Whether the session has ADMIN OPTION on the role, or inherits it. */
  readonly grantable: boolean;
}

/** Somebody who may create objects in a schema. */
export interface Creator {
  readonly schema: string;
  readonly owner: string;
  readonly acting: Acting;
}

/** A user's rights in one database, as found. */
export interface RightsObservation {
  readonly database: string;
  readonly userName: string;
  readonly majorVersion: number;
  /** The database, its schemas, the columns with rights of their own, the members of extensions likewise, and of the groups those objects that don't have exactly the rights promised; and all that grants name, whoever owns them. */
  readonly objects: readonly RightsOn[];
  readonly groups: readonly ObjectGroup[];
  readonly defaults: readonly DefaultRight[];
  readonly memberships: readonly MembershipFound[];
  /** Those promised that are there; left out where none is promised. */
  readonly roles?: readonly RoleFound[];
  /** Looked for only where future objects are promised. */
  readonly creators: readonly Creator[];
  /** Enabled event triggers that are not known to be harmless. */
  readonly eventTriggers: readonly string[];
  /** Looked for only where the policy names one and it may help. */
  readonly ownerLogin?: OwnerLoginFound;
}
