import { expect } from 'chai';
import { escape as literal } from 'mysql2';
import { logInTo } from '../../support/application.ts';
import { conditionOf, waitForConnection, waitForReady } from '../../support/connections.ts';
import {
  deleteConnection,
  eventsOf,
  eventually,
  identityId,
  inTime,
  loginOf,
  messageOf,
  patchConnection,
  sandbox,
  testTimeout,
} from '../support.ts';
import { asSuperuser, logInAs, readyMysql, rightsOf, withTable } from './support.ts';

describe('a connection to MySQL', function () {
  this.timeout(testTimeout);
  withTable('things');

  it('lets the workload in with what was written for it and a token of its own, and ends that with the resource', async () => {
    const { controlPlane } = await sandbox();
    const key = await readyMysql();
    const { settings, token } = await loginOf(key);
    expect(Object.keys(settings).toSorted()).to.deep.equal(
      ['CLIENTID', 'DATABASE', 'HOST', 'PORT', 'SSL', 'USER'].map((name) => `AZURE_MYSQL_${name}`),
    );
    const session = await logInTo('MySQL', settings, token);
    await session.query('INSERT INTO things VALUES (1)');
    expect(await session.query('SELECT id FROM things')).to.deep.equal([{ id: 1 }]);
    expect(await messageOf(session.query('CREATE TABLE mine (id int)'))).to.match(/denied/);

    await deleteConnection(key);
    await waitForConnection(controlPlane.api, key, (connection) => connection === undefined, inTime());
    expect(await messageOf(session.query('SELECT 1'))).not.to.equal('it went through');
    expect(await messageOf(logInTo('MySQL', settings, token))).to.match(/denied/);
    expect(await asSuperuser(`SELECT User FROM mysql.user WHERE User = ${literal(key.user)}`)).to.deep.equal([]);
  });

  it('narrows and widens with its profile, also for sessions that are open', async () => {
    const { controlPlane } = await sandbox();
    const key = await readyMysql((spec) => (spec.access.profile = 'ReadWrite'));
    const open = await logInAs(key);
    await open.query('INSERT INTO things VALUES (2)');
    for (const [profile, may] of [
      ['ReadOnly', false],
      ['ReadWriteDDL', true],
      ['All', true],
      ['ReadOnly', false],
    ] as const) {
      await patchConnection(key, { spec: { access: { profile } } });
      await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
      const session = await logInAs(key);
      expect((await messageOf(session.query('INSERT INTO things VALUES (3)'))) === 'it went through', profile).to.equal(may);
      await session.close();
    }
    expect(await messageOf(open.query('INSERT INTO things VALUES (4)'))).not.to.equal('it went through');
  });

  it('moves to another identity with every right, and what the old one had open is ended', async () => {
    const { controlPlane } = await sandbox();
    const key = await readyMysql();
    const before = await rightsOf(key.user);
    const open = await logInAs(key);
    await patchConnection(key, { spec: { identity: { userAssigned: { resourceId: identityId('shop-spare') } } } });
    await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
    expect(await rightsOf(key.user)).to.deep.equal(before);
    expect(await messageOf(open.query('SELECT 1'))).not.to.equal('it went through');
    await (await logInAs(key)).close();
  });

  it('is bound again when its identity was deleted and made anew under its name', async () => {
    const { controlPlane, controls, world } = await sandbox();
    const key = await readyMysql((spec) => (spec.identity.userAssigned = { resourceId: identityId('shop-reports') }));
    const identity = world.identities.find(({ name }) => name === 'shop-reports');
    const before = identity?.clientId;
    const answer = await fetch(`${controls.endpoint}/identities/recreate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${controls.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ resourceId: identity?.resourceId }),
    });
    expect(answer.status).to.equal(200);
    await eventually(async () => (await eventsOf(key)).some(({ reason }) => reason === 'IdentityRebound'), { withinInMs: 30_000 });
    await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
    expect(world.identities.find(({ name }) => name === 'shop-reports')?.clientId).not.to.equal(before);
    const session = await logInAs(key);
    await session.query('INSERT INTO things VALUES (5)');
    await session.close();
  });

  it('keeps the user locked for what it defines, without a right, and frees nothing for others', async () => {
    const { controlPlane } = await sandbox();
    const key = await readyMysql((spec) => (spec.access.profile = 'All'));
    const session = await logInAs(key);
    await session.query('CREATE VIEW seen AS SELECT id FROM things');
    await session.close();
    await deleteConnection(key);
    await waitForConnection(controlPlane.api, key, (connection) => connection === undefined, inTime());
    const [ended] = (await eventsOf(key)).filter(({ reason }) => reason === 'AccessEnded');
    expect(ended?.note).to.match(/seen/);
    expect(await rightsOf(key.user)).to.deep.equal(['all: USAGE']);
    await asSuperuser('DROP VIEW orders.seen');
    await asSuperuser('DROP USER :account', key.user);
  });

  it('gives what Custom grants and no more', async () => {
    const key = await readyMysql((spec) => {
      spec.access = { profile: 'Custom', grants: [{ objectType: 'Table', names: ['things'], privileges: ['SELECT'] }] };
    });
    const session = await logInAs(key);
    await session.query('SELECT id FROM things');
    expect(await messageOf(session.query('INSERT INTO things VALUES (1)'))).to.match(/denied/);
    await session.close();
    expect(await rightsOf(key.user)).to.deep.equal(['all: USAGE', 'orders.things: SELECT']);
  });

  it('in Report mode shows what Enforce would do, and changes nothing', async () => {
    const { controlPlane } = await sandbox();
    const key = await readyMysql();
    await patchConnection(key, { spec: { mode: 'Report' } });
    await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
    await asSuperuser('REVOKE INSERT ON `orders`.* FROM :account', key.user);
    const drifted = await waitForReady(controlPlane.api, key, { status: 'False', reason: 'DriftDetected' }, inTime());
    expect(drifted.status?.plan?.steps?.[0]?.summary).to.match(/^GRANT INSERT ON `orders`\.\* TO/);
    expect(await rightsOf(key.user)).not.to.include('orders: INSERT');
    expect(conditionOf(drifted, 'GrantsReady')?.status).to.equal('False');
  });
});
