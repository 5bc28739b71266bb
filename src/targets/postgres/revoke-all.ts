import { isConnectionError } from '../../api/connection-error.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Cancellable, EndingRequest } from '../target.ts';
import { applyGrants } from './apply-grants.ts';
import { sqlState } from './errors.ts';
import { withOwnerLogin } from './observe-grants.ts';
import { observeRightsOf } from './observe-rights.ts';
import type { OwnerLogins } from './owner-logins.ts';
import { planRights } from './plan-rights.ts';
import { nothing } from './profile.ts';
import type { EndingRole } from './role.ts';
import type { Session } from './session.ts';
import type { TidyOptions } from './tidy.ts';

/** Objects are named some thousands at a time. */
const maximumRounds = 8;

export interface RevokeOptions extends Cancellable {
  readonly host: string;
  readonly ownerLogins: OwnerLogins;
  readonly logger: Pick<Logger, 'info' | 'warn'> | undefined;
}

/** Takes away all rights of a user in the session's database that can be taken. What it owns it keeps. Throws ConnectionError. */
export async function revokeAll(
  session: Session,
  request: EndingRequest & { readonly roleOid: number },
  { host, ownerLogins, logger, signal }: RevokeOptions,
): Promise<void> {
  const { database, mark, knownTriggers = [], ownerCredentialsSecretName: secretName } = request;
  const inDatabase = <T>(work: (session: Session) => Promise<T>) => work(session);
  for (let round = 1; round <= maximumRounds; round += 1) {
    const wanted = { ...request, knownTriggers, promised: nothing, clusterHash: mark.cluster, administratorNames: [] };
    const found = await observeRightsOf(session, wanted, { signal });
    const rights = await withOwnerLogin(nothing, found, { host, secretName, ownerLogins, inDatabase, signal });
    const { steps, findings } = planRights(nothing, rights);
    for (const { message } of findings) logger?.warn('rights of an ended user stay', { database, text: message });
    if (steps.length === 0) return;
    const beforeStep = ({ kind, summary }: { kind: string; summary: string }) => logger?.info('step', { stage: 'user', kind, summary });
    const work = { request, steps, beforeStep };
    const failures = await applyGrants(session, [work], { host, database, ownerLogins, logger, signal });
    if (failures.has(work)) throw failures.get(work);
  }
}

/** An ending in one of the databases. Only in the connection's own was anything ever granted through an owner's login. */
export function inOwnDatabase<Request extends EndingRequest>(request: Request, database: string): Request {
  return database === request.database ? request : { ...request, database, ownerCredentialsSecretName: undefined };
}

/** Takes away all rights of an ended user in one database that can be taken there, and goes on where that database alone stands in the way. Throws ConnectionError. */
export async function revokeIn(
  database: string,
  request: EndingRequest,
  role: Pick<EndingRole, 'oid' | 'name'>,
  { inDatabase, server, ownerLogins, logger, signal }: TidyOptions,
): Promise<void> {
  try {
    const ending = inOwnDatabase({ ...request, roleOid: role.oid }, database);
    await inDatabase(database, (session) => revokeAll(session, ending, { host: server.host, ownerLogins, logger, signal }));
  } catch (error) {
    if (!isOnlyThisDatabases(error)) throw error;
    logger?.warn('rights of an ended user stay', { database, user: role.name, error });
  }
}

/** Whether a failure concerns one database only, so that the others go on: it can't be entered, or rights there aren't ours to take. */
export function isOnlyThisDatabases(error: unknown): boolean {
  if (!isConnectionError(error)) return false;
  if (['DatabaseNotFound', 'DatabaseNotOwned', 'DdlTriggerPresent', 'TooManyObjects'].includes(error.reason)) return true;
  return ['42501', '55000', '0LP01'].includes(sqlState(error) ?? '');
}
