import type { Unusable } from '../owner-credentials.ts';
import type { Acting } from './rights.ts';
import type { Through } from './steps.ts';

/** What the policy's login for owners is good for in a database. `owners`: of those who matter, the ones whose rights it has. */
export type OwnerLoginFound = { readonly kind: 'usable'; readonly userName: string; readonly owners: readonly string[] } | Unusable;

/** Through whose login we can act for an owner for whom we can't act ourselves; undefined where there is none. Pure. */
export function throughLogin(
  { owner, acting }: { readonly owner: string; readonly acting: Acting },
  login: OwnerLoginFound | undefined,
): Through | undefined {
  if (acting !== 'no' || login?.kind !== 'usable' || !login.owners.includes(owner)) return undefined;
  return { login: login.userName, owner };
}

/** Why the policy's login doesn't help with an owner's objects, as part of a sentence; empty where the policy names none. Names no Secret: those who read it may not know of it. Pure. */
export function whyNotThroughLogin(login: OwnerLoginFound | undefined): string {
  switch (login?.kind) {
    case undefined:
      return '';
    case 'unusable':
      return ` (the login that the policy gives for this can't be used, because ${login.why})`;
    case 'usable':
      return ' (the login that the policy gives for this has not the rights of that owner)';
    default:
      return login satisfies never;
  }
}
