import type { StagePlan } from '../../api/step.ts';
import { finding } from '../finding.ts';
import { isMark, isOurs, type Mark } from '../mark.ts';
import type { TargetRequest } from '../target.ts';
import { isBoundTo, type Principal } from './principal.ts';
import { type UserStep, userStep } from './steps.ts';
import type { Adoption, AzureSqlUser } from './user.ts';

type AdoptionRequest = Pick<TargetRequest, 'userName' | 'identity' | 'mark' | 'adopt'>;

/** Whether a user is the connection's. One that was taken over by an earlier one of its name is so only after it was taken over anew. Pure. */
export function isHeld(mark: Mark | undefined, own: Mark): mark is Mark {
  return isOurs(mark, own) && (mark.origin === 'created' || mark.uid === own.uid);
}

/** Whether it depends on `adoption` what becomes of a user. Pure. */
export function isForAdoption({ adopt, mark: own }: AdoptionRequest, { principal, isReserved }: AzureSqlUser): boolean {
  if (adopt !== true || principal === undefined || isReserved) return false;
  return !isHeld(principal.mark, own) && (principal.mark === undefined || isOurs(principal.mark, own));
}

/** Takes a user over, or says why that can't be. Pure. */
export function planAdoption(request: AdoptionRequest, principal: Principal, adoption: Adoption): StagePlan<UserStep> {
  const { userName, mark } = request;
  const obstacle = whyNotAdoptable(request, principal, adoption);
  if (obstacle === undefined) {
    const replacesProperty = principal.property !== undefined;
    return {
      steps: [userStep({ kind: 'adopt-user', userName, mark: { ...mark, origin: 'adopted' }, replacesProperty })],
      findings: [],
    };
  }
  const message = `the database user ${userName} is there already and can't be taken over, because ${obstacle}: create the connection anew with another databaseUser.name, or have that user changed or removed`;
  return { steps: [], findings: [finding('UserNameTaken', message, { blocking: true })] };
}

/**
 * What keeps a user from being taken over, after "because"; undefined when nothing does. Names nobody else (threat-model A5, E4). CONTROL on the database is what Service Connector
 * gives, so that it keeps nobody from it. Pure.
 */
export function whyNotAdoptable(
  { identity, mark: own }: AdoptionRequest,
  principal: Principal,
  { privilegedRole }: Adoption,
): string | undefined {
  const wasOurs = isOurs(principal.mark, own);
  if (principal.property !== undefined && isMark(principal.property) && !wasOurs) return 'it belongs to another connection';
  if (!isBoundTo(principal, identity.clientId)) return "it isn't bound to the identity of spec.identity";
  return privilegedRole === undefined ? undefined : `it is a member of ${privilegedRole}`;
}
