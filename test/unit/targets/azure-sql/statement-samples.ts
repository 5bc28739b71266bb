import * as queries from '../../../../src/targets/azure-sql/queries.ts';
import type { Owned, Securable } from '../../../../src/targets/azure-sql/securable.ts';
import { pinSettings } from '../../../../src/targets/azure-sql/session-settings.ts';
import type { Sql } from '../../../../src/targets/azure-sql/sql.ts';
import * as statements from '../../../../src/targets/azure-sql/statements.ts';
import type { Mark } from '../../../../src/targets/mark.ts';

// without the bracket, which foreign grammars don't know to be doubled: sql.test.ts has it
const user = "aad_shop's; --";
const clientId = 'BBBBBBBB-0000-4000-8000-000000000001';
const mark: Mark = {
  cluster: '00000000000000c1',
  connection: '00000000000000d1',
  uid: '00000001-0000-4000-8000-000000000003',
  origin: 'created',
  state: 'live',
};
const things: readonly Securable[] = [
  { kind: 'database', name: 'orders' },
  { kind: 'schema', name: 'app "x"' },
  { kind: 'object', schema: 'app', name: 'orders;--' },
  { kind: 'object', schema: 'app', name: 'orders', column: 'secret' },
  { kind: 'type', schema: 'app', name: 'mood' },
  { kind: 'user', name: 'dbo' },
  { kind: 'role', name: 'readers' },
];
const owned: readonly Owned[] = [
  { kind: 'schema', name: 'app' },
  { kind: 'object', schema: 'app', name: 'orders' },
  { kind: 'type', schema: 'app', name: 'mood' },
  { kind: 'role', name: 'readers' },
];
const revocations = [
  { grantor: undefined, cascade: false, optionOnly: false },
  { grantor: 'app owner', cascade: true, optionOnly: false },
  { grantor: undefined, cascade: true, optionOnly: true },
] as const;

/** Around one of each kind of statement. */
function triggered(known: readonly string[]): readonly Sql[] {
  return [
    statements.createUser(user, clientId),
    statements.createShell('dbaccess_retired_00000001'),
    statements.setMark(user, mark, { isThere: false }),
    statements.revoke(['CONTROL'], things[1]!, user, revocations[1]),
    statements.addMember('db_datareader', user),
    statements.changeOwner(owned[0]!, 'dbaccess_retired_00000001'),
  ].map((statement) => statements.unlessTriggered(statement, known));
}

/** Each builder of a statement that writes, in all the forms that it has. */
const writing: { readonly [Name in keyof typeof statements]: readonly Sql[] } = {
  beginWrite: [statements.beginWrite],
  commit: [statements.commit],
  rollback: [statements.rollback],
  readUncommitted: [statements.readUncommitted],
  readCommitted: [statements.readCommitted],
  unlessTriggered: [[], ['audit', "o'clock"]].flatMap((known) => triggered(known)),
  createUser: [statements.createUser(user, clientId)],
  createShell: [statements.createShell('dbaccess_retired_00000001')],
  setDefaultSchema: [statements.setDefaultSchema(user, 'app')],
  dropUser: [statements.dropUser(user)],
  setMark: [statements.setMark(user, mark, { isThere: false }), statements.setMark(user, mark, { isThere: true })],
  grant: [
    ...things.map((on) => statements.grant(on.kind === 'database' ? ['CREATE TABLE', 'CREATE VIEW'] : ['SELECT', 'UPDATE'], on, user)),
    statements.grant(['SELECT'], things[1]!, user, { canPassOn: true }),
  ],
  deny: [false, true].map((cascade) => statements.deny(['SELECT'], things[1]!, user, { cascade })),
  revoke: things.flatMap((on) => revocations.map((options) => statements.revoke(['CONTROL'], on, user, options))),
  grantConnect: [statements.grantConnect('orders', user)],
  revokeConnect: [undefined, 'friend'].map((grantor) => statements.revokeConnect('orders', user, grantor)),
  denyConnect: [statements.denyConnect('orders', user)],
  addMember: [statements.addMember('db_datareader', user)],
  dropMember: [statements.dropMember('db_datareader', user)],
  changeOwner: owned.map((each) => statements.changeOwner(each, 'dbaccess_retired_00000001')),
  kill: [statements.kill(57)],
  pause: [statements.pause(50), statements.pause(5_000)],
};

const { markProperty: _, maximumOwned: _1, maximumPermissionRows: _2, ...texts } = queries;

/** Statements that only read, by name; those that take lists with one entry and with two. */
export const reading: Readonly<Record<string, readonly Sql[]>> = Object.fromEntries(
  Object.entries(texts).map(([name, query]) => [name, typeof query === 'function' ? [query(1), query(2)] : [query]]),
);

/** Every statement that can be sent, by the name of what makes it. */
export const samples: Readonly<Record<string, readonly Sql[]>> = { pinSettings: [pinSettings], ...writing, ...reading };
