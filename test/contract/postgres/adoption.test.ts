import { expect } from 'chai';
import { type Mark, markText } from '../../../src/targets/mark.ts';
import { rejection } from '../../support/eventually.ts';
import { access, markOf, other, shop as shopIdentity } from '../target/given.ts';
import { isAlive, type ShopServer, startShopServer } from './shop-server.ts';

const signal = { signal: new AbortController().signal };

describe('taking over a user of PostgreSQL', function () {
  this.timeout(30_000);
  let shop: ShopServer;
  let count = 0;
  let database: string;

  before(async () => {
    shop = await startShopServer({ host: '127.0.90.22' });
  });
  after(() => shop?.stop());

  beforeEach(async () => {
    count += 1;
    database = `orders${count}`;
    await shop.backend.createDatabase(database, 'operator');
    await shop.query(database, 'CREATE TABLE items (id int); ALTER TABLE items OWNER TO operator; INSERT INTO items VALUES (7)');
    await shop.query('postgres', 'CREATE ROLE app LOGIN; GRANT app TO operator WITH ADMIN TRUE, INHERIT FALSE, SET FALSE');
    await bind(shopIdentity.principalId);
    shop.journal.clear();
  });
  afterEach(async () => {
    await shop.cleanUp();
    const databases = await shop.query<{ datname: string }>('postgres', 'SELECT datname FROM pg_database WHERE datallowconn');
    const leftovers = await shop.query<{ name: string }>(
      'postgres',
      `SELECT rolname AS name FROM pg_roles WHERE rolname IN ('app', 'between', 'owners', 'reader')`,
    );
    await shop.query('postgres', `ALTER DATABASE ${database} OWNER TO operator`);
    for (const { name } of leftovers) {
      for (const { datname } of databases) await shop.query(datname, `DROP OWNED BY ${name} CASCADE`);
      await shop.query('postgres', `DROP ROLE ${name}`);
    }
  });

  const bind = (principalId: string, more = '') =>
    shop.query('postgres', `SELECT pg_catalog.sandbox_store_label('app'::regrole, 'aadauth,oid=${principalId},type=service${more}')`);
  const request = (over: Parameters<ShopServer['request']>[0] = {}) =>
    shop.request({ database, userName: 'app', adopt: true, access: access('ReadOnly'), ...over });
  const adopted: Mark = { ...markOf('shop', 'orders'), origin: 'adopted' };
  const changes = () => shop.statements().filter((statement) => !/^(LOGIN|BEGIN|SELECT|COMMIT$)/.test(statement));
  async function comment(): Promise<string | null | undefined> {
    const [row] = await shop.query<{ comment: string | null }>(
      'postgres',
      `SELECT shobj_description('app'::regrole, 'pg_authid') AS comment`,
    );
    return row?.comment;
  }
  const may = async (privilege: string, table = 'items', where = database) =>
    (await shop.query<{ may: boolean }>(where, `SELECT has_table_privilege('app', '${table}', '${privilege}') AS may`))[0]?.may;

  it('keeps what it owns and who it is, and gives it just the rights of the spec', async () => {
    await shop.query(database, 'GRANT SELECT, DELETE ON items TO app; CREATE TABLE own (id int); ALTER TABLE own OWNER TO app');
    await shop.query('postgres', `COMMENT ON ROLE app IS 'orders, ask the CFO'; ALTER ROLE app SET work_mem = '8MB'`);
    const { steps, findings } = await shop.reconcile(request());
    expect(findings).to.deep.equal([]);
    expect(steps[0]).to.include({
      kind: 'adopt-user',
      summary: `COMMENT ON ROLE "app" IS '${markText(adopted)}' (replaces the comment that is there)`,
    });
    expect(steps.map(({ kind }) => kind))
      .to.include.members(['reset-settings', 'grant', 'revoke'])
      .and.not.to.include('rebind');
    expect(await comment()).to.equal(markText(adopted));
    expect([await may('SELECT'), await may('DELETE')]).to.deep.equal([true, false]);
    const session = await shop.logIn('app', database);
    await session.query('INSERT INTO own VALUES (1)');
    expect(await shop.reconcile(request())).to.deep.equal({ steps: [], findings: [] });
    expect(await isAlive(session)).to.equal(true);
  });

  it('works for a user that somebody locked, and takes its password away', async () => {
    await shop.query('postgres', `ALTER ROLE app NOLOGIN PASSWORD 'known'`);
    const { steps } = await shop.reconcile(request());
    expect(steps.map(({ kind }) => kind)).to.include.members(['adopt-user', 'allow-login']);
    const passwords = await shop.query('postgres', `SELECT rolpassword FROM pg_authid WHERE rolname = 'app'`);
    expect(passwords).to.deep.equal([{ rolpassword: null }]);
    await shop.logIn('app', database);
  });

  it('happens only where it is asked for, and costs no look otherwise', async () => {
    const { findings } = await shop.reconcile(request({ adopt: false }));
    expect(findings.map(({ reason }) => reason)).to.deep.equal(['UserNameTaken']);
    expect(changes()).to.deep.equal([]);
    expect(shop.statements().some((statement) => statement.includes('privilegedRole'))).to.equal(false);
    await shop.reconcile(request());
    shop.journal.clear();
    await shop.reconcile(request());
    expect(shop.statements().some((statement) => statement.includes('privilegedRole'))).to.equal(false);
  });

  const sql = (statement: string) => () => shop.query('postgres', statement.replaceAll('$database', database));
  const refusals: Record<string, [() => Promise<unknown>, RegExp]> = {
    'of another identity': [() => bind(other.principalId), /isn't bound to the identity/],
    'that is bound to nobody': [sql(`SELECT pg_catalog.sandbox_store_label('app'::regrole, NULL)`), /isn't bound to the identity/],
    'that is an administrator': [() => bind(shopIdentity.principalId, ',admin'), /it is an administrator/],
    'of another connection': [sql(`COMMENT ON ROLE app IS '${markText(markOf('shop', 'payments'))}'`), /isn't this connection's/],
    'with a mark that nobody can read': [sql(`COMMENT ON ROLE app IS 'dbaccess/9 whoever'`), /belongs to another connection/],
    'with SUPERUSER': [sql('ALTER ROLE app SUPERUSER'), /isn't this connection's/],
    'with CREATEROLE': [sql('ALTER ROLE app CREATEROLE'), /an attribute such as CREATEROLE/],
    'with CREATEDB': [sql('ALTER ROLE app CREATEDB'), /an attribute such as CREATEROLE/],
    'with REPLICATION': [sql('ALTER ROLE app REPLICATION'), /an attribute such as CREATEROLE/],
    'with BYPASSRLS': [sql('ALTER ROLE app BYPASSRLS'), /an attribute such as CREATEROLE/],
    'that is a member of azure_pg_admin': [sql('GRANT azure_pg_admin TO app'), /member of azure_pg_admin/],
    'that reads all data through another role': [
      sql('CREATE ROLE between; GRANT pg_read_all_data TO between; GRANT between TO app'),
      /member of pg_read_all_data/,
    ],
    'that is a member of a role with CREATEROLE': [
      sql('CREATE ROLE between CREATEROLE; GRANT between TO app'),
      /member of a privileged role/,
    ],
    'that may act as the operator': [sql('REVOKE app FROM operator; GRANT operator TO app WITH INHERIT FALSE'), /it is a member of/],
    'that owns a database': [sql('ALTER DATABASE $database OWNER TO app'), /owns a database/],
    'that is a member of a database’s owner': [
      sql('CREATE ROLE owners; ALTER DATABASE $database OWNER TO owners; GRANT owners TO app'),
      /owns a database, or is a member/,
    ],
    'that the operator may not change': [sql('REVOKE app FROM operator'), /WITH ADMIN OPTION/],
  };
  for (const [what, [prepare, says]] of Object.entries(refusals))
    it(`is refused for one ${what}, which stays as it was`, async () => {
      await prepare();
      const before = await comment();
      const { steps, findings } = await shop.reconcile(request());
      expect(steps).to.deep.equal([]);
      expect(findings).to.have.length(1);
      expect(findings[0]).to.include({ reason: 'UserNameTaken', blocking: true });
      expect(findings[0]?.message).to.match(says);
      expect(changes()).to.deep.equal([]);
      expect(await comment()).to.equal(before);
      expect(await shop.end(request())).to.equal('not-ours');
    });

  it('is given up when the user was bound to another identity between look and write', async () => {
    const { steps } = await shop.plan(request());
    await bind(other.principalId);
    const server = await shop.target.observeServer(request(), signal);
    expect(await rejection(shop.target.apply(steps, request(), server, { beforeStep: () => {}, ...signal }))).to.include({ kind: 'retry' });
    expect(await comment()).to.equal(null);
  });

  it('is given up when another connection was first', async () => {
    const { steps } = await shop.plan(request());
    await shop.reconcile(request({ mark: markOf('shop', 'first') }));
    const server = await shop.target.observeServer(request(), signal);
    expect(await rejection(shop.target.apply(steps, request(), server, { beforeStep: () => {}, ...signal }))).to.include({ kind: 'retry' });
    expect(await comment()).to.equal(markText({ ...markOf('shop', 'first'), origin: 'adopted' }));
  });

  it('goes on after a cut', async () => {
    for (const drop of ['before', 'after'] as const) {
      shop.faults.add({ match: { kind: 'sql', path: '^COMMENT' }, respond: { drop }, times: 1 });
      expect(await rejection(shop.reconcile(request()))).to.include({ name: 'ConnectionError', kind: 'retry' });
      expect(await comment(), drop).to.equal(null);
    }
    await shop.reconcile(request());
    expect(await comment()).to.equal(markText(adopted));
  });

  describe('ends', () => {
    const released: Mark = { ...adopted, state: 'released' };

    beforeEach(async () => {
      await shop.query(database, 'CREATE TABLE own (id int); ALTER TABLE own OWNER TO app');
      await shop.query('postgres', 'CREATE ROLE reader; GRANT app TO reader');
      await shop.query('postgres', 'CREATE TABLE IF NOT EXISTS elsewhere (id int); GRANT SELECT ON elsewhere TO app');
      await shop.reconcile(request({ access: access('ReadWrite') }));
    });

    it('with the user locked under its own name, without rights, and with all that was its own', async () => {
      const session = await shop.logIn('app', database);
      expect(await shop.end(request())).to.equal('ended');
      for (let time = 1; time <= 2; time += 1)
        expect(await shop.tidy(request())).to.deep.equal({ kind: 'shell', userName: 'app', why: 'it was there before the connection' });
      expect(await isAlive(session)).to.equal(false);
      expect((await rejection(shop.logIn('app', database))).message).to.match(/password authentication failed|not permitted to log in/);
      expect(await comment()).to.equal(markText(released));
      expect([await may('SELECT'), await may('INSERT')]).to.deep.equal([false, false]);
      expect([await may('SELECT', 'own'), await may('SELECT', 'elsewhere', 'postgres')]).to.deep.equal([true, true]);
      const members = await shop.query('postgres', `SELECT pg_has_role('reader', 'app', 'MEMBER') AS member`);
      expect(members).to.deep.equal([{ member: true }]);
    });

    it('and goes on after a cut at any of its steps', async () => {
      await shop.end(request());
      for (const path of ['^REVOKE', '^COMMENT', '^COMMIT'])
        for (const drop of ['before', 'after'] as const) {
          shop.faults.add({ match: { kind: 'sql', path }, respond: { drop }, times: 1 });
          await shop.tidy(request()).catch((error: unknown) => expect(error).to.include({ name: 'ConnectionError', kind: 'retry' }));
          shop.faults.clear();
        }
      expect(await shop.tidy(request())).to.include({ kind: 'shell', userName: 'app' });
      expect(await comment()).to.equal(markText(released));
      expect(await may('SELECT')).to.equal(false);
    });

    it('and begins anew for a later connection of the same name that asks for it, and for no other', async () => {
      await shop.end(request());
      await shop.tidy(request());
      const later = { mark: markOf('shop', 'orders', 2) };
      for (const refused of [{ ...later, adopt: false }, { mark: markOf('shop', 'payments') }]) {
        const { steps, findings } = await shop.reconcile(request(refused));
        expect(steps).to.deep.equal([]);
        expect(findings.map(({ reason }) => reason)).to.deep.equal(['UserNameTaken']);
      }
      await shop.reconcile(request(later));
      expect(await comment()).to.equal(markText({ ...adopted, uid: later.mark.uid }));
      const session = await shop.logIn('app', database);
      expect((await session.query('SELECT * FROM items')).rows).to.deep.equal([{ id: 7 }]);
    });
  });
});
