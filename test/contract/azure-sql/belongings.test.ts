import { expect } from 'chai';
import { access, other, shop } from '../target/given.ts';
import { atRest } from '../target/pass.ts';
import { numberIn } from './application-session.ts';
import { type ShopServer, startShopServer } from './shop-server.ts';

describe('what a user of Azure SQL owns', function () {
  this.timeout(20_000);
  let shopServer: ShopServer;

  before(async () => {
    shopServer = await startShopServer({ host: '127.0.93.5' });
  });
  after(() => shopServer.stop());
  afterEach(() => shopServer.cleanUp());

  const run = (...batches: string[]) => shopServer.query('orders', ...batches);

  /** A user who owns a schema with a table, a table elsewhere, a type and a role, on which others were given something. */
  async function owner() {
    const request = shopServer.request({ access: access('ReadWriteDDL') });
    await shopServer.reconcile(request);
    await run(
      'CREATE USER friend WITHOUT LOGIN',
      'CREATE USER foe WITHOUT LOGIN',
      'CREATE SCHEMA app',
      'CREATE TABLE app.orders (id int, secret int)',
      'CREATE TABLE dbo.mine (id int)',
      'CREATE TYPE dbo.mood FROM int',
      'CREATE ROLE helpers',
      'ALTER AUTHORIZATION ON SCHEMA::app TO [aad_shop_orders]',
      'ALTER AUTHORIZATION ON OBJECT::dbo.mine TO [aad_shop_orders]',
      'ALTER AUTHORIZATION ON TYPE::dbo.mood TO [aad_shop_orders]',
      'ALTER AUTHORIZATION ON ROLE::helpers TO [aad_shop_orders]',
      'GRANT SELECT ON SCHEMA::app TO friend WITH GRANT OPTION',
      'GRANT UPDATE ON OBJECT::app.orders (secret) TO friend',
      'DENY SELECT ON OBJECT::app.orders TO foe',
      'GRANT INSERT ON OBJECT::dbo.mine TO friend',
    );
    return request;
  }

  const othersRights = async () =>
    (
      await run(
        `SELECT p.name AS name, d.permission_name AS permission, RTRIM(d.state) AS state, OBJECT_NAME(d.major_id) AS object FROM sys.database_permissions AS d
         JOIN sys.database_principals AS p ON p.principal_id = d.grantee_principal_id WHERE p.name IN (N'friend', N'foe') AND d.class <> 0`,
      )
    )
      .map((row) => JSON.stringify(row))
      .sort();
  const owners = async () =>
    (
      await run(
        `SELECT s.name AS what, USER_NAME(s.principal_id) AS owner FROM sys.schemas AS s WHERE s.name = N'app'
         UNION ALL SELECT o.name, USER_NAME(o.principal_id) FROM sys.objects AS o WHERE o.name = N'mine'
         UNION ALL SELECT t.name, USER_NAME(t.principal_id) FROM sys.types AS t WHERE t.name = N'mood'
         UNION ALL SELECT r.name, USER_NAME(r.owning_principal_id) FROM sys.database_principals AS r WHERE r.name = N'helpers'`,
      )
    ).map(({ what, owner }) => `${what}: ${owner}`);
  const ownedBy = (name: string) => ['app', 'mine', 'mood', 'helpers'].map((what) => `${what}: ${name}`);
  const exists = async (name: string) =>
    (await run(`SELECT 1 AS one FROM sys.database_principals AS p WHERE p.name = N'${name}'`)).length > 0;

  it('stays its own when it is bound anew, and others keep what they had on it', async () => {
    const request = await owner();
    const before = await othersRights();
    const { steps, findings } = await shopServer.reconcile({ ...request, identity: other });
    expect(findings).to.deep.equal([]);
    expect(steps.map(({ kind }) => kind)).to.deep.equal(['rebind']);
    expect(await owners()).to.deep.equal(ownedBy('aad_shop_orders'));
    expect(await othersRights()).to.deep.equal(before);
    expect(await exists('dbaccess_standin_00000001')).to.equal(false);
    expect(await shopServer.reconcile({ ...request, identity: other })).to.deep.equal(atRest);
    const client = await shopServer.logIn('orders', other);
    await client.query('INSERT INTO app.orders (id) VALUES (1)');
  });

  it('and what runs as it keep it from being bound anew, and from being dropped', async () => {
    const request = shopServer.request();
    await shopServer.reconcile(request);
    await run("CREATE PROCEDURE dbo.deed WITH EXECUTE AS 'aad_shop_orders' AS SELECT 1 AS one");
    const { steps, findings } = await shopServer.reconcile({ ...request, identity: other });
    expect(steps).to.deep.equal([]);
    expect(findings.map(({ reason, blocking }) => `${reason} ${blocking}`)).to.deep.equal(['DefinerObjects true']);
    expect(findings[0]?.message).to.include('[dbo].[deed]');
    await shopServer.logIn('orders', shop);
    expect(await shopServer.end(request)).to.equal('ended');
    for (let time = 1; time <= 2; time += 1)
      expect(await shopServer.tidy(request)).to.deep.include({ kind: 'shell', userName: 'aad_shop_orders' });
    expect(numberIn(await shopServer.logIn('orders', shop).catch((error: unknown) => error))).to.equal(18456);
    // and the same connection made anew takes it back
    expect((await shopServer.reconcile(request)).findings).to.deep.equal([]);
    await shopServer.logIn('orders', shop);
  });

  it('goes to a user as whom nobody can log in when it is dropped, and others keep what they had on it', async () => {
    const request = await owner();
    const before = await othersRights();
    await shopServer.end(request);
    const tidied = await shopServer.tidy(request);
    expect(tidied).to.deep.equal({
      kind: 'shell',
      userName: 'dbaccess_retired_00000001',
      why: 'it owns 1 object, 1 role, 1 schema, 1 type',
    });
    expect(await owners()).to.deep.equal(ownedBy('dbaccess_retired_00000001'));
    expect(await othersRights()).to.deep.equal(before);
    expect(await exists('aad_shop_orders')).to.equal(false);
    const rights = await run(
      `SELECT d.permission_name AS permission FROM sys.database_permissions AS d JOIN sys.database_principals AS p ON p.principal_id = d.grantee_principal_id
       WHERE p.name = N'dbaccess_retired_00000001'`,
    );
    expect(rights).to.deep.equal([{ permission: 'CONNECT' }]);
  });

  it('never comes to run with an administrator’s rights', async () => {
    const request = shopServer.request({ access: access('ReadWriteDDL', { routines: 'All' }) });
    await shopServer.reconcile(request);
    await run('CREATE TABLE dbo.secrets (id int)');
    const client = await shopServer.logIn('orders');
    await client.query('CREATE SCHEMA app');
    await client.query('CREATE PROCEDURE app.peek WITH EXECUTE AS OWNER AS SELECT USER_NAME() AS name');
    await run('CREATE USER accomplice WITHOUT LOGIN', 'GRANT EXECUTE ON SCHEMA::app TO accomplice');
    await shopServer.end(request);
    expect(await shopServer.tidy(request)).to.deep.include({ kind: 'shell', userName: 'dbaccess_retired_00000001' });
    expect(await run('EXEC app.peek')).to.deep.equal([{ name: 'dbaccess_retired_00000001' }]);
  });

  it('goes to the role that the policy names, unless that is more than an application', async () => {
    const request = await owner();
    await run('CREATE ROLE keepers', 'CREATE ROLE admins', 'ALTER ROLE db_owner ADD MEMBER admins');
    await shopServer.end(request);
    const refused = await shopServer.tidy({ ...request, retiredOwner: 'admins' });
    expect(refused).to.deep.include({ kind: 'shell', userName: 'dbaccess_retired_00000001' });
    expect(refused.kind === 'shell' && refused.why).to.match(/role admins may not take it over/);
  });

  it('goes to the role that the policy names', async () => {
    const request = await owner();
    await run('CREATE ROLE keepers');
    await shopServer.end(request);
    expect(await shopServer.tidy({ ...request, retiredOwner: 'keepers' })).to.deep.equal({ kind: 'gone', handedTo: 'keepers' });
    expect(await owners()).to.deep.equal(ownedBy('keepers'));
  });

  it('is looked at again before it is handed over: what came meanwhile is not lost', async () => {
    const request = await owner();
    const { signal } = new AbortController();
    const moved = { ...request, identity: other };
    const { target } = shopServer;
    const server = await target.observeServer(moved, { signal });
    const { steps } = target.planUser(moved, await target.observeUser(moved, server, { signal }));
    await run('CREATE SCHEMA late', 'ALTER AUTHORIZATION ON SCHEMA::late TO [aad_shop_orders]');
    const refused = await target.apply(steps, moved, server, { beforeStep: () => {}, signal }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refused).to.include({ kind: 'retry' });
    expect(await owners()).to.deep.equal(ownedBy('aad_shop_orders'));
    expect((await shopServer.reconcile(moved)).findings).to.deep.equal([]);
  });
});
