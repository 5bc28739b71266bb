import type { StagePlan } from '../../api/step.ts';
import { finding } from '../finding.ts';
import { isHeld, isMark, isOurs } from '../mark.ts';
import type { TargetRequest } from '../target.ts';
import { isBoundTo } from './binding.ts';
import { type UserStep, userStep } from './steps.ts';
import type { Adoption, MysqlUser } from './user.ts';

type AdoptionRequest = Pick<TargetRequest, 'userName' | 'identity' | 'mark' | 'adopt'>;
type AdoptionUser = Pick<MysqlUser, 'account' | 'mark' | 'isReserved' | 'otherHosts'>;

/** Whether it depends on `adoption` what becomes of a user. Pure. */
export function isForAdoption({ adopt, mark: own }: AdoptionRequest, { account, mark, isReserved, otherHosts }: AdoptionUser): boolean {
  if (adopt !== true || account === undefined || isReserved || otherHosts.length > 0) return false;
  return !isHeld(mark, own) && (mark === undefined || isOurs(mark, own));
}

/** Takes a user over, or says why that can't be. Pure. */
export function planAdoption(request: AdoptionRequest, user: AdoptionUser, adoption: Adoption): StagePlan<UserStep> {
  const { userName, mark } = request;
  const obstacle = whyNotAdoptable(request, user, adoption);
  if (obstacle === undefined)
    return { steps: [userStep({ kind: 'adopt-user', userName, mark: { ...mark, origin: 'adopted' } })], findings: [] };
  const message = `the database user ${userName} is there already and can't be taken over, because ${obstacle}: create the connection anew with another databaseUser.name, or have that user changed or removed`;
  return { steps: [], findings: [finding('UserNameTaken', message, { blocking: true })] };
}

/** What keeps a user from being taken over, after "because"; undefined when nothing does. Names nobody else (threat-model A5, E4). Pure. */
export function whyNotAdoptable(
  { identity, mark: own }: AdoptionRequest,
  { account, mark }: AdoptionUser,
  { privilege }: Adoption,
): string | undefined {
  const isMarked = mark !== undefined || isMark(account?.attribute ?? '');
  if (isMarked && !isOurs(mark, own)) return 'it belongs to another connection';
  if (!isBoundTo(account?.binding, identity.clientId)) return "it isn't bound to the identity of spec.identity";
  return privilege === undefined ? undefined : `it ${privilege}`;
}
