import { isConnectionError } from '../../api/connection-error.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Cancellable, EndingRequest } from '../target.ts';
import { applyRightsOf } from './apply-rights.ts';
import { sqlState } from './errors.ts';
import { observeRightsOf } from './observe-rights.ts';
import { planRights } from './plan-rights.ts';
import { nothing } from './profile.ts';
import type { EndingRole } from './role.ts';
import type { Session } from './session.ts';
import type { TidyOptions } from './tidy.ts';

/** Objects are named some thousands at a time. */
const maximumRounds = 8;

/** Takes away all rights of a user in the session's database that can be taken. What it owns it keeps. Throws ConnectionError. */
export async function revokeAll(
  session: Session,
  request: EndingRequest & { readonly roleOid: number },
  { logger, signal }: Cancellable & { readonly logger: Pick<Logger, 'info' | 'warn'> | undefined },
): Promise<void> {
  const { database, mark, knownTriggers = [] } = request;
  for (let round = 1; round <= maximumRounds; round += 1) {
    const rights = await observeRightsOf(session, { ...request, knownTriggers, promised: nothing, clusterHash: mark.cluster }, { signal });
    const { steps, findings } = planRights(nothing, rights);
    for (const { message } of findings) logger?.warn('rights of an ended user stay', { database, text: message });
    if (steps.length === 0) return;
    const beforeStep = ({ kind, summary }: { kind: string; summary: string }) => logger?.info('step', { stage: 'user', kind, summary });
    await applyRightsOf(session, { request, steps, beforeStep }, { database, logger, signal });
  }
}

/** Takes away all rights of an ended user in one database that can be taken there, and goes on where that database alone stands in the way. Throws ConnectionError. */
export async function revokeIn(
  database: string,
  request: EndingRequest,
  role: Pick<EndingRole, 'oid' | 'name'>,
  { inDatabase, logger, signal }: TidyOptions,
): Promise<void> {
  try {
    await inDatabase(database, (session) => revokeAll(session, { ...request, database, roleOid: role.oid }, { logger, signal }));
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
