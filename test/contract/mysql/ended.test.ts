import { expect } from 'chai';
import { type Connection, createConnection } from 'mysql2/promise';
import { eventually, rejection } from '../../support/eventually.ts';
import { access, markOf } from '../target/given.ts';
import { ownServer } from './own-server.ts';

const user = "'aad_shop_orders'@'%'";

describe('an access that ended on MySQL', function () {
  this.timeout(60_000);
  const shop = ownServer('127.0.91.16');
  const request = (overrides = {}) => shop().request({ access: access('All'), ...overrides });
  const count = async (table: string) => Number((await shop().query<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`))[0]?.n);
  const isAlive = async (session: Connection) =>
    await session.query('SELECT 1').then(
      () => true,
      () => false,
    );
  const noteOf = () => [...shop().notes.all.values()].flatMap((notes) => notes.get('aad_shop_orders') ?? [])[0];

  /** Two events that write: one of the user, by which it is seen that nothing of its goes on, and one that tells the time. */
  async function withEvents(): Promise<Connection> {
    const { query, reconcile, logIn } = shop();
    await query('SET GLOBAL event_scheduler = ON');
    await reconcile(request());
    for (const table of ['theirs', 'ours']) await query(`CREATE TABLE orders.${table} (id int)`);
    const session = await logIn('aad_shop_orders', 'orders');
    await session.query('CREATE EVENT ticking ON SCHEDULE EVERY 1 SECOND DO INSERT INTO orders.theirs VALUES (1)');
    await query('CREATE EVENT orders.control ON SCHEDULE EVERY 1 SECOND DO INSERT INTO orders.ours VALUES (1)');
    await eventually(async () => (await count('orders.theirs')) > 0);
    return session;
  }

  async function writesNothingMore(): Promise<void> {
    const [theirs, ours] = [await count('orders.theirs'), await count('orders.ours')];
    await eventually(async () => (await count('orders.ours')) >= ours + 3);
    expect(await count('orders.theirs')).to.equal(theirs);
  }

  it('takes no session of a user whose name differs in case or accents alone', async () => {
    const { reconcile, end, tidy, logIn } = shop();
    await reconcile(request());
    const namesakes = ['AAD_Shop_Orders', 'aad_shöp_orders'];
    const sessions: Connection[] = [];
    for (const userName of namesakes) {
      await reconcile(request({ userName, mark: markOf('shop', userName) }));
      sessions.push(await logIn(userName, 'orders'));
    }
    expect(await end(request())).to.equal('ended');
    expect(await tidy(request())).to.deep.equal({ kind: 'gone' });
    for (const session of sessions) expect(await isAlive(session)).to.equal(true);
  });

  it('takes no session of an account at another host, nor waits for them', async () => {
    const { reconcile, end, query, logIn, backend } = shop();
    await reconcile(request());
    const session = await logIn('aad_shop_orders', 'orders');
    for (const host of ['127.0.0.1', 'localhost4']) await query(`CREATE USER 'aad_shop_orders'@'${host}' IDENTIFIED BY 'of somebody'`);
    const { host, port } = backend;
    const others = await createConnection({
      host,
      port,
      user: 'aad_shop_orders',
      password: 'of somebody',
    });
    others.on('error', () => {});
    try {
      expect(await end(request())).to.equal('ended');
      expect([await isAlive(session), await isAlive(others)]).to.deep.equal([false, true]);
    } finally {
      others.destroy();
    }
  });

  it('has no event that goes on, and all come back with it', async () => {
    const { end, reconcile } = shop();
    await withEvents();
    expect(await end(request())).to.equal('ended');
    await writesNothingMore();
    // as when a policy allows it again
    expect((await reconcile(request())).findings).to.deep.equal([]);
    const before = await count('orders.theirs');
    await eventually(async () => (await count('orders.theirs')) > before);
  });

  it('has no event that goes on in another database, whoever allowed it there', async () => {
    const { end, query, logIn, reconcile } = shop();
    await withEvents();
    await query(`GRANT EVENT, SELECT ON \`orders\\_1\`.* TO ${user}`);
    const session = await logIn('aad_shop_orders', 'orders_1');
    await session.query('CREATE EVENT elsewhere ON SCHEDULE EVERY 1 SECOND DO INSERT INTO orders.theirs VALUES (2)');
    await eventually(async () => (await query('SELECT 1 FROM orders.theirs WHERE id = 2')).length > 0);
    await end(request());
    await writesNothingMore();
    await reconcile(request());
    expect(
      await query("SELECT Event_priv AS e, Select_priv AS s FROM mysql.db WHERE User = 'aad_shop_orders' AND Db LIKE '%1'"),
    ).to.deep.equal([{ e: 'N', s: 'Y' }]);
  });

  it('leaves no event running with rights from before, when the user stays for what it is the definer of', async () => {
    const { end, tidy, query, faults } = shop();
    const session = await withEvents();
    await session.query('DROP EVENT ticking');
    await session.query(
      'CREATE EVENT looping ON SCHEDULE EVERY 1 SECOND ON COMPLETION PRESERVE DO BEGIN WHILE TRUE DO INSERT INTO theirs VALUES (1); DO SLEEP(0.1); END WHILE; END',
    );
    await end(request());
    // somebody lets the events run once more, and one begins just before all rights are taken
    await query(`GRANT EVENT ON orders.* TO ${user}`);
    faults.add({ match: { kind: 'sql', path: 'REVOKE ALL' }, respond: { delayMs: 2_500 }, times: 1 });
    expect((await tidy(request())).kind).to.equal('shell');
    expect(await query("SELECT 1 FROM information_schema.PROCESSLIST WHERE USER = 'aad_shop_orders'")).to.deep.equal([]);
    await writesNothingMore();
  });

  it('ends the sessions of a user that somebody dropped', async () => {
    const { reconcile, end, tidy, query, logIn } = shop();
    await query('CREATE TABLE orders.t (id int)');
    for (const ending of ['end', 'tidy'] as const) {
      await reconcile(request());
      const session = await logIn('aad_shop_orders', 'orders');
      await query(`DROP USER ${user}`);
      await session.query('INSERT INTO t VALUES (1)');
      if (ending === 'end') expect(await end(request())).to.equal('absent');
      else expect(await tidy(request())).to.deep.equal({ kind: 'gone' });
      expect(await isAlive(session), ending).to.equal(false);
    }
  });

  it('never ends what is MySQL’s own, though no such account is there', async () => {
    const { end, query } = shop();
    await query('SET GLOBAL event_scheduler = ON');
    const scheduler = () => query("SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'event_scheduler'");
    const before = await eventually(async () => ((await scheduler()).length > 0 ? await scheduler() : undefined));
    expect(await end(request({ userName: 'event_scheduler' }))).to.equal('absent');
    expect(await scheduler()).to.deep.equal(before);
  });

  it('has no session left while nothing can be noted', async () => {
    const { reconcile, end, logIn, notes } = shop();
    await reconcile(request());
    const session = await logIn('aad_shop_orders', 'orders');
    const { write } = notes;
    notes.write = async () => {
      throw new Error('nobody remembers at present');
    };
    try {
      await rejection(end(request()));
    } finally {
      notes.write = write;
    }
    expect(await isAlive(session)).to.equal(false);
    expect(await end(request())).to.equal('ended');
  });

  it('leaves no note that would make a later user of that name ours', async () => {
    const { reconcile, end, tidy, query, notes, asAdministrator } = shop();
    await reconcile(request());
    await query(`DROP USER ${user}`);
    await asAdministrator(`CREATE USER ${user} IDENTIFIED BY 'somebody else''s'`);
    const [ofServer] = [...notes.all.values()];
    for (const ending of [end, tidy]) {
      ofServer?.set('aad_shop_orders', { mark: request().mark, boundTo: request().identity.clientId });
      await ending(request());
      expect(noteOf()).to.equal(undefined);
    }
    const neighbours = { mark: markOf('shop', 'neighbour', 2), boundTo: request().identity.clientId };
    ofServer?.set('aad_shop_orders', neighbours);
    expect(await end(request())).to.equal('not-ours');
    expect(noteOf()).to.deep.equal(neighbours);
  });

  it('leaves nothing of a user that was taken over in a database that is gone', async () => {
    const { reconcile, end, tidy, query, backend } = shop();
    const identified = await backend.identifiedAs(`AADSP:${request().identity.clientId}:upn:aad_shop_orders`, { isAdministrator: false });
    await query(`CREATE USER ${user} ${identified}`);
    const adopting = request({ adopt: true });
    expect((await reconcile(adopting)).findings).to.deep.equal([]);
    await query('DROP DATABASE orders');
    await end(adopting);
    expect((await tidy(adopting)).kind).to.equal('shell');
    expect(await query("SELECT Db FROM mysql.db WHERE User = 'aad_shop_orders'")).to.deep.equal([]);
  });

  it('tells on one line, without tricks of a terminal, why the user stays', async () => {
    const { reconcile, end, tidy, logIn } = shop();
    await reconcile(request());
    await (await logIn('aad_shop_orders', 'orders')).query('CREATE VIEW `r\u202Eight\nto left` AS SELECT 1');
    await end(request());
    expect(await tidy(request())).to.have.property('why', 'it is the definer of view orders.r\uFFFDight\uFFFDto left');
  });
});
