import { ConnectionError } from '../../api/connection-error.ts';
import type { Answer } from '../gathering.ts';
import { togetherOrAlone } from '../gathering.ts';
import type { Cancellable, TargetRequest } from '../target.ts';
import { folded, isSameName } from './databases.ts';
import { fitsAsName } from './names.ts';
import { observeRoles } from './observe-roles.ts';
import { isInScope } from './plan-rights.ts';
import { foldedRoutine, type Promised, promisedBy, promisedOnRoutines, promisedOnTables } from './profile.ts';
import { type RightsFound, readAllRights } from './read-rights.ts';
import type { NamedObject, RightsObservation, RoleFound } from './rights.ts';
import type { NamedRequest } from './rights-queries.ts';
import type { MysqlServer } from './server.ts';
import type { Session } from './session.ts';

/** What a look at a user's rights needs to know. */
export interface RightsRequest {
  readonly database: string;
  readonly userName: string;
  readonly promised: Promised;
  /** Whether rights on a database that isn't there are of interest, too. */
  readonly evenIfGone?: true;
}

/**
 * Looks at the rights of some users, each in the database of its connection, and answers in the order in which they were asked for. What a spec asks for and no server can
 * give fails alone, and so does a database that isn't there. Never writes. Throws ConnectionError.
 */
export async function lookAtRights(
  session: Session,
  requests: readonly Pick<TargetRequest, 'database' | 'userName' | 'access'>[],
  options: Cancellable & { readonly server: MysqlServer },
): Promise<readonly Answer<RightsObservation>[]> {
  const judged = requests.map(requestOf);
  const good = judged.flatMap((answer) => (answer.ok ? [answer.result] : []));
  const look = (some: readonly RightsRequest[]) => observeRights(session, some, options);
  const looks = good.length > 0 ? await togetherOrAlone(good, look, () => session.isUsable) : [];
  const found = new Map(good.map((request, index) => [request, looks[index]!]));
  return judged.map((answer): Answer<RightsObservation> => {
    if (!answer.ok) return answer;
    const looked = found.get(answer.result)!;
    if (!looked.ok) return looked;
    return looked.result ? { ok: true, result: looked.result } : { ok: false, error: databaseNotFound(answer.result.database) };
  });
}

/** Undefined for those whose database isn't there, unless they want to know all the same. */
export async function observeRights(
  session: Session,
  requests: readonly RightsRequest[],
  { server, signal }: Cancellable & { readonly server: MysqlServer },
): Promise<readonly (RightsObservation | undefined)[]> {
  const found = await readAllRights(
    session,
    requests.map(({ userName }) => userName),
    { databases: [...new Set(requests.map(({ database }) => database))], named: namedBy(requests), signal },
  );
  const roles = await observeRoles(
    session,
    requests.flatMap(({ promised }) => promised.roles),
    server,
    { signal },
  );
  return requests.map((request) => observationOf(request, found, roles, session));
}

function observationOf(
  request: RightsRequest,
  found: RightsFound,
  roles: readonly RoleFound[],
  { traits }: Session,
): RightsObservation | undefined {
  const { database, userName, promised, evenIfGone } = request;
  if (!evenIfGone && !found.databases.some((name) => isSameName(name, database, traits))) return undefined;
  const all = found.users.get(userName)!;
  const { proxied, memberships, defaultRoles } = all;
  return {
    database,
    userName,
    traits: { partialRevokes: traits.partialRevokes, foldsNames: traits.foldsNames },
    rights: all.rights.filter(({ on }) => isInScope(on, database, traits)),
    proxied,
    memberships,
    defaultRoles,
    roles: roles.filter(({ name }) => promised.roles.includes(name)),
    named: namedIn(found, request, traits),
    own: found.own,
  };
}

/** Others of the batch may name objects of the same database. */
function namedIn(found: RightsFound, { database, promised }: RightsRequest, traits: Session['traits']): readonly NamedObject[] {
  const [tables, routines] = [promisedOnTables(promised, traits), promisedOnRoutines(promised)];
  const objects = found.named
    .filter((object) => isSameName(object.database, database, traits))
    .filter(({ kind, name }) => (kind === 'table' ? tables.has(folded(name, traits)) : routines.has(foldedRoutine(name))))
    .map(({ database: _, ...object }): NamedObject => object);
  // the same database may have been asked for in other letters too
  return [...new Map(objects.map((object) => [JSON.stringify(object), object])).values()];
}

/** One look for all names of a kind in a database. */
function namedBy(requests: readonly RightsRequest[]): readonly NamedRequest[] {
  const kinds: readonly [NamedRequest['kind'], (promised: Promised) => Promised['tables']][] = [
    ['table', ({ tables }) => tables],
    ['routine', ({ routines }) => routines],
  ];
  return [...Map.groupBy(requests, ({ database }) => database)].flatMap(([database, some]) =>
    kinds.flatMap(([kind, objectsOf]) => {
      const names = [...new Set(some.flatMap(({ promised }) => objectsOf(promised).map(({ name }) => name)))].filter(fitsAsName);
      return names.length === 0 ? [] : [{ kind, database, names }];
    }),
  );
}

function requestOf({ database, userName, access }: Pick<TargetRequest, 'database' | 'userName' | 'access'>): Answer<RightsRequest> {
  try {
    if (!fitsAsName(database)) throw databaseNotFound(database);
    return { ok: true, result: { database, userName, promised: promisedBy(access) } };
  } catch (error) {
    return { ok: false, error };
  }
}

function databaseNotFound(database: string): ConnectionError {
  return new ConnectionError(
    'waiting',
    'DatabaseNotFound',
    `the server has no database ${JSON.stringify(database)}: create it, or create the connection anew with the right name`,
  );
}
