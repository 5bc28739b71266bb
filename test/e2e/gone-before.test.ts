import { expect } from 'chai';
import { type ConnectionKey, waitForConnection, waitForReady } from '../support/connections.ts';
import {
  asSuperuser,
  createConnection,
  credentialsOf,
  deleteConnection,
  deletePolicy,
  eventsOf,
  eventually,
  everyPolicy,
  identityId,
  inTime,
  newNamespace,
  readyConnection,
  sandbox,
  server,
  specOf,
  testTimeout,
  withTable,
} from './support.ts';

describe('a connection goes, and nothing of it is left, when', function () {
  this.timeout(testTimeout);
  withTable('things');

  const rolesOf = (user: string) => asSuperuser('postgres', 'SELECT rolname FROM pg_roles WHERE rolname = $1', [user]);

  /** Waits until a connection has gone and looks for what it could have left. Answers what the operator says of the user. */
  async function goneWithoutTrace(key: ConnectionKey & { readonly user: string }, identity = 'shop-orders'): Promise<string> {
    const { controlPlane, world } = await sandbox();
    const { api } = controlPlane;
    await waitForConnection(api, key, (each) => each === undefined, inTime());
    await eventually(async () => (await rolesOf(key.user)).length === 0, { withinInMs: 30_000 });
    expect(credentialsOf(world, identity)).not.to.include(`system:serviceaccount:${key.namespace}:app`);
    expect((await api.answer('GET', `/api/v1/namespaces/${key.namespace}/secrets/${key.name}`, {}, inTime())).status).to.equal(404);
    const ledgers = await api.request('GET', '/api/v1/namespaces/passwordless-system/configmaps', {}, inTime());
    expect(JSON.stringify(ledgers.items)).not.to.include('tombstone.');
    return (await eventsOf(key)).find(({ reason }) => reason === 'AccessEnded')?.note ?? '';
  }

  it('its server is gone; were it back, the sweep would end the user there', async () => {
    const { controlPlane, world } = await sandbox();
    const key = await readyConnection();
    const servers = world.servers.splice(0);
    try {
      await waitForReady(controlPlane.api, key, { status: 'False', reason: 'ServerNotFound' }, inTime());
      await deleteConnection(key);
      await waitForConnection(controlPlane.api, key, (each) => each === undefined, inTime());
      expect(credentialsOf(world, 'shop-orders')).not.to.include(`system:serviceaccount:${key.namespace}:app`);
    } finally {
      world.servers.push(...servers);
    }
    expect(await goneWithoutTrace(key)).to.equal('the server is gone, and the database user with it');
  });

  it('its database was dropped', async () => {
    const { backend } = await server();
    await backend.createDatabase('doomed');
    const key = await readyConnection((spec) => (spec.target.database = 'doomed'));
    await asSuperuser('postgres', 'DROP DATABASE doomed WITH (FORCE)');
    await deleteConnection(key);
    expect(await goneWithoutTrace(key)).to.equal(`the database user ${key.user} was dropped`);
  });

  it('its identity is gone', async () => {
    const { world } = await sandbox();
    const key = await readyConnection((spec) => (spec.identity.userAssigned = { resourceId: identityId('shop-spare') }));
    const index = world.identities.findIndex(({ name }) => name === 'shop-spare');
    const [identity] = world.identities.splice(index, 1);
    try {
      await deleteConnection(key);
      expect(await goneWithoutTrace(key, 'shop-spare')).to.equal(`the database user ${key.user} was dropped`);
    } finally {
      if (identity) world.identities.push({ ...identity, federatedCredentials: [] });
    }
  });

  it('its policy is gone', async () => {
    const key = await readyConnection();
    await deletePolicy('e2e');
    try {
      await deleteConnection(key);
      expect(await goneWithoutTrace(key)).to.equal(`the database user ${key.user} was dropped`);
    } finally {
      await everyPolicy();
    }
  });

  it('its policy is gone, and its access was withdrawn', async () => {
    const { controlPlane } = await sandbox();
    const key = await readyConnection();
    await deletePolicy('e2e');
    try {
      await waitForReady(controlPlane.api, key, { status: 'False', reason: 'Withdrawn' }, inTime());
      await deleteConnection(key);
      expect(await goneWithoutTrace(key)).to.equal(`the database user ${key.user} was dropped`);
    } finally {
      await everyPolicy();
    }
  });

  it('its namespace goes with everything in it', async () => {
    const { controlPlane, world } = await sandbox();
    const { api } = controlPlane;
    const namespace = await newNamespace();
    const keys = ['first', 'second', 'third'].map((name) => ({ namespace, name }));
    const users: string[] = [];
    for (const key of keys)
      await createConnection(
        key,
        specOf((spec) => (spec.workload.serviceAccount = { name: 'app', createIfMissing: true })),
      );
    for (const key of keys) users.push((await waitForReady(api, key, { status: 'True' }, inTime())).status?.databaseUser?.name ?? '');
    await api.request('DELETE', `/api/v1/namespaces/${namespace}`, {}, inTime());
    const isThere = async () => (await api.answer('GET', `/api/v1/namespaces/${namespace}`, {}, inTime())).status === 200;
    await eventually(async () => !(await isThere()), { withinInMs: 60_000 });
    for (const user of users) await eventually(async () => (await rolesOf(user)).length === 0, { withinInMs: 30_000 });
    expect(credentialsOf(world, 'shop-orders')).not.to.include(`system:serviceaccount:${namespace}:app`);
  });

  it('its role was dropped by hand', async () => {
    const key = await readyConnection();
    await asSuperuser('orders', `DROP OWNED BY "${key.user}"; DROP ROLE "${key.user}"`);
    await deleteConnection(key);
    expect(await goneWithoutTrace(key)).to.match(/was gone already$|was dropped$/);
  });

  it('its Secret and service account are gone', async () => {
    const { api } = (await sandbox()).controlPlane;
    const key = await readyConnection();
    for (const path of [`secrets/${key.name}`, 'serviceaccounts/app'])
      await api.request('DELETE', `/api/v1/namespaces/${key.namespace}/${path}`, {}, inTime());
    await deleteConnection(key);
    expect(await goneWithoutTrace(key)).to.equal(`the database user ${key.user} was dropped`);
  });

  it('its federated credential is gone', async () => {
    const { world } = await sandbox();
    const key = await readyConnection();
    world.identities.find(({ name }) => name === 'shop-orders')?.federatedCredentials.splice(0);
    await deleteConnection(key);
    expect(await goneWithoutTrace(key)).to.equal(`the database user ${key.user} was dropped`);
  });
});

describe('a deleted connection whose user owns something in several databases', function () {
  this.timeout(testTimeout);
  withTable('things');

  it('leaves one locked shell that owns all of it, and no right on anything else', async () => {
    const { controlPlane } = await sandbox();
    const key = await readyConnection((spec) => (spec.access.profile = 'ReadWriteDDL'));
    for (const database of ['orders', 'billing'])
      await asSuperuser(
        database,
        `CREATE TABLE public.kept (id int); INSERT INTO public.kept VALUES (42); ALTER TABLE public.kept OWNER TO "${key.user}"`,
      );
    await deleteConnection(key);
    await waitForConnection(controlPlane.api, key, (each) => each === undefined, inTime());
    const ownersIn = (database: string) =>
      asSuperuser<{ owner: string; login: boolean; label: string | null }>(
        database,
        `SELECT rolname AS owner, rolcanlogin AS login, (SELECT label FROM pg_shseclabel WHERE objoid = r.oid) AS label
         FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE relname = 'kept'`,
      );
    const [shell] = await ownersIn('orders');
    expect(shell).to.deep.include({ login: false, label: null });
    expect(shell?.owner).to.match(/^dbaccess_retired_[0-9a-f]{8}/);
    expect(await ownersIn('billing')).to.deep.equal([shell]);
    for (const database of ['orders', 'billing']) {
      expect(await asSuperuser(database, 'SELECT id FROM public.kept')).to.deep.equal([{ id: 42 }]);
      const rights = 'SELECT relname FROM pg_class, aclexplode(relacl) WHERE grantee = $1::regrole AND relowner <> $1::regrole';
      expect(await asSuperuser(database, rights, [shell?.owner])).to.deep.equal([]);
      await asSuperuser(database, `DROP OWNED BY "${shell?.owner}"`);
    }
    await asSuperuser('postgres', `DROP ROLE "${shell?.owner}"`);
  });
});
