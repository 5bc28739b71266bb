import { clusterPrefix } from '../mark.ts';
import type { Cancellable, EndingRequest, ServerObservation } from '../target.ts';
import { endOnce, isLockTimeout } from './end-sessions.ts';
import { bears, findPrincipal, findPrincipals, isBoundTo, isReserved, type Principal } from './principal.ts';
import { readMarked } from './queries.ts';
import type { Session } from './session.ts';
import { securityId } from './sid.ts';
import { readCommitted, readUncommitted } from './statements.ts';
import { changedMeanwhile } from './still-ours.ts';

export interface EndingOptions extends Cancellable {
  readonly server: Pick<ServerObservation, 'administratorIds' | 'serverId'>;
  /** The client id that the user was bound to, where that is remembered. */
  readonly boundTo?: string | undefined;
}

export interface MeantUsers {
  /** Who bears the user's name, whoever that is. */
  readonly named: Principal | undefined;
  /** Whose access an ending is about. */
  readonly meant: readonly Principal[];
}

type Ending = Pick<EndingRequest, 'userName' | 'mark'>;

/** Users with one connection's mark: an application that may do everything can put it on as many as it likes. */
const maximumBearers = 100;

/**
 * The users whose access an ending is about. An application that may do everything in its database can give its user another name and another mark, but not another identity, so that
 * all count that bear the mark, under whatever name, and who is bound to the identity that we bound.
 */
export async function findMeant(session: Session, ending: Ending, options: EndingOptions): Promise<MeantUsers> {
  const named = await findDespiteLocks(session, ending, options);
  const elsewhere = await uncommitted(session, () => findElsewhere(session, ending, options), options);
  const all = new Map([...elsewhere, ...(named ? [named] : [])].map((principal) => [principal.id, principal]));
  return { named, meant: [...all.values()].filter((principal) => isMeant(principal, ending, options)) };
}

/** The user as it is now; to be asked within a transaction. Throws ConnectionError where it became another's. */
export async function requireMeant(session: Session, { id, name }: Principal, ending: Ending, options: EndingOptions): Promise<Principal> {
  const now = await findPrincipal(session, name, options);
  if (now?.id !== id || !isMeant(now, ending, options)) throw changedMeanwhile(name);
  return now;
}

function isMeant(principal: Principal, { mark }: Ending, { server: { administratorIds }, boundTo }: EndingOptions): boolean {
  if (bears(principal, mark, administratorIds)) return true;
  return boundTo !== undefined && isBoundTo(principal, boundTo) && !isReserved(principal, administratorIds);
}

/** By mark and by identity. */
async function findElsewhere(
  session: Session,
  { userName, mark }: Ending,
  { boundTo, signal }: EndingOptions,
): Promise<readonly Principal[]> {
  const pattern = `${clusterPrefix(mark.cluster)}${mark.connection} ${mark.uid} %`;
  const bearers = await session.query<{ name: string }>(readMarked, [pattern], { signal });
  const byName = bearers.slice(0, maximumBearers).map(({ name }) => ({ name, securityId: null }));
  const byIdentity = { name: userName, securityId: boundTo === undefined ? null : securityId(boundTo) };
  const found = await findPrincipals(session, [byIdentity, ...byName], { signal });
  return found.flatMap(({ named, bound }) => [...(named ? [named] : []), ...bound]);
}

/**
 * A session of the user that changes itself and doesn't commit would keep everybody from looking at it: sessions of who seems to be it are ended then, and it is looked at again
 * (threat-model M4).
 */
async function findDespiteLocks(session: Session, ending: Ending, options: EndingOptions): Promise<Principal | undefined> {
  const { userName } = ending;
  try {
    return await findPrincipal(session, userName, options);
  } catch (error) {
    if (!isLockTimeout(error)) throw error;
    const seeming = await uncommitted(session, () => findPrincipal(session, userName, options), options);
    if (seeming?.boundTo === undefined || !isMeant(seeming, ending, options)) throw error;
    await endOnce(session, seeming.boundTo, options);
    return await findPrincipal(session, userName, options);
  }
}

/** Looks at what nobody's locks keep from being seen. */
async function uncommitted<T>(session: Session, look: () => Promise<T>, { signal }: Cancellable): Promise<T> {
  await session.query(readUncommitted, [], { signal });
  try {
    return await look();
  } finally {
    await session.query(readCommitted, [], { signal });
  }
}
