import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/** Whether a password is the one that PostgreSQL keeps a SCRAM verifier of (RFC 5803), as in pg_authid.rolpassword. */
export async function isPasswordOf(verifier: string | null, password: string): Promise<boolean> {
  const [, iterations = '', salt = '', storedKey = ''] = /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):/.exec(verifier ?? '') ?? [];
  if (storedKey === '') return false;
  const salted = await promisify(pbkdf2)(password, Buffer.from(salt, 'base64'), Number(iterations), 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  return timingSafeEqual(createHash('sha256').update(clientKey).digest(), Buffer.from(storedKey, 'base64'));
}
