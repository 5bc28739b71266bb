import { expect } from 'chai';
import { waitForConnection, waitForReady } from '../support/connections.ts';
import {
  applyPolicy,
  createConnection,
  deleteAllConnections,
  deleteConnection,
  deletePolicy,
  eventually,
  everyPolicy,
  identityId,
  inTime,
  newNamespace,
  newServiceAccount,
  patchConnection,
  sandbox,
  serverId,
  specOf,
  startTimeout,
  testTimeout,
} from './support.ts';

describe('connections that change or go', function () {
  this.timeout(testTimeout);

  before(async function () {
    this.timeout(startTimeout);
    await sandbox();
  });

  afterEach(async function () {
    this.timeout(testTimeout);
    await deleteAllConnections();
  });

  it('leave their place under a limit to one that was refused', async () => {
    const { api } = (await sandbox()).controlPlane;
    const namespace = await newNamespace({ served: false });
    await newServiceAccount(namespace);
    await applyPolicy('limited', {
      namespaces: { names: [namespace] },
      identities: { userAssigned: [identityId('*')] },
      limits: { connectionsPerNamespace: 1 },
      targets: [{ servers: [serverId], databases: ['orders'], profiles: ['ReadWrite'] }],
    });
    try {
      const [first, second] = [
        { namespace, name: 'first' },
        { namespace, name: 'second' },
      ] as const;
      await createConnection(first, specOf());
      const { metadata } = await waitForReady(api, first, { status: 'True' }, inTime());
      // creation times are whole seconds, and of two in the same one either may count as the older
      await eventually(() => Date.now() > Date.parse(metadata.creationTimestamp) + 1_000, { withinInMs: 5_000 });
      await createConnection(second, specOf());
      await waitForReady(api, second, { status: 'False', reason: 'NotPermitted' }, inTime());
      await deleteConnection(first);
      await waitForConnection(api, first, (connection) => connection === undefined, inTime());
      await waitForReady(api, second, { status: 'True' }, inTime());
    } finally {
      await deleteAllConnections();
      await deletePolicy('limited');
    }
  });

  it('leave no federation to the service account that they were for before', async () => {
    const { controlPlane, world } = await sandbox();
    await everyPolicy();
    const namespace = await newNamespace();
    for (const name of ['app', 'app-2']) await newServiceAccount(namespace, name);
    const key = { namespace, name: 'c' };
    const subjects = () =>
      world.identities.flatMap(({ federatedCredentials }) =>
        federatedCredentials.map(({ subject }) => subject).filter((subject) => subject.includes(`:${namespace}:`)),
      );
    await createConnection(key, specOf());
    await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
    for (const name of ['typo', 'app-2']) {
      await patchConnection(key, { spec: { workload: { serviceAccount: { name } } } });
      await waitForReady(controlPlane.api, key, { status: name === 'typo' ? 'False' : 'True' }, inTime());
    }
    expect(subjects()).to.deep.equal([`system:serviceaccount:${namespace}:app-2`]);
    await deleteConnection(key);
    await waitForConnection(controlPlane.api, key, (connection) => connection === undefined, inTime());
    expect(subjects()).to.deep.equal([]);
  });
});
