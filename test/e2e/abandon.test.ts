import { expect } from 'chai';
import { conditionOf, waitForConnection } from '../support/connections.ts';
import { logIn } from '../support/workload.ts';
import {
  asSuperuser,
  credentialsOf,
  deleteConnection,
  eventsOf,
  eventually,
  inTime,
  loginOf,
  messageOf,
  patchConnection,
  readyConnection,
  sandbox,
  serverId,
  testTimeout,
  withTable,
} from './support.ts';

describe('a deleted connection whose server is stopped', function () {
  this.timeout(testTimeout);
  withTable('things');

  async function control(action: 'start' | 'stop'): Promise<void> {
    const { controls } = (await sandbox()).file;
    const answer = await fetch(`${controls.endpoint}/servers/${action}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${controls.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ resourceId: serverId }),
      ...inTime(),
    });
    expect(answer.status).to.equal(200);
  }

  const isThere = async (user: string) => (await asSuperuser('postgres', 'SELECT 1 FROM pg_roles WHERE rolname = $1', [user])).length === 1;

  it('waits, is let go when its annotation asks for that, and loses its login when the server is back', async () => {
    const { controlPlane, world } = await sandbox();
    const { api } = controlPlane;
    const key = await readyConnection();
    const { settings, token } = await loginOf(key);
    const subject = `system:serviceaccount:${key.namespace}:app`;
    expect(credentialsOf(world, 'shop-orders')).to.include(subject);
    await control('stop');
    try {
      await deleteConnection(key);
      const waiting = await waitForConnection(api, key, (each) => conditionOf(each, 'Ready')?.reason === 'ServerStopped', inTime());
      expect(conditionOf(waiting, 'Ready')?.message).to.match(/annotate it with dbaccess.dev\/abandon: "true" to have it let go from/);
      expect(credentialsOf(world, 'shop-orders')).not.to.include(subject);

      await patchConnection(key, { metadata: { annotations: { 'dbaccess.dev/abandon': 'true' } } });
      await waitForConnection(api, key, (each) => each === undefined, inTime());
      expect((await api.answer('GET', `/api/v1/namespaces/${key.namespace}/secrets/c`, {}, inTime())).status).to.equal(404);
      const told = async () => (await eventsOf(key)).some(({ reason, type }) => reason === 'AccessAbandoned' && type === 'Warning');
      await eventually(told, { withinInMs: 10_000 });
      expect(await isThere(key.user), 'nobody can tell it yet').to.equal(true);
    } finally {
      await control('start');
    }
    await eventually(async () => !(await isThere(key.user)), { withinInMs: 40_000 });
    expect(await messageOf(logIn(settings, token))).to.match(/password authentication failed|not permitted to log in/);
  });
});
