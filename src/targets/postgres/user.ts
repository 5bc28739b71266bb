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
