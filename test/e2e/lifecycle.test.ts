import { expect } from 'chai';
import type { ConnectionSpec } from '../../src/api/spec.ts';
import { type ConnectionKey, conditionOf, readConnection, waitForConnection, waitForReady } from '../support/connections.ts';
import { databaseToken, injectedBy, logIn, readSettings } from '../support/workload.ts';
import {
  asSuperuser,
  createConnection,
  deleteAllConnections,
  deleteConnection,
  eventually,
  everyPolicy,
  identityId,
  inTime,
  newNamespace,
  newServiceAccount,
  patchConnection,
  sandbox,
  server,
  specOf,
  startTimeout,
  testTimeout,
} from './support.ts';

/** A Ready connection in a namespace of its own, for service account `app`. */
async function readyConnection(
  change: (spec: ConnectionSpec) => void = () => {},
  name = 'c',
): Promise<ConnectionKey & { readonly user: string }> {
  const namespace = await newNamespace();
  await newServiceAccount(namespace);
  const key = { namespace, name };
  await createConnection(key, specOf(change));
  const connection = await waitForReady((await sandbox()).controlPlane.api, key, { status: 'True' }, inTime());
  return { ...key, user: connection.status?.databaseUser?.name ?? '' };
}

async function loginOf(key: ConnectionKey): Promise<{ readonly settings: Readonly<Record<string, string>>; readonly token: string }> {
  const { controlPlane, file } = await sandbox();
  const account = { namespace: key.namespace, serviceAccount: 'app' };
  const injected = await injectedBy(controlPlane.api, { ...account, authority: file.entra.authority }, inTime());
  const token = await databaseToken(controlPlane.api, account, injected, inTime());
  return { settings: await readSettings(controlPlane.api, key, inTime()), token };
}

async function eventsOf({ namespace, name }: ConnectionKey): Promise<readonly { reason: string; note: string; type: string }[]> {
  const list = await (await sandbox()).controlPlane.api.request(
    'GET',
    `/apis/events.k8s.io/v1/namespaces/${namespace}/events`,
    {},
    inTime(),
  );
  return list.items.filter((event: { regarding: { name: string } }) => event.regarding.name === name);
}

async function messageOf(action: Promise<unknown>): Promise<string> {
  return action.then(
    () => 'it went through',
    (error: Error) => error.message,
  );
}

function credentialsOf(
  world: { identities: readonly { name: string; federatedCredentials: readonly { subject: string }[] }[] },
  name: string,
) {
  return world.identities.find((identity) => identity.name === name)?.federatedCredentials.map(({ subject }) => subject) ?? [];
}

describe('the life of a connection', function () {
  this.timeout(testTimeout);

  before(async function () {
    this.timeout(startTimeout);
    await sandbox();
    await everyPolicy();
    await asSuperuser('orders', 'CREATE TABLE public.things (id int)');
    await asSuperuser('orders', 'ALTER TABLE public.things OWNER TO azure_pg_admin');
  });

  afterEach(async function () {
    this.timeout(testTimeout);
    await deleteAllConnections();
  });

  after(async () => {
    await asSuperuser('orders', 'DROP TABLE public.things');
  });

  it('costs nothing at rest: no write of any kind, and as many sessions as databases', async () => {
    const { journal, controlPlane } = await sandbox();
    const keys = [await readyConnection(), await readyConnection((spec) => (spec.access.profile = 'ReadOnly'))];
    const versions = async () =>
      Promise.all(keys.map(async (key) => (await readConnection(controlPlane.api, key, inTime()))?.metadata.resourceVersion));
    const before = await versions();
    const from = journal.list().length;
    // two passes of both: each begins with a look at the role of its user
    const passes = () =>
      journal.list('sql').filter((each) => each.kind === 'sql' && /pgaadauth_list_principals/.test(each.statement)).length;
    const seen = passes();
    await eventually(() => passes() >= seen + 4, { withinInMs: 20_000 });
    const entries = journal.list().slice(from);
    const writes = entries.filter(
      (each) =>
        (each.kind === 'arm' && each.method !== 'GET') ||
        (each.kind === 'sql' && !/^(SELECT|WITH|BEGIN|COMMIT|ROLLBACK|LOGIN|SHOW|SET LOCAL)/i.test(each.statement.trim())),
    );
    expect(writes).to.deep.equal([]);
    expect(await versions()).to.deep.equal(before);
  });

  it('is repaired when a grant, the Secret, the annotation, the credential or the role is changed, with an Event that names the steps', async () => {
    const { controlPlane, world } = await sandbox();
    const { api } = controlPlane;
    const key = await readyConnection();
    const { namespace } = key;

    await asSuperuser('orders', `REVOKE INSERT ON public.things FROM "${key.user}"`);
    await asSuperuser('orders', `GRANT TRUNCATE ON public.things TO "${key.user}"`);
    const secret = `/api/v1/namespaces/${namespace}/secrets/c`;
    await api.request(
      'PATCH',
      secret,
      { body: { data: { AZURE_POSTGRESQL_HOST: 'ZXZpbA==' } }, contentType: 'application/merge-patch+json' },
      inTime(),
    );
    const account = `/api/v1/namespaces/${namespace}/serviceaccounts/app`;
    const body = { metadata: { annotations: { 'azure.workload.identity/client-id': '99999999-9999-9999-9999-999999999999' } } };
    await api.request('PATCH', account, { body, contentType: 'application/merge-patch+json' }, inTime());
    world.identities.find(({ name }) => name === 'shop-orders')?.federatedCredentials.splice(0);

    const rights = async () =>
      (
        await asSuperuser<{ p: string }>(
          'orders',
          'SELECT privilege_type AS p FROM information_schema.role_table_grants WHERE grantee = $1 AND table_name = $2',
          [key.user, 'things'],
        )
      )
        .map(({ p }) => p)
        .sort();
    await eventually(async () => (await rights()).join() === 'DELETE,INSERT,SELECT,UPDATE', { withinInMs: 20_000 });
    await eventually(async () => (await api.request('GET', secret, {}, inTime())).data.AZURE_POSTGRESQL_HOST !== 'ZXZpbA==', {
      withinInMs: 20_000,
    });
    expect((await api.request('GET', account, {}, inTime())).metadata.annotations['azure.workload.identity/client-id']).not.to.match(
      /^9{8}/,
    );
    await eventually(() => credentialsOf(world, 'shop-orders').join() === `system:serviceaccount:${namespace}:app`, { withinInMs: 20_000 });
    const named = [/GRANT INSERT/, /REVOKE TRUNCATE/, /annotate ServiceAccount/, /PUT .*federatedIdentityCredentials/, /update Secret/];
    const notes = async () => (await eventsOf(key)).filter(({ reason }) => reason === 'DriftCorrected').map(({ note }) => note);
    await eventually(
      async () => {
        const told = (await notes()).join('; ');
        return named.every((step) => step.test(told));
      },
      { withinInMs: 20_000 },
    );

    await asSuperuser('orders', `DROP OWNED BY "${key.user}"; DROP ROLE "${key.user}"`);
    const { settings, token } = await loginOf(key);
    await eventually(async () => (await messageOf(logIn(settings, token).then((session) => session.end()))) === 'it went through', {
      withinInMs: 20_000,
    });
  });

  it('is bound again when the identity was recreated under its name, and says so', async () => {
    const { controls } = await sandbox();
    const key = await readyConnection();
    const answer = await fetch(`${controls.endpoint}/identities/recreate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${controls.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ resourceId: identityId('shop-orders') }),
    });
    expect(answer.status).to.equal(200);
    await eventually(async () => (await eventsOf(key)).some(({ reason, type }) => reason === 'IdentityRebound' && type === 'Warning'), {
      withinInMs: 30_000,
    });
    await eventually(
      async () => {
        const { settings, token } = await loginOf(key).catch(() => ({ settings: {}, token: '' }));
        return (await messageOf(logIn(settings, token).then((session) => session.end()))) === 'it went through';
      },
      { withinInMs: 30_000 },
    );
  });

  it('moves to another identity, and the old federation goes', async () => {
    const { controlPlane, world } = await sandbox();
    const key = await readyConnection();
    const subject = `system:serviceaccount:${key.namespace}:app`;
    expect(credentialsOf(world, 'shop-orders')).to.include(subject);
    await patchConnection(key, { spec: { identity: { userAssigned: { resourceId: identityId('shop-spare') } } } });
    await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
    expect(credentialsOf(world, 'shop-orders')).not.to.include(subject);
    expect(credentialsOf(world, 'shop-spare')).to.include(subject);
    const { settings, token } = await loginOf(key);
    await (await logIn(settings, token)).end();
  });

  it('narrows and widens with its profile', async () => {
    const { controlPlane } = await sandbox();
    const key = await readyConnection();
    for (const [profile, may] of [
      ['ReadOnly', false],
      ['ReadWrite', true],
      ['ReadWriteDDL', true],
      ['ReadOnly', false],
    ] as const) {
      await patchConnection(key, { spec: { access: { profile } } });
      await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
      const { settings, token } = await loginOf(key);
      const session = await logIn(settings, token);
      expect(await messageOf(session.query('INSERT INTO public.things VALUES (1)')), profile).to.equal(
        may ? 'it went through' : 'permission denied for table things',
      );
      await session.end();
    }
  });

  it('lets a reader see the tables that a neighbour creates later', async () => {
    const reader = await readyConnection((spec) => (spec.access.profile = 'ReadOnly'));
    const creator = await readyConnection((spec) => (spec.access.profile = 'ReadWriteDDL'));
    const own = await loginOf(creator);
    const session = await logIn(own.settings, own.token);
    await session.query('CREATE TABLE public.later (id int)');
    await session.query('INSERT INTO public.later VALUES (7)');
    const { settings, token } = await loginOf(reader);
    const reading = await logIn(settings, token);
    await eventually(async () => (await messageOf(reading.query('SELECT * FROM public.later'))) === 'it went through', {
      withinInMs: 20_000,
    });
    expect(await messageOf(reading.query('INSERT INTO public.later VALUES (8)'))).to.match(/permission denied/);
    await reading.end();
    await session.query('DROP TABLE public.later');
    await session.end();
  });

  it('does nothing while suspended, not even a login, and goes on afterwards', async () => {
    const { controlPlane, journal } = await sandbox();
    const key = await readyConnection();
    await patchConnection(key, { spec: { suspend: true } });
    const suspended = await waitForReady(controlPlane.api, key, { status: 'Unknown', reason: 'Suspended' }, inTime());
    expect(suspended.status?.observedGeneration).to.equal(suspended.metadata.generation);
    const from = journal.list().length;
    await asSuperuser('orders', `REVOKE INSERT ON public.things FROM "${key.user}"`);
    await patchConnection(key, { metadata: { annotations: { 'dbaccess.dev/requestedAt': 'while-suspended' } } });
    await waitForConnection(controlPlane.api, key, (each) => each?.status?.lastHandledReconcileAt === 'while-suspended', inTime());
    expect(journal.list().slice(from)).to.deep.equal([]);
    await patchConnection(key, { spec: { suspend: false } });
    await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
    const { settings, token } = await loginOf(key);
    const session = await logIn(settings, token);
    await session.query('INSERT INTO public.things VALUES (2)');
    await session.end();
  });

  it('moves its settings to another Secret when it asks for another name', async () => {
    const { controlPlane } = await sandbox();
    const key = await readyConnection();
    await patchConnection(key, { spec: { output: { secret: { name: 'renamed' } } } });
    const connection = await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
    expect(connection.status?.binding?.name).to.equal('renamed');
    const status = async (name: string) =>
      (await controlPlane.api.answer('GET', `/api/v1/namespaces/${key.namespace}/secrets/${name}`, {}, inTime())).status;
    expect([await status('c'), await status('renamed')]).to.deep.equal([404, 200]);
  });

  it('writes the settings of every client type, and only those', async () => {
    const { controlPlane } = await sandbox();
    const key = await readyConnection();
    const names: Record<string, readonly string[]> = {
      Java: ['AZURE_POSTGRESQL_CLIENTID', 'AZURE_POSTGRESQL_CONNECTIONSTRING'],
      Python: ['AZURE_POSTGRESQL_CLIENTID', 'AZURE_POSTGRESQL_CONNECTIONSTRING'],
      ServiceBinding: ['database', 'host', 'port', 'provider', 'type', 'uri', 'username'],
      None: ['CLIENTID', 'DATABASE', 'HOST', 'PORT', 'SSL', 'USERNAME'].map((name) => `AZURE_POSTGRESQL_${name}`),
    };
    for (const [clientType, expected] of Object.entries(names)) {
      await patchConnection(key, { spec: { output: { clientType } } });
      await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
      expect(Object.keys(await readSettings(controlPlane.api, key, inTime())).sort(), clientType).to.deep.equal(expected);
    }
  });

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

  it('in Report mode shows what Enforce would do, and changes nothing', async () => {
    const { controlPlane, journal } = await sandbox();
    const namespace = await newNamespace();
    await newServiceAccount(namespace);
    const key = { namespace, name: 'c' };
    const from = journal.list().length;
    await createConnection(
      key,
      specOf((spec) => (spec.mode = 'Report')),
    );
    const reported = await waitForReady(controlPlane.api, key, { status: 'False', reason: 'DriftDetected' }, inTime());
    expect(reported.status?.plan?.steps?.[0]).to.include({ kind: 'put-federated-credential' });
    expect(reported.status?.plan?.total).to.equal(5);
    expect(reported.metadata.finalizers ?? []).to.deep.equal([]);
    const writes = journal
      .list()
      .slice(from)
      .filter(
        (each) =>
          (each.kind === 'arm' && each.method !== 'GET') ||
          (each.kind === 'sql' && /^(GRANT|REVOKE|ALTER|COMMENT|DROP|CREATE)/.test(each.statement)),
      );
    expect(writes).to.deep.equal([]);

    await patchConnection(key, { spec: { mode: 'Enforce' } });
    await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
    await patchConnection(key, { spec: { mode: 'Report' } });
    await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
    await asSuperuser('orders', `REVOKE INSERT ON public.things FROM "aad_${namespace}_c"`);
    const drifted = await waitForReady(controlPlane.api, key, { status: 'False', reason: 'DriftDetected' }, inTime());
    expect(drifted.status?.plan?.steps?.map(({ summary }) => summary)).to.deep.equal([
      `GRANT INSERT ON TABLE "public"."things" TO "aad_${namespace}_c"`,
      'settings: <known after apply>',
    ]);
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

  it('goes with its namespace', async () => {
    const { controlPlane } = await sandbox();
    const key = await readyConnection();
    await controlPlane.api.request('DELETE', `/api/v1/namespaces/${key.namespace}`, {}, inTime());
    await waitForConnection(controlPlane.api, key, (each) => each === undefined, inTime());
    expect(await asSuperuser('postgres', 'SELECT 1 FROM pg_roles WHERE rolname = $1', [key.user])).to.deep.equal([]);
  });

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
    expect(journal.list().slice(from)).to.deep.equal([]);
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

  it('notices that another server answers under the name of this one, and does nothing there', async () => {
    const { controlPlane, world, journal } = await sandbox();
    const key = await readyConnection();
    const { backend, gateway } = await server();
    const { startBackend } = await import('../sandbox/postgres/backend.ts');
    const { syncAdministrators } = await import('../sandbox/postgres/administrators.ts');
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

  it('comes about in the end though the operator is killed at any step', async () => {
    const { controlPlane, journal } = await sandbox();
    const world = await sandbox();
    for (const at of ['federatedIdentityCredentials', 'pgaadauth_create_principal_with_oid', 'GRANT SELECT']) {
      const namespace = await newNamespace();
      await newServiceAccount(namespace);
      const key = { namespace, name: 'c' };
      const from = journal.list().length;
      await createConnection(key, specOf());
      await eventually(() => JSON.stringify(journal.list().slice(from)).includes(at), { withinInMs: 20_000 });
      process.kill(world.file.operator?.pid ?? 0, 'SIGKILL');
      await world.stopOperator(inTime());
      await world.startOperator(inTime());
      await waitForReady(controlPlane.api, key, { status: 'True' }, inTime());
      const { settings, token } = await loginOf(key);
      await (await logIn(settings, token)).end();
    }
  });
});

describe('what this version does not serve', () => {
  const cases: Record<string, (spec: ConnectionSpec) => void> = {
    'profile Custom': (spec) =>
      (spec.access = { profile: 'Custom', grants: [{ objectType: 'Table', schema: 'public', names: ['*'], privileges: ['SELECT'] }] }),
    routines: (spec) => (spec.access.routines = 'All'),
    adoption: (spec) => (spec.databaseUser = { adopt: true }),
  };

  before(async function () {
    this.timeout(startTimeout);
    await sandbox();
    await everyPolicy();
  });

  afterEach(async function () {
    this.timeout(testTimeout);
    await deleteAllConnections();
  });

  for (const [what, change] of Object.entries(cases)) {
    it(`${what} is Stalled / NotYetServed, and nothing is made for it`, async function () {
      this.timeout(testTimeout);
      const { controlPlane, journal } = await sandbox();
      const namespace = await newNamespace();
      const key = { namespace, name: 'c' };
      const from = journal.list().length;
      await createConnection(key, specOf(change));
      const connection = await waitForReady(controlPlane.api, key, { status: 'False', reason: 'NotYetServed' }, inTime());
      expect(conditionOf(connection, 'Stalled')?.status).to.equal('True');
      expect(connection.metadata.finalizers ?? []).to.deep.equal([]);
      expect(journal.list().slice(from)).to.deep.equal([]);
    });
  }
});
