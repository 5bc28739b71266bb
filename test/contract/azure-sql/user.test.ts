import { expect } from 'chai';
import { markText } from '../../../src/targets/mark.ts';
import { access, markOf, other, shop } from '../target/given.ts';
import { atRest } from '../target/pass.ts';
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
