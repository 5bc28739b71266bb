import { type Classified, type DriverError, describe } from '../driver-error.ts';
import type { ErrorPlace } from './error-place.ts';

const ownCatalogIndex = /"pg_(authid|auth_members|default_acl|shdescription|shseclabel)_/;
const unknownPrincipal = /could not validate AAD user|is not found in the tenant/i;
const wrongPrincipalType = /incorrect object type provided/i;
const noGraph = /unexpected error occurred while trying to validate user/i;

/**
 * What a refused statement means. Which codes concurrent GRANT, REVOKE and role statements raise was tried on PostgreSQL 16 to 18;
 * codes: https://www.postgresql.org/docs/current/errcodes-appendix.html.
 */
export function classifyStatement(error: DriverError, { host, database, login }: ErrorPlace): Classified | undefined {
  const { code, message } = error;
  const failed = (kind: Classified['kind'], text: string): Classified => ({ kind, reason: 'DatabaseError', message: text });
  if (unknownPrincipal.test(message))
    return {
      kind: 'waiting',
      reason: 'IdentityNotFound',
      message: `${host} can't find the identity in the tenant yet; if it lasts, see that its principal id is right`,
    };
  if (wrongPrincipalType.test(message))
    return { kind: 'stalled', reason: 'IdentityNotFound', message: `${host} says that the principal id is no service principal's` };
  if (noGraph.test(message))
    return failed(
      'waiting',
      `${host} can't ask Entra about the identity: a server with private access needs outbound port 443 to service tag AzureActiveDirectory`,
    );
  if (isConflict(error))
    return failed('retry', `database ${database} was being changed by somebody else at the same time: ${describe(error)}`);
  switch (code) {
    case '42883':
      if (!message.includes('pgaadauth')) return undefined;
      return {
        kind: 'waiting',
        reason: 'EntraAuthenticationDisabled',
        message: `${host} has no functions for Entra roles: switch Entra authentication on`,
      };
    case '22023':
      if (!message.includes('pgaadauth')) return undefined;
      return {
        kind: 'waiting',
        reason: 'EntraAuthenticationDisabled',
        message: `${host} knows no Entra roles: switch Entra authentication on`,
      };
    case '42501':
      return failed('stalled', `${login} may not do this in database ${database}: ${describe(error)}`);
    case '54000':
      return {
        kind: 'stalled',
        reason: 'TooManyObjects',
        message: `an object of database ${database} takes no further grantee: PostgreSQL keeps an object's grants in one row, which is full (${describe(error)})`,
      };
    case '25006':
      return failed('waiting', `database ${database} is read-only: the server may be a replica, or short of storage`);
    case '57014':
      return failed('waiting', `database ${database} took too long to answer`);
    case '57P01':
    case '57P02':
    case '57P03':
    case '57P05':
    case '25P03':
      return { kind: 'retry', reason: 'Unreachable', message: `${host} is restarting, or ended the operator's session (${code})` };
    case '42704':
    case '42P01':
    case '3F000':
    case '42710':
      return failed('retry', `database ${database} was changed in between: ${describe(error)}`);
    default:
  }
  if (/^(08|53|58|XX001|XX002)/.test(code)) return failed('retry', `${host} answered ${describe(error)}`);
  if (/^(0L|22|28|2B|42)/.test(code)) return failed('stalled', `database ${database} answered ${describe(error)}`);
  return undefined;
}

/** Whether two sessions got in each other's way, so that it works when looked at and tried again. */
function isConflict({ code, message }: DriverError): boolean {
  switch (code) {
    case '40001':
    case '40P01':
    case '55P03':
    case '55006':
      return true;
    case '23505':
      return ownCatalogIndex.test(message);
    case 'XX000':
      return message.includes('tuple concurrently');
    default:
      return false;
  }
}
