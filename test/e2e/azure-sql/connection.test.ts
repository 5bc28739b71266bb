import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { ConnectionSpec } from '../../../src/api/spec.ts';
import { type Application, logInTo } from '../../support/application.ts';
import { type ConnectionKey, conditionOf, connectionPath, waitForConnection, waitForReady } from '../../support/connections.ts';
import { databaseToken, injectedBy, readSettings } from '../../support/workload.ts';
import {
  azureSqlServerId,
  deleteAllConnections,
  deleteConnection,
  eventually,
  everyPolicy,
  identityId,
  inTime,
  messageOf,
  patchConnection,
  readyConnection,
  sandbox,
  startTimeout,
  testTimeout,
} from '../support.ts';

const scope = 'https://database.windows.net/.default';

describe('a connection to Azure SQL', function () {
  this.timeout(testTimeout);

  before(async function () {
    this.timeout(startTimeout);
    await sandbox();
    await everyPolicy();
  });
  afterEach(async function () {
    this.timeout(testTimeout);
    (await engine()).resume('orders');
    await deleteAllConnections();
  });

  async function engine() {
    const found = (await sandbox()).azureSql.get(azureSqlServerId);
    if (!found) throw new Error('the sandbox has no server of Azure SQL');
    return found.engine;
  }
  const ready = (change: (spec: ConnectionSpec) => void = () => {}) =>
    readyConnection((spec) => {
      spec.target = { type: 'AzureSQL', serverId: azureSqlServerId, database: 'orders' };
      change(spec);
    });
  async function logIn(key: ConnectionKey): Promise<Application> {
    const { controlPlane, file } = await sandbox();
    const account = { namespace: key.namespace, serviceAccount: 'app' };
    const injected = await injectedBy(controlPlane.api, { ...account, authority: file.entra.authority }, inTime());
    const token = await databaseToken(controlPlane.api, account, injected, { scope, ...inTime() });
    return await logInTo('AzureSQL', await readSettings(controlPlane.api, key, inTime()), token);
  }
  const hasUser = async (name: string) => (await engine()).database('orders')?.state.catalog.principalNamed(name) !== undefined;
  const loginsSince = async (length: number) =>
    (await sandbox()).journal
      .list()
      .slice(length)
      .filter((each) => each.kind === 'sql' && each.server === 'shop-sql' && each.statement === 'LOGIN');

  it('lets the workload in with what was written for it and a token of its own, and ends that with the resource', async () => {
    const { controlPlane } = await sandbox();
    const key = await ready((spec) => (spec.access.profile = 'ReadWriteDDL'));
    const session = await logIn(key);
    await session.query('CREATE TABLE dbo.things (id int)');
    await session.query('INSERT INTO dbo.things (id) VALUES (1)');
    expect(await session.query('SELECT id FROM dbo.things')).to.deep.equal([{ id: 1 }]);
    await session.query('DROP TABLE dbo.things');
    await patchConnection(key, { spec: { access: { profile: 'ReadOnly' } } });
    await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
    const narrower = await logIn(key);
    expect(await messageOf(narrower.query('CREATE TABLE dbo.things (id int)'))).to.match(/permission/i);

    await deleteConnection(key);
    await waitForConnection(controlPlane.api, key, (connection) => connection === undefined, inTime());
    expect(await messageOf(narrower.query('SELECT 1 AS one'))).not.to.equal('it went through');
    expect(await messageOf(logIn(key))).not.to.equal('it went through');
    expect(await hasUser(key.user)).to.equal(false);
  });

  it('moves to another identity with its rights', async () => {
    const { controlPlane } = await sandbox();
    const key = await ready();
    const before = await logIn(key);
    await patchConnection(key, { spec: { identity: { userAssigned: { resourceId: identityId('shop-spare') } } } });
    await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
    expect(await messageOf(before.query('SELECT 1 AS one'))).not.to.equal('it went through');
    expect(await (await logIn(key)).query('SELECT USER_NAME() AS name')).to.deep.equal([{ name: key.user }]);
  });

  it('reads DatabasePaused while its database is, is not what wakes it, and goes on afterwards', async () => {
    const { controlPlane, journal } = await sandbox();
    const key = await ready();
    const look = () => waitForConnection(controlPlane.api, key, (each) => each !== undefined, inTime());
    // a pass that was under way has just asked Azure, and wakes it
    await eventually(
      async () => {
        (await engine()).pause('orders');
        return /doesn't wake it/.test(conditionOf(await look(), 'Ready')?.message ?? '');
      },
      { withinInMs: 30_000 },
    );
    const paused = await look();
    expect(conditionOf(paused, 'Ready')).to.include({ status: 'False', reason: 'DatabasePaused' });
    expect(conditionOf(paused, 'ServerReady')?.status).to.equal('True');
    expect(conditionOf(paused, 'DatabaseUserReady')).to.include({ status: 'False', reason: 'DatabasePaused' });
    const from = journal.list().length;
    const armReads = () =>
      journal
        .list()
        .slice(from)
        .filter((each) => each.kind === 'arm' && each.path.toLowerCase() === `${azureSqlServerId}/databases`.toLowerCase()).length;
    await eventually(() => armReads() >= 3, { withinInMs: 60_000 });
    expect(await loginsSince(from)).to.deep.equal([]);
    expect((await engine()).database('orders')?.status).to.equal('Paused');
    (await engine()).resume('orders');
    await waitForReady(controlPlane.api, key, { status: 'True' }, { ...inTime(), withinInMs: 80_000 });
  });

  it('of which the finalizer is gone leaves an orphan, whose access ends', async () => {
    const { controlPlane, directory } = await sandbox();
    const key = await ready();
    // so that the operator doesn't put the finalizer back in between
    await patchConnection(key, { spec: { suspend: true } });
    await waitForReady(controlPlane.api, key, { status: 'Unknown', reason: 'Suspended' }, inTime());
    // with the one account that the admission policy lets do that
    const api = controlPlane.api.as({ token: await readFile(join(directory, 'operator.token'), 'utf8') });
    const body = { metadata: { finalizers: null } };
    await api.request('PATCH', connectionPath(key), { body, contentType: 'application/merge-patch+json' }, inTime());
    await api.close();
    await deleteConnection(key);
    await eventually(async () => !(await hasUser(key.user)), { withinInMs: 60_000 });
  });
});
