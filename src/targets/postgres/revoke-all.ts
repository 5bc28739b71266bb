import type { Logger } from '../../runtime/logger.ts';
import type { Cancellable, EndingRequest } from '../target.ts';
import { applyRightsOf } from './apply-rights.ts';
import { observeRightsOf } from './observe-rights.ts';
import { planRights } from './plan-rights.ts';
import { nothing } from './profile.ts';
import type { Session } from './session.ts';

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
