import { expect } from 'chai';
import { type ConnectionKey, conditionOf, waitForReady } from '../support/connections.ts';
import { databaseToken, injectedBy, logIn, readSettings } from '../support/workload.ts';
import {
  applyPolicy,
  createConnection,
  deleteAllConnections,
  deletePolicy,
  identityId,
  inTime,
  messageOf,
  newNamespace,
  newServiceAccount,
  sandbox,
  serverId,
  specOf,
  startTimeout,
  testTimeout,
} from './support.ts';

async function allow(namespaces: readonly string[]): Promise<void> {
  await applyPolicy('passing', {
    namespaces: { names: [...namespaces] },
    identities: { userAssigned: [identityId('*')] },
    targets: [{ servers: [serverId], databases: ['orders'], profiles: ['ReadWriteDDL'] }],
  });
}

async function connect(): Promise<ConnectionKey> {
  const namespace = await newNamespace({ served: false });
  await newServiceAccount(namespace);
  const key = { namespace, name: 'c' };
  await createConnection(
    key,
    specOf((spec) => (spec.access.profile = 'ReadWriteDDL')),
  );
  return key;
}

describe('a policy that goes', function () {
  this.timeout(testTimeout);

  before(async function () {
    this.timeout(startTimeout);
    await sandbox();
  });

  afterEach(async () => {
    await deleteAllConnections();
  });

  it('ends the access after the grace period, and giving it back restores login, rights and ownership', async () => {
    const { controlPlane, file } = await sandbox();
    const { api } = controlPlane;
    const key = await connect();
    await allow([key.namespace]);
    await waitForReady(api, key, { status: 'True' }, inTime());
    const account = { namespace: key.namespace, serviceAccount: 'app' };
    const injected = await injectedBy(api, { ...account, authority: file.entra.authority }, inTime());
    const token = await databaseToken(api, account, injected, inTime());
    const settings = await readSettings(api, key, inTime());
    const session = await logIn(settings, token);
    await session.query('CREATE TABLE public.migrated (id int)');

    await deletePolicy('passing');
    const warned = await waitForReady(api, key, { status: 'False', reason: 'NotPermitted' }, inTime());
    expect(Date.parse(warned.status?.accessEndsAt ?? '')).to.be.greaterThan(Date.now() - 5_000);
    expect((await session.query('SELECT 1 AS one')).rows, 'within the grace period').to.deep.equal([{ one: 1 }]);

    const ended = await waitForReady(api, key, { status: 'False', reason: 'Withdrawn' }, inTime());
    expect(conditionOf(ended, 'DatabaseUserReady')).to.include({ status: 'False', reason: 'Withdrawn' });
    expect(await messageOf(session.query('SELECT 1'))).not.to.equal('it went through');
    expect(await messageOf(logIn(settings, token))).to.match(/password authentication failed|not permitted to log in/);
    expect(await messageOf(databaseToken(api, account, injected, inTime()))).to.match(/AADSTS/);

    await allow([key.namespace]);
    await waitForReady(api, key, { status: 'True' }, inTime());
    const again = await logIn(settings, await databaseToken(api, account, injected, inTime()));
    await again.query('ALTER TABLE public.migrated ADD COLUMN note text');
    await again.query('DROP TABLE public.migrated');
    await again.end();
    await deletePolicy('passing');
  });

  it('ends nobody when more lose it at once than is believable', async () => {
    const { controlPlane } = await sandbox();
    const { api } = controlPlane;
    const keys = [await connect(), await connect(), await connect()];
    await allow(keys.map(({ namespace }) => namespace));
    for (const key of keys) await waitForReady(api, key, { status: 'True' }, inTime());
    await deletePolicy('passing');
    for (const key of keys) await waitForReady(api, key, { status: 'False', reason: 'MassWithdrawal' }, inTime());
    await allow(keys.map(({ namespace }) => namespace));
    for (const key of keys) await waitForReady(api, key, { status: 'True' }, inTime());
    await deletePolicy('passing');
  });
});
