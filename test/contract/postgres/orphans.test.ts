import { expect } from 'chai';
import { markText } from '../../../src/targets/mark.ts';
import type { EndingRequest } from '../../../src/targets/target.ts';
import { markOf } from '../target/given.ts';
import { type ShopServer, startShopServer } from './shop-server.ts';

describe('the list of marked users in PostgreSQL', function () {
  this.timeout(30_000);
  let shop: ShopServer;

  before(async () => {
    shop = await startShopServer({ host: '127.0.90.21' });
    await shop.backend.createDatabase('orders', 'operator');
  });
  after(() => shop?.stop());
  afterEach(() => shop.cleanUp());

  const signal = () => AbortSignal.timeout(20_000);

  async function listed(): Promise<readonly EndingRequest[]> {
    const server = await shop.target.observeServer(shop.request(), { signal: signal() });
    return await shop.target.listMarked(server, { signal: signal() });
  }

  async function role(name: string, comment: string): Promise<void> {
    await shop.query('postgres', `CREATE ROLE "${name}" LOGIN; COMMENT ON ROLE "${name}" IS '${comment.replaceAll("'", "''")}'`);
  }

  it('has those that bear a live mark of this cluster, and no others', async () => {
    const mark = markOf('shop', 'orders');
    const names = ['live', 'odd " name', 'disabled', 'retired', 'foreign', 'plain', 'nearly', 'long', 'mighty'];
    await role('live', markText(mark));
    await role('odd " name'.replaceAll('"', '""'), markText({ ...mark, origin: 'adopted' }));
    await role('disabled', markText({ ...mark, state: 'disabled' }));
    await role('retired', markText({ ...mark, state: 'released' }));
    await role('foreign', markText({ ...mark, cluster: '00000000000000c2' }));
    await role('plain', "payments of the CFO's, live");
    await role('nearly', `${markText(mark)} live`);
    await role('long', `dbaccess/1 ${mark.cluster} ${'x'.repeat(1_000_000)} live`);
    await role('mighty', markText(mark));
    await shop.query('postgres', `ALTER ROLE mighty SUPERUSER; COMMENT ON ROLE operator IS '${markText(mark)}'`);
    shop.journal.clear();
    const users = await listed();
    expect(users.map(({ userName }) => userName)).to.deep.equal(['live', 'odd " name']);
    expect(users[0]).to.deep.include({ serverId: shop.request().serverId, mark });
    expect(shop.statements().filter((statement) => !/^(LOGIN|BEGIN|SELECT|COMMIT$)/.test(statement))).to.deep.equal([]);
    await shop.query('postgres', 'COMMENT ON ROLE operator IS NULL');
    for (const name of names) await shop.query('postgres', `DROP ROLE "${name.replaceAll('"', '""')}"`);
    expect(await listed()).to.deep.equal([]);
  });

  it('is enough to leave a locked shell of a user that was renamed and owns something', async () => {
    await shop.reconcile(shop.request({ access: { profile: 'ReadWriteDDL', futureObjects: true } }));
    await (await shop.logIn('aad_shop_orders', 'orders')).query('CREATE TABLE public.migrated (id int)');
    await shop.query('postgres', 'ALTER ROLE aad_shop_orders RENAME TO hidden');
    const [orphan] = await listed();
    expect(orphan).to.include({ userName: 'hidden' });
    const server = await shop.target.observeServer(shop.request(), { signal: signal() });
    expect(await shop.target.end(orphan as EndingRequest, server, { signal: signal() })).to.equal('ended');
    expect(await shop.target.tidy(orphan as EndingRequest, server, { signal: signal() })).to.include({ kind: 'shell' });
    const [table] = await shop.query<{ owner: string }>('orders', "SELECT tableowner AS owner FROM pg_tables WHERE tablename = 'migrated'");
    expect(table?.owner).to.match(/^dbaccess_retired_/);
    expect(await listed()).to.deep.equal([]);
  });
});
