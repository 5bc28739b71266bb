import { createHash } from 'node:crypto';

/** Longest name of a user, in characters (https://dev.mysql.com/doc/refman/8.0/en/user-names.html). */
export const maximumUserNameLength = 32;
/** Longest name of a database, table or routine, in characters (https://dev.mysql.com/doc/refman/8.0/en/identifier-length.html). */
export const maximumNameLength = 64;

/** Names of accounts and of threads in the process list that are MySQL's or Azure's own. */
const reservedNames: readonly string[] = ['root', 'azure_superuser', 'event_scheduler', 'system user', 'unauthenticated user'];

/** What MySQL would take for another name, after "the name"; undefined for one that it has as it is. Pure. */
export function whyNotAName(name: string, maximumLength: number): string | undefined {
  if (name === '') return 'is empty';
  if (name.length > maximumLength) return `has ${name.length} characters; MySQL takes ${maximumLength}`;
  // names are utf8mb3: of what lies beyond, MySQL makes a question mark
  if (/[\p{Cs}\u{10000}-\u{10ffff}]/u.test(name)) return 'has a character that no name of MySQL can have';
  if (name.includes('\0')) return 'has a character that no name of MySQL can have';
  // names that differ in those at the end alone are the same to it
  if (name.startsWith(' ') || name.endsWith(' ')) return 'begins or ends with a blank';
  return undefined;
}

/** Whether MySQL can have a database, table or routine of this name. */
export function fitsAsName(name: string): boolean {
  return whyNotAName(name, maximumNameLength) === undefined;
}

/** Whether an account of this name belongs to MySQL or Azure, whatever the case of its letters. */
export function isReservedUserName(name: string): boolean {
  const folded = name.toLowerCase();
  return folded.startsWith('mysql.') || reservedNames.includes(folded);
}

/** The name of a connection's user: aad_<namespace>_<name>, shortened with a hash where that has more than 32 characters. */
export function defaultUserName(namespace: string, name: string): string {
  const full = `aad_${namespace}_${name}`;
  if (full.length <= maximumUserNameLength) return full;
  const hash = createHash('sha256').update(`${namespace}/${name}`).digest('hex').slice(0, 8);
  return `${full.slice(0, maximumUserNameLength - hash.length - 1)}_${hash}`;
}
