import type { Cancellable } from '../target.ts';
import { readNamed } from './name-queries.ts';
import { type NamedObject, namedObjects } from './named-objects.ts';
import { promisedOn } from './profile.ts';
import { maximumNames, maximumRightRows, tooMany } from './right-limits.ts';
import { byHolder, inSchema, type RightEntry, rightsOf } from './right-rows.ts';
import type { Acting, RightsOn } from './rights.ts';
import type { RightsRequest } from './rights-request.ts';
import type { Privilege, TypeName } from './securable.ts';
import type { Session } from './session.ts';

/**
 * Looks at the objects that grants name, as far as they are there, whoever owns them and whatever rights there are on them; one query for all who ask, several where they name very many, and none
 * where no grant names any. Within a transaction that reads. Never writes. Throws TooManyObjects where a name stands for more functions than an answer holds.
 */
export async function observeNamed(
  session: Session,
  requests: readonly RightsRequest[],
  { signal }: Cancellable,
): Promise<ReadonlyMap<RightsRequest, readonly RightsOn[]>> {
  const wanted = requests.flatMap(wantedBy);
  const found = new Map<RightsRequest, RightsOn[]>();
  for (let index = 0; index < wanted.length; index += maximumNames) {
    const some = wanted.slice(index, index + maximumNames);
    const roleOids = [...new Set(some.map(({ role }) => role))];
    const rows = await session.query<NamedRow & Record<string, unknown>>(readNamed, [roleOids, JSON.stringify(some)], { signal });
    if (rows.length > maximumRightRows) throw tooMany(requests[0]!.database);
    for (const { asker, ...row } of rows) {
      const request = requests[asker]!;
      found.set(request, [...(found.get(request) ?? []), objectOf(row, request.roleOid)]);
    }
  }
  return found;
}

/** What readNamed is asked for one role and name. */
interface Wanted extends NamedObject {
  /** Whose answer it is: the request's position. */
  readonly asker: number;
  readonly role: number;
  readonly privileges: readonly Privilege[];
}

function wantedBy({ promised, roleOid }: RightsRequest, asker: number): readonly Wanted[] {
  return namedObjects(promised).map((object) => ({
    ...object,
    asker,
    role: roleOid,
    privileges: promisedOn(promised, inSchema(object, [])),
  }));
}

interface NamedRow extends NamedObject {
  readonly asker: number;
  readonly arguments: readonly TypeName[] | null;
  readonly owner: string;
  readonly acting: Acting;
  readonly rights: readonly RightEntry[] | null;
  readonly grantable: readonly Privilege[] | null;
}

function objectOf(row: Omit<NamedRow, 'asker'>, roleOid: number): RightsOn {
  const { arguments: types, owner, acting, rights, grantable } = row;
  return { on: inSchema(row, types), owner, acting, rights: rightsOf(byHolder(rights), roleOid), grantable: grantable ?? [] };
}
