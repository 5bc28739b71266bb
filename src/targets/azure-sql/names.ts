import { createHash } from 'node:crypto';
import { maximumNameLength } from './sql.ts';

/** Whether Azure SQL can have a user of this name and no other: blanks at the end don't count when names are compared, and with a backslash it would be one of Windows (error 15006). */
export function fitsAsName(name: string): boolean {
  return name !== '' && name.length <= maximumNameLength && !/[\0\\]/.test(name) && name.isWellFormed() && name === name.trim();
}

const reserved: readonly string[] = ['dbo', 'guest', 'sys', 'public', 'information_schema'];
const reservedPrefixes: readonly string[] = ['db_', '##', 'dbaccess_retired_', 'dbaccess_standin_'];

/** Whether a user of this name belongs to Azure SQL or to what we make beside users. In every collation, so that it is sooner too much than too little. */
export function isReservedName(name: string): boolean {
  const folded = name.normalize('NFKC').toLowerCase();
  return reserved.includes(folded) || reservedPrefixes.some((prefix) => folded.startsWith(prefix));
}

/** The name of a connection's user: aad_<namespace>_<name>, shortened with a hash where that takes more than 128 characters. */
export function defaultUserName(namespace: string, name: string): string {
  const full = `aad_${namespace}_${name}`;
  if (fitsAsName(full)) return full;
  const hash = createHash('sha256').update(`${namespace}/${name}`).digest('hex').slice(0, 8);
  return `${full.slice(0, maximumNameLength - hash.length - 1)}_${hash}`;
}

/** The name of who keeps owning what a user owned. `attempt` counts from 1; later ones bear it, because the name is taken. */
export function retiredName(uid: string, attempt: number): string {
  return `dbaccess_retired_${uid.slice(0, 8)}${attempt === 1 ? '' : `_${attempt}`}`;
}

/** The name of who owns, within one transaction, what a user owns that is bound anew. `attempt` as above. */
export function standInName(uid: string, attempt: number): string {
  return `dbaccess_standin_${uid.slice(0, 8)}${attempt === 1 ? '' : `_${attempt}`}`;
}
