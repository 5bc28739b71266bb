import { ConnectionError } from '../../api/connection-error.ts';
import type { Finding, StagePlan } from '../../api/step.ts';
import { finding } from '../finding.ts';
import { isOurs, type Mark, markText } from '../mark.ts';
import type { TargetRequest } from '../target.ts';
import { fitsAsName, isReservedName } from './names.ts';
import { isForAdoption, isHeld, planAdoption } from './plan-adoption.ts';
import { planRebinding } from './plan-rebinding.ts';
import { isBoundTo, type Principal } from './principal.ts';
import { maximumNameLength } from './sql.ts';
import { type UserAction, type UserStep, userStep } from './steps.ts';
import { triggerFinding } from './triggers.ts';
import type { AzureSqlUser } from './user.ts';

type UserRequest = Pick<TargetRequest, 'userName' | 'identity' | 'mark' | 'adopt' | 'access'>;

/** What is to be done so that the user is there, ours, bound to the request's identity, and may log in. Pure. */
export function planUser(request: UserRequest, user: AzureSqlUser): StagePlan<UserStep> {
  const { steps, findings } = stepsFor(request, user);
  if (steps.length > 0 && user.triggers.length > 0)
    return { steps: [], findings: [triggerFinding(user.database, user.triggers), ...findings] };
  return { steps, findings };
}

function stepsFor(request: UserRequest, user: AzureSqlUser): StagePlan<UserStep> {
  const { userName, identity, mark: wanted } = request;
  const { principal } = user;
  if (!principal) {
    if (user.isIdentityInUse) return blocked(identityInUse(user));
    return { steps: [userStep({ kind: 'create-user', userName, clientId: identity.clientId.toLowerCase(), mark: wanted })], findings: [] };
  }
  if (user.adoption && isForAdoption(request, user)) return planAdoption(request, principal, user.adoption);
  const { mark } = principal;
  if (user.isReserved || !isHeld(mark, wanted)) return blocked(nameTaken(request, user, principal));
  if (!isBoundTo(principal, identity.clientId)) {
    if (user.isIdentityInUse) return blocked(identityInUse(user));
    return planRebinding(request, user, principal);
  }
  return { steps: repairs(request, user, principal, mark).map(userStep), findings: [] };
}

function blocked(found: Finding): StagePlan<UserStep> {
  return { steps: [], findings: [found] };
}

/** Throws NotPermitted for a name that no user of a connection can have, before anything is looked at. Pure. */
export function requireUserName(userName: string): void {
  if (!fitsAsName(userName))
    throw badName(
      `is none that Azure SQL takes: at most ${maximumNameLength} characters, no backslash, and no blank at its beginning or end`,
    );
  if (isReservedName(userName)) throw badName("is one of Azure SQL's or the operator's own");
}

function badName(problem: string): ConnectionError {
  return new ConnectionError(
    'stalled',
    'NotPermitted',
    `the user name of databaseUser.name ${problem}: create the connection anew with another one`,
  );
}

function repairs(
  { userName, mark: wanted }: UserRequest,
  { database }: AzureSqlUser,
  { mayConnect, lockedBy }: Principal,
  found: Mark,
): UserAction[] {
  const mark: Mark = { ...wanted, origin: found.origin };
  return [
    ...(markText(found) === markText(mark) ? [] : [{ kind: 'mark', userName, mark } as const]),
    ...(mayConnect && lockedBy.length === 0 ? [] : [{ kind: 'allow-login', userName, database, lockedBy } as const]),
  ];
}

function nameTaken({ userName, identity, mark }: UserRequest, user: AzureSqlUser, principal: Principal): Finding {
  const isWithinReach = !user.isReserved && (isOurs(principal.mark, mark) || (!principal.mark && isBoundTo(principal, identity.clientId)));
  const advice = isWithinReach ? 'set databaseUser.adopt to take it over where a policy allows that, ' : '';
  return finding(
    'UserNameTaken',
    `a database user or role ${userName} is there already and isn't this connection's: ${advice}create the connection anew with another databaseUser.name, or have that user removed`,
    { blocking: true },
  );
}

/** Whose it is isn't told: it may be another namespace's (threat-model E4). */
function identityInUse({ database }: AzureSqlUser): Finding {
  return finding(
    'IdentityInUse',
    `database ${database} has a user of another name for this identity, and Azure SQL takes but one: create the connection anew with that one's name as databaseUser.name and databaseUser.adopt, have that user removed, or use another identity`,
    { blocking: true },
  );
}
