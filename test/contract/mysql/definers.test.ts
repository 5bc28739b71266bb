import { expect } from 'chai';
import type { Connection } from 'mysql2/promise';
import { eventually, rejection } from '../../support/eventually.ts';
import { access, markOf, other } from '../target/given.ts';
import { ownServer } from './own-server.ts';

const user = "'aad_shop_orders'@'%'";

/** What can have a definer, and how the definer makes it. */
const objects: Readonly<Record<string, string>> = {
  view: 'CREATE VIEW kept AS SELECT * FROM t',
  procedure: 'CREATE PROCEDURE kept() NO SQL DO 1',
  function: 'CREATE FUNCTION kept() RETURNS int DETERMINISTIC NO SQL RETURN 1',
  trigger: 'CREATE TRIGGER kept BEFORE INSERT ON t FOR EACH ROW SET @x = 1',
  event: 'CREATE EVENT kept ON SCHEDULE EVERY 1 DAY DO DO 1',
};

describe('the definer of something on MySQL', function () {
  this.timeout(30_000);
  const shop = ownServer('127.0.91.13');
  const request = (overrides = {}) => shop().request({ access: access('All'), ...overrides });

  async function made(): Promise<Connection> {
    // the server's own settings on Azure, and on MySQL 8
    await shop()
      .query('SET GLOBAL log_bin_trust_function_creators = ON')
      .catch(() => {});
    await shop().query('CREATE TABLE orders.t (id int)');
    await shop().reconcile(request());
    return await shop().logIn('aad_shop_orders', 'orders');
  }

  for (const [kind, statement] of Object.entries(objects)) {
    it(`keeps a ${kind}: it isn’t made anew for another identity, nor dropped`, async () => {
      await (await made()).query(statement);
      const { reconcile, end, tidy, query } = shop();
      const { steps, findings } = await reconcile(request({ identity: other }));
      expect(steps.map((step) => step.kind)).to.deep.equal(['forbid-login']);
      expect(findings[0]).to.include({ reason: 'DefinerObjects', blocking: true });
      expect(findings[0]?.message).to.include(`${kind} orders.kept`);

      expect(await end(request())).to.equal('ended');
      for (let time = 1; time <= 2; time += 1)
        expect(await tidy(request())).to.deep.equal({
          kind: 'shell',
          userName: 'aad_shop_orders',
          why: `it is the definer of ${kind} orders.kept`,
        });
      const grants = await query<Record<string, string>>(`SHOW GRANTS FOR ${user}`);
      expect(grants.flatMap((row) => Object.values(row)).join('\n')).not.to.match(/GRANT (?!USAGE)/);
      expect(await rejection(shop().logIn('aad_shop_orders', 'orders'))).to.have.property('errno');

      // the same connection made anew goes on with it; when it is gone, the user goes too
      const again = request({ mark: markOf('shop', 'orders', 2) });
      expect((await reconcile(again)).findings).to.deep.equal([]);
      await query(`DROP ${kind} orders.kept`);
      expect((await reconcile({ ...again, identity: other })).findings).to.deep.equal([]);
      expect(await end(again)).to.equal('ended');
      expect(await tidy(again)).to.deep.equal({ kind: 'gone' });
    });
  }

  it('that can’t be bound anew shuts out who was bound before, keeps no right that isn’t promised, and lets it in again', async () => {
    const { reconcile, logIn, query, faults, newTarget } = shop();
    const session = await made();
    await session.query(objects['view'] ?? '');
    const moved = request({ identity: other, access: access('ReadOnly') });
    for (const statement of ['ACCOUNT LOCK', 'PROCESSLIST', 'az_kill']) {
      faults.add({ match: { kind: 'sql', path: statement }, respond: { drop: 'before' }, times: 1 });
      await rejection(reconcile(moved, newTarget()));
    }
    const { findings } = await reconcile(moved);
    expect(findings.map(({ reason }) => reason)).to.deep.equal(['DefinerObjects']);
    await rejection(session.query('SELECT 1'));
    expect(await rejection(logIn('aad_shop_orders', 'orders'))).to.have.property('errno');
    const [row] = await query<{ d: string; s: string }>(
      "SELECT Drop_priv AS d, Select_priv AS s FROM mysql.db WHERE User = 'aad_shop_orders'",
    );
    expect(row).to.deep.equal({ d: 'N', s: 'Y' });
    expect((await reconcile(moved)).steps).to.deep.equal([]);
    expect((await reconcile(request())).findings).to.deep.equal([]);
    await (await logIn('aad_shop_orders', 'orders')).query('DROP VIEW kept');
    expect((await reconcile(moved)).findings).to.deep.equal([]);
    await (await logIn('aad_shop_orders', 'orders', other)).query('SELECT * FROM t');
  });

  it('has none of its rights left in an event that goes on after it', async () => {
    const { query, end, tidy } = shop();
    await query('SET GLOBAL event_scheduler = ON');
    const session = await made();
    for (const table of ['theirs', 'ours']) await query(`CREATE TABLE orders.${table} (id int)`);
    await session.query('CREATE EVENT ticking ON SCHEDULE EVERY 1 SECOND DO INSERT INTO orders.theirs VALUES (1)');
    await query('CREATE EVENT orders.control ON SCHEDULE EVERY 1 SECOND DO INSERT INTO orders.ours VALUES (1)');
    const count = async (table: string) => Number((await query<{ n: number }>(`SELECT COUNT(*) AS n FROM orders.${table}`))[0]?.n);
    await eventually(async () => (await count('theirs')) > 0);
    await end(request());
    expect((await tidy(request())).kind).to.equal('shell');
    // one that ran already may still write
    const [theirs, ours] = [await eventually(() => count('theirs')), await count('ours')];
    await eventually(async () => (await count('ours')) >= ours + 3);
    expect(await count('theirs')).to.be.at.most(theirs + 1);
    const settled = await count('theirs');
    const later = await count('ours');
    await eventually(async () => (await count('ours')) >= later + 2);
    expect(await count('theirs')).to.equal(settled);
  });

  it('is not done with while its rights can’t be taken for a moment', async () => {
    const { faults, end, tidy, query } = shop();
    await (await made()).query(objects['view'] ?? '');
    await end(request());
    for (const code of ['1290', '1205', '1317']) {
      faults.add({ match: { kind: 'sql', path: 'REVOKE ALL' }, respond: { code }, times: 1 });
      expect(await rejection(tidy(request())), code).to.have.property('name', 'ConnectionError');
    }
    expect((await tidy(request())).kind).to.equal('shell');
    expect(await query("SELECT 1 FROM mysql.db WHERE User = 'aad_shop_orders'")).to.deep.equal([]);
  });

  it('who isn’t there any more is not made again under that name', async () => {
    const { query, reconcile } = shop();
    await query(`CREATE DEFINER = ${user} PROCEDURE orders.trap() NO SQL DO 1`);
    const { steps, findings } = await reconcile(request());
    expect(steps).to.deep.equal([]);
    expect(findings[0]).to.include({ reason: 'DefinerObjects', blocking: true });
    expect(findings[0]?.message).to.include('procedure orders.trap');
    // what stands in other databases isn't for this connection's namespace
    const elsewhere = await reconcile(request({ database: 'orders_1' }));
    expect(elsewhere.findings[0]?.message).to.include('1 object in other databases').and.not.to.include('trap');
    // others are made at the same time
    expect((await reconcile(request({ userName: 'aad_neighbour', mark: markOf('shop', 'neighbour') }))).findings).to.deep.equal([]);
    await query('DROP PROCEDURE orders.trap');
    // of another name
    await query("CREATE DEFINER = 'AAD_Shop_Orders'@'%' PROCEDURE orders.trap() NO SQL DO 1");
    expect((await reconcile(request())).findings).to.deep.equal([]);
  });
});
