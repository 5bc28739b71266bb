import type { StagePlan } from '../../api/step.ts';
import { finding } from '../finding.ts';
import { isHeld, isOurs } from '../mark.ts';
import type { TargetRequest } from '../target.ts';
import { type UserStep, userStep } from './steps.ts';
import type { Adoption, Binding, PostgresUser } from './user.ts';

type AdoptionRequest = Pick<TargetRequest, 'userName' | 'identity' | 'mark' | 'adopt'>;

/** Whether it depends on `adoption` what becomes of a user. Pure. */
export function isForAdoption({ adopt, mark: own }: AdoptionRequest, { role, mark, isReserved }: PostgresUser): boolean {
  return adopt === true && role !== undefined && !isReserved && !isHeld(mark, own) && (mark === undefined || isOurs(mark, own));
}

/** Takes a user over, or says why that can't be. Pure. */
export function planAdoption(request: AdoptionRequest, adoption: Adoption): StagePlan<UserStep> {
  const { userName, mark } = request;
  const obstacle = whyNotAdoptable(request, adoption);
  if (obstacle === undefined) {
    const replacesComment = adoption.comment === 'text';
    return {
      steps: [userStep({ kind: 'adopt-user', userName, mark: { ...mark, origin: 'adopted' }, replacesComment })],
      findings: [],
    };
  }
  const message = `the database user ${userName} is there already and can't be taken over, because ${obstacle}: create the connection anew with another databaseUser.name, or have that user changed or removed`;
  return { steps: [], findings: [finding('UserNameTaken', message, { blocking: true })] };
}

/** What keeps a user from being taken over, after "because"; undefined when nothing does. Names nobody else (threat-model A5, E4). Pure. */
export function whyNotAdoptable({ identity, mark: own }: AdoptionRequest, adoption: Adoption): string | undefined {
  const { binding, comment, mark, privilege, mayChange } = adoption;
  const wasOurs = isOurs(mark, own);
  if (comment === 'mark' && !wasOurs) return 'it belongs to another connection';
  if (binding?.isAdmin) return 'it is an administrator';
  // the end of an earlier connection takes the binding away
  if (!isBoundTo(binding, identity.principalId) && !(wasOurs && !binding)) return "it isn't bound to the identity of spec.identity";
  if (privilege !== undefined) return `it ${privilege}`;
  return mayChange ? undefined : 'the operator may not change it, which takes a GRANT of that role to the operator WITH ADMIN OPTION';
}

/** Whether just this principal can log in as the role. Pure. */
export function isBoundTo(binding: Binding | undefined, principalId: string): boolean {
  return binding !== undefined && binding.objectId === principalId.toLowerCase() && binding.principalType === 'service' && !binding.isAdmin;
}
