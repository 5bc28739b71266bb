import { ConnectionError, isConnectionError } from '../../api/connection-error.ts';
import type { Classified } from '../driver-error.ts';
import { brokeOff, classifyNetwork, type NetworkPlace, notReached, stoppedAnswering, withoutTls } from '../network-errors.ts';
import { described, type ErrorPlace, type SqlError, sqlError } from './driver-error.ts';
import { classifyLogin } from './login-errors.ts';
import { port } from './session-settings.ts';
import { classifyStatement } from './statement-errors.ts';
import { classifyTransient } from './transient-errors.ts';

/** The failure that a driver's error is. One that was classified already is returned as it is. */
export function asConnectionError(error: unknown, place: ErrorPlace): ConnectionError {
  if (isConnectionError(error)) return error;
  const found = sqlError(error);
  const known =
    found.number === undefined
      ? notConnected(found, place)
      : ((place.step === 'login' ? classifyLogin(found, place) : classifyStatement(found, place)) ??
        classifyTransient(found, place) ??
        (found.isFatal ? brokeOff({ host: place.host, port }) : undefined));
  const { kind, reason, message } = known ?? {
    kind: 'waiting',
    reason: 'DatabaseError',
    message: `database ${place.database} answered ${described(found)}`,
  };
  return new ConnectionError(kind, reason, message, { cause: error });
}

/** The server's own number at the bottom of an error, or undefined when it didn't come from the server. */
export function numberOf(error: unknown): number | undefined {
  for (let each = error; each instanceof Error; each = each.cause) {
    const { number } = sqlError(each);
    if (number !== undefined) return number;
  }
  return undefined;
}

function notConnected(error: SqlError, { step, host, redirect }: ErrorPlace): Classified | undefined {
  const there = redirect ?? { host, port };
  const known = classifyNetwork(error, there) ?? classifyDriverCode(error, there, step);
  if (!redirect || known?.reason !== 'Unreachable') return known;
  // what Azure calls the connection policy Redirect
  const message = `${host} sends clients on to port ${redirect.port} of another host, which can't be reached: allow outbound ports 11000 to 11999 to service tag Sql, or set the server's connection policy to Proxy`;
  return { ...known, message };
}

/** What tedious says itself. */
function classifyDriverCode({ code, message }: SqlError, place: NetworkPlace, step: ErrorPlace['step']): Classified | undefined {
  switch (code) {
    case 'EENCRYPT':
      return withoutTls(place);
    case 'ETIMEOUT':
      return step === 'login' ? notReached(place) : stoppedAnswering(place);
    case 'ESOCKET':
    case 'ECLOSE':
    case 'EINVALIDSTATE':
      return brokeOff(place);
    default:
      return /unexpected end of (message stream|data)/.test(message) ? brokeOff(place) : undefined;
  }
}
