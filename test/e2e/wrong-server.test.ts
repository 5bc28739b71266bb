import { expect } from 'chai';
import { syncAdministrators } from '../sandbox/postgres/administrators.ts';
import { startBackend } from '../sandbox/postgres/backend.ts';
import { waitForReady } from '../support/connections.ts';
import { inTime, readyConnection, sandbox, server, testTimeout, withTable } from './support.ts';

describe('another server under the name of this one', function () {
  this.timeout(testTimeout);
  withTable('things');

  it('is noticed, and nothing is done there', async () => {
    const { controlPlane, world, journal } = await sandbox();
    const key = await readyConnection();
    const { backend, gateway } = await server();
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
});
