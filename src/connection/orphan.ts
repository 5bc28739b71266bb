import type { Mark } from '../targets/mark.ts';
import type { EndingRequest } from '../targets/target.ts';

/** A connection, as far as it tells whose a database user is. */
export interface Owner {
  /** Its server's key; undefined when it names none that parses. */
  readonly server: string | undefined;
  readonly database: string;
  readonly userName: string;
  readonly isBeingDeleted: boolean;
  /** Whether our finalizer is on it, so that it ends its user when it is deleted or loses its policy. Anybody can take it off or put it on. */
  readonly hasFinalizer: boolean;
  readonly isPermitted: boolean;
}

/** The connections that there are, found by what marks say of them. */
export interface Owners {
  byUid(uid: string): Owner | undefined;
  /** The one of this namespace and name, by the hash that stands for them in marks. */
  byConnection(hash: string): Owner | undefined;
}

/** A user that bears a mark, and its server's key. */
export interface MarkedUser extends Pick<EndingRequest, 'userName'> {
  readonly server: string;
  /** Undefined where users are the server's. */
  readonly database: string | undefined;
  readonly mark: Mark;
}

/**
 * Whether a user may still log in though no connection looks after it (threat-model M3): its connection is gone, or has a user of another name because somebody
 * renamed this one, or lost our finalizer and with it what ends the user. A connection made anew under the same namespace and name takes its user back, if that is
 * the one it asks for and a policy allows it. Pure.
 */
export function isOrphan(user: MarkedUser, cluster: string, owners: Owners): boolean {
  const { mark } = user;
  if (mark.cluster !== cluster || mark.state !== 'live') return false;
  const owner = owners.byUid(mark.uid);
  if (owner?.isBeingDeleted) return !owner.hasFinalizer;
  if (owner) return owner.userName !== user.userName || !(owner.hasFinalizer || owner.isPermitted);
  const heir = owners.byConnection(mark.connection);
  return heir === undefined || !takesBack(heir, user);
}

function takesBack(heir: Owner, { server, database = heir.database, userName }: MarkedUser): boolean {
  if (!heir.isPermitted || heir.isBeingDeleted) return false;
  return heir.server === server && heir.database === database && heir.userName === userName;
}
