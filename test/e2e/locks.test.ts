import { expect } from 'chai';
import pg from 'pg';
import { type ConnectionKey, conditionOf, waitForReady } from '../support/connections.ts';
import {
  asSuperuser,
  createConnection,
  inTime,
  newNamespace,
  newServiceAccount,
  patchConnection,
  sandbox,
  server,
  specOf,
  testTimeout,
  withTable,
} from './support.ts';

describe('a table that somebody keeps locked', function () {
  this.timeout(testTimeout);
  withTable('locked');

  before(async () => {
    await asSuperuser('orders', 'CREATE SCHEMA beside AUTHORIZATION azure_pg_admin');
  });

  after(async () => {
    await asSuperuser('orders', 'DROP SCHEMA beside');
  });

  it('holds up only the connection that needs it, which says so and goes on when the lock is gone', async () => {
    const { api } = (await sandbox()).controlPlane;
    const { backend } = await server();
    const namespace = await newNamespace();
    await newServiceAccount(namespace);
    const key = (name: string): ConnectionKey => ({ namespace, name });
    const locking = new pg.Client({ host: backend.socketDirectory, port: backend.port, user: backend.superuser, database: 'orders' });
    await locking.connect();
    try {
      await locking.query('BEGIN');
      await locking.query('LOCK TABLE public.locked IN ACCESS EXCLUSIVE MODE');
      // from PostgreSQL 18 on GRANT locks the table, before that only its row in the catalog
      await locking.query('ALTER TABLE public.locked SET (fillfactor = 90)');
      await createConnection(key('held'), specOf());
      const failing = await waitForReady(api, key('held'), { status: 'False', reason: 'DatabaseError' }, inTime());
      expect(conditionOf(failing, 'Ready')?.message).to.match(
        /database orders was being changed by somebody else at the same time: .*lock/,
      );
      await createConnection(
        key('elsewhere'),
        specOf((spec) => (spec.target.database = 'billing')),
      );
      await createConnection(
        key('beside'),
        specOf((spec) => (spec.access.schemas = ['beside'])),
      );
      for (const name of ['elsewhere', 'beside']) await waitForReady(api, key(name), { status: 'True' }, inTime());
      expect((await waitForReady(api, key('held'), { status: 'False' }, inTime())).status?.databaseUser?.created).to.equal(true);
    } finally {
      await locking.query('ROLLBACK');
      await locking.end();
    }
    await patchConnection(key('held'), { metadata: { annotations: { 'dbaccess.dev/requestedAt': 'unlocked' } } });
    await waitForReady(api, key('held'), { status: 'True' }, inTime());
  });
});
