import type { Mark } from '../../../../src/targets/mark.ts';
import { parseClientId } from '../../../../src/targets/mysql/client-id.ts';
import * as userQueries from '../../../../src/targets/mysql/queries.ts';
import * as rightQueries from '../../../../src/targets/mysql/rights-queries.ts';
import { readRoles } from '../../../../src/targets/mysql/role-queries.ts';
import type { Securable } from '../../../../src/targets/mysql/securable.ts';
import {
  pinningStatements,
  pinSettings,
  readSession,
  readVariables,
  showWarnings,
} from '../../../../src/targets/mysql/session-settings.ts';
import type { Sql } from '../../../../src/targets/mysql/sql.ts';
import * as statements from '../../../../src/targets/mysql/statements.ts';

const user = "aad_'shop";
const clientId = parseClientId('BBBBBBBB-0000-4000-8000-000000000002');
const mark: Mark = {
  cluster: '00000000000000c1',
  connection: '00000000000000d1',
  uid: '00000001-0000-4000-8000-000000000003',
  origin: 'created',
  state: 'live',
};
const objects: readonly Securable[] = [
  { kind: 'database', pattern: 'orders\\_1' },
  { kind: 'database', pattern: 'or`ders' },
  { kind: 'table', database: 'orders_1', name: 'a;--`' },
  { kind: 'routine', database: 'orders_1', type: 'FUNCTION', name: 'f' },
  { kind: 'routine', database: 'orders_1', type: 'PROCEDURE', name: "p'" },
];
const onlyTaken: readonly Securable[] = [{ kind: 'server' }, { kind: 'column', database: 'orders_1', table: 'a', name: 'secret`' }];
const role = { name: "report'ing", host: '%' };

/** Each builder of a statement, in all the forms that it has. */
const built: { readonly [Name in keyof typeof statements]: readonly Sql[] } = {
  markKey: [],
  trustIds: [statements.trustIds],
  createUser: [statements.createUser(user, clientId)],
  setMark: [statements.setMark(user, mark)],
  allowLogin: [statements.allowLogin(user)],
  forbidLogin: [statements.forbidLogin(user)],
  drop: [statements.drop(user)],
  grant: objects.map((on) => statements.grant(['SELECT', 'SHOW VIEW'], on, user)),
  revoke: [...objects, ...onlyTaken].map((on) => statements.revoke(['SELECT', 'GRANT OPTION'], on, user)),
  revokeEverything: [statements.revokeEverything(user)],
  grantRole: [statements.grantRole(role.name, user)],
  revokeRole: [statements.revokeRole(role, user), statements.revokeRole({ ...role, host: '10.0.0.%' }, user)],
  setDefaultRoles: [statements.setDefaultRoles([], user), statements.setDefaultRoles([role.name, 'b'], user)],
  revokeProxy: [statements.revokeProxy({ name: '', host: '' }, user), statements.revokeProxy(role, user)],
  endSession: [statements.endSession(7)],
  killSession: [statements.killSession(7)],
  pause: [statements.pause(50)],
};

const names = [user, 'aad_b'];

/** Those that only read, by what they read for. */
export const reading: Readonly<Record<string, readonly Sql[]>> = {
  pinSettings: [pinSettings],
  readVariables: [readVariables],
  readSession: [readSession],
  showWarnings: [showWarnings],
  readAccounts: [userQueries.readAccounts(names)],
  readMarked: [userQueries.readMarked('dbaccess/1 00000000000000c1 ')],
  readSessions: [userQueries.readSessions(user)],
  readDefined: [userQueries.readDefined(names, 'orders_1', 11)],
  readEventDatabases: [userQueries.readEventDatabases(user)],
  readRights: [
    rightQueries.readRights(
      [...names, 'é'],
      ['orders_1'],
      [
        { kind: 'table', database: 'orders_1', names: ["a'", 'b'] },
        { kind: 'routine', database: 'orders_1', names: ['f'] },
      ],
    ),
  ],
  showGrants: [rightQueries.showGrants(user)],
  readDatabaseRights: [rightQueries.readDatabaseRights(names)],
  readRoles: [readRoles([role.name, 'b'])],
};

/** Every statement that can be sent, by the name of what makes it. */
export const samples: Readonly<Record<string, readonly Sql[]>> = {
  ...built,
  pinningStatements: [
    ...pinningStatements(
      new Map([
        ['max_execution_time', '0'],
        ['cte_max_recursion_depth', '0'],
      ]),
    ),
    ...pinningStatements(new Map([['sql_mode', 'STRICT_ALL_TABLES,NO_AUTO_CREATE_USER']])),
  ],
  ...reading,
};
