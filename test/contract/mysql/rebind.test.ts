import { expect } from 'chai';
import { killProcedure } from '../../sandbox/mysql/azure-shape.ts';
import { eventually, rejection } from '../../support/eventually.ts';
import { access, markOf, other, shop as shopIdentity } from '../target/given.ts';
import { ownServer } from './own-server.ts';

const user = "'aad_shop_orders'@'%'";

describe('a user of MySQL that is made anew for another identity', function () {
  this.timeout(60_000);
  const shop = ownServer('127.0.91.14');

  const rights = async () => {
    const rows = await shop().query<Record<string, string>>(`SHOW GRANTS FOR ${user}`);
    return rows
      .flatMap((row) => Object.values(row))
      .filter((text) => !/USAGE/.test(text))
      .sort();
  };
  const former = () =>
    [...shop().notes.all.values()].flatMap((notes) => notes.get('aad_shop_orders')?.kept ?? []).filter((kept) => /former/.test(kept));
  async function withRightsElsewhere() {
    const { query, request, reconcile } = shop();
    await query('CREATE TABLE orders_1.t (id int, c int)');
    await query('CREATE PROCEDURE orders_1.p() NO SQL DO 1');
    await reconcile(request());
    for (const right of ['SELECT ON `other%`.*', 'UPDATE, SELECT (c) ON orders_1.t', 'EXECUTE ON PROCEDURE orders_1.p'])
      await query(`GRANT ${right} TO ${user}`);
    return await rights();
  }

  it('has all its rights again in one pass, those in other databases too', async () => {
    const before = await withRightsElsewhere();
    const { request, reconcile, logIn } = shop();
    const { findings } = await reconcile(request({ identity: other }));
    expect(findings).to.deep.equal([]);
    expect(await rights()).to.deep.equal(before);
    expect(former()).to.deep.equal([]);
    await (await logIn('aad_shop_orders', 'orders', other)).query('SELECT 1');
    expect(await rejection(logIn('aad_shop_orders', 'orders', shopIdentity))).to.have.property('errno');
  });

  it('has them again whatever statement was cut off', async () => {
    const { request, reconcile, faults, newTarget } = shop();
    const before = await withRightsElsewhere();
    const statements = [
      'ACCOUNT LOCK',
      'information_schema.EVENTS',
      'DROP USER',
      'CREATE AADUSER',
      ...(shop().backend.engine === 'MySQL' ? ['ATTRIBUTE'] : []),
      'GRANT SELECT ON `other',
      'GRANT UPDATE',
      'GRANT SELECT, SHOW VIEW',
    ];
    let identity = shopIdentity;
    for (const statement of statements)
      for (const drop of ['before', 'after'] as const) {
        identity = identity === other ? shopIdentity : other;
        faults.add({ match: { kind: 'sql', path: statement }, respond: { drop }, times: 1 });
        await rejection(reconcile(request({ identity }), newTarget())).catch(() => expect.fail(`${statement} was not sent`));
        faults.clear();
        expect((await reconcile(request({ identity }), newTarget())).findings, `${statement} ${drop}`).to.deep.equal([]);
        expect(await rights(), `${statement} ${drop}`).to.deep.equal(before);
        expect(former()).to.deep.equal([]);
        await (await shop().logIn('aad_shop_orders', 'orders', identity)).query('SELECT 1');
      }
  });

  it('goes back to the identity that it had, when the change is taken back halfway', async () => {
    const { request, reconcile, faults, newTarget } = shop();
    const before = await withRightsElsewhere();
    for (const [statement, drop] of [
      ['DROP USER', 'before'],
      ['DROP USER', 'after'],
      ['CREATE AADUSER', 'after'],
    ] as const) {
      faults.add({ match: { kind: 'sql', path: statement }, respond: { drop }, times: 1 });
      await rejection(reconcile(request({ identity: other }), newTarget()));
      expect((await reconcile(request(), newTarget())).findings).to.deep.equal([]);
      expect(await rights(), `${statement} ${drop}`).to.deep.equal(before);
      expect(former()).to.deep.equal([]);
    }
  });

  it('gets nothing back that somebody took since an attempt that failed, whatever identity it has then', async () => {
    const { request, reconcile, faults, newTarget, query } = shop();
    for (const identity of [other, shopIdentity]) {
      await reconcile(request());
      await query(`GRANT SELECT ON \`other\`.* TO ${user}`);
      faults.add({ match: { kind: 'sql', path: 'DROP USER' }, respond: { code: '1290' }, times: 1 });
      await rejection(reconcile(request({ identity: other }), newTarget()));
      await query(`REVOKE SELECT ON \`other\`.* FROM ${user}`);
      expect((await reconcile(request({ identity }), newTarget())).findings).to.deep.equal([]);
      expect((await rights()).join()).not.to.include('other');
      expect(former()).to.deep.equal([]);
    }
  });

  it('gets nothing back that may have been given back already, and says so', async () => {
    const { request, reconcile, faults, newTarget, notes, query } = shop();
    await reconcile(request());
    await query(`GRANT SELECT ON \`other\`.* TO ${user}`);
    faults.add({ match: { kind: 'sql', path: 'GRANT SELECT ON `other' }, respond: { drop: 'after' }, times: 1 });
    const { write } = notes;
    // the process ends with the line
    notes.write = async (server, changes, options) => {
      if (faults.list().length === 0 && changes.some(({ note }) => note)) throw new Error('nobody remembers at present');
      await write(server, changes, options);
    };
    await rejection(reconcile(request({ identity: other }), newTarget()));
    notes.write = write;
    await query(`REVOKE SELECT ON \`other\`.* FROM ${user}`);
    const error = await rejection(reconcile(request({ identity: other }), newTarget()));
    expect(error.message).to.include('SELECT on other');
    expect((await reconcile(request({ identity: other }), newTarget())).findings).to.deep.equal([]);
    expect((await rights()).join()).not.to.include('`other`');
    expect(former()).to.deep.equal([]);
  });

  it('is never one that was taken over: what somebody else made is not dropped', async () => {
    const { request, reconcile, query, backend } = shop();
    const identified = await backend.identifiedAs(`AADSP:${shopIdentity.clientId}:upn:aad_shop_orders`, { isAdministrator: false });
    await query(`CREATE USER ${user} ${identified}`);
    await query(`GRANT SELECT ON payments.* TO ${user}`);
    await reconcile(request({ adopt: true }));
    const before = await rights();
    const { steps, findings } = await reconcile(request({ adopt: true, identity: other }));
    expect([steps, findings.map(({ reason, blocking }) => [reason, blocking])]).to.deep.equal([[], [['StaleIdentityBinding', true]]]);
    expect(await rights()).to.deep.equal(before);
  });

  it('says once what it lost and nobody of ours can give back', async () => {
    const { request, reconcile, query } = shop();
    await reconcile(request());
    await query('CREATE TABLE orders_1.t (id int)');
    await query(`GRANT SELECT ON \`third\`.* TO ${user} WITH GRANT OPTION`);
    await query(`GRANT SELECT ON orders_1.t TO ${user}`);
    await query('DROP TABLE orders_1.t');
    const error = await rejection(reconcile(request({ identity: other })));
    expect(error.message).to.include('GRANT OPTION on third; SELECT on orders_1.t');
    expect((await reconcile(request({ identity: other }))).findings).to.deep.equal([]);
    expect((await rights()).join())
      .to.include('SELECT ON `third`.*')
      .and.not.to.include('GRANT OPTION');
  });

  it('has nobody of the identity before in it, also not one who logs in all the time', async () => {
    const { request, reconcile, logIn, query } = shop();
    await reconcile(request());
    const sessions = await Promise.all(Array.from({ length: 5 }, () => logIn('aad_shop_orders', 'orders')));
    await reconcile(request({ identity: other }));
    for (const session of sessions) await rejection(session.query('SELECT 1'));
    await eventually(
      async () => (await query("SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'aad_shop_orders'")).length === 0,
    );
  });
});

describe('the end of sessions on MySQL', function () {
  this.timeout(30_000);
  const shop = ownServer('127.0.91.15');

  it('comes by KILL where the server has no procedure of Azure’s, and the operator may', async () => {
    const { request, reconcile, end, query, logIn, statements, backend } = shop();
    await reconcile(request());
    const session = await logIn('aad_shop_orders', 'orders');
    await query('DROP PROCEDURE mysql.az_kill');
    await query(`GRANT ${backend.engine === 'MariaDB' ? 'CONNECTION ADMIN' : 'CONNECTION_ADMIN'} ON *.* TO 'operator'@'%'`);
    try {
      // what holds everywhere is looked up at login
      expect(await end(request(), shop().newTarget())).to.equal('ended');
      await rejection(session.query('SELECT 1'));
      expect(statements().filter((statement) => /^KILL /.test(statement))).to.have.length(1);
    } finally {
      await query(killProcedure);
    }
  });

  it('is made up for after a cut between what was taken and the sessions', async () => {
    const { request, reconcile, logIn, faults, newTarget, query } = shop();
    await query('CREATE TABLE orders.t (id int)');
    for (const [statement, drop] of [
      ['REVOKE INSERT', 'before'],
      ['REVOKE INSERT', 'after'],
      ['PROCESSLIST', 'before'],
      ['az_kill', 'before'],
      ['ACCOUNT UNLOCK', 'before'],
    ] as const) {
      await reconcile(request());
      const session = await logIn('aad_shop_orders', 'orders');
      await session.query('INSERT INTO t VALUES (1)');
      faults.add({ match: { kind: 'sql', path: statement }, respond: { drop }, times: 1 });
      const narrowed = request({ access: access('ReadOnly') });
      await rejection(reconcile(narrowed, newTarget()));
      expect((await reconcile(narrowed, newTarget())).findings).to.deep.equal([]);
      await rejection(session.query('INSERT INTO t VALUES (1)'));
      await (await logIn('aad_shop_orders', 'orders')).query('SELECT * FROM t');
    }
  });

  it('of a neighbour never comes with it', async () => {
    const { request, reconcile, end, logIn } = shop();
    const neighbour = request({ userName: 'aad_neighbour', mark: markOf('shop', 'neighbour') });
    for (const each of [request(), neighbour]) await reconcile(each);
    const session = await logIn('aad_neighbour', 'orders');
    await end(request());
    await session.query('SELECT 1');
  });

  it('lists users for the sweep by the mark on the account and beside the server, none that is disabled or another cluster’s', async () => {
    const { request, reconcile, end, target, notes } = shop();
    const signal = AbortSignal.timeout(20_000);
    const gone = request({ userName: 'aad_gone', mark: markOf('shop', 'gone') });
    const foreign = request({ userName: 'aad_foreign', mark: { ...markOf('shop', 'foreign'), cluster: '00000000000000c2' } });
    for (const each of [request(), gone, foreign]) await reconcile(each);
    await end(gone);
    // an intent that came to nothing is no user
    const [ofServer] = notes.all.values();
    const absent = { mark: markOf('shop', 'absent'), boundTo: shopIdentity.clientId };
    ofServer?.set('aad_absent', absent);
    const server = await target.observeServer(request(), { signal });
    const listed = await target.listMarked(server, { signal });
    expect(listed.map(({ userName, mark }) => [userName, mark])).to.deep.equal([['aad_shop_orders', request().mark]]);
  });
});
