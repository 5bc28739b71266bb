import type { Cancellable } from '../target.ts';
import { difference, mayDiffer } from './compare-rights.ts';
import { nameDiffering } from './name-queries.ts';
import { type Promised, promisedOn, promisedOnEvery } from './profile.ts';
import { maximumNamedObjects, tooMany } from './right-limits.ts';
import { byHolder, inSchema, type RightEntry, rightsOf } from './right-rows.ts';
import type { Acting, ObjectGroup, RightsOn } from './rights.ts';
import type { RightsRequest } from './rights-request.ts';
import type { Privilege, TypeName } from './securable.ts';
import type { Session } from './session.ts';

/** A user and the groups of objects that were counted for it. */
export interface Counted {
  readonly request: RightsRequest;
  readonly groups: readonly ObjectGroup[];
}

/** Objects of one group that are looked at one by one, for users to whom the same of them is promised. */
interface Naming {
  readonly group: ObjectGroup;
  readonly promised: readonly Privilege[];
  /** Whether they have no rights there of their own, so that what is found for one holds for all. */
  readonly areNew: boolean;
  readonly users: RightsRequest[];
}

/**
 * Looks one by one at the objects of those groups where counts differ from what is promised on every object, and answers those that differ, and those that are promised more than
 * the others. Within a transaction that reads. Never writes. Throws TooManyObjects where some that differ would never be reached.
 */
export async function observeDiffering(
  session: Session,
  users: readonly Counted[],
  { signal }: Cancellable,
): Promise<ReadonlyMap<RightsRequest, readonly RightsOn[]>> {
  const found = new Map<RightsRequest, RightsOn[]>();
  for (const naming of namingsOf(users))
    for (const [request, objects] of await observeGroup(session, naming, { signal }))
      found.set(request, [...(found.get(request) ?? []), ...objects]);
  return found;
}

/** Which groups must be looked at object by object, and for whom. Pure. */
function namingsOf(users: readonly Counted[]): readonly Naming[] {
  const namings = new Map<string, Naming>();
  for (const { request, groups } of users) {
    for (const group of groups) {
      const { kind, owner, schemaOid, ownerOid } = group;
      // what the user owns it may do everything with
      if (owner === request.userName) continue;
      const promised = promisedOnEvery(request.promised, group);
      if (!mayDiffer(group, promised)) continue;
      const areNew = group.rights.every((right) => right.public);
      const key = JSON.stringify([kind, schemaOid, ownerOid, promised, areNew]);
      const naming = namings.get(key) ?? { group, promised, areNew, users: [] };
      naming.users.push(request);
      namings.set(key, naming);
    }
  }
  return [...namings.values()];
}

async function observeGroup(
  session: Session,
  { group, promised, areNew, users }: Naming,
  { signal }: Cancellable,
): Promise<readonly (readonly [RightsRequest, readonly RightsOn[]])[]> {
  const { kind, schemaOid, ownerOid, acting, count } = group;
  const found: [RightsRequest, readonly RightsOn[]][] = [];
  // each role is one row for each object at most, and the answer is cut off
  const atOnce = areNew ? users.length : Math.max(1, Math.floor(maximumNamedObjects / count));
  for (let index = 0; index < users.length; index += atOnce) {
    const some = users.slice(index, index + atOnce);
    const roleOids = some.slice(0, areNew ? 1 : atOnce).map(({ roleOid }) => roleOid);
    const values = [roleOids, schemaOid, ownerOid, kind, promised, acting === ('no' satisfies Acting)];
    const rows = await session.query<ObjectRow & Record<string, unknown>>(nameDiffering, values, { signal });
    for (const request of some) {
      const role = areNew ? roleOids[0] : request.roleOid;
      const objects = rows.filter((row) => row.role === role).map((row) => objectOf(row, group, request.roleOid));
      // those beyond the limit would never be looked at
      if (objects.length === maximumNamedObjects && objects.every((object) => isLeftAlone(object, request.promised)))
        throw tooMany(request.database);
      found.push([request, objects]);
    }
  }
  return found;
}

interface ObjectRow {
  readonly role: number;
  readonly name: string;
  readonly arguments: readonly TypeName[] | null;
  readonly rights: readonly RightEntry[] | null;
  readonly grantable: readonly Privilege[] | null;
}

function objectOf(row: ObjectRow, { kind, schema, owner, acting }: ObjectGroup, roleOid: number): RightsOn {
  const { name, arguments: types, rights, grantable } = row;
  return {
    on: inSchema({ kind, schema, name }, types),
    owner,
    acting,
    rights: rightsOf(byHolder(rights), roleOid),
    grantable: grantable ?? [],
  };
}

function isLeftAlone(object: RightsOn, promised: Promised): boolean {
  const { grant, lacking, revoke } = difference(object, promisedOn(promised, object.on));
  return grant.length + lacking.length + revoke.length === 0;
}
