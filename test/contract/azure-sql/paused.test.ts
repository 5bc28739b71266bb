import { expect } from 'chai';
import { eventually, rejection } from '../../support/eventually.ts';
import { markOf, other } from '../target/given.ts';
import { atRest } from '../target/pass.ts';
import { type ShopServer, startShopServer } from './shop-server.ts';

const { signal } = new AbortController();

describe('a serverless database of Azure SQL', function () {
  this.timeout(20_000);
  let shopServer: ShopServer;

  before(async () => {
    shopServer = await startShopServer({ host: '127.0.93.7' });
  });
  after(() => shopServer.stop());
  afterEach(() => shopServer.cleanUp());

  const logins = () => shopServer.statements().filter((each) => each === 'LOGIN');
  const status = () => shopServer.engine.database('orders')?.status;
  const look = () => rejection(shopServer.reconcile(shopServer.request()));

  it('is not woken by a look while it is paused, and reads so; the next pass after it woke finds all in order', async () => {
    const request = shopServer.request();
    await shopServer.reconcile(request);
    shopServer.engine.pause('orders');
    shopServer.journal.clear();
    const error = await look();
    expect(error).to.include({ kind: 'waiting', reason: 'DatabasePaused' });
    expect(error.message).to.include('orders');
    expect(logins()).to.deep.equal([]);
    expect(status()).to.equal('Paused');
    // the server is none the worse for it
    expect((await shopServer.target.observeServer(request, { signal })).host).to.equal('127.0.93.7');
    shopServer.engine.resume('orders');
    expect(await shopServer.reconcile(request, shopServer.newTarget())).to.deep.equal(atRest);
  });

  it('is not woken for the sweep for orphans', async () => {
    const request = shopServer.request();
    await shopServer.reconcile(request);
    shopServer.engine.pause('orders');
    shopServer.journal.clear();
    const server = await shopServer.target.observeServer(request, { signal });
    expect(await rejection(shopServer.target.listMarked(server, { signal }))).to.include({ reason: 'DatabasePaused' });
    expect(logins()).to.deep.equal([]);
  });

  it('is woken to end an access, because the user could wake it too', async () => {
    const request = shopServer.request();
    await shopServer.reconcile(request);
    shopServer.engine.pause('orders');
    // a session is closed long before a database pauses
    const later = shopServer.newTarget();
    expect(await rejection(shopServer.end(request, later))).to.include({ kind: 'retry', reason: 'DatabasePaused' });
    await eventually(() => status() === 'Online');
    expect(await shopServer.end(request, later)).to.equal('ended');
    expect(await shopServer.tidy(request)).to.deep.equal({ kind: 'gone' });
  });

  it('keeps its neighbours waiting for nothing', async () => {
    shopServer.engine.createDatabase('sales');
    shopServer.engine.pause('orders');
    const [paused, awake] = await Promise.allSettled([
      shopServer.reconcile(shopServer.request()),
      shopServer.reconcile(shopServer.request({ database: 'sales', identity: other, mark: markOf('shop', 'sales') })),
    ]);
    shopServer.engine.dropDatabase('sales');
    expect(paused.status).to.equal('rejected');
    expect(awake.status).to.equal('fulfilled');
  });

  it('that is gone took its users with it', async () => {
    const request = shopServer.request();
    await shopServer.reconcile(request);
    shopServer.engine.dropDatabase('orders');
    expect(await look()).to.include({ kind: 'waiting', reason: 'DatabaseNotFound' });
    const server = await shopServer.target.observeServer(request, { signal });
    expect(await shopServer.target.identify(server, { signal })).to.equal('shop-sql');
    expect(await shopServer.end(request)).to.equal('absent');
    expect(await shopServer.tidy(request)).to.deep.equal({ kind: 'gone' });
    shopServer.engine.createDatabase('orders');
  });

  it('tells the server’s name, whichever of its databases is asked', async () => {
    for (const database of ['orders', 'gone', undefined]) {
      const server = await shopServer.target.observeServer({ ...shopServer.request(), ...{ database: database as string } }, { signal });
      expect(await shopServer.target.identify(server, { signal })).to.equal('shop-sql');
    }
  });
});
