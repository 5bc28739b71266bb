import { expect } from 'chai';
import { markText, parseMark } from '../../../src/targets/mark.ts';
import { rejection } from '../../support/eventually.ts';
import { access, markOf, other, shop as shopIdentity } from '../target/given.ts';
import { ownServer } from './own-server.ts';

const user = "'aad_shop_orders'@'%'";

describe('a user of MySQL', function () {
  this.timeout(60_000);
  const shop = ownServer('127.0.91.12');

  const noteOf = (userName = 'aad_shop_orders') => [...shop().notes.all.values()].flatMap((notes) => notes.get(userName) ?? [])[0];
  /** MariaDB takes no attributes. */
  const takesAttributes = () => shop().backend.engine === 'MySQL';
  const attributeOf = async () => {
    if (!takesAttributes()) return undefined;
    const [row] = await shop().query<{ mark: string | null }>(
      `SELECT JSON_UNQUOTE(JSON_EXTRACT(User_attributes, '$.metadata."dbaccess.dev"')) AS mark FROM mysql.user WHERE User = 'aad_shop_orders' AND Host = '%'`,
    );
    return parseMark(row?.mark);
  };
  const markFound = async () => (await attributeOf()) ?? noteOf()?.mark;
  const tampered = async (statement: string) => {
    await shop().query(statement);
  };

  it('bears its mark on the account where the server takes it, and else beside the server, never on both', async () => {
    const { request, reconcile } = shop();
    await reconcile(request());
    expect(await attributeOf()).to.deep.equal(takesAttributes() ? request().mark : undefined);
    expect(noteOf()?.mark).to.deep.equal(takesAttributes() ? undefined : request().mark);
  });

  it('keeps its other attributes', async () => {
    if (!takesAttributes()) return expect(shop().backend.engine).to.equal('MariaDB');
    const { request, reconcile, query } = shop();
    await reconcile(request());
    await query(`ALTER USER ${user} COMMENT 'of the shop' ATTRIBUTE '{"team": "shop"}'`).catch(() =>
      query(`ALTER USER ${user} ATTRIBUTE '{"team": "shop"}'`),
    );
    await reconcile(request({ mark: markOf('shop', 'orders', 2) }));
    const [row] = await query<{ team: string }>(
      `SELECT JSON_UNQUOTE(JSON_EXTRACT(User_attributes, '$.metadata.team')) AS team FROM mysql.user WHERE User = 'aad_shop_orders'`,
    );
    expect(row?.team).to.equal('shop');
    expect(await attributeOf()).to.deep.equal(markOf('shop', 'orders', 2));
  });

  it('is not taken for ours by a note that was written for another identity', async () => {
    const { request, reconcile, query, notes, asAdministrator } = shop();
    await reconcile(request());
    await query(`DROP USER ${user}`);
    await asAdministrator(`CREATE USER ${user} IDENTIFIED BY 'somebody else''s'`);
    notes.all.set([...notes.all.keys()][0] ?? '', new Map([['aad_shop_orders', { mark: request().mark, boundTo: shopIdentity.clientId }]]));
    const { findings, steps } = await reconcile(request());
    expect([steps, findings.map(({ reason }) => reason)]).to.deep.equal([[], ['UserNameTaken']]);
    expect(await shop().end(request())).to.equal('not-ours');
  });

  it('is refused while another account of its name would be met first, and made afterwards', async () => {
    const { request, reconcile, query } = shop();
    await query(`CREATE USER 'aad_shop_orders'@'10.%' IDENTIFIED BY 'somebody else''s'`);
    for (const pass of ['before it is there', 'when it is there']) {
      const { findings, steps } = await reconcile(request());
      expect([steps, findings.map(({ reason, blocking }) => [reason, blocking])], pass).to.deep.equal([[], [['UserNameTaken', true]]]);
      await query(`DROP USER 'aad_shop_orders'@'10.%'`);
      expect((await reconcile(request())).findings).to.deep.equal([]);
      await query(`CREATE USER 'aad_shop_orders'@'10.%' IDENTIFIED BY 'somebody else''s'`);
    }
  });

  it('with a password of somebody’s own is bound again where its mark tells whose it is', async () => {
    if (!takesAttributes()) return expect(shop().backend.engine).to.equal('MariaDB');
    const { request, reconcile } = shop();
    await reconcile(request());
    await tampered(`ALTER USER ${user} IDENTIFIED BY 'a way in'`);
    const { steps } = await reconcile(request());
    expect(steps.map(({ kind }) => kind)).to.include('rebind');
    await (await shop().logIn('aad_shop_orders', 'orders')).query('SELECT 1');
  });

  it('has no more than 32 characters, none that MySQL would make another of, no blanks at its ends, and no reserved name', async () => {
    const { request, reconcile, statements } = shop();
    for (const userName of ['n'.repeat(33), 'smile 😀', ' a', 'a ', 'root', 'MySQL.sys', 'azure_superuser', '']) {
      const error = await rejection(reconcile(request({ userName })));
      expect(error, userName).to.include({ kind: 'stalled', reason: 'NotPermitted' });
    }
    expect(statements().filter((statement) => /USER/.test(statement))).to.deep.equal([]);
  });

  describe('that Service Connector made', () => {
    const made = async () => {
      const { asAdministrator, query, backend } = shop();
      const identified = await backend.identifiedAs(`AADSP:${shopIdentity.clientId}:upn:aad_shop_orders`, { isAdministrator: false });
      await query(`CREATE USER ${user} ${identified}`);
      await asAdministrator(`GRANT SELECT, INSERT, DROP ON \`orders\`.* TO ${user}`);
    };

    it('is taken over on request alone, gets just its rights, and is handed back locked', async () => {
      await made();
      const { request, reconcile, end, tidy, query } = shop();
      expect((await reconcile(request())).findings.map(({ reason }) => reason)).to.deep.equal(['UserNameTaken']);
      const adopting = request({ adopt: true, access: access('ReadOnly') });
      const { steps, findings } = await reconcile(adopting);
      expect(findings).to.deep.equal([]);
      expect(steps[0]?.kind).to.equal('adopt-user');
      expect((await markFound())?.origin).to.equal('adopted');
      await query(`GRANT SELECT ON other.* TO ${user}`);
      expect(await end(adopting)).to.equal('ended');
      for (let time = 1; time <= 2; time += 1)
        expect(await tidy(adopting)).to.deep.equal({
          kind: 'shell',
          userName: 'aad_shop_orders',
          why: 'it was there before the connection',
        });
      expect((await markFound())?.state).to.equal('released');
      expect(await query<{ Db: string }>(`SELECT Db FROM mysql.db WHERE User = 'aad_shop_orders'`)).to.deep.equal([{ Db: 'other' }]);
      expect(await rejection(shop().logIn('aad_shop_orders', 'orders'))).to.have.property('errno');
      // the same connection made anew takes it over anew
      const again = { ...adopting, mark: markOf('shop', 'orders', 2) };
      expect((await reconcile(again)).findings).to.deep.equal([]);
      await (await shop().logIn('aad_shop_orders', 'orders')).query('SELECT 1');
    });

    it('is not taken over when it is bound to another identity or more than a user of an application', async () => {
      await made();
      const { request, plan, query } = shop();
      const reasonsFor = async (overrides = {}) =>
        (await plan(request({ adopt: true, ...overrides }))).findings.map(({ reason, message }) => [reason, message]);
      expect((await reasonsFor({ identity: other }))[0]?.[1]).to.include("isn't bound to the identity");
      for (const [right, taken] of [
        ['PROCESS ON *.*', 'has a right on all databases'],
        ['SELECT ON mysql.*', 'has a right on all databases'],
      ]) {
        await query(`GRANT ${right} TO ${user}`);
        expect((await reasonsFor())[0]?.[1], right).to.include(taken);
        await query(`REVOKE ${right} FROM ${user}`);
      }
      expect(await reasonsFor()).to.deep.equal([]);
    });
  });

  it('is ours whatever statement of its making was cut off, and nothing is left beside the server', async () => {
    const { request, reconcile, faults, query, newTarget } = shop();
    for (const statement of ['aad_auth_validate_oids', 'CREATE AADUSER', 'ATTRIBUTE', 'GRANT SELECT'])
      for (const drop of ['before', 'after'] as const) {
        const life = request({ mark: markOf('shop', `${statement} ${drop}`) });
        faults.add({ match: { kind: 'sql', path: statement }, respond: { drop }, times: 1 });
        const target = newTarget();
        await rejection(reconcile(life, target));
        const { findings } = await reconcile(life, newTarget());
        expect(findings, `${statement} ${drop}`).to.deep.equal([]);
        expect(markText((await markFound())!)).to.equal(markText(life.mark));
        expect(noteOf() === undefined, `${statement} ${drop}`).to.equal(takesAttributes());
        expect(await shop().end(life)).to.equal('ended');
        expect(await shop().tidy(life)).to.deep.equal({ kind: 'gone' });
        expect(noteOf()).to.equal(undefined);
        expect(await query(`SELECT 1 FROM mysql.user WHERE User = 'aad_shop_orders'`)).to.deep.equal([]);
      }
  });

  it('leaves no note where making it was refused', async () => {
    const { request, reconcile, faults } = shop();
    for (const code of ['1396', '1227']) {
      faults.add({ match: { kind: 'sql', path: 'CREATE AADUSER' }, respond: { code }, times: 1 });
      await rejection(reconcile(request()));
      expect(noteOf()).to.equal(undefined);
    }
    expect((await reconcile(request())).findings).to.deep.equal([]);
  });
});
