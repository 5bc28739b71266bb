import type { StagePlan } from '../../api/step.ts';
import type { TargetRequest } from '../target.ts';
import { eventTriggerFinding } from './event-triggers.ts';
import { type DirectConnect, type PublicConnectStep, planPublicConnect } from './plan-public-connect.ts';
import { planRights } from './plan-rights.ts';
import { promisedBy } from './profile.ts';
import type { RightsObservation } from './rights.ts';
import type { GrantStep } from './steps.ts';

/** All that stage grants was found to be about. */
export interface GrantsObservation {
  readonly rights: RightsObservation;
  /** Only where the policy doesn't want that everybody may connect to the database. */
  readonly directConnect: DirectConnect | undefined;
}

/** What is to be done in stage grants: the user's rights first, so that it has its own before everybody's are taken. Pure. */
export function planGrants(
  { access }: Pick<TargetRequest, 'access'>,
  { rights: found, directConnect }: GrantsObservation,
): StagePlan<GrantStep | PublicConnectStep> {
  const rights = planRights(promisedBy(access, found.majorVersion), found);
  if (!directConnect) return rights;
  const { steps, findings } = planPublicConnect(found, directConnect);
  if (steps.length === 0 || found.eventTriggers.length === 0)
    return { steps: [...rights.steps, ...steps], findings: [...rights.findings, ...findings] };
  const stopped = eventTriggerFinding(found.database, found.eventTriggers);
  const isSaid = rights.findings.some(({ reason }) => reason === stopped.reason);
  return { steps: [], findings: [...(isSaid ? [] : [stopped]), ...rights.findings, ...findings] };
}
