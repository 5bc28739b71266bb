import { expect } from 'chai';
import { waitForConnection, waitForReady } from '../support/connections.ts';
import { logIn } from '../support/workload.ts';
import {
  applyPolicy,
  asSuperuser,
  create,
  createConnection,
  deleteConnection,
  deletePolicy,
  eventsOf,
  identityId,
  inTime,
  loginOf,
  messageOf,
  newNamespace,
  newServiceAccount,
  sandbox,
  serverId,
  specOf,
  testTimeout,
  withTable,
} from './support.ts';

const secrets = '/api/v1/namespaces/passwordless-system/secrets';

describe('what the set-up of a policy lends to the operator', function () {
  this.timeout(testTimeout);
  withTable('things');

  before(async () => {
    await asSuperuser('orders', "CREATE ROLE legacy_owner LOGIN PASSWORD 'legacy-password'; CREATE ROLE keeper NOLOGIN");
    const [{ operator } = {}] = await asSuperuser<{ operator: string }>(
      'postgres',
      "SELECT r.rolname AS operator FROM pg_roles r JOIN pg_shseclabel l ON l.objoid = r.oid AND l.label LIKE '%admin%'",
    );
    await asSuperuser('orders', `GRANT keeper TO "${operator}" WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`);
    await asSuperuser('orders', 'CREATE SCHEMA legacy AUTHORIZATION legacy_owner; CREATE TABLE legacy.things (id int)');
    await asSuperuser('orders', 'ALTER TABLE legacy.things OWNER TO legacy_owner; GRANT CREATE, USAGE ON SCHEMA legacy TO keeper');
    await applyPolicy('lends', {
      namespaces: { selector: { matchLabels: { 'e2e.example/lends': 'true' } } },
      identities: { userAssigned: [identityId('*')] },
      targets: [
        {
          servers: [serverId],
          databases: ['orders'],
          profiles: ['ReadOnly', 'ReadWriteDDL'],
          schemas: ['legacy'],
          setup: { ownerCredentialsSecretName: 'legacy-owner', retiredOwner: 'keeper' },
        },
      ],
    });
  });
  after(async () => {
    await (await sandbox()).controlPlane.api.request('DELETE', `${secrets}/legacy-owner`, {}, inTime());
    await deletePolicy('lends');
    await asSuperuser('orders', 'DROP SCHEMA legacy CASCADE; DROP OWNED BY legacy_owner, keeper; DROP ROLE legacy_owner, keeper');
  });

  it("is the login of an owner, with which it grants what that one has, and a role that gets a deleted user's tables", async () => {
    const { api } = (await sandbox()).controlPlane;
    const namespace = await newNamespace({ served: false, labels: { 'e2e.example/lends': 'true' } });
    await newServiceAccount(namespace);
    const key = { namespace, name: 'c' };
    await createConnection(
      key,
      specOf((spec) => (spec.access = { profile: 'ReadWriteDDL', schemas: ['legacy'] })),
    );
    const waiting = await waitForReady(api, key, { status: 'False', reason: 'TablesNotOwned' }, inTime());
    expect(waiting.status?.conditions?.find(({ type }) => type === 'Ready')?.message).to.include('its Secret is not there');
    await create(secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'legacy-owner' },
      type: 'kubernetes.io/basic-auth',
      stringData: { username: 'legacy_owner', password: 'legacy-password' },
    });
    await waitForReady(api, key, { status: 'True' }, inTime());
    expect((await eventsOf(key)).map(({ note }) => note).join('\n')).to.include('(as legacy_owner)');
    const { settings, token } = await loginOf(key);
    const session = await logIn(settings, token);
    await session.query('INSERT INTO legacy.things VALUES (1)');
    await session.query('CREATE TABLE legacy.made (id int)');
    await deleteConnection(key);
    await waitForConnection(api, key, (connection) => connection === undefined, inTime());
    expect(await messageOf(session.query('SELECT 1'))).not.to.equal('it went through');
    expect(await asSuperuser('orders', "SELECT relowner::regrole::text AS owner FROM pg_class WHERE relname = 'made'")).to.deep.equal([
      { owner: 'keeper' },
    ]);
    expect((await eventsOf(key)).map(({ note }) => note).join('\n')).to.include('and what it owned belongs to keeper now');
  });
});
