import { createHash, timingSafeEqual } from 'node:crypto';
import type { ServiceRequest } from '../azure/service.ts';
import { ControlError } from './control-error.ts';

/**
 * Lets only the holder of the token pass, and no web page that a browser on this machine has open: a page sends its own Origin, and one that has bound its name to
 * 127.0.0.1 sends that name as Host. Throws ControlError 401 or 403.
 */
export function checkCaller({ headers }: ServiceRequest, { token, origin }: { readonly token: string; readonly origin: string }): void {
  const { host, port } = new URL(origin);
  if (headers.host !== host && headers.host !== `localhost:${port}`) throw new ControlError(403, 'The Host header must name this server');
  if (headers.origin !== undefined && headers.origin !== origin) throw new ControlError(403, 'Requests of other origins are refused');
  const [, sent] = /^Bearer (\S+)$/i.exec(headers.authorization ?? '') ?? [];
  if (sent === undefined || !isSame(sent, token)) {
    throw new ControlError(401, 'The bearer token of sandbox.json is needed', { 'WWW-Authenticate': 'Bearer' });
  }
}

/** Takes the same time wherever two texts differ, and however long they are. */
function isSame(left: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}
