import { expect } from 'chai';
import { conditionOf, waitForConnection, waitForReady } from '../support/connections.ts';
import { logIn } from '../support/workload.ts';
import {
  askedSince,
  createConnection,
  credentialsOf,
  deleteConnection,
  identityId,
  inTime,
  loginOf,
  newNamespace,
  newServiceAccount,
  patchConnection,
  readyConnection,
  sandbox,
  specOf,
  testTimeout,
  withTable,
} from './support.ts';

describe('a tenant who means ill', function () {
  this.timeout(testTimeout);
  withTable('things');

  it('keeps its user when another namespace asks for one of the same name', async () => {
    const { controlPlane } = await sandbox();
    const first = await readyConnection((spec) => (spec.databaseUser = { name: 'payments' }));
    const namespace = await newNamespace();
    await newServiceAccount(namespace);
    const thief = { namespace, name: 'c' };
    await createConnection(
      thief,
      specOf((spec) => {
        spec.databaseUser = { name: 'payments' };
        spec.identity.userAssigned = { resourceId: identityId('shop-spare') };
      }),
    );
    const refused = await waitForReady(controlPlane.api, thief, { status: 'False', reason: 'UserNameTaken' }, inTime());
    expect(JSON.stringify(refused.status)).not.to.include(first.namespace);
    await deleteConnection(thief);
    await waitForConnection(controlPlane.api, thief, (each) => each === undefined, inTime());
    const { settings, token } = await loginOf(first);
    await (await logIn(settings, token)).end();
  });

  it('touches nothing foreign when its status was forged before it was deleted', async () => {
    const { controlPlane } = await sandbox();
    const victim = await readyConnection();
    const key = await readyConnection();
    const path = `/apis/dbaccess.dev/v1alpha1/namespaces/${key.namespace}/passwordlessconnections/c/status`;
    const status = {
      databaseUser: { name: victim.user, created: true },
      binding: { name: 'c' },
      identity: { resourceId: identityId('passwordless-operator') },
    };
    await patchConnection(key, { spec: { suspend: true } });
    await waitForReady(controlPlane.api, key, { status: 'Unknown', reason: 'Suspended' }, inTime());
    await controlPlane.api.request('PATCH', path, { body: { status }, contentType: 'application/merge-patch+json' }, inTime());
    await deleteConnection(key);
    await waitForConnection(controlPlane.api, key, (each) => each === undefined, inTime());
    const { settings, token } = await loginOf(victim);
    await (await logIn(settings, token)).end();
    expect(credentialsOf((await sandbox()).world, 'passwordless-operator')).to.deep.equal([
      'system:serviceaccount:passwordless-system:passwordless-operator',
    ]);
  });

  it('asks nobody when a resource that no policy ever allowed is deleted with a finalizer that its author wrote', async () => {
    const { controlPlane, journal } = await sandbox();
    const namespace = await newNamespace({ served: false });
    const metadata = { name: 'forged', finalizers: ['dbaccess.dev/cleanup'] };
    const other = specOf((spec) => (spec.target.serverId = spec.target.serverId.replace('shop-pg', 'elsewhere')));
    const body = { apiVersion: 'dbaccess.dev/v1alpha1', kind: 'PasswordlessConnection', metadata, spec: other };
    const from = journal.list().length;
    await controlPlane.api.request(
      'POST',
      `/apis/dbaccess.dev/v1alpha1/namespaces/${namespace}/passwordlessconnections`,
      { body },
      inTime(),
    );
    await deleteConnection({ namespace, name: 'forged' });
    await waitForConnection(controlPlane.api, { namespace, name: 'forged' }, (each) => each === undefined, inTime());
    expect(await askedSince(from)).to.deep.equal([]);
  });

  for (const [what, id] of Object.entries({
    'in full': identityId('passwordless-operator'),
    'in capitals': identityId('PASSWORDLESS-OPERATOR'),
    'with a lower-case provider': identityId('passwordless-operator')
      .replace('resourceGroups', 'resourcegroups')
      .replace('Microsoft.ManagedIdentity', 'microsoft.managedidentity'),
  })) {
    it(`never federates the operator's own identity, named ${what}`, async () => {
      const { controlPlane, journal } = await sandbox();
      const namespace = await newNamespace();
      await newServiceAccount(namespace);
      const key = { namespace, name: 'c' };
      const from = journal.list().length;
      await createConnection(
        key,
        specOf((spec) => (spec.identity.userAssigned = { resourceId: id })),
      );
      const connection = await waitForReady(controlPlane.api, key, { status: 'False', reason: 'IdentityReserved' }, inTime());
      expect(conditionOf(connection, 'Stalled')?.status).to.equal('True');
      expect(
        journal
          .list('arm')
          .slice(0)
          .filter((each) => each.kind === 'arm' && each.method !== 'GET')
          .slice(from),
      ).to.deep.equal([]);
    });
  }
});
