import type { Cancellable, TargetRequest } from '../target.ts';
import { findPrincipals, isBoundTo, isReserved } from './principal.ts';
import type { AzureSqlServer } from './server.ts';
import type { Session } from './session.ts';
import { securityId } from './sid.ts';
import { listTriggers, unknownTriggers } from './triggers.ts';
import type { AzureSqlUser } from './user.ts';

type UserRequest = Pick<TargetRequest, 'userName' | 'identity' | 'knownTriggers'>;

/** Looks at several users of the session's database at once, and answers in the order in which they were asked for. Never writes. */
export async function observeUsers(
  session: Session,
  requests: readonly UserRequest[],
  { administratorIds }: Pick<AzureSqlServer, 'administratorIds'>,
  { signal }: Cancellable,
): Promise<readonly AzureSqlUser[]> {
  const sought = requests.map(({ userName, identity }) => ({ name: userName, securityId: securityId(identity.clientId) }));
  const found = await findPrincipals(session, sought, { signal });
  const triggers = await listTriggers(session, { signal });
  return requests.map(({ identity, knownTriggers }, index): AzureSqlUser => {
    const { named, bound } = found[index]!;
    return {
      serverIdentifier: session.serverIdentifier,
      database: session.database,
      mark: named?.mark,
      boundElsewhere: named?.boundTo !== undefined && !isBoundTo(named, identity.clientId),
      principal: named,
      isIdentityInUse: bound.length > 0,
      triggers: unknownTriggers(triggers, knownTriggers),
      isReserved: named !== undefined && isReserved(named, administratorIds),
    };
  });
}
