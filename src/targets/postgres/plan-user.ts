import { ConnectionError } from '../../api/connection-error.ts';
import type { Finding, StagePlan } from '../../api/step.ts';
import { finding } from '../finding.ts';
import { isHeld, isOurs, type Mark, markText } from '../mark.ts';
import type { TargetRequest } from '../target.ts';
import { eventTriggerFinding } from './event-triggers.ts';
import { fitsAsName, isReservedRoleName, maximumNameBytes } from './names.ts';
import { isBoundTo, isForAdoption, planAdoption } from './plan-adoption.ts';
import type { RevocableAttribute } from './statements.ts';
import { quoted, type UserAction, type UserStep, userStep } from './steps.ts';
import type { PostgresRole, PostgresUser } from './user.ts';

type UserRequest = Pick<TargetRequest, 'userName' | 'identity' | 'mark' | 'adopt'>;

/** What is to be done so that the user is there, ours, bound to the request's identity and nobody else's, and may log in. Pure. */
export function planUser(request: UserRequest, user: PostgresUser): StagePlan<UserStep> {
  const { steps, findings } = stepsFor(request, user);
  if (steps.length > 0 && user.eventTriggers.length > 0)
    return { steps: [], findings: [eventTriggerFinding('postgres', user.eventTriggers), ...findings] };
  return { steps, findings };
}

function stepsFor(request: UserRequest, user: PostgresUser): StagePlan<UserStep> {
  const { role, mark } = user;
  if (!role) return { steps: [userStep(creation(request))], findings: [] };
  if (user.adoption && isForAdoption(request, user)) return planAdoption(request, user.adoption);
  if (user.isReserved || !isHeld(mark, request.mark)) return { steps: [], findings: [nameTaken(request, user)] };
  return { steps: repairs(request, user, role, mark).map(userStep), findings: unmendable(request.userName, role) };
}

/** Throws NotPermitted for a name that no user of a connection can have, before anything is looked at. Pure. */
export function requireUserName(userName: string): void {
  if (!fitsAsName(userName)) throw badName(`takes ${Buffer.byteLength(userName)} bytes; PostgreSQL takes ${maximumNameBytes}`);
  if (isReservedRoleName(userName)) throw badName("is one of PostgreSQL's or Azure's own");
}

function badName(problem: string): ConnectionError {
  return new ConnectionError(
    'stalled',
    'NotPermitted',
    `the user name of databaseUser.name ${problem}: create the connection anew with another one`,
  );
}

function creation({ userName, identity, mark }: UserRequest): UserAction {
  return { kind: 'create-user', userName, principalId: identity.principalId, mark };
}

function repairs({ userName, identity, mark: wanted }: UserRequest, user: PostgresUser, role: PostgresRole, found: Mark): UserAction[] {
  const actions: UserAction[] = [];
  const isBound = isBoundTo(user.binding, identity.principalId);
  if (!isBound) actions.push({ kind: 'rebind', userName, from: user.binding?.objectId, to: identity.principalId.toLowerCase() });
  const mark: Mark = { ...wanted, origin: found.origin };
  if (markText(found) !== markText(mark)) actions.push({ kind: 'mark', userName, mark });
  const attributes = surplusAttributes(role);
  if (attributes.length > 0) actions.push({ kind: 'reset-attributes', userName, attributes });
  for (const database of user.settingsIn) actions.push({ kind: 'reset-settings', userName, database: database ?? undefined });
  // to bind anew clears it as well
  if (isBound && role.hasPassword) actions.push({ kind: 'clear-password', userName });
  if (!isBound || !role.canLogin) actions.push({ kind: 'allow-login', userName });
  return actions;
}

function surplusAttributes(role: PostgresRole): RevocableAttribute[] {
  const surplus: Readonly<Record<RevocableAttribute, boolean>> = {
    createRole: role.createRole,
    createDatabase: role.createDatabase,
    noConnections: role.connectionLimit === 0,
  };
  return (Object.keys(surplus) as RevocableAttribute[]).filter((attribute) => surplus[attribute]);
}

/** Attributes that only somebody who has them can take away. */
function unmendable(userName: string, role: PostgresRole): Finding[] {
  const words = [...(role.replication ? ['NOREPLICATION'] : []), ...(role.bypassRowSecurity ? ['NOBYPASSRLS'] : [])];
  if (words.length === 0) return [];
  const message = `${userName} was given an attribute that the operator can't take away: have an administrator who has it run ALTER ROLE ${quoted(userName)} ${words.join(' ')}`;
  return [finding('PrivilegeNotRevocable', message, { blocking: false })];
}

function nameTaken({ userName, identity, mark }: UserRequest, user: PostgresUser): Finding {
  const isWithinReach = !user.isReserved && (isOurs(user.mark, mark) || (!user.mark && isBoundTo(user.binding, identity.principalId)));
  const advice = isWithinReach ? 'set databaseUser.adopt to take it over where a policy allows that, ' : '';
  return finding(
    'UserNameTaken',
    `a database user ${userName} is there already and isn't this connection's: ${advice}create the connection anew with another databaseUser.name, or have that user removed`,
    { blocking: true },
  );
}
