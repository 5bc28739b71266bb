import { expect } from 'chai';
import { rejection } from '../../support/eventually.ts';
import { access, markOf, other } from '../target/given.ts';
import { atRest } from '../target/pass.ts';
import { type ShopServer, startShopServer } from './shop-server.ts';

describe('a user of Azure SQL that holds locks', function () {
  this.timeout(40_000);
  let shopServer: ShopServer;

  before(async () => {
    shopServer = await startShopServer({ host: '127.0.93.8' });
  });
  after(() => shopServer.stop());
  afterEach(() => shopServer.cleanUp());

  /** An open transaction in which the user changes what the operator is about to change: with CONTROL it may. */
  async function holding(userName: string): Promise<void> {
    const client = await shopServer.logIn('orders');
    await client.query('BEGIN TRANSACTION');
    await client.query(`GRANT SELECT ON DATABASE::[orders] TO [${userName}]`);
  }

  it('does not put off its end', async () => {
    const request = shopServer.request({ access: access('All') });
    await shopServer.reconcile(request);
    await shopServer.query('orders', 'CREATE USER [friend] WITHOUT LOGIN');
    await holding('friend');
    expect(await shopServer.end(request)).to.equal('ended');
    expect(await shopServer.tidy(request)).to.deep.equal({ kind: 'gone' });
  });

  it('does not put off what is taken from it', async () => {
    const request = shopServer.request({ access: access('All') });
    await shopServer.reconcile(request);
    await shopServer.query('orders', 'CREATE USER [friend] WITHOUT LOGIN');
    await holding('friend');
    const narrower = { ...request, access: access('ReadOnly') };
    expect((await shopServer.reconcile(narrower)).findings).to.deep.equal([]);
    expect(await shopServer.reconcile(narrower)).to.deep.equal(atRest);
  });

  it('of an accomplice’s keeps it from being locked out, but not its sessions from being ended, and not for longer than the locks', async () => {
    const request = shopServer.request();
    await shopServer.reconcile(request);
    const accomplice = shopServer.request({
      userName: 'aad_shop_accomplice',
      mark: markOf('shop', 'accomplice', 2),
      identity: other,
      access: access('All'),
    });
    await shopServer.reconcile(accomplice);
    const holder = await shopServer.logIn('orders', other);
    await holder.query('BEGIN TRANSACTION');
    await holder.query('ALTER USER [aad_shop_orders] WITH DEFAULT_SCHEMA = [guest]');
    const client = await shopServer.logIn('orders');
    expect(await rejection(shopServer.end(request))).to.include({ kind: 'retry', reason: 'DatabaseError' });
    await client.query('SELECT 1 AS one').then(
      () => expect.fail('the session is still there'),
      () => {},
    );
    await holder.query('ROLLBACK TRANSACTION');
    expect(await shopServer.end(request)).to.equal('ended');
  });

  it('can’t keep anybody from looking at it for long', async () => {
    const request = shopServer.request();
    await shopServer.reconcile(request);
    const client = await shopServer.logIn('orders');
    shopServer.faults.add({ match: { kind: 'sql', path: 'asked' }, respond: { code: 1222 }, times: 1 });
    expect(await shopServer.end(request)).to.equal('ended');
    const levels = shopServer.statements().flatMap((each) => /ISOLATION LEVEL READ ((?:UN)?COMMITTED)$/.exec(each)?.[1] ?? []);
    // each look past the locks of others, and back
    expect(levels).to.deep.equal(['UNCOMMITTED', 'COMMITTED', 'UNCOMMITTED', 'COMMITTED']);
    await client.query('SELECT 1 AS one').then(
      () => expect.fail('the session is still there'),
      () => {},
    );
  });
});
