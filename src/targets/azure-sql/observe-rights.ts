import { ConnectionError } from '../../api/connection-error.ts';
import type { Cancellable } from '../target.ts';
import { type OwnedRow, ownedOf } from './observe-hand-over.ts';
import { findPrincipals } from './principal.ts';
import type { Promised } from './profile.ts';
import type { ObjectKind } from './promised-grants.ts';
import { maximumPermissionRows, readDenials, readMemberships, readObjects, readOwnedBy, readPermissions, readSchemas } from './queries.ts';
import { permissionOf, type SecurableRow, securableOf } from './right-rows.ts';
import type { Denial, ObjectFound, RightsObservation, RoleFound, SchemaFound } from './rights.ts';
import { namesAround, readRoleGraph, whyNeverGiven } from './role-graph.ts';
import type { Session } from './session.ts';
import { listTriggers, unknownTriggers } from './triggers.ts';

/** Whose rights are looked at, and what is promised to it. */
export interface RightsRequest {
  readonly userName: string;
  /** Of the principal. */
  readonly userId: number;
  readonly promised: Promised;
  readonly knownTriggers: readonly string[];
}

/** Names in one question: two parameters each, of which a statement takes 2,100. */
const maximumAsked = 500;

/** Looks at the rights of some users in the session's database, and answers in the order in which they were asked for. Never writes. Throws TooManyObjects. */
export async function observeRights(
  session: Session,
  requests: readonly RightsRequest[],
  { signal }: Cancellable,
): Promise<readonly RightsObservation[]> {
  const { database } = session;
  const ids = [...new Set(requests.map(({ userId }) => userId))];
  const permissions = await session.query<PermissionRow>(readPermissions(ids.length), ids, { signal });
  if (permissions.length > maximumPermissionRows) throw tooMany(database);
  const memberships = await session.query<{ id: number; role: string }>(readMemberships(ids.length), ids, { signal });
  const owned = await session.query<OwnedRow & { id: number }>(readOwnedBy(ids.length), ids, { signal });
  const denials = (await session.query<SecurableRow & { grantee: string }>(readDenials, [], { signal })).map(
    (row): Denial => ({ grantee: row.grantee, permission: row.permission, on: securableOf(row, database) }),
  );
  const triggers = await listTriggers(session, { signal });
  const everything = requests.map(({ promised }) => promised);
  const schemas = await findSchemas(session, everything, { signal });
  const objects = await findObjects(session, everything, { signal });
  const roles = await findRoles(session, everything, { signal });
  return requests.map(({ userName, userId, knownTriggers }) => ({
    database,
    userName,
    userId,
    owned: owned.filter(({ id }) => id === userId).flatMap((row) => ownedOf(row) ?? []),
    permissions: permissions.filter(({ id }) => id === userId).map((row) => permissionOf(row, database)),
    memberships: memberships.filter(({ id }) => id === userId).map(({ role }) => role),
    schemas,
    objects,
    roles,
    denials,
    triggers: unknownTriggers(triggers, knownTriggers),
  }));
}

type PermissionRow = SecurableRow & { readonly id: number; readonly grantor: string };

async function findSchemas(session: Session, all: readonly Promised[], { signal }: Cancellable): Promise<readonly SchemaFound[]> {
  const names = distinct(
    all.flatMap(({ schemas, objects }) => [...schemas, ...objects]).map(({ schema }) => schema),
    (name) => name,
  );
  const found: SchemaFound[] = [];
  for (const some of inParts(names)) found.push(...(await session.query<SchemaFound>(readSchemas(some.length), some, { signal })));
  return found;
}

interface ObjectRow {
  readonly askedSchema: string;
  readonly asked: string;
  readonly schema: string;
  readonly name: string;
  readonly type: string;
  readonly owner: number;
}

async function findObjects(session: Session, all: readonly Promised[], { signal }: Cancellable): Promise<readonly ObjectFound[]> {
  const named = distinct(
    all.flatMap(({ objects }) => objects),
    ({ schema, name }) => JSON.stringify([schema, name]),
  );
  const found: ObjectFound[] = [];
  for (const some of inParts(named)) {
    const values = some.flatMap(({ schema, name }) => [schema, name]);
    const rows = await session.query<ObjectRow>(readObjects(some.length), values, { signal });
    for (const { askedSchema, asked, schema, name, type, owner } of rows) {
      const kind = kindOf[type];
      if (kind) found.push({ asked: { schema: askedSchema, name: asked }, kind, schema, name, owner });
    }
  }
  return found;
}

/** Types of sys.objects: https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-objects-transact-sql. */
const kindOf: Readonly<Record<string, ObjectKind>> = {
  U: 'table',
  V: 'table',
  SO: 'sequence',
  P: 'routine',
  PC: 'routine',
  FN: 'routine',
  FS: 'routine',
  IF: 'routine',
  TF: 'routine',
  FT: 'routine',
  AF: 'routine',
};

async function findRoles(session: Session, all: readonly Promised[], { signal }: Cancellable): Promise<readonly RoleFound[]> {
  const names = distinct(
    all.flatMap(({ roles }) => roles),
    (name) => name,
  );
  if (names.length === 0) return [];
  const found = await findPrincipals(
    session,
    names.map((name) => ({ name, securityId: null })),
    { signal },
  );
  const graph = await readRoleGraph(session, { signal });
  return names.flatMap((asked, index) => {
    const role = found[index]?.named;
    return role?.type === 'R'
      ? [{ asked, name: role.name, whyNever: whyNeverGiven(role.id, graph), around: namesAround(role.id, graph) }]
      : [];
  });
}

function inParts<T>(list: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(list.length / maximumAsked) }, (_, index) =>
    list.slice(index * maximumAsked, (index + 1) * maximumAsked),
  );
}

function distinct<T>(list: readonly T[], keyOf: (each: T) => string): readonly T[] {
  return [...new Map(list.map((each) => [keyOf(each), each])).values()];
}

function tooMany(database: string): ConnectionError {
  return new ConnectionError(
    'stalled',
    'TooManyObjects',
    `in database ${database} the user has more than ${maximumPermissionRows} permissions: take back what isn't needed`,
  );
}
