import { expect } from 'chai';
import type { ConnectionSpec } from '../../../src/api/spec.ts';
import { type ConnectionKey, conditionOf, waitForReady } from '../../support/connections.ts';
import {
  createConnection,
  inTime,
  messageOf,
  mysqlServerId,
  newNamespace,
  newServiceAccount,
  sandbox,
  serverId,
  specOf,
  testTimeout,
} from '../support.ts';
import { asSuperuser, server, withTable } from './support.ts';

interface Case {
  readonly what: string;
  readonly spec?: (spec: ConnectionSpec) => void;
  readonly arrange?: (user: string) => Promise<unknown>;
  readonly reason: string;
  readonly stage: string;
  readonly says: RegExp;
  readonly mend: (user: string) => Promise<unknown>;
}

const cases: readonly Case[] = [
  {
    what: 'a database that is not there',
    spec: (spec) => (spec.target.database = 'later'),
    reason: 'DatabaseNotFound',
    stage: 'GrantsReady',
    says: /later/,
    mend: async () => (await server()).backend.createDatabase('later'),
  },
  {
    what: 'a table that is not there',
    spec: (spec) => (spec.access = { profile: 'Custom', grants: [{ objectType: 'Table', names: ['coming'], privileges: ['SELECT'] }] }),
    reason: 'ObjectNotFound',
    stage: 'GrantsReady',
    says: /coming/,
    mend: () => asSuperuser('CREATE TABLE orders.coming (id int)'),
  },
  {
    what: 'a user of that name is there and is not ours',
    arrange: (user) => asSuperuser("CREATE USER :account IDENTIFIED BY 'x'", user),
    reason: 'UserNameTaken',
    stage: 'DatabaseUserReady',
    says: /./,
    mend: (user) => asSuperuser('DROP USER :account', user),
  },
  {
    what: 'the operator is no Entra administrator of the server',
    arrange: async () => (await server()).setOperatorAdministrator(false),
    reason: 'NotEntraAdministrator',
    stage: 'ServerReady',
    says: /administrator/,
    mend: async () => (await server()).setOperatorAdministrator(true),
  },
  {
    what: 'nobody listens at the database',
    arrange: async () => (await server()).gateway.refuseConnections(),
    reason: 'Unreachable',
    stage: 'ServerReady',
    says: /./,
    mend: async () => (await server()).gateway.acceptConnections(),
  },
];

describe('bad input for MySQL ends in a condition that tells what to do, and heals without a restart', function () {
  this.timeout(testTimeout);
  withTable('things');

  for (const { what, spec, arrange, reason, stage, says, mend } of cases) {
    it(`${what}: ${reason}`, async () => {
      const { api } = (await sandbox()).controlPlane;
      const key: ConnectionKey = { namespace: await newNamespace(), name: 'bad' };
      const user = `aad_${key.namespace}_bad`;
      await newServiceAccount(key.namespace);
      await arrange?.(user);
      try {
        await createConnection(key, onMysql(spec));
        const connection = await waitForReady(api, key, { status: 'False', reason }, inTime());
        expect(conditionOf(connection, 'Ready')?.message).to.match(says);
        expect(conditionOf(connection, stage)).to.include({ status: 'False', reason });
      } finally {
        await mend(user);
      }
      await waitForReady(api, key, { status: 'True' }, { ...inTime(), withinInMs: 60_000 });
    });
  }

  const refused: Record<string, readonly [change: (spec: ConnectionSpec) => void, says: RegExp]> = {
    'a user name of 33 characters': [(spec) => (spec.databaseUser = { name: 'n'.repeat(33) }), /32/],
    'a reserved name': [(spec) => (spec.databaseUser = { name: 'mysql.session' }), /reserved/],
    'a privilege that MySQL does not have': [
      (spec) => (spec.access = { profile: 'Custom', grants: [{ objectType: 'Table', names: ['things'], privileges: ['MAINTAIN'] }] }),
      /no such privilege/,
    ],
    'a server of another type': [(spec) => (spec.target.serverId = serverId), /DBforMySQL/],
    'a system database': [(spec) => (spec.target.database = 'mysql'), /system database/],
  };
  for (const [what, [change, says]] of Object.entries(refused)) {
    it(`${what} is refused by the API server`, async () => {
      const namespace = await newNamespace();
      expect(await messageOf(createConnection({ namespace, name: 'bad' }, onMysql(change)))).to.match(says);
    });
  }

  for (const name of [
    'a"b\'c',
    'with blank',
    'CapitalS',
    'back\\slash',
    'semi;colon',
    '%',
    'a_b',
    'é'.repeat(32),
    '$1',
    '--',
    'a`b',
    'a@b',
  ]) {
    it(`a user named ${JSON.stringify(name)} is made, works and goes`, async () => {
      const { api } = (await sandbox()).controlPlane;
      const key = { namespace: await newNamespace(), name: 'odd' };
      await newServiceAccount(key.namespace);
      await createConnection(
        key,
        onMysql((spec) => (spec.databaseUser = { name })),
      );
      await waitForReady(api, key, { status: 'True' }, inTime());
      expect(
        await asSuperuser<{ n: number }>(
          `SELECT COUNT(*) AS n FROM mysql.user WHERE CONCAT(User, '@', Host) = CONCAT(${quoted(name)}, '@%')`,
        ),
      ).to.deep.equal([{ n: 1 }]);
    });
  }

  function onMysql(change: (spec: ConnectionSpec) => void = () => {}): ConnectionSpec {
    return specOf((spec) => {
      spec.target = { type: 'MySQL', serverId: mysqlServerId, database: 'orders' };
      change(spec);
    });
  }
});

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
