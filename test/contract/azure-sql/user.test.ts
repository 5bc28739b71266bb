import { expect } from 'chai';
import { markText } from '../../../src/targets/mark.ts';
import { rejection } from '../../support/eventually.ts';
import { access, markOf, other, shop } from '../target/given.ts';
import { atRest } from '../target/pass.ts';
import { numberIn } from './application-session.ts';
import { type ShopServer, startShopServer } from './shop-server.ts';

describe('a user of Azure SQL', function () {
  this.timeout(20_000);
  let shopServer: ShopServer;

  before(async () => {
    shopServer = await startShopServer({ host: '127.0.93.1' });
  });
  after(() => shopServer.stop());
  afterEach(() => shopServer.cleanUp());

  const reasons = (pass: { findings: readonly { reason: string }[] }) => pass.findings.map(({ reason }) => reason);

  it('is bound by its client id and bears its mark as an extended property, without any look into a directory', async () => {
    const request = shopServer.request();
    await shopServer.reconcile(request);
    const rows = await shopServer.query(
      'orders',
      `SELECT p.type_desc AS type, CAST(p.sid AS uniqueidentifier) AS sid, CAST(x.value AS nvarchar(400)) AS mark FROM sys.database_principals AS p
       JOIN sys.extended_properties AS x ON x.class = 4 AND x.major_id = p.principal_id WHERE p.name = N'aad_shop_orders'`,
    );
    expect(rows).to.deep.equal([{ type: 'EXTERNAL_USER', sid: shop.clientId.toUpperCase(), mark: markText(request.mark) }]);
    expect(shopServer.statements().join('\n')).not.to.match(/EXTERNAL PROVIDER/);
    const client = await shopServer.logIn('orders');
    expect(await client.query('SELECT USER_NAME() AS name')).to.deep.equal([{ name: request.userName }]);
  });

  const linesBreak = {
    'it is locked': 'DENY CONNECT',
    'that is committed': '^COMMIT',
    'its sessions are listed': 'dm_exec_sessions',
    'one is ended': '^KILL',
    'it is dropped': 'DROP USER',
  };
  for (const [when, path] of Object.entries(linesBreak))
    it(`that is bound to another identity keeps no session of the one before, though the line breaks when ${when}`, async () => {
      const request = shopServer.request();
      const rebound = { ...request, identity: other };
      await shopServer.reconcile(request);
      await shopServer.logIn('orders');
      shopServer.faults.add({ match: { kind: 'sql', path }, respond: { drop: 'after' }, times: 1 });
      expect(await rejection(shopServer.reconcile(rebound))).to.include({ kind: 'retry' });
      await shopServer.reconcile(rebound);
      expect(await shopServer.reconcile(rebound)).to.deep.equal(atRest);
      const open = [...shopServer.engine.sessions.values()].filter(
        ({ login, killed }) => login.clientId === shop.clientId && !killed.aborted,
      );
      expect(open).to.deep.equal([]);
      await shopServer.logIn('orders', other);
    });

  it('costs one login and some reads at rest, and no write', async () => {
    const requests = Array.from({ length: 20 }, (_, index) =>
      shopServer.request({
        userName: `aad_shop_${index}`,
        mark: markOf('shop', `app-${index}`),
        identity: { principalId: shop.principalId, clientId: `eeeeeeee-0000-4000-8000-${String(index).padStart(12, '0')}` },
      }),
    );
    await Promise.all(requests.map((request) => shopServer.reconcile(request)));
    const fresh = shopServer.newTarget();
    shopServer.journal.clear();
    const passes = await Promise.all(requests.map((request) => shopServer.reconcile(request, fresh)));
    expect(passes).to.deep.equal(requests.map(() => atRest));
    const statements = shopServer.statements();
    expect(statements.filter((each) => each === 'LOGIN')).to.have.length(1);
    expect(statements.filter((each) => !/^(LOGIN|SELECT|SET)/i.test(each))).to.deep.equal([]);
    // a look at the users, and one at their rights, for all of them
    expect(statements.length).to.be.lessThan(30);
  });

  it('is made once where one pass makes many, though one of them can’t be made', async () => {
    await shopServer.query('orders', 'CREATE USER [taken] WITHOUT LOGIN');
    const names = ['one', 'taken', 'two', 'three'];
    const requests = names.map((name, index) =>
      shopServer.request({
        userName: name,
        mark: markOf('shop', name),
        identity: { principalId: shop.principalId, clientId: `eeeeeeee-0000-4000-8000-${String(index).padStart(12, '0')}` },
      }),
    );
    const passes = await Promise.all(requests.map((request) => shopServer.reconcile(request)));
    expect(passes.map(reasons)).to.deep.equal([[], ['UserNameTaken'], [], []]);
  });

  it('is the same under another spelling, because the server says so', async () => {
    await shopServer.reconcile(shopServer.request());
    const shouted = shopServer.request({ userName: 'AAD_SHOP_ORDERS' });
    expect(await shopServer.reconcile(shouted)).to.deep.equal(atRest);
    const others = { ...shouted, mark: markOf('payments', 'orders'), identity: other };
    expect(reasons(await shopServer.reconcile(others))).to.deep.equal(['UserNameTaken']);
  });

  it('is another one where the database tells upper case from lower', async () => {
    shopServer.engine.createDatabase('exact', { collation: 'SQL_Latin1_General_CP1_CS_AS' });
    await shopServer.reconcile(shopServer.request({ database: 'exact' }));
    const shouted = shopServer.request({ database: 'exact', userName: 'AAD_SHOP_ORDERS', mark: markOf('shop', 'loud'), identity: other });
    expect(reasons(await shopServer.reconcile(shouted))).to.deep.equal([]);
    shopServer.engine.dropDatabase('exact');
  });

  it('is the only one of its identity in a database', async () => {
    await shopServer.reconcile(shopServer.request());
    const second = shopServer.request({ userName: 'aad_shop_second', mark: markOf('shop', 'second') });
    const pass = await shopServer.reconcile(second);
    expect(reasons(pass)).to.deep.equal(['IdentityInUse']);
    expect(pass.findings[0]?.message).not.to.include('aad_shop_orders');
  });

  it('is let in again, whoever locked it', async () => {
    const request = shopServer.request();
    await shopServer.reconcile(request);
    for (const damage of ['DENY CONNECT TO [aad_shop_orders]', 'REVOKE CONNECT FROM [aad_shop_orders]']) {
      await shopServer.query('orders', damage);
      expect((await shopServer.reconcile(request)).steps.map(({ kind }) => kind)).to.deep.equal(['allow-login']);
      await shopServer.logIn('orders');
      expect(await shopServer.reconcile(request)).to.deep.equal(atRest);
    }
  });

  it('is let in again when somebody else than the operator locked it, and ended for good all the same', async () => {
    const request = shopServer.request();
    await shopServer.reconcile(request);
    const lock = ['CREATE USER friend WITHOUT LOGIN', 'GRANT CONNECT TO friend WITH GRANT OPTION'];
    await shopServer.query('orders', ...lock, 'DENY CONNECT TO [aad_shop_orders] AS friend');
    expect((await shopServer.reconcile(request)).steps.map(({ kind }) => kind)).to.deep.equal(['allow-login']);
    expect(await shopServer.reconcile(request)).to.deep.equal(atRest);
    await shopServer.query('orders', 'DENY CONNECT TO [aad_shop_orders] AS friend');
    expect(await shopServer.end(request)).to.equal('ended');
    await shopServer.query('orders', 'REVOKE CONNECT FROM [aad_shop_orders] AS friend');
    expect(numberIn(await shopServer.logIn('orders').catch((error: unknown) => error))).to.equal(18456);
  });

  it('is made though a neighbour asks for its name at the same time, with an identity that another user has', async () => {
    await shopServer.query('orders', `CREATE USER someone WITH SID = 0xBBBBBBBB000000408000000000000002, TYPE = E`);
    const target = shopServer.newTarget();
    const { signal } = new AbortController();
    const first = shopServer.request({
      userName: 'first',
      mark: markOf('shop', 'first'),
      identity: { principalId: shop.principalId, clientId: 'eeeeeeee-0000-4000-8000-000000000001' },
    });
    const neighbour = shopServer.request({ userName: 'same', mark: markOf('payments', 'same') });
    const request = shopServer.request({ userName: 'same', identity: other });
    const server = await target.observeServer(request, { signal });
    const plans = await Promise.all(
      [first, neighbour, request].map(async (each) => target.planUser(each, await target.observeUser(each, server, { signal }))),
    );
    expect(plans.map(({ steps, findings }) => [...steps.map(({ kind }) => kind), ...reasons({ findings })])).to.deep.equal([
      ['create-user'],
      ['IdentityInUse'],
      ['create-user'],
    ]);
  });

  it('is bound anew though it passed something on, and keeps its default schema', async () => {
    const request = shopServer.request();
    await shopServer.reconcile(request);
    await shopServer.query(
      'orders',
      'CREATE SCHEMA app',
      'CREATE TABLE dbo.items (id int)',
      'CREATE USER friend WITHOUT LOGIN',
      'GRANT SELECT ON OBJECT::dbo.items TO [aad_shop_orders] WITH GRANT OPTION',
      'GRANT SELECT ON OBJECT::dbo.items TO friend AS [aad_shop_orders]',
      'ALTER USER [aad_shop_orders] WITH DEFAULT_SCHEMA = [app]',
    );
    const rebound = { ...request, identity: other };
    expect((await shopServer.reconcile(rebound)).findings).to.deep.equal([]);
    expect(await shopServer.reconcile(rebound)).to.deep.equal(atRest);
    const found = await shopServer.query(
      'orders',
      "SELECT p.default_schema_name AS [schema] FROM sys.database_principals AS p WHERE p.name = N'aad_shop_orders'",
    );
    expect(found).to.deep.equal([{ schema: 'app' }]);
  });

  it('is bound anew though names of stand-ins are taken, and no longer only where all are', async () => {
    const request = shopServer.request();
    await shopServer.reconcile(request);
    await shopServer.query('orders', 'CREATE SCHEMA app', 'ALTER AUTHORIZATION ON SCHEMA::app TO [aad_shop_orders]');
    await shopServer.query('orders', 'CREATE USER dbaccess_standin_00000001 WITHOUT LOGIN');
    const { findings, steps } = await shopServer.reconcile({ ...request, identity: other });
    expect(reasons({ findings })).not.to.include('UserNameTaken');
    expect(steps.map(({ kind }) => kind)).to.deep.equal(['rebind']);
    for (let number = 2; number <= 20; number += 1)
      await shopServer.query('orders', `CREATE USER dbaccess_standin_00000001_${number} WITHOUT LOGIN`);
    expect(reasons(await shopServer.reconcile(request))).to.deep.equal(['UserNameTaken']);
  });

  it('lives in databases of any name', async () => {
    for (const database of ['shop.orders', 'a]b', "o'clock"]) {
      shopServer.engine.createDatabase(database);
      const request = shopServer.request({ database });
      expect(reasons(await shopServer.reconcile(request)), database).to.deep.equal([]);
      expect(await shopServer.end(request)).to.equal('ended');
      expect(await shopServer.tidy(request)).to.deep.equal({ kind: 'gone' });
      shopServer.engine.dropDatabase(database);
    }
  });

  it('of Service Connector is taken over, with what the spec says instead of CONTROL', async () => {
    const sid = '0xBBBBBBBB000000408000000000000002';
    await shopServer.query(
      'orders',
      `CREATE USER [aad_orders] WITH SID = ${sid}, TYPE = E`,
      'GRANT CONTROL ON DATABASE::[orders] TO [aad_orders]',
      'CREATE TABLE dbo.items (id int)',
    );
    const request = shopServer.request({ userName: 'aad_orders' });
    expect(reasons(await shopServer.reconcile(request))).to.deep.equal(['UserNameTaken']);
    const { steps, findings } = await shopServer.reconcile({ ...request, adopt: true, access: access('ReadOnly') });
    expect(findings).to.deep.equal([]);
    expect(steps.map(({ kind }) => kind)).to.deep.equal(['adopt-user', 'revoke', 'grant-membership']);
    expect(await shopServer.end(request)).to.equal('ended');
    expect(await shopServer.tidy(request)).to.deep.include({ kind: 'shell', userName: 'aad_orders' });
    // once more, as from a tombstone
    expect(await shopServer.tidy(request)).to.deep.include({ kind: 'shell', userName: 'aad_orders' });
    const left = await shopServer.query<{ permission: string; state: string }>(
      'orders',
      `SELECT d.permission_name AS permission, RTRIM(d.state) AS state FROM sys.database_permissions AS d
       JOIN sys.database_principals AS p ON p.principal_id = d.grantee_principal_id WHERE p.name = N'aad_orders'`,
    );
    expect(left).to.deep.equal([{ permission: 'CONNECT', state: 'D' }]);
  });

  it('is not taken over where it is more than a user of an application', async () => {
    await shopServer.query(
      'orders',
      'CREATE USER [aad_orders] WITH SID = 0xBBBBBBBB000000408000000000000002, TYPE = E',
      'CREATE ROLE [admins]',
      'ALTER ROLE [db_owner] ADD MEMBER [admins]',
      'ALTER ROLE [admins] ADD MEMBER [aad_orders]',
    );
    const request = shopServer.request({ userName: 'aad_orders', adopt: true });
    expect(reasons(await shopServer.reconcile(request))).to.deep.equal(['UserNameTaken']);
  });
});
