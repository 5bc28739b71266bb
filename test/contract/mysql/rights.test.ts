import { expect } from 'chai';
import { rejection } from '../../support/eventually.ts';
import { access, markOf } from '../target/given.ts';
import { id } from './administrator.ts';
import { ownServer } from './own-server.ts';

const user = "'aad_shop_orders'@'%'";

describe('rights on MySQL', function () {
  this.timeout(30_000);
  const shop = ownServer('127.0.91.11');

  const patterns = async () => {
    const rows = await shop().query<{ pattern: string }>("SELECT Db AS pattern FROM mysql.db WHERE User = 'aad_shop_orders' ORDER BY 1");
    return rows.map(({ pattern }) => pattern);
  };
  const summaries = async (request: Parameters<ReturnType<typeof shop>['reconcile']>[0]) =>
    (await shop().reconcile(request)).steps.map(({ summary }) => summary);

  it('on a database with an underscore open no other', async () => {
    const { query, logIn } = shop();
    await shop().backend.createDatabase('ordersx1');
    for (const name of ['orders_1', 'ordersx1']) await query(`CREATE TABLE ${name}.t (id int)`);
    await shop().reconcile(shop().request({ database: 'orders_1' }));
    expect(await patterns()).to.deep.equal(['orders\\_1']);
    const session = await logIn('aad_shop_orders', 'orders_1');
    await session.query('SELECT * FROM orders_1.t');
    expect(await rejection(session.query('SELECT * FROM ordersx1.t'))).to.include({ errno: 1142 });
  });

  it('are written without escapes where the server knows no wild cards', async () => {
    const { query } = shop();
    const [variable] = await query("SHOW VARIABLES LIKE 'partial_revokes'");
    if (!variable) return expect(shop().backend.engine).to.equal('MariaDB');
    await query('SET GLOBAL partial_revokes = ON');
    try {
      await query('CREATE TABLE orders_1.t (id int)');
      const target = shop().newTarget();
      const request = shop().request({ database: 'orders_1' });
      await shop().reconcile(request, target);
      expect(await patterns()).to.deep.equal(['orders_1']);
      await (await shop().logIn('aad_shop_orders', 'orders_1')).query('SELECT * FROM t');
      expect(await shop().reconcile(request, target)).to.deep.equal({ steps: [], findings: [] });
      await target.close();
    } finally {
      await query('SET GLOBAL partial_revokes = OFF');
    }
  });

  it('that Service Connector gave on more than the database give way to the narrow ones, which come first', async () => {
    const { query, request, reconcile } = shop();
    const connection = request({ database: 'orders_1', access: access('ReadOnly') });
    await reconcile(connection);
    await query(`REVOKE SELECT, SHOW VIEW ON \`orders\\_1\`.* FROM ${user}`);
    await query(`GRANT ALL PRIVILEGES ON \`orders_1\`.* TO ${user}`);
    const [first, second] = await summaries(connection);
    expect(first).to.equal(`GRANT SELECT, SHOW VIEW ON \`orders\\_1\`.* TO ${user}`);
    expect(second).to.match(/^REVOKE SELECT, .* ON `orders_1`\.\* FROM /);
    expect(await patterns()).to.deep.equal(['orders\\_1']);
    expect(await reconcile(connection)).to.deep.equal({ steps: [], findings: [] });
  });

  it('by any pattern that matches are taken back, and on other databases left alone', async () => {
    const { query, request, reconcile } = shop();
    await reconcile(request());
    for (const pattern of ['%', 'ord%', 'order_', 'orders\\_1', 'other']) await query(`GRANT SELECT ON \`${pattern}\`.* TO ${user}`);
    await reconcile(request());
    expect(await patterns()).to.deep.equal(['orders', 'orders\\_1', 'other']);
  });

  it('on everything that the operator itself hasn’t are told of and keep nobody waiting', async () => {
    const { query, request, reconcile } = shop();
    await reconcile(request());
    await query(`GRANT FILE, SELECT ON *.* TO ${user}`);
    const { steps, findings } = await reconcile(request());
    expect(steps.map(({ summary }) => summary)).to.deep.equal([`REVOKE SELECT ON *.* FROM ${user}`]);
    expect(findings).to.have.length(1);
    expect(findings[0]).to.include({ reason: 'PrivilegeNotRevocable', blocking: false });
    expect(findings[0]?.message).to.include(`REVOKE FILE ON *.* FROM ${user}`);
  });

  it('to pass rights on are taken back, on whatever they are', async () => {
    const { query, request, reconcile } = shop();
    await query('CREATE TABLE orders.t (id int)');
    await query('CREATE PROCEDURE orders.p() NO SQL DO 1');
    await reconcile(request());
    await query(`GRANT SELECT ON orders.* TO ${user} WITH GRANT OPTION`);
    await query(`GRANT SELECT ON orders.t TO ${user} WITH GRANT OPTION`);
    await query(`GRANT EXECUTE ON PROCEDURE orders.p TO ${user} WITH GRANT OPTION`);
    await reconcile(request());
    const grants = await query<Record<string, string>>(`SHOW GRANTS FOR ${user}`);
    expect(grants.flatMap((row) => Object.values(row)).join('\n')).not.to.match(/GRANT OPTION|`t`|`p`/);
    expect(await reconcile(request())).to.deep.equal({ steps: [], findings: [] });
  });

  it('on columns are taken back', async () => {
    const { query, request, reconcile } = shop();
    await query('CREATE TABLE orders.t (id int, `sec``ret` int)');
    await reconcile(request({ access: access('Custom') }));
    await query(`GRANT SELECT (\`sec\`\`ret\`), UPDATE (id) ON orders.t TO ${user}`);
    await reconcile(request({ access: access('Custom') }));
    expect(await query("SELECT * FROM mysql.columns_priv WHERE User = 'aad_shop_orders'")).to.deep.equal([]);
  });

  it('to act as another user are told of', async () => {
    const { query, request, reconcile } = shop();
    await reconcile(request());
    await query(`CREATE USER 'boss'@'%' IDENTIFIED BY 'somebody else''s'`);
    await query(
      `INSERT INTO mysql.proxies_priv (Host, User, Proxied_host, Proxied_user, With_grant, Grantor) VALUES ('%', 'aad_shop_orders', '%', 'boss', 0, '')`,
    );
    try {
      const { findings } = await reconcile(request());
      expect(findings.map(({ reason, blocking }) => [reason, blocking])).to.deep.equal([['PrivilegeNotRevocable', false]]);
    } finally {
      await query("DELETE FROM mysql.proxies_priv WHERE User = 'aad_shop_orders'");
    }
  });

  it('that the server gives the maker of a routine stay where the profile has them anyway', async () => {
    const { request, reconcile, logIn, query } = shop();
    await query('SET GLOBAL automatic_sp_privileges = ON');
    await reconcile(request({ access: access('All') }));
    const session = await logIn('aad_shop_orders', 'orders');
    await session.query('CREATE PROCEDURE mine() NO SQL DO 1');
    expect(await reconcile(request({ access: access('All') }))).to.deep.equal({ steps: [], findings: [] });
    await session.query('CALL mine()');
    await reconcile(request({ access: access('ReadOnly') }));
    expect(await query("SELECT * FROM mysql.procs_priv WHERE User = 'aad_shop_orders'")).to.deep.equal([]);
  });

  it('need a database, which may be written in other letters', async () => {
    const { request, reconcile } = shop();
    expect(await rejection(reconcile(request({ database: 'gone' })))).to.include({ kind: 'waiting', reason: 'DatabaseNotFound' });
    expect((await reconcile(request({ database: 'ORDERS' }))).findings).to.deep.equal([]);
    expect(await patterns()).to.deep.equal(['orders']);
  });

  it('of a database that isn’t there keep no neighbour waiting', async () => {
    const { request, target } = shop();
    const signal = AbortSignal.timeout(20_000);
    const there = request();
    await shop().reconcile(there);
    const server = await target.observeServer(there, { signal });
    const user = await target.observeUser(there, server, { signal });
    const looks = [there, request({ database: 'gone' }), there].map((each) => target.observeGrants(each, server, user, { signal }));
    expect((await Promise.allSettled(looks)).map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('cost three statements at rest, for fifty users together', async () => {
    const { request, reconcile, target, journal, statements } = shop();
    const signal = AbortSignal.timeout(20_000);
    const requests = Array.from({ length: 50 }, (_, index) => request({ userName: `aad_${index}` }));
    await Promise.all(requests.map((each) => reconcile(each)));
    journal.clear();
    const server = await target.observeServer(request(), { signal });
    const users = await Promise.all(requests.map((each) => target.observeUser(each, server, { signal })));
    await Promise.all(requests.map((each, index) => target.observeGrants(each, server, users[index]!, { signal })));
    // whoever is first doesn't wait for the others
    expect(statements().length).to.be.at.most(6);
    expect(statements().filter((statement) => !/^(SELECT|WITH)/.test(statement))).to.deep.equal([]);
  });

  describe('through roles', () => {
    const role = (name: string) => access('Custom', { roles: [name] });

    it('are refused where the role is privileged, directly or through another', async () => {
      const { query, request, reconcile, backend } = shop();
      const owned =
        backend.engine === 'MariaDB'
          ? [`GRANT wide TO 'operator'@'%' WITH ADMIN OPTION`, `GRANT through TO 'operator'@'%' WITH ADMIN OPTION`]
          : [];
      for (const statement of ['CREATE ROLE wide', 'CREATE ROLE through', 'GRANT wide TO through', ...owned]) await query(statement);
      for (const right of ['PROCESS ON *.*', 'SELECT ON mysql.*', 'INSERT ON `%`.*']) {
        await query(`GRANT ${right} TO wide`);
        for (const name of ['wide', 'through']) {
          const { findings, steps } = await reconcile(request({ access: role(name) }));
          expect(
            findings.map(({ reason, blocking }) => [reason, blocking]),
            `${name} ${right}`,
          ).to.deep.equal([['NotPermitted', true]]);
          expect(steps.filter(({ kind }) => kind === 'grant-role')).to.deep.equal([]);
        }
        await query(`REVOKE ${right} FROM wide`);
      }
      const { findings } = await reconcile(request({ access: role('through') }));
      expect(findings).to.deep.equal([]);
    });

    it('are refused where the role is a user of a connection, or an administrator', async () => {
      const { request, reconcile } = shop();
      await reconcile(request({ userName: 'aad_other' }));
      for (const name of ['aad_other', 'operator']) {
        const { findings } = await reconcile(request({ access: role(name) }));
        expect(
          findings.map(({ reason, blocking }) => [reason, blocking]),
          name,
        ).to.deep.equal([['NotPermitted', true]]);
      }
      const { findings } = await reconcile(request({ access: role('nobody') }));
      expect(findings.map(({ reason }) => reason)).to.deep.equal(['RoleNotFound']);
    });
  });

  it('that are narrowed leave nobody locked out when it is not permitted any more halfway', async () => {
    const { request, reconcile, target, logIn } = shop();
    const signal = AbortSignal.timeout(20_000);
    await reconcile(request({ access: access('All') }));
    const narrowed = request({ access: access('Custom', { grants: [{ objectType: 'Database', privileges: ['SELECT'] }] }) });
    const server = await target.observeServer(narrowed, { signal });
    const user = await target.observeUser(narrowed, server, { signal });
    const [step] = target.planGrants(narrowed, await target.observeGrants(narrowed, server, user, { signal })).steps;
    const steps = [step!, step!];
    let asked = 0;
    const beforeStep = () => {
      asked += 1;
      if (asked > 1) throw new Error('suspended meanwhile');
    };
    expect((await rejection(target.apply(steps, narrowed, server, { beforeStep, signal }))).message).to.equal('suspended meanwhile');
    await (await logIn('aad_shop_orders', 'orders')).query('SELECT 1');
  });

  it('on a database whose name has no room for escapes are never given on others too', async () => {
    const { backend, query, request, reconcile } = shop();
    const database = 'a_'.repeat(31);
    await backend.createDatabase(database);
    const { findings } = await reconcile(request({ database }));
    expect(findings.map(({ reason, blocking }) => [reason, blocking])).to.deep.equal([['NotPermitted', true]]);
    expect(findings[0]?.message).to.include('partial_revokes');
    expect(await patterns()).to.deep.equal([]);
    await query(`CREATE TABLE ${database}.t (id int)`);
    const grants = [{ objectType: 'Table' as const, names: ['t'], privileges: ['SELECT'] }];
    expect((await reconcile(request({ database, access: access('Custom', { grants }) }))).findings).to.deep.equal([]);
  });

  it('on routines are told apart of users whose names begin with the same 32 bytes', async () => {
    const { request, reconcile, plan, query } = shop();
    await query('CREATE PROCEDURE orders.p() NO SQL DO 1');
    const grants = [{ objectType: 'Function' as const, names: ['p'], privileges: ['EXECUTE'] }];
    const [one, two] = ['一', '二'].map((last) => {
      const userName = `${'订单'.repeat(5)}一${last}`;
      return request({ userName, mark: markOf('shop', userName) });
    });
    const having = { ...two!, access: access('Custom', { grants }) };
    await reconcile(one!);
    expect((await reconcile(having)).findings).to.deep.equal([]);
    expect(await plan(one!)).to.deep.equal({ steps: [], findings: [] });
    await reconcile({ ...one!, access: access('Custom', { grants }) });
    await reconcile({ ...two!, access: access('Custom') });
    for (const each of [
      { ...one!, access: access('Custom', { grants }) },
      { ...two!, access: access('Custom') },
    ])
      expect(await plan(each)).to.deep.equal({ steps: [], findings: [] });
    const shown = await query<Record<string, string>>(`SHOW GRANTS FOR '${two!.userName}'@'%'`);
    expect(JSON.stringify(shown)).not.to.include('PROCEDURE');
  });

  it('come from no role that has dynamic privileges or sees what others run, whatever it is called', async () => {
    const { request, plan, query, backend } = shop();
    const right = backend.engine === 'MariaDB' ? 'PROCESS' : 'CONNECTION_ADMIN';
    const roles = { "rep\\x'": `${right} ON *.*`, seeing: 'SELECT ON performance_schema.*', Harmless: undefined, harmless: undefined };
    for (const [name, privilege] of Object.entries(roles)) {
      await query(`CREATE ROLE ${id(name)}`);
      if (privilege) await query(`GRANT ${privilege} TO ${id(name)}`);
      if (backend.engine === 'MariaDB') await query(`GRANT ${id(name)} TO 'operator'@'%' WITH ADMIN OPTION`);
    }
    await shop().reconcile(request());
    const reasons = async (role: string) =>
      (await plan(request({ access: access('ReadWrite', { roles: [role] }) }))).findings.map(({ reason }) => reason);
    for (const name of Object.keys(roles))
      expect(await reasons(name), name).to.deep.equal(roles[name as keyof typeof roles] ? ['NotPermitted'] : []);
    const both = await plan(request({ access: access('ReadWrite', { roles: ['Harmless', 'harmless'] }) }));
    expect(both.findings).to.deep.equal([]);
  });
});
