import type { Cancellable, TargetRequest } from '../target.ts';
import { hasDirectConnect } from './apply-public-connect.ts';
import type { OwnerLogins } from './owner-logins.ts';
import { ownersInNeed } from './owners-in-need.ts';
import type { GrantsObservation } from './plan-grants.ts';
import { canBeClosed } from './plan-public-connect.ts';
import { type Promised, promisedBy } from './profile.ts';
import type { RightsObservation } from './rights.ts';
import type { Session } from './session.ts';

export interface FurtherLookOptions extends Cancellable {
  readonly host: string;
  readonly ownerLogins: OwnerLogins;
  /** Gives `work` the operator's session in the database. */
  readonly inDatabase: <T>(work: (session: Session) => Promise<T>) => Promise<T>;
}

/** Adds to what was found of a user's rights what the policy's set-up makes of interest. At rest nothing is. Never writes. Throws ConnectionError. */
export async function observeGrants(
  request: TargetRequest,
  found: RightsObservation,
  options: FurtherLookOptions & { readonly login: string },
): Promise<GrantsObservation> {
  const { access, ownerCredentialsSecretName: secretName, revokesPublicConnect = false } = request;
  const { login, inDatabase, signal } = options;
  const rights = await withOwnerLogin(promisedBy(access, found.majorVersion), found, { ...options, secretName });
  if (!revokesPublicConnect) return { rights, directConnect: undefined };
  const isDirect = !canBeClosed(found) || (await inDatabase((session) => hasDirectConnect(session, login, { signal })));
  return { rights, directConnect: { operator: login, isDirect } };
}

/** Adds what the login that the policy gives for owners is good for, where there is one and it may help. */
export async function withOwnerLogin(
  promised: Promised,
  found: RightsObservation,
  { host, secretName, ownerLogins, inDatabase, signal }: FurtherLookOptions & { readonly secretName: string | undefined },
): Promise<RightsObservation> {
  if (secretName === undefined) return found;
  const owners = ownersInNeed(promised, found);
  if (owners.length === 0) return found;
  const { database } = found;
  return { ...found, ownerLogin: await ownerLogins.observe({ host, database, secretName }, owners, inDatabase, { signal }) };
}
