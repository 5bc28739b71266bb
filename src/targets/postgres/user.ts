import type { Mark } from '../mark.ts';
import type { UserObservation } from '../target.ts';

/** A user's role as found, and whom it is bound to. */
export interface PostgresUser extends UserObservation {
  readonly role: PostgresRole | undefined;
  /** Undefined when no identity can log in as the role. */
  readonly binding: Binding | undefined;
  /** Databases in which the user has settings of its own that we can reset; null stands for all. */
  readonly settingsIn: readonly (string | null)[];
  /** Enabled event triggers of database `postgres` that are not known to be harmless. */
  readonly eventTriggers: readonly string[];
  /** What decides whether the role may be taken over; only where that was asked for and needed. */
  readonly adoption?: Adoption;
  /** Whether the role is the operator's own, an administrator's, a superuser or one of PostgreSQL's or Azure's: never to be touched. */
  readonly isReserved: boolean;
}

export interface PostgresRole {
  readonly oid: number;
  readonly canLogin: boolean;
  readonly superuser: boolean;
  readonly createRole: boolean;
  readonly createDatabase: boolean;
  readonly replication: boolean;
  readonly bypassRowSecurity: boolean;
  /** -1 for any number. */
  readonly connectionLimit: number;
  /** False also where the session may not look. */
  readonly hasPassword: boolean;
}

export interface Binding {
  /** Lower case. */
  readonly objectId: string;
  /** service, user or group. */
  readonly principalType: string;
  readonly isAdmin: boolean;
}

/** A role that somebody else made, as far as taking it over is concerned. */
export interface Adoption {
  readonly binding: Binding | undefined;
  /** `mark`: of whom doesn't matter, nor whether we can read it. */
  readonly comment: 'none' | 'text' | 'mark';
  /** The mark, where it can be read. */
  readonly mark: Mark | undefined;
  /** What makes it more than a user of an application, after "it"; undefined when nothing does. Names nobody. */
  readonly privilege: string | undefined;
  /** Whether the operator may change the role. */
  readonly mayChange: boolean;
}
