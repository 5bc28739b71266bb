import type { Classified } from '../driver-error.ts';
import { described, type ErrorPlace, type MysqlError } from './driver-error.ts';

/**
 * What a refused statement means. Which numbers statements about users and their rights raise was tried on MySQL 9.7;
 * numbers: https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html.
 */
export function classifyStatement(error: MysqlError, { host, login }: ErrorPlace): Classified | undefined {
  const { errno, message } = error;
  const failed = (kind: Classified['kind'], text: string): Classified => ({ kind, reason: 'DatabaseError', message: text });
  switch (errno) {
    case 1205:
    case 1213:
    case 3572:
      return failed('retry', `${host} was being changed by somebody else at the same time: ${described(error)}`);
    // gone, or there already, since it was looked at
    case 1008:
    case 1133:
    case 1141:
    case 1146:
    case 1147:
    case 1269:
    case 1305:
    case 1396:
    case 1403:
    case 1410:
    case 3162:
      return failed('retry', `${host} was changed in between: ${described(error)}`);
    case 1049:
      return { kind: 'waiting', reason: 'DatabaseNotFound', message: `${host} has no such database: ${described(error)}` };
    case 1053:
    case 1077:
    case 1152:
    case 1158:
    case 1159:
    case 1160:
    case 1161:
    case 1317:
    case 1927:
    case 4031:
      return { kind: 'retry', reason: 'Unreachable', message: `${host} is restarting, or ended the operator's session (${errno})` };
    case 1969:
    case 3024:
      return failed('waiting', `${host} took too long to answer`);
    case 1290:
    case 1792:
    case 1836:
      return failed('waiting', `${host} is read-only: it may be a replica, failing over, or short of storage`);
    case 1021:
    case 1041:
    case 1114:
      return failed('waiting', `${host} is short of storage or memory: ${described(error)}`);
    case 9102:
      return failed(
        'waiting',
        `${host} can't ask Entra about the identity: a server with private access needs outbound port 443 to service tag AzureActiveDirectory`,
      );
    case 1044:
    case 1045:
    case 1095:
    case 1142:
    case 1143:
    case 1227:
    case 1370:
      return failed('stalled', `${login} may not do this on ${host}: ${described(error)}`);
    case 1193:
      return /aad_auth/i.test(message) ? withoutEntra(host) : failed('stalled', `${host} answered ${described(error)}`);
    case 1064:
      return /AADUSER/i.test(message) ? withoutEntra(host) : failed('stalled', `${host} answered ${described(error)}`);
    case 1149:
    case 1231:
    case 1235:
    case 1470:
      return failed('stalled', `${host} answered ${described(error)}`);
    default:
      return undefined;
  }
}

function withoutEntra(host: string): Classified {
  return {
    kind: 'waiting',
    reason: 'EntraAuthenticationDisabled',
    message: `${host} knows no Entra users: set an Entra administrator of the server, which switches Entra authentication on`,
  };
}
