import { expect } from 'chai';
import { waitForConnection, waitForReady } from '../support/connections.ts';
import { databaseToken, injectedBy, logIn, readSettings } from '../support/workload.ts';
import {
  asSuperuser,
  createConnection,
  deleteConnection,
  everyPolicy,
  inTime,
  messageOf,
  newNamespace,
  newServiceAccount,
  sandbox,
  specOf,
  startTimeout,
  testTimeout,
} from './support.ts';

describe('from apply to login', () => {
  before(async function () {
    this.timeout(startTimeout);
    await sandbox();
    await everyPolicy();
    await asSuperuser('orders', 'CREATE TABLE public.items (id int, name text)');
    await asSuperuser('orders', 'ALTER TABLE public.items OWNER TO azure_pg_admin');
  });

  after(async () => {
    await asSuperuser('orders', 'DROP TABLE public.items');
  });

  it('lets the workload in with what was written for it and a token of its own, and ends that with the resource', async function () {
    this.timeout(testTimeout);
    const { controlPlane, file } = await sandbox();
    const { api } = controlPlane;
    const namespace = await newNamespace();
    const key = { namespace, name: 'orders-db' };
    await newServiceAccount(namespace);
    await createConnection(key, specOf());
    const connection = await waitForReady(api, key, { status: 'True' }, inTime());
    expect(connection.status?.binding).to.deep.equal({ name: 'orders-db' });
    expect(connection.status?.databaseUser).to.deep.equal({ name: `aad_${namespace}_orders-db`, created: true });

    const account = { namespace, serviceAccount: 'app' };
    const injected = await injectedBy(api, { ...account, authority: file.entra.authority }, inTime());
    const token = await databaseToken(api, account, injected, inTime());
    const settings = await readSettings(api, key, inTime());
    expect(Object.keys(settings).sort()).to.deep.equal([
      'AZURE_POSTGRESQL_CLIENTID',
      'AZURE_POSTGRESQL_DATABASE',
      'AZURE_POSTGRESQL_HOST',
      'AZURE_POSTGRESQL_PORT',
      'AZURE_POSTGRESQL_SSL',
      'AZURE_POSTGRESQL_USER',
    ]);
    const session = await logIn(settings, token);
    await session.query("INSERT INTO public.items VALUES (1, 'tea')");
    expect((await session.query('SELECT name FROM public.items')).rows).to.deep.equal([{ name: 'tea' }]);
    expect(await messageOf(session.query('CREATE TABLE public.mine ()'))).to.match(/permission denied/);

    await deleteConnection(key);
    await waitForConnection(api, key, (each) => each === undefined, inTime());
    expect(await messageOf(session.query('SELECT 1'))).to.match(/terminat|ended|closed|connection error/i);
    expect(await messageOf(logIn(settings, token))).to.match(/password authentication failed|not permitted to log in/);
    expect(await messageOf(databaseToken(api, account, injected, inTime()))).to.match(/AADSTS/);
    const secret = await api.answer('GET', `/api/v1/namespaces/${namespace}/secrets/orders-db`, {}, inTime());
    expect(secret.status).to.equal(404);
    const roles = await asSuperuser('postgres', 'SELECT 1 FROM pg_roles WHERE rolname = $1', [`aad_${namespace}_orders-db`]);
    expect(roles).to.deep.equal([]);
  });
});
