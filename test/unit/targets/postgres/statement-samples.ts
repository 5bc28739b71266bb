import type { Mark } from '../../../../src/targets/mark.ts';
import * as rightQueries from '../../../../src/targets/postgres/grant-queries.ts';
import { parseObjectId } from '../../../../src/targets/postgres/label.ts';
import { readMarked } from '../../../../src/targets/postgres/list-marked.ts';
import * as nameQueries from '../../../../src/targets/postgres/name-queries.ts';
import * as ownerQueries from '../../../../src/targets/postgres/owner-queries.ts';
import * as queries from '../../../../src/targets/postgres/queries.ts';
import { readRoles } from '../../../../src/targets/postgres/role-queries.ts';
import type { FutureKind, Securable } from '../../../../src/targets/postgres/securable.ts';
import type { Sql } from '../../../../src/targets/postgres/sql.ts';
import * as statements from '../../../../src/targets/postgres/statements.ts';

const user = 'aad_"shop"';
const objectId = parseObjectId('BBBBBBBB-0000-4000-8000-000000000001');
const mark: Mark = {
  cluster: '00000000000000c1',
  connection: '00000000000000d1',
  uid: '00000001-0000-4000-8000-000000000003',
  origin: 'created',
  state: 'live',
};
const table = (name: string): Securable => ({ kind: 'table', schema: 'app "x"', name });
const objects: readonly (readonly Securable[])[] = [
  [{ kind: 'database', name: 'orders' }],
  [{ kind: 'schema', name: 'app' }],
  [table('a'), table('b;--')],
  [{ kind: 'sequence', schema: 'app', name: 'a_id_seq' }],
  [{ kind: 'column', schema: 'app', table: 'a', name: 'secret' }],
  [{ kind: 'routine', schema: 'app', name: 'f', arguments: [] }],
  [
    {
      kind: 'routine',
      schema: 'app',
      name: 'f',
      arguments: [
        { schema: 'pg_catalog', name: '_int4' },
        { schema: 'app', name: 'Mood "x"' },
      ],
    },
  ],
];
const kinds: readonly FutureKind[] = ['table', 'sequence', 'routine', 'schema', 'type', 'largeobject'];
const cascades = [{ cascade: false }, { cascade: true }];
const future = { owner: 'app"owner', schema: 'app', kind: 'table' } as const;

/** Each builder of a statement, in all the forms that it has. */
const built: { readonly [Name in keyof typeof statements]: readonly Sql[] } = {
  beginRead: [statements.beginRead],
  beginWrite: [statements.beginWrite],
  commit: [statements.commit],
  rollback: [statements.rollback],
  createPrincipal: [statements.createPrincipal(user, objectId), statements.createPrincipal("back\\slash'", objectId)],
  setMark: [statements.setMark(user, mark)],
  clearPassword: [statements.clearPassword(user)],
  allowLogin: [statements.allowLogin(user)],
  forbidLogin: [statements.forbidLogin(user)],
  bind: [statements.bind(user, objectId)],
  unbind: [statements.unbind(user)],
  resetAttributes: [statements.resetAttributes(user, ['createRole', 'createDatabase', 'noConnections'])],
  resetSettings: [statements.resetSettings(user, undefined), statements.resetSettings(user, 'or"ders')],
  rename: [statements.rename(user, 'dbaccess_retired_00000001')],
  reassignOwned: [statements.reassignOwned(user, 'app"keeper')],
  revokePublicConnect: [statements.revokePublicConnect('or"ders')],
  drop: [statements.drop(user)],
  dropOwned: [statements.dropOwned(user)],
  grant: [0, 1, 2, 3, 5, 6].map((index) => statements.grant(['SELECT', 'INSERT'], objects[index]!, [user, 'aad_other'])),
  revoke: objects.flatMap((on) => cascades.map((options) => statements.revoke(['SELECT', 'UPDATE'], on, user, options))),
  grantDefault: kinds.slice(0, 3).map((kind) => statements.grantDefault(['SELECT'], { ...future, kind }, [user, 'aad_other'])),
  revokeDefault: [
    ...kinds.map((kind) => statements.revokeDefault(['USAGE'], { ...future, kind }, user, { cascade: false })),
    statements.revokeDefault(['SELECT'], { ...future, schema: undefined }, user, { cascade: true }),
  ],
  grantMembership: [statements.grantMembership('readers', [user, 'aad_other'])],
  revokeMembership: cascades.map((options) => statements.revokeMembership('readers', user, 'pg"admin', options)),
  joinRole: [statements.joinRole('app"owner', { set: false }), statements.joinRole('app"owner', { set: true })],
  leaveRole: [statements.leaveRole('app"owner', 'operator')],
  restoreMembership: [statements.restoreMembership('app"owner', { grantor: 'operator', inherit: false, set: true })],
};

/** Statements that only read, by name. */
export const reading: Readonly<Record<string, Sql>> = {
  ...queries,
  ...ownerQueries,
  readMarked,
  readRoles,
  ...nameQueries,
  ...rightQueries,
};

/** Every statement that can be sent, by the name of what makes it. */
export const samples: Readonly<Record<string, readonly Sql[]>> = {
  ...built,
  ...Object.fromEntries(Object.entries(reading).map(([name, statement]) => [name, [statement]])),
};
