import type { Classified } from '../driver-error.ts';
import { described, type ErrorPlace, type MysqlError } from './driver-error.ts';

const noFirewallRule = /Client with IP address '([^']{1,64})' is not allowed/i;
const tokenExpired = /token (has |is )?expired/i;
const wrongAudience = /valid audience claim/i;
const notThisIdentity = /token is not valid for user/i;

/**
 * What a refused login means. Texts: those seen in public issues of azure-docs and terraform-provider-mysql;
 * numbers: https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html.
 */
export function classifyLogin(error: MysqlError, { host, login }: ErrorPlace): Classified | undefined {
  const { errno, message } = error;
  const address = noFirewallRule.exec(message)?.[1];
  if (address !== undefined)
    return firewall(
      `the firewall of ${host} refuses the operator's address ${address}: add a rule for it; it takes effect within 5 minutes`,
    );
  if (tokenExpired.test(message))
    return {
      kind: 'retry',
      reason: 'TokenRefused',
      message: `${host} says that the operator's token has expired; a new one is being fetched`,
    };
  if (wrongAudience.test(message))
    return {
      kind: 'stalled',
      reason: 'TokenRefused',
      message: `${host} takes no tokens of the operator's cloud: start the operator with the --cloud that the server is in`,
    };
  if (notThisIdentity.test(message))
    return notAdministrator(
      `the administrator ${login} of ${host} is bound to another identity than the operator's: set the operator's identity as the server's Entra administrator anew; if it was set with its object id, try its client id`,
    );
  switch (errno) {
    case 1045:
    case 1698:
      return notAdministrator(
        `${host} refuses the operator's login as ${login}: set the operator's identity as the server's Entra administrator; if it is that already, set it anew, with its client id in place of its object id`,
      );
    case 3118:
      return notAdministrator(
        `${host} has locked the operator's user ${login}: run ALTER USER … ACCOUNT UNLOCK for it as another administrator`,
      );
    case 1130:
      return firewall(`${host} doesn't let the operator in from its address: add a firewall rule for the cluster's outbound address`);
    case 1129:
      return {
        kind: 'waiting',
        reason: 'Unreachable',
        message: `${host} has blocked the operator's address after too many broken connections: run FLUSH HOSTS, or restart the server`,
      };
    case 1040:
    case 1203:
    case 1226:
      return {
        kind: 'retry',
        reason: 'DatabaseError',
        message: `${host} has no connection left for the operator: raise max_connections, or have applications use fewer`,
      };
    case 3032:
      return { kind: 'waiting', reason: 'DatabaseError', message: `${host} takes no connections at present: ${described(error)}` };
    default:
      return undefined;
  }
}

function firewall(message: string): Classified {
  return { kind: 'waiting', reason: 'FirewallDenied', message };
}

function notAdministrator(message: string): Classified {
  return { kind: 'waiting', reason: 'NotEntraAdministrator', message };
}
