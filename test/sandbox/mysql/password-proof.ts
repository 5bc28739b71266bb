import { createHash } from 'node:crypto';

/**
 * What shows a server that one knows a password, by the plug-ins that engines choose for a new user. Throws for another plug-in.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_authentication_methods.html
 */
export function passwordProof(plugin: string, password: string, nonce: Buffer): Buffer {
  switch (plugin) {
    case 'mysql_native_password': {
      const once = digest('sha1', Buffer.from(password));
      return xor(once, digest('sha1', nonce, digest('sha1', once)));
    }
    case 'caching_sha2_password': {
      const once = digest('sha256', Buffer.from(password));
      return xor(once, digest('sha256', digest('sha256', once), nonce));
    }
    default:
      throw new Error(`the server wants a password by ${plugin}`);
  }
}

function digest(algorithm: string, ...parts: readonly Buffer[]): Buffer {
  return parts.reduce((hash, part) => hash.update(part), createHash(algorithm)).digest();
}

function xor(left: Buffer, right: Buffer): Buffer {
  return Buffer.from(left.map((byte, index) => byte ^ (right[index] ?? 0)));
}
