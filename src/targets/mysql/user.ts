import type { UserObservation } from '../target.ts';
import type { UserNote } from '../user-notes.ts';
import type { DefinedObjects } from './defined-objects.ts';
import type { RightsObservation } from './rights.ts';

/** A user as found in the server and in the notes. */
export interface MysqlUser extends UserObservation {
  /** At host %, which is the only one that we make. */
  readonly account: Account | undefined;
  /** The note about the user, where it counts: the user is bound as it says, or isn't there. */
  readonly note: UserNote | undefined;
  /** Other hosts at which there is an account of that name: who comes from one of them is that account's user. */
  readonly otherHosts: readonly string[];
  /** Whether the account is the operator's own, an administrator's, or one of MySQL's or Azure's: never to be touched. */
  readonly isReserved: boolean;
  /** What decides whether the user may be taken over; only where that was asked for and needed. */
  readonly adoption?: Adoption;
  /** Of what the user is the definer; only where it isn't there or must be made anew. */
  readonly defined?: DefinedObjects;
  /** Whether anybody is logged in as one that must be made anew and can't be, or an event of its runs. */
  readonly hasSessions?: boolean;
  /** What such a one may do, as soon as it is shut out. */
  readonly rights?: RightsObservation;
}

export interface Account {
  readonly isLocked: boolean;
  /** Undefined when no identity can log in as the user. */
  readonly binding: Binding | undefined;
  /** The mark that the account itself bears. */
  readonly attribute: string | null;
}

/** Whom an account is bound to. */
export interface Binding {
  /** Lower case. Of a service principal or managed identity its client id, of people and groups their object id. */
  readonly id: string;
  readonly isServicePrincipal: boolean;
}

/** A user that somebody else made, as far as taking it over is concerned. */
export interface Adoption {
  /** What makes it more than a user of an application, after "it"; undefined when nothing does. Names nobody. */
  readonly privilege: string | undefined;
}
