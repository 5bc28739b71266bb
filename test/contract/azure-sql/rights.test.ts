import { expect } from 'chai';
import { access, markOf, other } from '../target/given.ts';
import { atRest } from '../target/pass.ts';
import { AzureSqlApplication, numberIn } from './application-session.ts';
import type { SqlClient } from './client.ts';
import { type ShopServer, startShopServer } from './shop-server.ts';

describe('rights on Azure SQL', function () {
  this.timeout(20_000);
  let shopServer: ShopServer;

  before(async () => {
    shopServer = await startShopServer({ host: '127.0.93.4' });
  });
  after(() => shopServer.stop());
  beforeEach(() =>
    run(
      'CREATE SCHEMA app',
      'CREATE TABLE app.orders (id int, secret int)',
      'CREATE TABLE dbo.others (id int)',
      'CREATE PROCEDURE app.work AS SELECT 1 AS one',
    ),
  );
  afterEach(() => shopServer.cleanUp());

  const run = (...batches: string[]) => shopServer.query('orders', ...batches);
  async function may(client: SqlClient, statement: string): Promise<boolean> {
    try {
      await client.query(statement);
      return true;
    } catch (error) {
      if ([229, 230, 262, 2760].includes(numberIn(error) ?? 0)) return false;
      throw error;
    }
  }
  const inApp = { schemas: ['app'] };

  it('end at the schemas that are named', async () => {
    await shopServer.reconcile(shopServer.request({ access: access('ReadWrite', inApp) }));
    const client = await shopServer.logIn('orders');
    expect(await may(client, 'INSERT INTO app.orders (id) VALUES (1)')).to.equal(true);
    expect(await may(client, 'SELECT id FROM app.orders')).to.equal(true);
    expect(await may(client, 'SELECT id FROM dbo.others')).to.equal(false);
    expect(await may(client, 'CREATE TABLE app.more (id int)')).to.equal(false);
    expect(await may(client, 'EXEC app.work')).to.equal(false);
  });

  it('to make tables end there too', async () => {
    await shopServer.reconcile(shopServer.request({ access: access('ReadWriteDDL', inApp) }));
    const client = await shopServer.logIn('orders');
    expect(await may(client, 'CREATE TABLE app.more (id int)')).to.equal(true);
    expect(await may(client, 'CREATE TABLE dbo.more (id int)')).to.equal(false);
  });

  it('to run routines end there too', async () => {
    await run('CREATE PROCEDURE dbo.elsewhere AS SELECT 1 AS one');
    await shopServer.reconcile(shopServer.request({ access: access('ReadOnly', { ...inApp, routines: 'All' }) }));
    const client = await shopServer.logIn('orders');
    expect(await may(client, 'EXEC app.work')).to.equal(true);
    expect(await may(client, 'EXEC dbo.elsewhere')).to.equal(false);
  });

  it('follow the spec from the whole database to schemas and back', async () => {
    const tour = [
      access('ReadWriteDDL'),
      access('ReadOnly', inApp),
      access('All'),
      access('ReadWrite', { schemas: ['APP'] }),
      access('ReadOnly'),
    ];
    for (const spec of tour) {
      const request = shopServer.request({ access: spec });
      expect((await shopServer.reconcile(request)).findings).to.deep.equal([]);
      expect(await shopServer.reconcile(request)).to.deep.equal(atRest);
    }
    const client = new AzureSqlApplication(await shopServer.logIn('orders'));
    expect([await client.can('read', 'others'), await client.can('insert', 'others')]).to.deep.equal([true, false]);
  });

  const damages: Readonly<Record<string, readonly string[]>> = {
    'a permission that could be passed on, and was': [
      'CREATE USER friend WITHOUT LOGIN',
      'GRANT UPDATE ON SCHEMA::app TO [aad_shop_orders] WITH GRANT OPTION',
      'GRANT UPDATE ON SCHEMA::app TO friend AS [aad_shop_orders]',
    ],
    'the right to pass on what it has': ['GRANT SELECT ON SCHEMA::app TO [aad_shop_orders] WITH GRANT OPTION'],
    'a permission on a column': ['GRANT UPDATE ON OBJECT::app.orders (secret) TO [aad_shop_orders]'],
    'a permission of another grantor': [
      'CREATE USER stranger WITHOUT LOGIN',
      'GRANT DELETE ON OBJECT::dbo.others TO stranger WITH GRANT OPTION',
      'GRANT DELETE ON OBJECT::dbo.others TO [aad_shop_orders] AS stranger',
    ],
    'a permission on what somebody else owns': [
      'CREATE USER landlord WITHOUT LOGIN',
      'ALTER AUTHORIZATION ON SCHEMA::app TO landlord',
      'GRANT SELECT ON SCHEMA::app TO [aad_shop_orders]',
      'GRANT UPDATE ON SCHEMA::app TO [aad_shop_orders]',
    ],
    'the right to become dbo': ['GRANT IMPERSONATE ON USER::dbo TO [aad_shop_orders]'],
    'CONTROL on the database': ['GRANT CONTROL ON DATABASE::[orders] TO [aad_shop_orders]'],
    'membership in db_owner': ['ALTER ROLE db_owner ADD MEMBER [aad_shop_orders]'],
    'a denial of what it shall have': ['DENY SELECT ON SCHEMA::app TO [aad_shop_orders]'],
    'a denial of something else': ['DENY SELECT ON OBJECT::dbo.others TO [aad_shop_orders]'],
    'a denial by membership': ['ALTER ROLE db_denydatareader ADD MEMBER [aad_shop_orders]'],
    'a right that is gone': ['REVOKE SELECT ON SCHEMA::app FROM [aad_shop_orders]'],
  };
  for (const [what, statements] of Object.entries(damages))
    it(`are put right when somebody added or took ${what}`, async () => {
      const request = shopServer.request({ access: access('ReadOnly', inApp) });
      await shopServer.reconcile(request);
      await run(...statements);
      const { steps, findings } = await shopServer.reconcile(request);
      expect(steps).not.to.deep.equal([]);
      expect(findings).to.deep.equal([]);
      expect(await shopServer.reconcile(request)).to.deep.equal(atRest);
      const client = await shopServer.logIn('orders');
      expect(await may(client, 'SELECT id FROM app.orders')).to.equal(true);
      expect(await may(client, 'UPDATE app.orders SET secret = 1')).to.equal(false);
      expect(await may(client, 'DELETE FROM dbo.others')).to.equal(false);
    });

  it('that everybody is denied are told, and left to whoever denied them', async () => {
    const request = shopServer.request({ access: access('ReadOnly') });
    await shopServer.reconcile(request);
    await run('DENY SELECT ON OBJECT::app.orders TO public');
    const { steps, findings } = await shopServer.reconcile(request);
    expect(steps).to.deep.equal([]);
    expect(findings.map(({ reason, blocking }) => `${reason} ${blocking}`)).to.deep.equal(['PrivilegeDenied true']);
    expect(findings[0]?.message).to.include('SELECT').and.to.include('[app].[orders]').and.to.include('[public]');
  });

  it('are never those of a privileged role, be it through others', async () => {
    await run(
      'CREATE ROLE inner_circle',
      'ALTER ROLE db_securityadmin ADD MEMBER inner_circle',
      'CREATE ROLE outer_circle',
      'ALTER ROLE inner_circle ADD MEMBER outer_circle',
    );
    await run(
      'CREATE ROLE controllers',
      'GRANT CONTROL ON DATABASE::[orders] TO controllers',
      'CREATE ROLE readers',
      'GRANT SELECT ON SCHEMA::app TO readers',
    );
    for (const [role, reason] of [
      ['db_owner', 'NotPermitted'],
      ['outer_circle', 'NotPermitted'],
      ['controllers', 'NotPermitted'],
      ['absent', 'RoleNotFound'],
      ['READERS', undefined],
      ['db_datareader', undefined],
    ] as const) {
      const request = shopServer.request({ access: access('Custom', { roles: [role] }) });
      const { findings } = await shopServer.reconcile(request);
      expect(
        findings.map((each) => each.reason),
        role,
      ).to.deep.equal(reason === undefined ? [] : [reason]);
      expect((await shopServer.reconcile(request)).steps, role).to.deep.equal([]);
    }
  });

  it('that a role around one of its own is denied are told too', async () => {
    await run(
      'CREATE ROLE inner_circle',
      'CREATE ROLE outer_circle',
      'ALTER ROLE outer_circle ADD MEMBER inner_circle',
      'DENY SELECT ON OBJECT::app.orders TO outer_circle',
    );
    const request = shopServer.request({ access: access('ReadOnly', { roles: ['inner_circle'] }) });
    expect((await shopServer.reconcile(request)).findings.map(({ reason }) => reason)).to.deep.equal(['PrivilegeDenied']);
    const client = await shopServer.logIn('orders');
    expect(await may(client, 'SELECT id FROM app.orders')).to.equal(false);
  });

  for (const role of ['public', 'db_denydatareader', 'db_denydatawriter'])
    it(`are never to be had by way of ${role}`, async () => {
      const request = shopServer.request({ access: access('ReadOnly', { roles: [role] }) });
      expect((await shopServer.reconcile(request)).findings.map(({ reason }) => reason)).to.deep.equal(['NotPermitted']);
      expect((await shopServer.reconcile(request)).steps).to.deep.equal([]);
    });

  for (const [what, give] of [
    ['a schema', 'ALTER AUTHORIZATION ON SCHEMA::app TO [aad_shop_orders]'],
    ['an object', 'ALTER AUTHORIZATION ON OBJECT::app.orders TO [aad_shop_orders]'],
  ] as const)
    it(`on ${what} of its own are not given to a user, who has them all, also when it is bound anew`, async () => {
      const grants = [{ objectType: 'Table' as const, schema: 'app', names: ['orders'], privileges: ['SELECT', 'REFERENCES'] }];
      const request = shopServer.request({ access: access('ReadWriteDDL', { ...inApp, grants }) });
      await shopServer.reconcile(request);
      await run(give);
      expect((await shopServer.reconcile(request)).findings).to.deep.equal([]);
      expect(await shopServer.reconcile(request)).to.deep.equal(atRest);
      const rebound = { ...request, identity: other };
      expect((await shopServer.reconcile(rebound)).findings).to.deep.equal([]);
      expect(await shopServer.reconcile(rebound)).to.deep.equal(atRest);
    });

  it('that come with what a user owns are told where its profile gives less', async () => {
    const request = shopServer.request({ access: access('ReadOnly') });
    await shopServer.reconcile(request);
    await run('ALTER AUTHORIZATION ON SCHEMA::app TO [aad_shop_orders]');
    const { steps, findings } = await shopServer.reconcile(request);
    expect(steps).to.deep.equal([]);
    expect(findings.map(({ reason, blocking }) => `${reason} ${blocking}`)).to.deep.equal(['PrivilegeNotRevocable false']);
    expect(findings[0]?.message).to.include('[app]');
    expect((await shopServer.reconcile({ ...request, access: access('ReadWriteDDL') })).findings).to.deep.equal([]);
  });

  it('are told as missing where the schema is, and given once it is there', async () => {
    const request = shopServer.request({ access: access('ReadOnly', { schemas: ['later', 'app'] }) });
    expect((await shopServer.reconcile(request)).findings.map(({ reason }) => reason)).to.deep.equal(['SchemaNotFound']);
    expect(await may(await shopServer.logIn('orders'), 'SELECT id FROM app.orders')).to.equal(true);
    await run('CREATE SCHEMA later');
    expect((await shopServer.reconcile(request)).findings).to.deep.equal([]);
  });

  it('of one don’t hold up those of another', async () => {
    const wrong = shopServer.request({
      access: access('Custom', { grants: [{ objectType: 'Function', schema: 'app', names: ['work'], privileges: ['SELECT'] }] }),
    });
    const right = shopServer.request({
      userName: 'aad_shop_right',
      mark: markOf('shop', 'right'),
      identity: other,
      access: access('ReadOnly', inApp),
    });
    const [refused, given] = await Promise.allSettled([shopServer.reconcile(wrong), shopServer.reconcile(right)]);
    expect(refused.status === 'rejected' && refused.reason).to.include({ reason: 'PrivilegeUnknown' });
    expect(given.status).to.equal('fulfilled');
    expect(await may(await shopServer.logIn('orders', other), 'SELECT id FROM app.orders')).to.equal(true);
  });
});
