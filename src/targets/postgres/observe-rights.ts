import { ConnectionError } from '../../api/connection-error.ts';
import type { Cancellable } from '../target.ts';
import { type Difference, difference, mayDiffer } from './compare-rights.ts';
import { knownToAll, unknownTriggers } from './event-triggers.ts';
import { maximumNamedObjects, maximumRightRows, nameRelations, nameRoutines, readPassable, readRights } from './grant-queries.ts';
import { type Promised, promisedOn } from './profile.ts';
import { byHolder, type RightEntry, type RightRow, type RightsSeen, readRightRows, rightsOf } from './right-rows.ts';
import type { Acting, ObjectGroup, RightsObservation, RightsOn } from './rights.ts';
import type { Privilege, TypeName } from './securable.ts';
import type { Session } from './session.ts';

export interface RightsRequest {
  readonly database: string;
  readonly userName: string;
  readonly roleOid: number;
  readonly promised: Promised;
  readonly clusterHash: string;
  readonly knownTriggers: readonly string[];
}

/** A user with what is known of its rights so far. */
interface Seen {
  readonly request: RightsRequest;
  readonly seen: RightsSeen;
  readonly named: RightsOn[];
}

/**
 * Looks at the rights of some users in the session's database, and answers in the order in which they were asked for: one query at rest, however many users and tables
 * there are; names of tables only where counts differ from what is promised. Within a transaction that reads. Never writes.
 * Throws TooManyObjects when the rights are spread over too many schemas, owners and grantors.
 */
export async function observeRights(
  session: Session,
  requests: readonly RightsRequest[],
  { signal }: Cancellable,
): Promise<readonly RightsObservation[]> {
  const observed = new Map<RightsRequest, RightsObservation>();
  for (const alike of Map.groupBy(requests, scopeOf).values())
    for (const [index, observation] of (await observeAlike(session, alike, { signal })).entries()) observed.set(alike[index]!, observation);
  return requests.map((request) => observed.get(request)!);
}

/** Looks at one user's rights in a transaction of its own. As `observeRights`. */
export async function observeRightsOf(session: Session, request: RightsRequest, { signal }: Cancellable): Promise<RightsObservation> {
  const [observation] = await session.reading(() => observeRights(session, [request], { signal }), { signal });
  return observation!;
}

/** What the query asks about besides roles. */
function scopeOf(request: RightsRequest): string {
  return JSON.stringify([creatorsOf(request), leavesExtensionsOut(request)]);
}

/** How the marks begin of those who may create what this user has rights on later; null where nothing of that is promised. */
function creatorsOf({ clusterHash, promised }: RightsRequest): string | null {
  return promised.futureObjects ? `dbaccess/1 ${clusterHash} ` : null;
}

/** Nobody who says * means the schemas that an extension made for itself. */
function leavesExtensionsOut({ promised }: RightsRequest): boolean {
  return promised.schemas === undefined;
}

async function observeAlike(
  session: Session,
  requests: readonly RightsRequest[],
  { signal }: Cancellable,
): Promise<readonly RightsObservation[]> {
  const first = requests[0]!;
  const roleOids = [...new Set(requests.map(({ roleOid }) => roleOid))];
  const values = [roleOids, knownToAll(requests), creatorsOf(first), leavesExtensionsOut(first)];
  const rows = await session.query<RightRow & Record<string, unknown>>(readRights, values, { signal });
  if (rows.length > maximumRightRows) throw tooMany(first.database);
  const seenOf = readRightRows(rows);
  const users = requests.map((request): Seen => ({ request, seen: seenOf(request.roleOid), named: [] }));
  await nameObjects(session, users, { signal });
  const passable = await findPassable(session, users, { signal });
  return users.map(({ request: { database, userName, knownTriggers }, seen: { objects, triggers, ...seen }, named }) => ({
    ...seen,
    database,
    userName,
    majorVersion: session.majorVersion,
    objects: [...objects.map((object) => withPassable(object, passable)), ...named],
    eventTriggers: unknownTriggers(triggers, knownTriggers),
  }));
}

function tooMany(database: string): ConnectionError {
  return new ConnectionError(
    'stalled',
    'TooManyObjects',
    `database ${database} has more than ${maximumRightRows} combinations of schema, owner and grantor, or more than ${maximumNamedObjects} objects of one owner with rights that others gave: it is too large to be looked after`,
  );
}

interface Passable {
  readonly kind: string;
  readonly name: string;
  readonly privilege: Privilege;
}

/** Asks what we could pass on of database and schemas, where somebody else owns them and something is missing. */
async function findPassable(session: Session, users: readonly Seen[], { signal }: Cancellable): Promise<readonly Passable[]> {
  const lacking = users.flatMap(({ request: { promised }, seen }) =>
    seen.objects.flatMap(({ on, ...object }) => {
      const { lacking } = difference({ on, ...object }, promisedOn(promised, on));
      return lacking.map((privilege) => ({ on, privilege }));
    }),
  );
  if (lacking.length === 0) return [];
  const of = (kind: string) => lacking.filter(({ on }) => on.kind === kind);
  const distinct = (names: readonly string[]) => [...new Set(names)];
  const values = [
    distinct(of('schema').map(({ on: { name } }) => name)),
    distinct(of('schema').map(({ privilege }) => privilege)),
    distinct(of('database').map(({ privilege }) => privilege)),
  ];
  return await session.query<Passable & Record<string, unknown>>(readPassable, values, { signal });
}

function withPassable(object: RightsOn, passable: readonly Passable[]): RightsOn {
  if (passable.length === 0 || object.acting !== 'no') return object;
  const { kind, name } = object.on;
  return { ...object, grantable: passable.filter((each) => each.kind === kind && each.name === name).map((each) => each.privilege) };
}

/** Objects of one group that are looked at one by one, for users to whom the same of them is promised. */
interface Naming {
  readonly group: ObjectGroup;
  readonly promised: readonly Privilege[];
  /** Whether they have no rights there of their own, so that what is found for one holds for all. */
  readonly areNew: boolean;
  readonly users: Seen[];
}

async function nameObjects(session: Session, users: readonly Seen[], { signal }: Cancellable): Promise<void> {
  for (const naming of namingsOf(users)) {
    if (naming.group.kind === 'routine') for (const user of naming.users) await nameRoutinesOf(session, user, naming.group, { signal });
    else await nameRelationsOf(session, naming, { signal });
  }
}

/** Which groups must be looked at object by object, and for whom. Pure. */
function namingsOf(users: readonly Seen[]): readonly Naming[] {
  const namings = new Map<string, Naming>();
  for (const user of users) {
    for (const group of user.seen.groups) {
      const { kind, schema, owner, schemaOid, ownerOid } = group;
      // what the user owns it may do everything with
      if (owner === user.request.userName) continue;
      const promised = kind === 'routine' ? [] : promisedOn(user.request.promised, { kind, schema, name: '' });
      const areNew = group.rights.every((right) => right.public);
      if (kind === 'routine' ? areNew : !mayDiffer(group, promised)) continue;
      const key = JSON.stringify([kind, schemaOid, ownerOid, promised, areNew]);
      const naming = namings.get(key) ?? { group, promised, areNew, users: [] };
      naming.users.push(user);
      namings.set(key, naming);
    }
  }
  return [...namings.values()];
}

async function nameRelationsOf(session: Session, { group, promised, areNew, users }: Naming, { signal }: Cancellable): Promise<void> {
  const { kind, schemaOid, ownerOid, acting, count } = group;
  if (kind === 'routine') return;
  // each role is one row for each object at most, and the answer is cut off
  const atOnce = areNew ? users.length : Math.max(1, Math.floor(maximumNamedObjects / count));
  for (let index = 0; index < users.length; index += atOnce) {
    const some = users.slice(index, index + atOnce);
    const roleOids = some.slice(0, areNew ? 1 : atOnce).map(({ request }) => request.roleOid);
    const values = [roleOids, schemaOid, ownerOid, relationKinds[kind], promised, acting === ('no' satisfies Acting)];
    const rows = await session.query<RelationRow & Record<string, unknown>>(nameRelations, values, { signal });
    for (const { request, named } of some) {
      const roleOid = areNew ? roleOids[0] : request.roleOid;
      const objects = rows.filter(({ role }) => role === roleOid).map((row) => relationOf(row, group, kind, request.roleOid));
      // those beyond the limit would never be looked at
      if (objects.length === maximumNamedObjects && objects.every((object) => isLeftAlone(difference(object, promised))))
        throw tooMany(request.database);
      named.push(...objects);
    }
  }
}

function relationOf(
  { name, rights, grantable }: RelationRow,
  { schema, owner, acting }: ObjectGroup,
  kind: keyof typeof relationKinds,
  roleOid: number,
): RightsOn {
  return { on: { kind, schema, name }, owner, acting, rights: rightsOf(byHolder(rights), roleOid), grantable: grantable ?? [] };
}

async function nameRoutinesOf(
  session: Session,
  { request, named }: Seen,
  { schema, schemaOid, owner, ownerOid, acting }: ObjectGroup,
  { signal }: Cancellable,
): Promise<void> {
  const rows = await session.query<RoutineRow & Record<string, unknown>>(nameRoutines, [request.roleOid, schemaOid, ownerOid], { signal });
  for (const { name, arguments: types, rights } of rows)
    named.push({
      on: { kind: 'routine', schema, name, arguments: types ?? [] },
      owner,
      acting,
      rights: rightsOf(byHolder(rights), request.roleOid),
      grantable: [],
    });
}

function isLeftAlone({ grant, lacking, revoke }: Difference): boolean {
  return grant.length + lacking.length + revoke.length === 0;
}

/** As GRANT ON TABLE understands it: tables, partitioned tables, views, materialized views, foreign tables. */
const relationKinds = { table: ['r', 'p', 'v', 'm', 'f'], sequence: ['S'] } as const;

interface RelationRow {
  readonly role: number;
  readonly name: string;
  readonly rights: readonly RightEntry[] | null;
  readonly grantable: readonly Privilege[] | null;
}

interface RoutineRow {
  readonly name: string;
  readonly arguments: readonly TypeName[] | null;
  readonly rights: readonly RightEntry[];
}
