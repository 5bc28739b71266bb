import { expect } from 'chai';
import type { ConnectionSpec } from '../../src/api/spec.ts';
import { type ConnectionKey, conditionOf, waitForConnection, waitForReady } from '../support/connections.ts';
import {
  asSuperuser,
  create,
  createConnection,
  deleteAllConnections,
  everyPolicy,
  identityId,
  inTime,
  newNamespace,
  newServiceAccount,
  patchConnection,
  sandbox,
  server,
  serverId,
  specOf,
  startTimeout,
  testTimeout,
} from './support.ts';

/** One thing wrong: how it comes about, what the condition says, and what mends it without touching the operator. */
interface Case {
  readonly what: string;
  readonly spec?: (spec: ConnectionSpec, namespace: string) => void;
  readonly arrange?: (namespace: string) => Promise<void>;
  readonly reason: string;
  readonly stage: string;
  readonly says: RegExp;
  readonly mend: (key: ConnectionKey) => Promise<void>;
}

const cases: readonly Case[] = [
  {
    what: 'the identity is missing',
    spec: (spec) => (spec.identity.userAssigned = { resourceId: identityId('not-there') }),
    reason: 'IdentityNotFound',
    stage: 'IdentityReady',
    says: /not-there.*create it/,
    mend: (key) => patchConnection(key, { spec: { identity: { userAssigned: { resourceId: identityId('shop-orders') } } } }),
  },
  {
    what: 'the service account is missing',
    arrange: async (namespace) => {
      await (await sandbox()).controlPlane.api.request('DELETE', `/api/v1/namespaces/${namespace}/serviceaccounts/app`, {}, inTime());
    },
    reason: 'WorkloadNotFound',
    stage: 'IdentityReady',
    says: /"app".*createIfMissing/,
    mend: ({ namespace }) => newServiceAccount(namespace),
  },
  {
    what: 'the service account stands for another identity',
    arrange: async (namespace) => {
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts/app`;
      const body = { metadata: { annotations: { 'azure.workload.identity/client-id': '11111111-1111-1111-1111-111111111111' } } };
      await (await sandbox()).controlPlane.api.request('PATCH', path, { body, contentType: 'application/merge-patch+json' }, inTime());
    },
    reason: 'ServiceAccountNotOwned',
    stage: 'IdentityReady',
    says: /remove the annotation/,
    mend: async ({ namespace }) => {
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts/app`;
      const body = { metadata: { annotations: { 'azure.workload.identity/client-id': null } } };
      await (await sandbox()).controlPlane.api.request('PATCH', path, { body, contentType: 'application/merge-patch+json' }, inTime());
    },
  },
  {
    what: 'the database is missing',
    spec: (spec) => (spec.target.database = 'later'),
    reason: 'DatabaseNotFound',
    stage: 'GrantsReady',
    says: /later/,
    mend: async () => (await server()).backend.createDatabase('later'),
  },
  {
    what: 'a schema is missing',
    spec: (spec) => (spec.access.schemas = ['public', 'audit']),
    reason: 'SchemaNotFound',
    stage: 'GrantsReady',
    says: /audit/,
    mend: async () => {
      await asSuperuser('orders', 'CREATE SCHEMA audit AUTHORIZATION azure_pg_admin');
    },
  },
  {
    what: 'a role of that name is there and is not ours',
    arrange: async (namespace) => {
      await asSuperuser('postgres', `CREATE ROLE "aad_${namespace}_bad" LOGIN`);
    },
    reason: 'UserNameTaken',
    stage: 'DatabaseUserReady',
    says: /another name|databaseUser\.name|remove/i,
    mend: async ({ namespace }) => {
      await asSuperuser('postgres', `DROP ROLE "aad_${namespace}_bad"`);
    },
  },
  {
    what: 'a Secret of that name is there and is not ours',
    arrange: async (namespace) => {
      await create(`/api/v1/namespaces/${namespace}/secrets`, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'bad' },
        stringData: { mine: 'yes' },
      });
    },
    reason: 'SecretNotOwned',
    stage: 'ConfigurationReady',
    says: /delete it.*spec\.output\.secret\.name/,
    mend: async ({ namespace }) => {
      await (await sandbox()).controlPlane.api.request('DELETE', `/api/v1/namespaces/${namespace}/secrets/bad`, {}, inTime());
    },
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
  {
    what: 'the server is stopped',
    arrange: async () => {
      const each = await server();
      each.server.state = 'Stopped';
      await each.gateway.refuseConnections();
    },
    reason: 'ServerStopped',
    stage: 'ServerReady',
    says: /start/i,
    mend: async () => {
      const each = await server();
      each.server.state = 'Ready';
      await each.gateway.acceptConnections();
    },
  },
  {
    what: 'Entra authentication is off',
    arrange: async () => {
      (await server()).server.authConfig.activeDirectoryAuth = 'Disabled';
    },
    reason: 'EntraAuthenticationDisabled',
    stage: 'ServerReady',
    says: /Entra/,
    mend: async () => {
      (await server()).server.authConfig.activeDirectoryAuth = 'Enabled';
    },
  },
];

describe('bad input ends in a condition that tells what to do, and heals without a restart', () => {
  before(async function () {
    this.timeout(startTimeout);
    await sandbox();
    await everyPolicy();
  });

  afterEach(async function () {
    this.timeout(testTimeout);
    await deleteAllConnections();
  });

  for (const { what, spec, arrange, reason, stage, says, mend } of cases) {
    it(`${what}: ${reason}`, async function () {
      this.timeout(testTimeout);
      const { controlPlane } = await sandbox();
      const namespace = await newNamespace();
      const key = { namespace, name: 'bad' };
      await newServiceAccount(namespace);
      await arrange?.(namespace);
      await createConnection(
        key,
        specOf((each) => spec?.(each, namespace)),
      );
      try {
        const connection = await waitForReady(controlPlane.api, key, { status: 'False', reason }, inTime());
        expect(conditionOf(connection, 'Ready')?.message).to.match(says);
        expect(conditionOf(connection, stage)).to.include({ status: 'False', reason });
        expect(JSON.stringify(connection.status)).not.to.match(/eyJ[A-Za-z0-9_-]{10}/);
      } finally {
        await mend(key);
      }
      await waitForReady(controlPlane.api, key, { status: 'True' }, { ...inTime(), withinInMs: 60_000 });
    });
  }

  it('a server that is not there: ServerNotFound', async function () {
    this.timeout(testTimeout);
    const { controlPlane } = await sandbox();
    const namespace = await newNamespace();
    const key = { namespace, name: 'bad' };
    await newServiceAccount(namespace);
    await createConnection(
      key,
      specOf((spec) => (spec.target.serverId = `${serverId}-not-there`)),
    );
    const connection = await waitForReady(controlPlane.api, key, { status: 'False', reason: 'ServerNotFound' }, inTime());
    expect(conditionOf(connection, 'Ready')?.message).to.match(/shop-pg-not-there/);
    expect(conditionOf(connection, 'ServerReady')).to.include({ status: 'False', reason: 'ServerNotFound' });
  });

  for (const name of ['a"b\'c', 'with blank', 'CapitalS', 'back\\slash', 'semi;colon', '%s', 'é'.repeat(31), '$1', '--']) {
    it(`a user named ${JSON.stringify(name)} is made, works and goes`, async function () {
      this.timeout(testTimeout);
      const { controlPlane } = await sandbox();
      const namespace = await newNamespace();
      const key = { namespace, name: 'odd' };
      await newServiceAccount(namespace);
      await createConnection(
        key,
        specOf((spec) => (spec.databaseUser = { name })),
      );
      await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
      const roles = await asSuperuser('postgres', 'SELECT rolcanlogin FROM pg_roles WHERE rolname = $1', [name]);
      expect(roles).to.deep.equal([{ rolcanlogin: true }]);
      await deleteAllConnections();
      expect(await asSuperuser('postgres', 'SELECT 1 FROM pg_roles WHERE rolname = $1', [name])).to.deep.equal([]);
    });
  }

  it('a namespace and name of 70 bytes together give a user whose name is shortened with a hash', async function () {
    this.timeout(testTimeout);
    const { controlPlane } = await sandbox();
    const namespace = await newNamespace();
    const key = { namespace, name: 'n'.repeat(63) };
    await newServiceAccount(namespace);
    await createConnection(key, specOf());
    const connection = await waitForConnection(controlPlane.api, key, (each) => conditionOf(each, 'Ready')?.status === 'True', inTime());
    const user = connection?.status?.databaseUser?.name ?? '';
    expect(Buffer.byteLength(user)).to.equal(63);
    expect(await asSuperuser('postgres', 'SELECT 1 AS there FROM pg_roles WHERE rolname = $1', [user])).to.have.length(1);
  });
});
