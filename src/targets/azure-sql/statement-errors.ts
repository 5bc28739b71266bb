import type { Classified } from '../driver-error.ts';
import { described, type ErrorPlace, type SqlError } from './driver-error.ts';
import { triggerAppeared } from './triggers.ts';

/** What a refused statement means. Numbers: https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-events-and-errors. */
export function classifyStatement(error: SqlError, { host, database }: ErrorPlace): Classified | undefined {
  const failed = (kind: Classified['kind'], text: string): Classified => ({ kind, reason: 'DatabaseError', message: text });
  switch (error.number) {
    case 1204:
    case 1205:
    case 1222:
    case 3960:
    case 3961:
      return failed('retry', `database ${database} was being changed by somebody else at the same time: ${described(error)}`);
    // there already, or not there any more
    case 15023:
    case 15151:
    case 15233:
    case 15217:
    case 15135:
    case 4902:
      return failed('retry', `database ${database} was changed in between: ${described(error)}`);
    // what is known to be in the way was handed over or taken back before: certificates, keys and the like are left
    case 15138:
    case 15183:
    case 15184:
    case 15284:
    case 15421:
      return failed(
        'waiting',
        `a user of database ${database} can't be dropped, because it owns something, or gave others a right, that the operator doesn't know: have that given to another owner, or taken back (${described(error)})`,
      );
    case 15136:
      return {
        kind: 'waiting',
        reason: 'DefinerObjects',
        message: `modules of database ${database} run as the user (EXECUTE AS), so it can't be dropped: have their owner change or drop them`,
      };
    case 15063:
      return {
        kind: 'waiting',
        reason: 'IdentityInUse',
        message: `database ${database} has a user of another name for this identity already`,
      };
    case 40530:
    case 33130:
      return {
        kind: 'waiting',
        reason: 'EntraAuthenticationDisabled',
        message: `${host} makes no users for Entra identities: set a Microsoft Entra admin for the server`,
      };
    case 4606:
      return {
        kind: 'stalled',
        reason: 'PrivilegeUnknown',
        message: `a privilege of access.grants doesn't fit the object that it is for: ${described(error)}`,
      };
    case triggerAppeared:
      return {
        kind: 'waiting',
        reason: 'DdlTriggerPresent',
        message: `database ${database} got a DDL trigger that would run as administrator, so nothing was written: have it dropped or disabled, or listed in the policy's setup.knownTriggers`,
      };
    case 3609:
    case 3616:
      return {
        kind: 'waiting',
        reason: 'DdlTriggerPresent',
        message: `a DDL trigger of database ${database} undid what the operator wrote: have it dropped or disabled, or listed in the policy's setup.knownTriggers`,
      };
    case 3902:
      return failed('retry', `database ${database} undid the changes instead of keeping them`);
    case 3906:
      return failed('waiting', `database ${database} is read-only: it may be a secondary, or have reached its size limit`);
    case 40544:
    case 40549:
    case 40551:
    case 40552:
    case 1105:
      return failed('waiting', `database ${database} has reached a limit: ${described(error)}`);
    case 102:
    case 156:
    case 207:
    case 208:
    case 229:
    case 230:
    case 262:
    case 297:
    case 300:
    case 4611:
    case 4613:
    case 4617:
    case 4629:
    case 6102:
    case 15247:
      return failed('stalled', `database ${database} answered ${described(error)}`);
    default:
      return undefined;
  }
}
