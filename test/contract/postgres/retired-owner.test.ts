import { expect } from 'chai';
import { rejection } from '../../support/eventually.ts';
import { access, markOf, other } from '../target/given.ts';
import { type ShopServer, startShopServer } from './shop-server.ts';

describe('a role that takes over what deleted users owned', function () {
  this.timeout(30_000);
  let shop: ShopServer;

  before(async () => {
    shop = await startShopServer({ host: '127.0.90.32' });
    for (const database of ['orders', 'billing']) await shop.backend.createDatabase(database, 'operator');
    await shop.query('postgres', 'CREATE ROLE keeper NOLOGIN');
    await shop.query('postgres', 'GRANT keeper TO operator WITH ADMIN TRUE, INHERIT FALSE, SET FALSE');
    await openSchemas();
  });
  after(() => shop?.stop());
  afterEach(async () => {
    await shop.cleanUp();
    for (const each of [request(), neighbour()]) {
      await shop.end(each);
      await shop.tidy(each);
    }
    const left = await shop.query<{ name: string }>(
      'postgres',
      "SELECT rolname AS name FROM pg_roles WHERE rolname ~ '^(keeper|dbaccess_retired_)' ORDER BY rolname = 'keeper'",
    );
    for (const { name } of left)
      for (const database of ['orders', 'billing', 'postgres']) {
        if (name !== 'keeper') await shop.query(database, `REASSIGN OWNED BY ${name} TO keeper`);
        await shop.query(database, `DROP OWNED BY ${name}`);
      }
    for (const { name } of left) if (name !== 'keeper') await shop.query('postgres', `DROP ROLE ${name}`);
    await openSchemas();
    shop.journal.clear();
  });

  const openSchemas = async () => {
    for (const database of ['orders', 'billing']) await shop.query(database, 'GRANT CREATE, USAGE ON SCHEMA public TO keeper');
  };
  const request = (retiredOwner?: string) => ({ ...shop.request({ access: access('ReadWriteDDL') }), retiredOwner });
  const neighbour = () =>
    shop.request({ userName: 'aad_shop_reports', mark: markOf('shop', 'reports'), identity: other, access: access('ReadOnly') });

  /** A user that has made things in both databases, and is gone again. */
  async function endedOwner(): Promise<void> {
    await shop.reconcile(request());
    const client = await shop.logIn('aad_shop_orders', 'orders');
    await client.query('CREATE TABLE public.kept (id int)');
    await client.query('INSERT INTO public.kept VALUES (7)');
    await client.query('CREATE FUNCTION public.kept_too() RETURNS int LANGUAGE sql RETURN 1');
    await shop.query('billing', 'CREATE SCHEMA things AUTHORIZATION aad_shop_orders');
    await shop.query('billing', 'CREATE TABLE public.also (id int); ALTER TABLE public.also OWNER TO aad_shop_orders');
    await shop.end(request());
  }
  async function ownerOf(database: string, table: string): Promise<string | undefined> {
    const [row] = await shop.query<{ owner: string }>(
      database,
      'SELECT relowner::regrole::text AS owner FROM pg_class WHERE relname = $1',
      [table],
    );
    return row?.owner;
  }
  const isThere = async (role: string) => (await shop.query('postgres', 'SELECT FROM pg_roles WHERE rolname = $1', [role])).length > 0;

  it('gets it in every database, and the user goes', async () => {
    await endedOwner();
    expect(await shop.tidy(request('keeper'))).to.deep.equal({ kind: 'gone', handedTo: 'keeper' });
    expect(await ownerOf('orders', 'kept')).to.equal('keeper');
    expect(await ownerOf('billing', 'also')).to.equal('keeper');
    expect(await isThere('aad_shop_orders')).to.equal(false);
    expect(await shop.query('orders', 'SELECT id FROM public.kept')).to.deep.equal([{ id: 7 }]);
    // acting for both left no trace
    expect(
      await shop.query('postgres', "SELECT FROM pg_auth_members WHERE roleid = 'keeper'::regrole AND (inherit_option OR set_option)"),
    ).to.deep.equal([]);
  });

  it('gets a database that the user owned', async () => {
    await endedOwner();
    await shop.backend.createDatabase('theirs', 'aad_shop_orders');
    expect(await shop.tidy(request('keeper'))).to.deep.equal({ kind: 'gone', handedTo: 'keeper' });
    const [row] = await shop.query<{ owner: string }>(
      'postgres',
      "SELECT datdba::regrole::text AS owner FROM pg_database WHERE datname = 'theirs'",
    );
    expect(row?.owner).to.equal('keeper');
    await shop.query('postgres', 'DROP DATABASE theirs');
  });

  it('gets what an earlier locked shell still owned, once the policy names it', async () => {
    await endedOwner();
    expect(await shop.tidy(request())).to.include({ kind: 'shell' });
    expect(await shop.tidy(request('keeper'))).to.deep.equal({ kind: 'gone', handedTo: 'keeper' });
    expect(await ownerOf('orders', 'kept')).to.equal('keeper');
  });

  it('may be one whose rights the operator has anyway', async () => {
    await shop.query('postgres', 'GRANT keeper TO operator WITH INHERIT TRUE');
    await endedOwner();
    expect(await shop.tidy(request('keeper'))).to.deep.equal({ kind: 'gone', handedTo: 'keeper' });
    await shop.query('postgres', 'GRANT keeper TO operator WITH INHERIT FALSE');
  });

  it('gets nothing of a user that owned nothing', async () => {
    await shop.reconcile(request());
    await shop.end(request());
    expect(await shop.tidy(request('keeper'))).to.deep.equal({ kind: 'gone' });
  });

  describe('is never', () => {
    before(async () => {
      await shop.query('postgres', 'CREATE ROLE maker NOLOGIN CREATEROLE; CREATE ROLE inside NOLOGIN; GRANT azure_pg_admin TO inside');
      await shop.query('postgres', 'CREATE ROLE unreachable NOLOGIN');
    });

    const rows: readonly [string, string, RegExp][] = [
      ['one that is not there', 'absent', /there is no role absent/],
      ['the operator', 'operator', /role operator may not take it over/],
      ['an administrator', 'pgadmin', /role pgadmin may not take it over/],
      ["Azure's administrators", 'azure_pg_admin', /role azure_pg_admin may not take it over/],
      ['a superuser', 'azuresu', /role azuresu may not take it over/],
      ["one of PostgreSQL's", 'pg_monitor', /role pg_monitor may not take it over/],
      ['one with CREATEROLE', 'maker', /role maker may not take it over/],
      ['a member of one of these', 'inside', /role inside may not take it over/],
      ['the user of another connection', 'aad_shop_reports', /role aad_shop_reports may not take it over/],
      ['the user itself', 'aad_shop_orders', /role aad_shop_orders may not take it over/],
      [
        'one for which the operator may not act',
        'unreachable',
        /unreachable can't take over what it owns in database billing: the operator may not act for that role/,
      ],
    ];
    for (const [who, name, why] of rows)
      it(`${who}: a locked shell keeps it, and says why`, async () => {
        await shop.reconcile(neighbour());
        await endedOwner();
        const tidied = await shop.tidy(request(name));
        expect(tidied).to.include({ kind: 'shell', userName: 'dbaccess_retired_00000001' });
        expect(tidied.kind === 'shell' && tidied.why)
          .to.match(/^it owns objects in database billing, objects in database orders, and /)
          .and.match(why);
        expect(await ownerOf('orders', 'kept')).to.equal('dbaccess_retired_00000001');
        expect(await ownerOf('billing', 'also')).to.equal('dbaccess_retired_00000001');
      });
  });

  it('waits for a lock that somebody holds, and gets it when it is gone', async () => {
    await endedOwner();
    await shop.reconcile(neighbour());
    await shop.query('orders', 'GRANT SELECT ON public.kept TO aad_shop_reports');
    const accomplice = await shop.logIn('aad_shop_reports', 'orders', other);
    await accomplice.query('BEGIN');
    await accomplice.query('LOCK TABLE public.kept IN ACCESS SHARE MODE');
    expect(await rejection(shop.tidy(request('keeper')))).to.include({ kind: 'retry' });
    expect(await ownerOf('orders', 'kept')).to.equal('aad_shop_orders');
    await accomplice.query('ROLLBACK');
    expect(await shop.tidy(request('keeper'))).to.deep.equal({ kind: 'gone', handedTo: 'keeper' });
  });
});
