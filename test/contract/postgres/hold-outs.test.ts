import { expect } from 'chai';
import { rejection } from '../../support/eventually.ts';
import { access, markOf, other } from '../target/given.ts';
import { isAlive, type ShopServer, startShopServer } from './shop-server.ts';

describe('a workload that holds out against the operator in PostgreSQL', function () {
  this.timeout(60_000);
  let shop: ShopServer;
  let count = 0;
  let database: string;

  before(async () => {
    shop = await startShopServer({ host: '127.0.90.11' });
  });
  after(() => shop?.stop());
  beforeEach(async () => {
    count += 1;
    database = `orders${count}`;
    await shop.backend.createDatabase(database, 'operator');
    await shop.query(database, 'CREATE TABLE old (id int); ALTER TABLE old OWNER TO operator');
  });
  afterEach(async () => {
    await shop.cleanUp();
    await shop.end(request());
    await shop.tidy(request());
    shop.journal.clear();
  });

  const request = (profile: Parameters<typeof access>[0] = 'ReadWriteDDL') => shop.request({ database, access: access(profile) });

  it('loses its access though it has a change of its own role under way', async () => {
    await shop.reconcile(request());
    const client = await shop.logIn('aad_shop_orders', database);
    await client.query('BEGIN');
    await client.query("ALTER ROLE aad_shop_orders PASSWORD 'backdoor'");
    expect(await shop.end(request())).to.equal('ended');
    expect(await isAlive(client)).to.equal(false);
    await rejection(shop.logIn('aad_shop_orders', database));
  });

  it('is bound anew though the old identity has a change of the role under way', async () => {
    await shop.reconcile(request());
    const client = await shop.logIn('aad_shop_orders', database);
    await client.query('BEGIN');
    await client.query("ALTER ROLE aad_shop_orders PASSWORD 'backdoor'");
    await shop.reconcile({ ...request(), identity: other });
    expect(await isAlive(client)).to.equal(false);
    expect(await isAlive(await shop.logIn('aad_shop_orders', database, other))).to.equal(true);
  });

  for (const hold of ['LOCK TABLE old IN ACCESS EXCLUSIVE MODE', 'TRUNCATE old'])
    it(`loses a right though it holds ${hold}`, async () => {
      await shop.reconcile(request('All'));
      const client = await shop.logIn('aad_shop_orders', database);
      await client.query('BEGIN');
      await client.query(hold);
      const idle = await shop.logIn('aad_shop_orders', database);
      expect(await shop.reconcile(request('ReadOnly'))).to.deep.include({ findings: [] });
      // up to PostgreSQL 17 a lock on a table doesn't hold up REVOKE
      expect(await isAlive(client)).to.equal(hold.startsWith('LOCK') && Number.parseInt(shop.backend.version, 10) < 18);
      expect(await isAlive(idle)).to.equal(true);
      await client.end().catch(() => {});
      expect(await rejection(idle.query('TRUNCATE old'))).to.have.property('code', '42501');
    });

  it('keeps the rights on its own future tables that its own default privileges name', async () => {
    await shop.reconcile(request());
    const client = await shop.logIn('aad_shop_orders', database);
    await client.query('ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO pgadmin');
    expect(await shop.reconcile(request())).to.deep.equal({ steps: [], findings: [] });
    await client.query('CREATE TABLE fresh AS SELECT 1 AS id');
    expect((await client.query('SELECT * FROM fresh')).rows).to.deep.equal([{ id: 1 }]);
    await client.query('DROP TABLE fresh');
    await client.query('ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM pgadmin');
  });

  it('does not get the sessions of a user ended that took its name meanwhile', async () => {
    await shop.reconcile(request());
    const server = await shop.target.observeServer(request(), signal());
    await shop.query('postgres', 'ALTER ROLE aad_shop_orders NOLOGIN');
    const { steps } = shop.target.planUser(request(), await shop.target.observeUser(request(), server, signal()));
    expect(steps.map(({ kind }) => kind)).to.deep.equal(['allow-login']);
    const neighbour = { ...request(), mark: markOf('payments', 'orders'), userName: 'aad_payments_orders', identity: other };
    await shop.reconcile(neighbour);
    const client = await shop.logIn('aad_payments_orders', database, other);
    await shop.query(
      'postgres',
      'ALTER ROLE aad_shop_orders RENAME TO elsewhere; ALTER ROLE aad_payments_orders RENAME TO aad_shop_orders',
    );
    await rejection(shop.target.apply(steps, request(), server, { beforeStep: () => {}, ...signal() }));
    expect(await isAlive(client)).to.equal(true);
    await shop.query(
      'postgres',
      'ALTER ROLE aad_shop_orders RENAME TO aad_payments_orders; ALTER ROLE elsewhere RENAME TO aad_shop_orders',
    );
    await shop.cleanUp();
    await shop.end(neighbour);
    await shop.tidy(neighbour);
  });
});

function signal() {
  return { signal: AbortSignal.timeout(20_000) };
}
