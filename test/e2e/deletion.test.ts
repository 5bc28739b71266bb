import { expect } from 'chai';
import { waitForConnection, waitForReady } from '../support/connections.ts';
import { logIn } from '../support/workload.ts';
import {
  asSuperuser,
  createConnection,
  credentialsOf,
  deleteConnection,
  eventually,
  inTime,
  loginOf,
  messageOf,
  newNamespace,
  readyConnection,
  sandbox,
  specOf,
  testTimeout,
  withTable,
} from './support.ts';

describe('the end of a connection', function () {
  this.timeout(testTimeout);
  withTable('things');

  it('leaves a locked shell where the user owns tables, and nobody loses a row', async () => {
    const key = await readyConnection((spec) => (spec.access.profile = 'ReadWriteDDL'));
    const { settings, token } = await loginOf(key);
    const session = await logIn(settings, token);
    await session.query('CREATE TABLE public.owned (id int)');
    await session.query('INSERT INTO public.owned VALUES (42)');
    await deleteConnection(key);
    await waitForConnection((await sandbox()).controlPlane.api, key, (each) => each === undefined, inTime());
    expect(await messageOf(session.query('SELECT 1'))).not.to.equal('it went through');
    expect(await messageOf(logIn(settings, token))).to.match(/password authentication failed|not permitted to log in/);
    const owners = await asSuperuser<{ o: string; login: boolean }>(
      'orders',
      "SELECT rolname AS o, rolcanlogin AS login FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE relname = 'owned'",
    );
    expect(owners).to.have.length(1);
    expect(owners[0]?.o).to.match(/^dbaccess_retired_[0-9a-f]{8}/);
    expect(owners[0]?.login).to.equal(false);
    expect(await asSuperuser('orders', 'SELECT id FROM public.owned')).to.deep.equal([{ id: 42 }]);
    await asSuperuser('orders', 'DROP TABLE public.owned');
    await asSuperuser('orders', `DROP OWNED BY "${owners[0]?.o}"; DROP ROLE "${owners[0]?.o}"`);
  });

  it('with Disable goes on where it was when the same resource is made again', async () => {
    const { controlPlane } = await sandbox();
    const key = await readyConnection((spec) => {
      spec.access.profile = 'ReadWriteDDL';
      spec.deletionPolicy = 'Disable';
    });
    const { settings, token } = await loginOf(key);
    const session = await logIn(settings, token);
    await session.query('CREATE TABLE public.kept (id int)');
    await deleteConnection(key);
    await waitForConnection(controlPlane.api, key, (each) => each === undefined, inTime());
    expect(await messageOf(session.query('SELECT 1'))).not.to.equal('it went through');
    expect(await messageOf(logIn(settings, token))).to.match(/password authentication failed|not permitted to log in/);
    await createConnection(
      key,
      specOf((spec) => (spec.access.profile = 'ReadWriteDDL')),
    );
    await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
    const again = await loginOf(key);
    const owner = await logIn(again.settings, again.token);
    await owner.query('ALTER TABLE public.kept ADD COLUMN note text');
    await owner.query('DROP TABLE public.kept');
    await owner.end();
  });

  it('with Retain leaves the access as it is, and the same resource takes it up again', async () => {
    const { controlPlane } = await sandbox();
    const key = await readyConnection((spec) => (spec.deletionPolicy = 'Retain'));
    const { settings, token } = await loginOf(key);
    await deleteConnection(key);
    await waitForConnection(controlPlane.api, key, (each) => each === undefined, inTime());
    await (await logIn(settings, token)).end();
    const [role] = await asSuperuser<{ mark: string }>(
      'postgres',
      "SELECT shobj_description(oid, 'pg_authid') AS mark FROM pg_roles WHERE rolname = $1",
      [key.user],
    );
    expect(role?.mark).to.match(/ created released$/);
    const secret = `/api/v1/namespaces/${key.namespace}/secrets/c`;
    expect((await controlPlane.api.request('GET', secret, {}, inTime())).metadata.ownerReferences ?? []).to.deep.equal([]);
    await controlPlane.api.request('DELETE', secret, {}, inTime());
    await createConnection(key, specOf());
    await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
  });

  it('lets go when the user can log in no more, and tidies it away later from a tombstone', async () => {
    const { controlPlane, faults } = await sandbox();
    const key = await readyConnection();
    const { settings, token } = await loginOf(key);
    faults.add({ match: { kind: 'sql', path: 'DROP (OWNED|ROLE)' }, respond: { code: '55P03' } });
    const there = async () => (await asSuperuser('postgres', 'SELECT 1 FROM pg_roles WHERE rolname = $1', [key.user])).length === 1;
    try {
      await deleteConnection(key);
      await waitForConnection(controlPlane.api, key, (each) => each === undefined, inTime());
      expect(await messageOf(logIn(settings, token))).to.match(/password authentication failed|not permitted to log in/);
      expect(await there()).to.equal(true);
      const ledgers = await controlPlane.api.request('GET', '/api/v1/namespaces/passwordless-system/configmaps', {}, inTime());
      expect(JSON.stringify(ledgers.items)).to.match(/tombstone\./);
    } finally {
      faults.clear();
    }
    await eventually(async () => !(await there()), { withinInMs: 40_000 });
    await eventually(
      async () =>
        !JSON.stringify(
          (await controlPlane.api.request('GET', '/api/v1/namespaces/passwordless-system/configmaps', {}, inTime())).items,
        ).includes('tombstone.'),
      { withinInMs: 20_000 },
    );
  });

  it('leaves the federation and annotation alone that another connection of the service account needs', async () => {
    const { controlPlane, world } = await sandbox();
    const key = await readyConnection();
    const second = { namespace: key.namespace, name: 'second' };
    await createConnection(
      second,
      specOf((spec) => (spec.access.profile = 'ReadOnly')),
    );
    await waitForReady(controlPlane.api, second, { status: 'True' }, inTime());
    await deleteConnection(key);
    await waitForConnection(controlPlane.api, key, (each) => each === undefined, inTime());
    expect(credentialsOf(world, 'shop-orders')).to.include(`system:serviceaccount:${key.namespace}:app`);
    const { settings, token } = await loginOf(second);
    await (await logIn(settings, token)).end();
    await deleteConnection(second);
    await waitForConnection(controlPlane.api, second, (each) => each === undefined, inTime());
    expect(credentialsOf(world, 'shop-orders')).not.to.include(`system:serviceaccount:${key.namespace}:app`);
    const account = await controlPlane.api.request('GET', `/api/v1/namespaces/${key.namespace}/serviceaccounts/app`, {}, inTime());
    expect(account.metadata.annotations ?? {}).to.deep.equal({});
  });

  it('makes the service account where that is asked for, and takes it away again', async () => {
    const { controlPlane } = await sandbox();
    const namespace = await newNamespace();
    const key = { namespace, name: 'c' };
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/made`;
    await createConnection(
      key,
      specOf((spec) => (spec.workload.serviceAccount = { name: 'made', createIfMissing: true })),
    );
    await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
    expect((await controlPlane.api.answer('GET', path, {}, inTime())).status).to.equal(200);
    await deleteConnection(key);
    await waitForConnection(controlPlane.api, key, (each) => each === undefined, inTime());
    expect((await controlPlane.api.answer('GET', path, {}, inTime())).status).to.equal(404);
  });
});
