import { isMark, parseMark } from '../mark.ts';
import type { Cancellable } from '../target.ts';
import { isReservedRoleName } from './names.ts';
import { bindingOf } from './observe-users.ts';
import { readAdoption } from './queries.ts';
import type { Session } from './session.ts';
import type { Adoption } from './user.ts';

interface AdoptionRow {
  readonly comment: string | null;
  readonly mayChange: boolean;
  readonly principal: Readonly<Record<string, unknown>> | null;
  readonly ownsDatabase: boolean;
  readonly privilegedRole: string | null;
}

/**
 * What decides whether a role may be taken over, through a session in database `postgres`; undefined when it isn't there. Never writes.
 * `administratorNames`: of the server's administrators, who may have come by their rights in ways that PostgreSQL doesn't show.
 */
export async function observeAdoption(
  session: Session,
  userName: string,
  { administratorNames, signal }: Cancellable & { readonly administratorNames: readonly string[] },
): Promise<Adoption | undefined> {
  const values = [userName, administratorNames];
  const [row] = await session.query<AdoptionRow & Record<string, unknown>>(readAdoption, values, { signal });
  if (!row) return undefined;
  const { comment, mayChange, principal } = row;
  return {
    binding: principal ? bindingOf(principal) : undefined,
    comment: comment === null ? 'none' : isMark(comment) ? 'mark' : 'text',
    mark: parseMark(comment),
    privilege: privilegeOf(userName, row),
    mayChange,
  };
}

function privilegeOf(userName: string, { privilegedRole, ownsDatabase }: AdoptionRow): string | undefined {
  if (privilegedRole === userName) return 'has an attribute such as CREATEROLE or CREATEDB';
  if (privilegedRole !== null) return `is a member of ${isReservedRoleName(privilegedRole) ? privilegedRole : 'a privileged role'}`;
  return ownsDatabase ? 'owns a database, or is a member of a role that does' : undefined;
}
