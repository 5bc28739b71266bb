import type { Cancellable } from '../target.ts';
import { difference } from './compare-rights.ts';
import { knownToAll, unknownTriggers } from './event-triggers.ts';
import { readPassable, readRights } from './grant-queries.ts';
import { isNamed, namedSchemas } from './named-objects.ts';
import { observeDiffering } from './observe-differing.ts';
import { observeNamed } from './observe-named.ts';
import { observeRoles } from './observe-roles.ts';
import { promisedOn } from './profile.ts';
import { maximumRightRows, tooMany } from './right-limits.ts';
import { type RightRow, type RightsSeen, readRightRows } from './right-rows.ts';
import type { RightsObservation, RightsOn, RoleFound } from './rights.ts';
import type { RightsRequest } from './rights-request.ts';
import type { Privilege } from './securable.ts';
import type { Session } from './session.ts';

/**
 * Looks at the rights of some users in the session's database, and answers in the order in which they were asked for: one query at rest, however many users and tables
 * there are; names of tables only where counts differ from what is promised, or where grants name them. Within a transaction that reads. Never writes.
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
  return JSON.stringify([creatorsOf(request), extensionSchemasOf(request)]);
}

/** How the marks begin of those who may create what this user has rights on later; null where nothing of that is promised. */
function creatorsOf({ clusterHash, promised }: RightsRequest): string | null {
  return promised.futureObjects ? `dbaccess/1 ${clusterHash} ` : null;
}

/** Nobody who says * means the schemas that an extension made for itself, but for those that a grant names; null where all of them are looked at. */
function extensionSchemasOf({ promised }: RightsRequest): readonly string[] | null {
  return promised.schemas === undefined ? namedSchemas(promised).toSorted() : null;
}

async function observeAlike(
  session: Session,
  requests: readonly RightsRequest[],
  { signal }: Cancellable,
): Promise<readonly RightsObservation[]> {
  const first = requests[0]!;
  const roleOids = [...new Set(requests.map(({ roleOid }) => roleOid))];
  const values = [roleOids, knownToAll(requests), creatorsOf(first), extensionSchemasOf(first)];
  const rows = await session.query<RightRow & Record<string, unknown>>(readRights, values, { signal });
  if (rows.length > maximumRightRows) throw tooMany(first.database);
  const seenOf = readRightRows(rows);
  const users = requests.map((request): Seen => ({ request, ...seenOf(request.roleOid) }));
  const differing = await observeDiffering(session, users, { signal });
  const named = await observeNamed(session, requests, { signal });
  const passable = await findPassable(session, users, { signal });
  const roles = await findRoles(session, requests, { signal });
  return users.map(({ request, objects, triggers, ...seen }) => {
    const { database, userName, promised, knownTriggers } = request;
    const others = [...objects.map((object) => withPassable(object, passable)), ...(differing.get(request) ?? [])];
    return {
      ...seen,
      database,
      userName,
      majorVersion: session.majorVersion,
      objects: [...others.filter(({ on }) => !isNamed(promised, on)), ...(named.get(request) ?? [])],
      ...(promised.roles.length > 0 && { roles: roles.filter(({ name }) => promised.roles.includes(name)) }),
      eventTriggers: unknownTriggers(triggers, knownTriggers),
    };
  });
}

/** A user with what is known of its rights so far. */
type Seen = RightsSeen & { readonly request: RightsRequest };

/** Looks at the roles that any of the users shall be a member of. */
async function findRoles(session: Session, requests: readonly RightsRequest[], { signal }: Cancellable): Promise<readonly RoleFound[]> {
  const names = requests.flatMap(({ promised }) => promised.roles);
  const administratorNames = [...new Set(requests.flatMap((request) => request.administratorNames))];
  return await observeRoles(session, names, { administratorNames, signal });
}

interface Passable {
  readonly kind: string;
  readonly name: string;
  readonly privilege: Privilege;
}

/** Asks what we could pass on of database and schemas, where somebody else owns them and something is missing. */
async function findPassable(session: Session, users: readonly Seen[], { signal }: Cancellable): Promise<readonly Passable[]> {
  const lacking = users.flatMap(({ request: { promised }, objects }) =>
    objects.flatMap((object) => {
      const { kind, name } = object.on;
      if (kind !== 'database' && kind !== 'schema') return [];
      return difference(object, promisedOn(promised, object.on)).lacking.map((privilege) => ({ kind, name, privilege }));
    }),
  );
  if (lacking.length === 0) return [];
  const of = (wanted: string) => lacking.filter(({ kind }) => kind === wanted);
  const distinct = (names: readonly string[]) => [...new Set(names)];
  const values = [
    distinct(of('schema').map(({ name }) => name)),
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
