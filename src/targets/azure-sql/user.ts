import type { UserObservation } from '../target.ts';
import type { HandOver } from './hand-over.ts';
import type { Principal } from './principal.ts';
import type { RightsObservation } from './rights.ts';

/** A user as found in its database. */
export interface AzureSqlUser extends UserObservation {
  readonly database: string;
  readonly principal: Principal | undefined;
  /** Whether another user of the database is bound to the identity. */
  readonly isIdentityInUse: boolean;
  /** Enabled DDL triggers of the database that are not known to be harmless. */
  readonly triggers: readonly string[];
  /** What decides whether the user may be taken over; only where that was asked for and needed. */
  readonly adoption?: Adoption;
  /** What must come back when the user is made anew; only where it is bound to another identity. */
  readonly rebinding?: Rebinding;
  /** Whether the user is an administrator's or one of Azure SQL's: never to be touched. */
  readonly isReserved: boolean;
}

/** A user that somebody else made, as far as taking it over is concerned. */
export interface Adoption {
  /** A privileged role that it is a member of, also through others. */
  readonly privilegedRole: string | undefined;
}

/** What hangs on a user that is to be dropped and made anew. */
export interface Rebinding {
  readonly handOver: HandOver;
  /** Modules that run as the user (EXECUTE AS), as messages name them. */
  readonly modules: readonly string[];
  /** Whether there is more to hand over than one transaction shall do. */
  readonly isTooMuch: boolean;
  /** A free name for who owns it meanwhile; undefined where all that are tried are taken. */
  readonly standIn: string | undefined;
  /** What is there to grant on; nothing of it is granted yet. */
  readonly rights: RightsObservation;
}
