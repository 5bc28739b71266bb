import type { Classified, DriverError } from '../driver-error.ts';
import type { ErrorPlace } from './error-place.ts';
import { quoteIdentifier } from './sql.ts';

const entraTokenExpired = /access token has expired/i;
const wrongAudience = /valid audience claim/i;
const otherObjectId = /oid mismatch|does not match the appid/i;
const otherKindOfToken = /AAD_AUTH_TOKENTYPE|cannot generate/i;
const noFirewallRule = /no pg_hba\.conf entry for host "([^"]{1,64})"/i;

/**
 * What a refused login means. Texts: azure-databases-docs security-entra-configure.md and security-entra-concepts.md, and those seen in public issues;
 * codes: https://www.postgresql.org/docs/current/errcodes-appendix.html.
 */
export function classifyLogin(error: DriverError, { host, database, login }: ErrorPlace): Classified | undefined {
  const { code, message } = error;
  if (entraTokenExpired.test(message))
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
  if (otherObjectId.test(message))
    return notAdministrator(
      `the administrator ${login} of ${host} is bound to another identity than the operator's: remove that Entra administrator and add the operator's identity`,
    );
  if (otherKindOfToken.test(message))
    return notAdministrator(
      `the administrator ${login} of ${host} is not of type ServicePrincipal: remove that Entra administrator and add the operator's identity as a service principal`,
    );
  switch (code) {
    case '28000':
      return (
        refusedByHba(message, host) ??
        notAdministrator(`${host} doesn't let ${login} log in: add the operator's identity as an Entra administrator of the server`)
      );
    case '28P01':
      return notAdministrator(
        `${host} refuses the operator's login as ${login}: add the operator's identity as an Entra administrator of the server, and see that Entra authentication is on`,
      );
    case '3D000':
      return {
        kind: 'waiting',
        reason: 'DatabaseNotFound',
        message: `there is no database ${database} on ${host}: create it, or create the connection anew with the right name`,
      };
    case '42501':
      return {
        kind: 'waiting',
        reason: 'DatabaseNotOwned',
        message: `the operator may not connect to database ${database}: have its owner run GRANT CONNECT ON DATABASE ${quoteIdentifier(database)} TO ${quoteIdentifier(login)}`,
      };
    case '55000':
      return { kind: 'waiting', reason: 'DatabaseError', message: `database ${database} takes no connections at present` };
    case '53300':
      return {
        kind: 'retry',
        reason: 'DatabaseError',
        message: `${host} has no connection left for the operator: raise max_connections, or have applications use fewer`,
      };
    default:
      return undefined;
  }
}

function refusedByHba(message: string, host: string): Classified | undefined {
  const address = noFirewallRule.exec(message)?.[1];
  if (address === undefined) return undefined;
  return {
    kind: 'waiting',
    reason: 'FirewallDenied',
    message: `the firewall of ${host} refuses the operator's address ${address}: add a rule for it; it takes effect within 5 minutes`,
  };
}

function notAdministrator(message: string): Classified {
  return { kind: 'waiting', reason: 'NotEntraAdministrator', message };
}
