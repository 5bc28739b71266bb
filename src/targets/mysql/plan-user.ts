import { ConnectionError } from '../../api/connection-error.ts';
import type { Finding, StagePlan } from '../../api/step.ts';
import { finding } from '../finding.ts';
import { isHeld, isOurs, type Mark, markText, parseMark } from '../mark.ts';
import type { TargetRequest } from '../target.ts';
import { isBoundTo } from './binding.ts';
import { described } from './defined-objects.ts';
import { isToRestore, keptFor } from './kept.ts';
import { isReservedUserName, maximumUserNameLength, whyNotAName } from './names.ts';
import { isForAdoption, planAdoption } from './plan-adoption.ts';
import { planRights } from './plan-rights.ts';
import { promisedBy } from './profile.ts';
import { type GrantStep, narrows, type UserAction, type UserStep, userStep } from './steps.ts';
import type { Account, MysqlUser } from './user.ts';

type UserRequest = Pick<TargetRequest, 'userName' | 'identity' | 'mark' | 'adopt' | 'access'>;

/** What is to be done so that the user is there, ours, bound to the request's identity and nobody else's, and may log in. Pure. */
export function planUser(request: UserRequest, user: MysqlUser): StagePlan<UserStep | GrantStep> {
  const { identity, mark: wanted } = request;
  const { account, mark, adoption } = user;
  if (user.isReserved) return stopped(nameTaken(request, user));
  if (user.otherHosts.length > 0) return stopped(otherHosts(request, user));
  if (!account) return planCreation(request, user);
  if (adoption && isForAdoption(request, user)) return planAdoption(request, user, adoption);
  if (!isHeld(mark, wanted)) return stopped(nameTaken(request, user));
  if (!isBoundTo(account.binding, identity.clientId)) return planRebind(request, user, account, mark);
  return { steps: repairs(request, user, account, mark).map(userStep), findings: [] };
}

/** Throws NotPermitted for a name that no user of a connection can have, before anything is looked at. Pure. */
export function requireUserName(userName: string): void {
  const problem = isReservedUserName(userName) ? "is one of MySQL's or Azure's own" : whyNotAName(userName, maximumUserNameLength);
  if (problem === undefined) return;
  throw new ConnectionError(
    'stalled',
    'NotPermitted',
    `the user name of databaseUser.name ${problem}: create the connection anew with another one`,
  );
}

/** Whether the user must be made anew, so that it matters of what it is the definer. Pure. */
export function isForRebind(
  { identity, mark: wanted }: Omit<UserRequest, 'access'>,
  { account, mark, isReserved, otherHosts }: MysqlUser,
): boolean {
  return (
    account !== undefined &&
    !isReserved &&
    otherHosts.length === 0 &&
    isHeld(mark, wanted) &&
    mark.origin === 'created' &&
    !isBoundTo(account.binding, identity.clientId)
  );
}

function planCreation({ userName, identity, mark }: UserRequest, { defined }: MysqlUser): StagePlan<UserStep> {
  if (!defined) return { steps: [userStep({ kind: 'create-user', userName, clientId: identity.clientId, mark })], findings: [] };
  const message = `there is no database user ${userName}, but one of that name was the definer of ${described(defined)}, which would run with the new user's rights: have them dropped or made anew with another definer, or create the connection anew with another databaseUser.name`;
  return stopped(finding('DefinerObjects', message, { blocking: true }));
}

function planRebind(request: UserRequest, user: MysqlUser, account: Account, found: Mark): StagePlan<UserStep | GrantStep> {
  const { userName, identity, mark: wanted } = request;
  if (found.origin === 'adopted') return stopped(stale(userName));
  if (user.defined) {
    const message = `the database user ${userName} is bound to another identity, and MySQL can bind it anew only by dropping it, but it is the definer of ${described(user.defined)}, which would stop working: have them made anew with another definer, or dropped; nobody can log in as it until then`;
    const findings = [finding('DefinerObjects', message, { blocking: true })];
    return { steps: whileBoundElsewhere(request, user, account, found), findings };
  }
  const mark: Mark = { ...wanted, origin: found.origin };
  const step = userStep({ kind: 'rebind', userName, from: account.binding?.id, to: identity.clientId.toLowerCase(), mark });
  return { steps: [step], findings: [] };
}

/** An identity that the connection doesn't name any more must not go on, however long it takes until the user can be made anew; nor what the user is the definer of with rights that aren't promised. */
function whileBoundElsewhere(
  { userName, access }: UserRequest,
  { hasSessions, rights }: MysqlUser,
  { isLocked }: Account,
  { state }: Mark,
): readonly (UserStep | GrantStep)[] {
  if (!isLocked || hasSessions) return [userStep({ kind: 'forbid-login', userName })];
  return rights && state === 'live' ? planRights(promisedBy(access), rights).steps.filter(narrows) : [];
}

/** What was taken over is never dropped. */
function stale(userName: string): Finding {
  const message = `the database user ${userName} was there before this connection, and is bound to another identity: the operator doesn't drop it to make it anew, so have an administrator drop it or bind it to the identity of spec.identity, or create the connection anew with another databaseUser.name`;
  return finding('StaleIdentityBinding', message, { blocking: true });
}

function repairs({ userName, mark: wanted }: UserRequest, { note }: MysqlUser, account: Account, found: Mark): UserAction[] {
  const actions: UserAction[] = [];
  const mark: Mark = { ...wanted, origin: found.origin };
  const { isMark, former } = keptFor(wanted, note);
  const inAccount = parseMark(account.attribute) !== undefined;
  // a note that an interrupted pass left: either the account bears the mark by now, or nobody has tried yet whether it can
  const isLeft = inAccount ? note !== undefined && former === undefined : !isMark;
  if (markText(found) !== markText(mark) || isLeft) actions.push({ kind: 'mark', userName, mark });
  if (former && isToRestore(former, { account })) actions.push({ kind: 'restore-rights', userName, grants: former.grants });
  else if (former) actions.push({ kind: 'forget-rights', userName });
  if (account.isLocked) actions.push({ kind: 'allow-login', userName });
  return actions;
}

function stopped(by: Finding): StagePlan<UserStep> {
  return { steps: [], findings: [by] };
}

function nameTaken({ userName, identity, mark }: UserRequest, user: MysqlUser): Finding {
  const isWithinReach =
    !user.isReserved && (isOurs(user.mark, mark) || (!user.mark && isBoundTo(user.account?.binding, identity.clientId)));
  const advice = isWithinReach ? 'set databaseUser.adopt to take it over where a policy allows that, ' : '';
  return finding(
    'UserNameTaken',
    `a database user ${userName} is there already and isn't this connection's: ${advice}create the connection anew with another databaseUser.name, or have that user removed`,
    { blocking: true },
  );
}

function otherHosts({ userName }: UserRequest, user: MysqlUser): Finding {
  const hosts = user.otherHosts.slice(0, 3).map((host) => `'${userName}'@'${host}'`);
  return finding(
    'UserNameTaken',
    `the server has another account of the user's name, ${hosts.join(', ')}, which logins from there get instead: have it dropped, or create the connection anew with another databaseUser.name`,
    { blocking: true },
  );
}
