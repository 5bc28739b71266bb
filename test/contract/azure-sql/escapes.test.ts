import { expect } from 'chai';
import { markText } from '../../../src/targets/mark.ts';
import { access, markOf, other, shop } from '../target/given.ts';
import { numberIn } from './application-session.ts';
import { id, literal } from './client.ts';
import { loginRefusals, type ShopServer, startShopServer } from './shop-server.ts';

const { signal } = new AbortController();

describe('an application that may do everything in its database of Azure SQL', function () {
  this.timeout(20_000);
  let shopServer: ShopServer;

  before(async () => {
    shopServer = await startShopServer({ host: '127.0.93.11' });
  });
  after(() => shopServer.stop());
  afterEach(() => shopServer.cleanUp());

  const everything = () => shopServer.request({ access: access('All') });
  const own = 'aad_shop_orders';
  const setProperty = (text: string, user = own, procedure = 'sp_updateextendedproperty') =>
    `EXEC sys.${procedure} @name = N'dbaccess.dev/connection', @value = ${literal(text)}, @level0type = N'USER', @level0name = ${literal(user)}`;
  const canLogIn = async (who = shop) => {
    try {
      await shopServer.logIn('orders', who);
      return true;
    } catch (error) {
      if (loginRefusals.includes(numberIn(error) ?? 0)) return false;
      throw error;
    }
  };
  const rename = (name: string) => `ALTER USER ${id(own)} WITH NAME = ${id(name)}`;
  const foreign = markText({ ...markOf('payments', 'ledger', 7), state: 'live' });

  const escapes: Readonly<Record<string, readonly string[]>> = {
    'gave its user another name': [rename('hidden')],
    'gave its user a name that the operator keeps for itself': [rename('dbaccess_retired_hidden')],
    'spoilt its mark': [setProperty('x')],
    'gave its user the mark of another connection': [setProperty(foreign)],
    'gave its user another name, and another user its own name and mark': [
      setProperty('x'),
      rename('hidden'),
      `CREATE USER ${id(own)} WITHOUT LOGIN`,
      setProperty(markText(markOf('shop', 'orders')), own, 'sp_addextendedproperty'),
    ],
  };
  for (const [what, statements] of Object.entries(escapes))
    it(`does not outlive the end of its access when it ${what}`, async () => {
      const request = everything();
      await shopServer.reconcile(request);
      const application = await shopServer.logIn('orders');
      for (const statement of statements) await application.query(statement);
      expect(await shopServer.end(request)).to.equal('ended');
      expect(await canLogIn()).to.equal(false);
      await application.query('SELECT 1 AS one').then(
        () => expect.fail('the session is still there'),
        () => {},
      );
      expect((await shopServer.tidy(request)).kind).to.be.oneOf(['gone', 'shell']);
      expect(await canLogIn()).to.equal(false);
      const rights = await shopServer.query<{ permission: string }>(
        'orders',
        "SELECT d.permission_name AS permission FROM sys.database_permissions AS d JOIN sys.database_principals AS p ON p.principal_id = d.grantee_principal_id WHERE p.type = 'E' AND d.state <> 'D'",
      );
      expect(rights).to.deep.equal([]);
    });

  it('keeps what it owns where it can’t be told any more whose its user is', async () => {
    const request = everything();
    await shopServer.reconcile(request);
    await (await shopServer.logIn('orders')).query(setProperty('x'));
    await shopServer.end(request);
    expect(await shopServer.tidy(request)).to.deep.equal({
      kind: 'shell',
      userName: own,
      why: "somebody changed the operator's mark on it",
    });
  });

  it('is remembered by its identity as long as it may log in', async () => {
    const request = everything();
    const notes = () => [...shopServer.notes.all.values()].flatMap((each) => [...each.values()].map(({ boundTo }) => boundTo));
    await shopServer.reconcile({ ...request, access: access('ReadWrite') });
    expect(notes()).to.deep.equal([]);
    await shopServer.reconcile(request);
    expect(notes()).to.deep.equal([shop.clientId]);
    await shopServer.reconcile({ ...request, access: access('ReadOnly') });
    await shopServer.reconcile({ ...request, access: access('ReadOnly'), identity: other });
    expect(notes()).to.deep.equal([other.clientId]);
    // so that who uses the former identity now is let alone
    const next = shopServer.request({ userName: 'aad_shop_next', mark: markOf('shop', 'next', 2) });
    await shopServer.reconcile(next);
    await shopServer.end(request);
    await shopServer.tidy(request);
    expect(notes()).to.deep.equal([]);
    expect([await canLogIn(shop), await canLogIn(other)]).to.deep.equal([true, false]);
  });

  it('does not stop the sweep for orphans with marks on users as whom nobody can log in', async () => {
    const request = everything();
    await shopServer.reconcile(request);
    const application = await shopServer.logIn('orders');
    for (let index = 10; index < 35; index += 1) {
      await application.query(`CREATE USER ghost${index} WITHOUT LOGIN`);
      const mark = markText({ ...markOf('ghost', String(index)), uid: `99999999-0000-4000-8000-0000000000${index}` });
      await application.query(setProperty(mark, `ghost${index}`, 'sp_addextendedproperty'));
    }
    const server = await shopServer.target.observeServer(request, { signal });
    expect((await shopServer.target.listMarked(server, { signal })).map(({ userName }) => userName)).to.deep.equal([own]);
  });
});
