import { ConnectionError, isConnectionError } from '../../api/connection-error.ts';
import { describe, driverError } from '../driver-error.ts';
import { classifyNetwork } from '../network-errors.ts';
import { classifyDriverText } from './driver-texts.ts';
import type { ErrorPlace } from './error-place.ts';
import { classifyLogin } from './login-errors.ts';
import { port } from './session-settings.ts';
import { classifyStatement } from './statement-errors.ts';

/** The failure that a driver's error is. One that was classified already is returned as it is. */
export function asConnectionError(error: unknown, place: ErrorPlace): ConnectionError {
  if (isConnectionError(error)) return error;
  const found = driverError(error);
  const there = { host: place.host, port };
  const known =
    classifyNetwork(found, there) ??
    classifyDriverText(found, there) ??
    (place.step === 'login' ? classifyLogin(found, place) : undefined) ??
    classifyStatement(found, place);
  const { kind, reason, message } = known ?? {
    kind: 'waiting',
    reason: 'DatabaseError',
    message: `database ${place.database} answered ${describe(found)}`,
  };
  return new ConnectionError(kind, reason, message, { cause: error });
}

/** The SQLSTATE at the bottom of an error, or undefined when it didn't come from the server. */
export function sqlState(error: unknown): string | undefined {
  for (let each = error; each instanceof Error; each = each.cause) {
    const { code } = driverError(each);
    if (/^[0-9A-Z]{5}$/.test(code)) return code;
  }
  return undefined;
}
