import { ConnectionError } from '../../api/connection-error.ts';
import type { Cancellable } from '../target.ts';
import { type Difference, difference, mayDiffer } from './compare-rights.ts';
import { maximumNamedObjects, maximumRightRows, nameRelations, nameRoutines, readPassable, readRights } from './grant-queries.ts';
import { type Promised, promisedOn } from './profile.ts';
import { type RightRow, readRightRows } from './right-rows.ts';
import type { Acting, ObjectGroup, Right, RightsObservation, RightsOn } from './rights.ts';
import { isPrivilege, type Privilege, type TypeName } from './securable.ts';
import type { Session } from './session.ts';

export interface RightsRequest {
  readonly database: string;
  readonly userName: string;
  readonly roleOid: number;
  readonly promised: Promised;
  readonly clusterHash: string;
  readonly knownTriggers: readonly string[];
}

/**
 * Looks at a user's rights in the session's database: one query at rest, however many tables there are; names of tables only where their counts differ from what is promised.
 * Never writes. Throws TooManyObjects when the rights are spread over too many schemas, owners and grantors.
 */
export async function observeRights(session: Session, request: RightsRequest, { signal }: Cancellable): Promise<RightsObservation> {
  return await session.reading(
    async () => {
      const marks = request.promised.futureObjects ? `dbaccess/1 ${request.clusterHash} ` : null;
      // nobody who says * means the schemas that an extension made for itself
      const values = [request.roleOid, request.knownTriggers, marks, request.promised.schemas === undefined];
      const rows = await session.query<RightRow & Record<string, unknown>>(readRights, values, { signal });
      if (rows.length > maximumRightRows) throw tooMany(request.database);
      const found = readRightRows(rows);
      const objects = await withPassable(session, request, found.objects, { signal });
      const named: RightsOn[] = [];
      for (const group of found.groups) named.push(...(await nameObjects(session, request, group, { signal })));
      const { database, userName } = request;
      return { ...found, database, userName, majorVersion: session.majorVersion, objects: [...objects, ...named] };
    },
    { signal },
  );
}

function tooMany(database: string): ConnectionError {
  return new ConnectionError(
    'stalled',
    'TooManyObjects',
    `database ${database} has more than ${maximumRightRows} combinations of schema, owner and grantor, or more than ${maximumNamedObjects} objects of one owner with rights that others gave: it is too large to be looked after`,
  );
}

/** Asks what we could pass on of database and schemas, where somebody else owns them and something is missing. */
async function withPassable(
  session: Session,
  { promised, database }: RightsRequest,
  objects: readonly RightsOn[],
  { signal }: Cancellable,
): Promise<readonly RightsOn[]> {
  const lacking = objects.filter((object) => difference(object, promisedOn(promised, object.on)).lacking.length > 0);
  if (lacking.length === 0) return objects;
  const schemas = lacking.filter(({ on }) => on.kind === 'schema').map(({ on }) => on.name);
  const values = [schemas, promised.schema, promised.database];
  const passable = await session.query<{ kind: string; name: string; privilege: Privilege }>(readPassable, values, { signal });
  return objects.map((object) => {
    const { kind, name } = object.on;
    const grantable = passable.filter((each) => each.kind === kind && (kind === 'database' ? each.name === database : each.name === name));
    return object.acting === 'no' ? { ...object, grantable: grantable.map((each) => each.privilege) } : object;
  });
}

async function nameObjects(session: Session, request: RightsRequest, group: ObjectGroup, { signal }: Cancellable): Promise<RightsOn[]> {
  // what the user owns it may do everything with
  if (group.owner === request.userName) return [];
  const { kind, schema, owner, acting } = group;
  if (kind === 'routine') {
    if (!group.rights.some((right) => !right.public)) return [];
    const rows = await session.query<RoutineRow>(nameRoutines, [request.roleOid, group.schemaOid, group.ownerOid], { signal });
    return rows.map(({ name, arguments: types, rights }) => ({
      on: { kind, schema, name, arguments: types ?? [] },
      owner,
      acting,
      rights: known(rights),
      grantable: [],
    }));
  }
  const promised = promisedOn(request.promised, { kind, schema, name: '' });
  if (!mayDiffer(group, promised)) return [];
  const values = [request.roleOid, group.schemaOid, group.ownerOid, relationKinds[kind], promised, acting === ('no' satisfies Acting)];
  const rows = await session.query<RelationRow>(nameRelations, values, { signal });
  const named = rows.map(
    ({ name, rights, grantable }): RightsOn => ({
      on: { kind, schema, name },
      owner,
      acting,
      rights: known(rights),
      grantable: grantable ?? [],
    }),
  );
  // those beyond the limit would never be looked at
  if (named.length === maximumNamedObjects && named.every((object) => isLeftAlone(difference(object, promised))))
    throw tooMany(request.database);
  return named;
}

function isLeftAlone({ grant, lacking, revoke }: Difference): boolean {
  return grant.length + lacking.length + revoke.length === 0;
}

/** As GRANT ON TABLE understands it: tables, partitioned tables, views, materialized views, foreign tables. */
const relationKinds = { table: ['r', 'p', 'v', 'm', 'f'], sequence: ['S'] } as const;

interface RelationRow {
  readonly name: string;
  readonly rights: readonly Right[] | null;
  readonly grantable: readonly Privilege[] | null;
}

interface RoutineRow {
  readonly name: string;
  readonly arguments: readonly TypeName[] | null;
  readonly rights: readonly Right[];
}

function known(rights: readonly Right[] | null): readonly Right[] {
  return (rights ?? []).filter((right) => isPrivilege(right.privilege));
}
