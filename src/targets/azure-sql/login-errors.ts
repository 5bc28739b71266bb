import type { Classified } from '../driver-error.ts';
import type { ErrorPlace, SqlError } from './driver-error.ts';

const refusedAddress = /IP address '([^']{1,64})'/;

/**
 * What a refused login means. Numbers and texts: https://learn.microsoft.com/azure/azure-sql/database/troubleshoot-common-errors-issues and
 * https://learn.microsoft.com/azure/azure-sql/database/connectivity-settings.
 */
export function classifyLogin({ number, message }: SqlError, { host, database }: ErrorPlace): Classified | undefined {
  switch (number) {
    case 18456:
    case 18452:
    case 916:
      return {
        kind: 'waiting',
        reason: 'NotEntraAdministrator',
        message: `${host} doesn't let the operator log in to database ${database}: set the operator's identity, or a group that it is in, as the Microsoft Entra admin of the server`,
      };
    case 4060:
      return {
        kind: 'waiting',
        reason: 'DatabaseNotFound',
        message: `database ${database} of ${host} can't be opened: create it, or create the connection anew with the right name; one that is failing over comes back by itself`,
      };
    case 40615: {
      const address = refusedAddress.exec(message)?.[1];
      const whose = address === undefined ? "the operator's address" : `the operator's address ${address}`;
      return {
        kind: 'waiting',
        reason: 'FirewallDenied',
        message: `the firewall of ${host} refuses ${whose}: add a rule for it; it takes effect within 5 minutes`,
      };
    }
    case 40914:
      return {
        kind: 'waiting',
        reason: 'FirewallDenied',
        message: `${host} refuses the network that the operator is in: add a virtual network rule for its subnet, with service endpoint Microsoft.Sql, or use a private endpoint`,
      };
    case 47073:
      return {
        kind: 'waiting',
        reason: 'PublicAccessDisabled',
        message: `public network access is off at ${host}: connect the cluster's network by a private endpoint, and link its private DNS zone`,
      };
    case 40532:
      return {
        kind: 'waiting',
        reason: 'WrongServer',
        message: `who answers under the name ${host} knows no such server: see where the name leads in the cluster's DNS`,
      };
    default:
      return undefined;
  }
}
