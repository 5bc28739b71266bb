import type { StagePlan } from '../../api/step.ts';
import { finding } from '../finding.ts';
import type { TargetRequest } from '../target.ts';
import { standInName } from './names.ts';
import { planRights } from './plan-rights.ts';
import type { Principal } from './principal.ts';
import { promisedBy } from './profile.ts';
import { type UserStep, userStep } from './steps.ts';
import type { AzureSqlUser } from './user.ts';

type RebindRequest = Pick<TargetRequest, 'userName' | 'identity' | 'mark' | 'access'>;

/** Names in one message; of more it tells the number. */
const maximumNamed = 20;

/**
 * A user can't be bound to another identity in place: it is dropped and made anew, with what the spec promises and with what it owns. Nothing else that it was given comes back.
 * Modules that run as the user would stop working, so they stop it. Throws PrivilegeUnknown. Pure.
 */
export function planRebinding(request: RebindRequest, { rebinding, database }: AzureSqlUser, principal: Principal): StagePlan<UserStep> {
  const { userName, identity, mark, access } = request;
  if (!rebinding) throw new Error('what hangs on a user is needed before it was observed');
  const { handOver, modules, isTooMuch, standIn, rights } = rebinding;
  if (modules.length > 0) {
    const named = modules.slice(0, maximumNamed).join(', ');
    const more = modules.length > maximumNamed ? ` and ${modules.length - maximumNamed} more` : '';
    const message = `${userName} is bound to another identity, and can't be made anew for this one while modules run as it: have the EXECUTE AS clauses of ${named}${more} changed, or drop them`;
    return { steps: [], findings: [finding('DefinerObjects', message, { blocking: true })] };
  }
  if (isTooMuch) {
    const message = `${userName} is bound to another identity, and owns too much to be made anew for this one: have its schemas given to another owner, or drop what isn't needed`;
    return { steps: [], findings: [finding('TooManyObjects', message, { blocking: true })] };
  }
  if (standIn === undefined) {
    const message = `${userName} is bound to another identity, and can't be made anew for this one while database ${database} has users called ${standInName(mark.uid, 1)} and the like: drop them`;
    return { steps: [], findings: [finding('UserNameTaken', message, { blocking: true })] };
  }
  const step = userStep({
    kind: 'rebind',
    userName,
    from: principal.boundTo,
    to: identity.clientId.toLowerCase(),
    mark: { ...mark, origin: principal.mark?.origin ?? mark.origin },
    standIn,
    defaultSchema: principal.defaultSchema === 'dbo' ? undefined : principal.defaultSchema,
    handOver,
    grants: planRights(promisedBy(access), rights).steps,
  });
  return { steps: [step], findings: [] };
}
