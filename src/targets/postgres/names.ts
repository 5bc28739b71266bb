import { createHash } from 'node:crypto';

/** Longest name in bytes; PostgreSQL cuts longer ones off with a mere notice (NAMEDATALEN - 1). */
export const maximumNameBytes = 63;

/** Whether PostgreSQL can have a database, schema or role of this name in full. */
export function fitsAsName(name: string): boolean {
  return name !== '' && !name.includes('\0') && Buffer.byteLength(name) <= maximumNameBytes;
}

/** Whether a role of this name belongs to PostgreSQL or Azure. Reserved names: PostgreSQL's IsReservedName and get_rolespec_oid; Azure's are azure_pg_admin, azuresu and the like. */
export function isReservedRoleName(name: string): boolean {
  const folded = name.toLowerCase();
  return folded.startsWith('pg_') || folded.startsWith('azure') || folded === 'public' || folded === 'none';
}

/** The name of a connection's user: aad_<namespace>_<name>, shortened with a hash where that takes more than 63 bytes. */
export function defaultUserName(namespace: string, name: string): string {
  const full = `aad_${namespace}_${name}`;
  if (fitsAsName(full)) return full;
  const hash = createHash('sha256').update(`${namespace}/${name}`).digest('hex').slice(0, 8);
  // namespaces and names are ASCII (RFC 1123), so that characters are bytes
  return `${full.slice(0, maximumNameBytes - hash.length - 1)}_${hash}`;
}

/** The name of a locked shell: what is left of a user that owned something. `attempt` counts from 1; later ones bear it, because the name is taken. */
export function retiredName(uid: string, attempt: number): string {
  return `dbaccess_retired_${uid.slice(0, 8)}${attempt === 1 ? '' : `_${attempt}`}`;
}
