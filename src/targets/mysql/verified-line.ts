import { isIP } from 'node:net';
import { checkServerIdentity, getCACertificates, TLSSocket } from 'node:tls';
import type { Connection, SslOptions } from 'mysql2';
import { ConnectionError } from '../../api/connection-error.ts';
import { certificateOfAnother } from '../network-errors.ts';
import { port } from './session-settings.ts';

const trust = new Map<string | undefined, SslOptions>();

/** What mysql2 is to check of the server's certificate. Made once: to read all of Node's certificates takes longer than the rest of a login. */
export function trusting(ca: string | undefined, host: string): SslOptions {
  const known = trust.get(ca) ?? {
    ca: [...getCACertificates('default'), ...(ca === undefined ? [] : [ca])],
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
    verifyIdentity: true,
  };
  trust.set(ca, known);
  // of an address mysql2 would check whether it is called localhost, so verifiedLine looks; with options of its own no session is taken up again, which shows no certificate
  return isIP(host) === 0 ? known : { ...known, verifyIdentity: false };
}

/**
 * The line of a connection, when it leads to the host. The session of an earlier line is taken up only where mysql2 had checked the name. Throws ConnectionError
 * where the certificate isn't trusted or is another's.
 */
export function verifiedLine(connection: Connection, { host }: { readonly host: string }): TLSSocket {
  const { stream } = connection as Connection & { readonly stream?: unknown };
  if (!(stream instanceof TLSSocket) || !stream.authorized)
    throw new ConnectionError('waiting', 'Unreachable', `no trusted TLS connection to ${host} could be made`);
  const isResumed = stream.isSessionReused() && isIP(host) === 0;
  if (!isResumed && checkServerIdentity(host, stream.getPeerCertificate())) {
    const { kind, reason, message } = certificateOfAnother({ host, port });
    throw new ConnectionError(kind, reason, message);
  }
  return stream;
}
