import type { ObjectKind } from './promised-grants.ts';
import type { Owned, Securable } from './securable.ts';

/** A user's rights in its database, and what there is to grant on. */
export interface RightsObservation {
  readonly database: string;
  readonly userName: string;
  /** Of the principal. */
  readonly userId: number;
  readonly permissions: readonly PermissionFound[];
  /** What the user owns: with that it may do as it likes. */
  readonly owned: readonly Owned[];
  /** Roles that the user is a member of itself. */
  readonly memberships: readonly string[];
  /** Of the schemas asked for, those that are there. */
  readonly schemas: readonly SchemaFound[];
  /** Of the objects asked for, those that are there. */
  readonly objects: readonly ObjectFound[];
  /** Of the roles asked for, those that are there. */
  readonly roles: readonly RoleFound[];
  /** What roles are denied, public among them. */
  readonly denials: readonly Denial[];
  /** Enabled DDL triggers of the database that are not known to be harmless. */
  readonly triggers: readonly string[];
}

/** One thing that a user was given or denied. */
export interface PermissionFound {
  readonly permission: string;
  /** Granted, granted with the right to pass it on, denied; or taken out of what was granted on the whole table. */
  readonly state: 'G' | 'W' | 'D' | 'R';
  /** Undefined for dbo. */
  readonly grantor: string | undefined;
  /** Undefined for a kind of thing that we know no words for. */
  readonly on: Securable | undefined;
  /** What Azure SQL calls that kind of thing, for example CERTIFICATE. */
  readonly classText: string;
}

/** `asked`: as the spec writes it; `name`: as the catalog does. */
export interface SchemaFound {
  readonly asked: string;
  readonly name: string;
  /** Id of the principal whose it is. */
  readonly owner: number;
}

export interface ObjectFound {
  readonly asked: { readonly schema: string; readonly name: string };
  readonly kind: ObjectKind;
  readonly schema: string;
  readonly name: string;
  /** Id of the principal whose it is, by itself or by way of its schema. */
  readonly owner: number;
}

export interface RoleFound {
  readonly asked: string;
  readonly name: string;
  /** Why nobody may become a member, after "because"; undefined when nothing is against it. */
  readonly whyNever: string | undefined;
  /** Names of the roles that it is a member of, also through others, and its own. */
  readonly around: readonly string[];
}

export interface Denial {
  /** A role, or public. */
  readonly grantee: string;
  readonly permission: string;
  readonly on: Securable | undefined;
}
