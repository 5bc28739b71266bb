import { startShopServer, access, type ShopServer } from '/work/main/test/contract/postgres/shop-server.ts';
describe('try', function () {
  this.timeout(60000);
  let shop: ShopServer;
  before(async () => { shop = await startShopServer({ host: '127.0.90.200' }); await shop.backend.createDatabase('orders'); });
  after(() => shop?.stop());
  it('works', async () => {
    await shop.asOwner('orders', 'CREATE SCHEMA app', 'CREATE TABLE app.items (id serial, name text)', 'GRANT CREATE, USAGE ON SCHEMA app TO azure_pg_admin WITH GRANT OPTION', 'GRANT ALL ON app.items TO azure_pg_admin WITH GRANT OPTION');
    for (const profile of ['ReadOnly','ReadWrite','ReadWriteDDL','All','ReadOnly'] as const) {
      const r = shop.request({ access: access(profile, { schemas: ['public', 'app'] }) });
      shop.journal.clear();
      const t = Date.now();
      const pass = await shop.reconcile(r).catch((e) => { console.log(e, e.cause); console.log(shop.statements().join('\n---\n')); throw e; });
      console.log(profile, Date.now() - t);
      console.log(pass.steps.map((s) => s.summary).join('\n'));
      console.log(pass.findings);
      shop.journal.clear();
      const again = await shop.reconcile(r); console.log(again.steps.length, shop.statements().map((s) => s.slice(0, 30)));
    }
    console.log(await shop.end(shop.request()), await shop.tidy(shop.request()));
    console.log(await shop.query('postgres', 'select rolname from pg_roles where rolname !~ $1', ['^pg_']));
  });
});
