import type { Classified } from '../driver-error.ts';
import { described, type ErrorPlace, type SqlError } from './driver-error.ts';

/**
 * What passes by itself, at a login or later.
 * Numbers: https://learn.microsoft.com/azure/azure-sql/database/troubleshoot-common-errors-issues.
 */
export function classifyTransient(error: SqlError, { host, database }: ErrorPlace): Classified | undefined {
  switch (error.number) {
    case 40501:
    case 49918:
    case 49919:
    case 49920:
    case 10928:
    case 10929:
      return { kind: 'retry', reason: 'Throttled', message: `${host} is too busy for the operator at present: ${described(error)}` };
    case 40613:
      return {
        kind: 'retry',
        reason: 'DatabaseError',
        message: `database ${database} isn't available at present; it may be waking up or failing over`,
      };
    case 40197:
    case 40143:
    case 4221:
    case 615:
    case 926:
    case 233:
    case 64:
    case 10053:
    case 10054:
    case 10060:
    case 40020:
    case 40540:
    case 33155:
      return {
        kind: 'retry',
        reason: 'DatabaseError',
        message: `${host} ended what was under way, and it is tried again: ${described(error)}`,
      };
    default:
      return undefined;
  }
}
