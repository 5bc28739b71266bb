import { expect } from 'chai';
import { waitForConnection, waitForReady } from '../support/connections.ts';
import { logIn, readSettings } from '../support/workload.ts';
import {
  askedSince,
  asSuperuser,
  createConnection,
  credentialsOf,
  eventually,
  identityId,
  inTime,
  loginOf,
  messageOf,
  newNamespace,
  newServiceAccount,
  patchConnection,
  readyConnection,
  sandbox,
  specOf,
  testTimeout,
  withTable,
} from './support.ts';

describe('a connection that changes', function () {
  this.timeout(testTimeout);
  withTable('things');

  it('moves to another identity, and the old federation goes', async () => {
    const { controlPlane, world } = await sandbox();
    const key = await readyConnection();
    const subject = `system:serviceaccount:${key.namespace}:app`;
    expect(credentialsOf(world, 'shop-orders')).to.include(subject);
    await patchConnection(key, { spec: { identity: { userAssigned: { resourceId: identityId('shop-spare') } } } });
    await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
    expect(credentialsOf(world, 'shop-orders')).not.to.include(subject);
    expect(credentialsOf(world, 'shop-spare')).to.include(subject);
    const { settings, token } = await loginOf(key);
    await (await logIn(settings, token)).end();
  });

  it('narrows and widens with its profile', async () => {
    const { controlPlane } = await sandbox();
    const key = await readyConnection();
    for (const [profile, may] of [
      ['ReadOnly', false],
      ['ReadWrite', true],
      ['ReadWriteDDL', true],
      ['ReadOnly', false],
    ] as const) {
      await patchConnection(key, { spec: { access: { profile } } });
      await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
      const { settings, token } = await loginOf(key);
      const session = await logIn(settings, token);
      expect(await messageOf(session.query('INSERT INTO public.things VALUES (1)')), profile).to.equal(
        may ? 'it went through' : 'permission denied for table things',
      );
      await session.end();
    }
  });

  it('lets a reader see the tables that a neighbour creates later', async () => {
    const reader = await readyConnection((spec) => (spec.access.profile = 'ReadOnly'));
    const creator = await readyConnection((spec) => (spec.access.profile = 'ReadWriteDDL'));
    const own = await loginOf(creator);
    const session = await logIn(own.settings, own.token);
    await session.query('CREATE TABLE public.later (id int)');
    await session.query('INSERT INTO public.later VALUES (7)');
    const { settings, token } = await loginOf(reader);
    const reading = await logIn(settings, token);
    await eventually(async () => (await messageOf(reading.query('SELECT * FROM public.later'))) === 'it went through', {
      withinInMs: 20_000,
    });
    expect(await messageOf(reading.query('INSERT INTO public.later VALUES (8)'))).to.match(/permission denied/);
    await reading.end();
    await session.query('DROP TABLE public.later');
    await session.end();
  });

  it('does nothing while suspended, not even a login, and goes on afterwards', async () => {
    const { controlPlane, journal } = await sandbox();
    const key = await readyConnection();
    await patchConnection(key, { spec: { suspend: true } });
    const suspended = await waitForReady(controlPlane.api, key, { status: 'Unknown', reason: 'Suspended' }, inTime());
    expect(suspended.status?.observedGeneration).to.equal(suspended.metadata.generation);
    const from = journal.list().length;
    await asSuperuser('orders', `REVOKE INSERT ON public.things FROM "${key.user}"`);
    await patchConnection(key, { metadata: { annotations: { 'dbaccess.dev/requestedAt': 'while-suspended' } } });
    await waitForConnection(controlPlane.api, key, (each) => each?.status?.lastHandledReconcileAt === 'while-suspended', inTime());
    expect(await askedSince(from)).to.deep.equal([]);
    await patchConnection(key, { spec: { suspend: false } });
    await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
    const { settings, token } = await loginOf(key);
    const session = await logIn(settings, token);
    await session.query('INSERT INTO public.things VALUES (2)');
    await session.end();
  });

  it('moves its settings to another Secret when it asks for another name', async () => {
    const { controlPlane } = await sandbox();
    const key = await readyConnection();
    await patchConnection(key, { spec: { output: { secret: { name: 'renamed' } } } });
    const connection = await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
    expect(connection.status?.binding?.name).to.equal('renamed');
    const status = async (name: string) =>
      (await controlPlane.api.answer('GET', `/api/v1/namespaces/${key.namespace}/secrets/${name}`, {}, inTime())).status;
    expect([await status('c'), await status('renamed')]).to.deep.equal([404, 200]);
  });

  it('writes the settings of every client type, and only those', async () => {
    const { controlPlane } = await sandbox();
    const key = await readyConnection();
    const names: Record<string, readonly string[]> = {
      Java: ['AZURE_POSTGRESQL_CLIENTID', 'AZURE_POSTGRESQL_CONNECTIONSTRING'],
      Python: ['AZURE_POSTGRESQL_CLIENTID', 'AZURE_POSTGRESQL_CONNECTIONSTRING'],
      ServiceBinding: ['database', 'host', 'port', 'provider', 'type', 'uri', 'username'],
      None: ['CLIENTID', 'DATABASE', 'HOST', 'PORT', 'SSL', 'USERNAME'].map((name) => `AZURE_POSTGRESQL_${name}`),
    };
    for (const [clientType, expected] of Object.entries(names)) {
      await patchConnection(key, { spec: { output: { clientType } } });
      await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
      expect(Object.keys(await readSettings(controlPlane.api, key, inTime())).sort(), clientType).to.deep.equal(expected);
    }
  });

  it('in Report mode shows what Enforce would do, and changes nothing', async () => {
    const { controlPlane, journal } = await sandbox();
    const namespace = await newNamespace();
    await newServiceAccount(namespace);
    const key = { namespace, name: 'c' };
    const from = journal.list().length;
    await createConnection(
      key,
      specOf((spec) => (spec.mode = 'Report')),
    );
    const reported = await waitForReady(controlPlane.api, key, { status: 'False', reason: 'DriftDetected' }, inTime());
    expect(reported.status?.plan?.steps?.[0]).to.include({ kind: 'put-federated-credential' });
    expect(reported.status?.plan?.total).to.equal(5);
    expect(reported.metadata.finalizers ?? []).to.deep.equal([]);
    const writes = journal
      .list()
      .slice(from)
      .filter(
        (each) =>
          (each.kind === 'arm' && each.method !== 'GET') ||
          (each.kind === 'sql' && /^(GRANT|REVOKE|ALTER|COMMENT|DROP|CREATE)/.test(each.statement)),
      );
    expect(writes).to.deep.equal([]);

    await patchConnection(key, { spec: { mode: 'Enforce' } });
    await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
    await patchConnection(key, { spec: { mode: 'Report' } });
    await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
    await asSuperuser('orders', `REVOKE INSERT ON public.things FROM "aad_${namespace}_c"`);
    const drifted = await waitForReady(controlPlane.api, key, { status: 'False', reason: 'DriftDetected' }, inTime());
    expect(drifted.status?.plan?.steps?.map(({ summary }) => summary)).to.deep.equal([
      `GRANT INSERT ON TABLE "public"."things" TO "aad_${namespace}_c"`,
      'settings: <known after apply>',
    ]);
  });
});
