import { ConnectionError, isConnectionError } from '../../api/connection-error.ts';
import type { Classified } from '../driver-error.ts';
import {
  brokeOff,
  certificateOfAnother,
  classifyNetwork,
  type NetworkPlace,
  stoppedAnswering,
  untrusted,
  withoutTls,
} from '../network-errors.ts';
import { described, type ErrorPlace, type MysqlError, mysqlError } from './driver-error.ts';
import { classifyLogin } from './login-errors.ts';
import { port } from './session-settings.ts';
import { classifyStatement } from './statement-errors.ts';

/** The failure that a driver's error is. One that was classified already is returned as it is. */
export function asConnectionError(error: unknown, place: ErrorPlace): ConnectionError {
  if (isConnectionError(error)) return error;
  const found = mysqlError(error);
  const there = { host: place.host, port };
  const known =
    found.errno === undefined
      ? (classifyNetwork(found, there) ?? classifyDriverCode(found, there))
      : ((place.step === 'login' ? classifyLogin(found, place) : undefined) ?? classifyStatement(found, place));
  const { kind, reason, message } = known ?? {
    kind: 'waiting',
    reason: 'DatabaseError',
    message: `${place.host} answered ${described(found)}`,
  };
  return new ConnectionError(kind, reason, message, { cause: error });
}

/** The server's own number at the bottom of an error, or undefined when it didn't come from the server. */
export function errnoOf(error: unknown): number | undefined {
  for (let each = error; each instanceof Error; each = each.cause) {
    const { errno } = mysqlError(each);
    if (errno !== undefined) return errno;
  }
  return undefined;
}

/** What mysql2 says itself. It puts its own code over that of a TLS error. */
function classifyDriverCode(error: MysqlError, place: NetworkPlace): Classified | undefined {
  switch (error.code) {
    case 'HANDSHAKE_NO_SSL_SUPPORT':
      return withoutTls(place);
    case 'HANDSHAKE_SSL_ERROR':
      return /altnames/.test(error.message) ? certificateOfAnother(place) : untrusted(error, place);
    case 'PROTOCOL_CONNECTION_LOST':
      return brokeOff(place);
    case 'PROTOCOL_SEQUENCE_TIMEOUT':
      return stoppedAnswering(place);
    default:
      return undefined;
  }
}
