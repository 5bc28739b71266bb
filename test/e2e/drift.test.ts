import { expect } from 'chai';
import { waitForReady } from '../support/connections.ts';
import { logIn } from '../support/workload.ts';
import {
  asSuperuser,
  createConnection,
  credentialsOf,
  eventsOf,
  eventually,
  identityId,
  inTime,
  loginOf,
  messageOf,
  newNamespace,
  newServiceAccount,
  readyConnection,
  sandbox,
  server,
  specOf,
  testTimeout,
  withTable,
} from './support.ts';

describe('a connection that is left alone, or tampered with', function () {
  this.timeout(testTimeout);
  withTable('things');

  it('is repaired when a grant, the Secret, the annotation, the credential or the role is changed, with an Event that names the steps', async () => {
    const { controlPlane, world } = await sandbox();
    const { api } = controlPlane;
    const key = await readyConnection();
    const { namespace } = key;

    await asSuperuser('orders', `REVOKE INSERT ON public.things FROM "${key.user}"`);
    await asSuperuser('orders', `GRANT TRUNCATE ON public.things TO "${key.user}"`);
    const secret = `/api/v1/namespaces/${namespace}/secrets/c`;
    await api.request(
      'PATCH',
      secret,
      { body: { data: { AZURE_POSTGRESQL_HOST: 'ZXZpbA==' } }, contentType: 'application/merge-patch+json' },
      inTime(),
    );
    const account = `/api/v1/namespaces/${namespace}/serviceaccounts/app`;
    const body = { metadata: { annotations: { 'azure.workload.identity/client-id': '99999999-9999-9999-9999-999999999999' } } };
    await api.request('PATCH', account, { body, contentType: 'application/merge-patch+json' }, inTime());
    world.identities.find(({ name }) => name === 'shop-orders')?.federatedCredentials.splice(0);

    const rights = async () =>
      (
        await asSuperuser<{ p: string }>(
          'orders',
          'SELECT privilege_type AS p FROM information_schema.role_table_grants WHERE grantee = $1 AND table_name = $2',
          [key.user, 'things'],
        )
      )
        .map(({ p }) => p)
        .sort();
    await eventually(async () => (await rights()).join() === 'DELETE,INSERT,SELECT,UPDATE', { withinInMs: 20_000 });
    await eventually(async () => (await api.request('GET', secret, {}, inTime())).data.AZURE_POSTGRESQL_HOST !== 'ZXZpbA==', {
      withinInMs: 20_000,
    });
    expect((await api.request('GET', account, {}, inTime())).metadata.annotations['azure.workload.identity/client-id']).not.to.match(
      /^9{8}/,
    );
    await eventually(() => credentialsOf(world, 'shop-orders').join() === `system:serviceaccount:${namespace}:app`, { withinInMs: 20_000 });
    const named = [/GRANT INSERT/, /REVOKE TRUNCATE/, /annotate ServiceAccount/, /PUT .*federatedIdentityCredentials/, /update Secret/];
    const notes = async () => (await eventsOf(key)).filter(({ reason }) => reason === 'DriftCorrected').map(({ note }) => note);
    await eventually(
      async () => {
        const told = (await notes()).join('; ');
        return named.every((step) => step.test(told));
      },
      { withinInMs: 20_000 },
    );

    await asSuperuser('orders', `DROP OWNED BY "${key.user}"; DROP ROLE "${key.user}"`);
    const { settings, token } = await loginOf(key);
    await eventually(async () => (await messageOf(logIn(settings, token).then((session) => session.end()))) === 'it went through', {
      withinInMs: 20_000,
    });
  });

  it('is bound again when the identity was recreated under its name, and says so', async () => {
    const { controls } = await sandbox();
    const key = await readyConnection();
    const answer = await fetch(`${controls.endpoint}/identities/recreate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${controls.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ resourceId: identityId('shop-orders') }),
    });
    expect(answer.status).to.equal(200);
    await eventually(async () => (await eventsOf(key)).some(({ reason, type }) => reason === 'IdentityRebound' && type === 'Warning'), {
      withinInMs: 30_000,
    });
    await eventually(
      async () => {
        const { settings, token } = await loginOf(key).catch(() => ({ settings: {}, token: '' }));
        return (await messageOf(logIn(settings, token).then((session) => session.end()))) === 'it went through';
      },
      { withinInMs: 30_000 },
    );
  });

  it('notices that another server answers under the name of this one, and does nothing there', async () => {
    const { controlPlane, world, journal } = await sandbox();
    const key = await readyConnection();
    const { backend, gateway } = await server();
    const { startBackend } = await import('../sandbox/postgres/backend.ts');
    const { syncAdministrators } = await import('../sandbox/postgres/administrators.ts');
    const stranger = await startBackend({ tenantId: world.tenantId, log: () => {}, ...inTime() });
    try {
      await syncAdministrators((await server()).server, stranger);
      await stranger.createDatabase('orders');
      await gateway.refuseConnections();
      gateway.setBackend(stranger);
      await gateway.acceptConnections();
      await waitForReady(controlPlane.api, key, { status: 'False', reason: 'WrongServer' }, inTime());
      const writes = journal.list('sql').filter((each) => each.kind === 'sql' && /wrong/.test(each.error));
      expect(writes).to.deep.equal([]);
      expect(await stranger.query('postgres', 'SELECT 1 FROM pg_roles WHERE rolname = $1', [key.user])).to.deep.equal([]);
    } finally {
      await gateway.refuseConnections();
      gateway.setBackend(backend);
      await gateway.acceptConnections();
      await stranger.stop();
    }
    await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
  });

  it('comes about in the end though the operator is killed at any step', async () => {
    const { controlPlane, journal } = await sandbox();
    const world = await sandbox();
    for (const at of ['federatedIdentityCredentials', 'pgaadauth_create_principal_with_oid', 'GRANT SELECT']) {
      const namespace = await newNamespace();
      await newServiceAccount(namespace);
      const key = { namespace, name: 'c' };
      const from = journal.list().length;
      await createConnection(key, specOf());
      await eventually(() => JSON.stringify(journal.list().slice(from)).includes(at), { withinInMs: 20_000 });
      process.kill(world.file.operator?.pid ?? 0, 'SIGKILL');
      await world.stopOperator(inTime());
      await world.startOperator(inTime());
      await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
      const { settings, token } = await loginOf(key);
      await (await logIn(settings, token)).end();
    }
  });
});
