import { expect } from 'chai';
import type { Profile } from '../../../src/api/spec.ts';
import { access, markOf, operator, other } from '../target/given.ts';
import { isAlive, type ShopServer, startShopServer } from './shop-server.ts';

describe('rights in PostgreSQL', function () {
  this.timeout(30_000);
  let shop: ShopServer;
  let count = 0;
  let database: string;

  before(async () => {
    shop = await startShopServer({ host: '127.0.90.1' });
  });
  after(() => shop?.stop());

  /** A database of the operator's own, with an old table. */
  beforeEach(async () => {
    count += 1;
    database = `orders${count}`;
    await shop.backend.createDatabase(database, 'operator');
    await shop.query(database, 'CREATE SCHEMA app AUTHORIZATION operator');
    await shop.query(database, 'CREATE TABLE public.old (id serial, name text)');
    await shop.query(database, 'ALTER TABLE public.old OWNER TO operator');
    await shop.query(database, 'CREATE TABLE app.apart (id int)');
    await shop.query(database, 'ALTER TABLE app.apart OWNER TO operator');
  });
  afterEach(async () => {
    await shop.cleanUp();
    await shop.end(shop.request());
    await shop.tidy(shop.request());
    shop.journal.clear();
  });

  const request = (profile: Profile, rest: Parameters<typeof access>[1] = {}) => shop.request({ database, access: access(profile, rest) });
  /** Rights of the user beyond PUBLIC's, by object. */
  async function rights(): Promise<Record<string, string>> {
    const rows = await shop.query<{ object: string; rights: string }>(
      database,
      `SELECT object, string_agg(privilege_type, ' ' ORDER BY privilege_type) AS rights FROM (
         SELECT 'database' AS object, a.* FROM pg_database d, aclexplode(d.datacl) a WHERE d.datname = current_database()
         UNION ALL SELECT 'schema ' || nspname, a.* FROM pg_namespace n, aclexplode(n.nspacl) a
         UNION ALL SELECT relname, a.* FROM pg_class c, aclexplode(c.relacl) a
         UNION ALL SELECT relname || '.' || attname, a.* FROM pg_attribute t JOIN pg_class c ON c.oid = attrelid, aclexplode(t.attacl) a
         UNION ALL SELECT proname || '()', a.* FROM pg_proc p, aclexplode(p.proacl) a
         UNION ALL SELECT format('future %s in %s', defaclobjtype, defaclnamespace::regnamespace), a.* FROM pg_default_acl f, aclexplode(f.defaclacl) a) x
       WHERE grantee = 'aad_shop_orders'::regrole GROUP BY object`,
    );
    return Object.fromEntries(rows.map((row) => [row.object, row.rights]));
  }
  /** MAINTAIN is one of PostgreSQL 17's. */
  const known = (expected: Readonly<Record<string, string>>) =>
    Number.parseInt(shop.backend.version, 10) >= 17
      ? expected
      : Object.fromEntries(Object.entries(expected).map(([object, text]) => [object, text.replace('MAINTAIN ', '')]));
  const writes = () => shop.statements().filter((statement) => !/^(LOGIN|SELECT|WITH|BEGIN|COMMIT)/.test(statement));

  const future = (tables: string, sequences?: string) => ({
    'future r in public': tables,
    ...(sequences && { 'future S in public': sequences }),
  });
  const rows = 'DELETE INSERT SELECT UPDATE';
  const everything = 'DELETE INSERT MAINTAIN REFERENCES SELECT TRIGGER TRUNCATE UPDATE';
  const profiles: Readonly<Record<Exclude<Profile, 'Custom'>, Record<string, string>>> = {
    ReadOnly: { database: 'CONNECT', 'schema public': 'USAGE', old: 'SELECT', ...future('SELECT') },
    ReadWrite: { database: 'CONNECT', 'schema public': 'USAGE', old: rows, old_id_seq: 'SELECT USAGE', ...future(rows, 'SELECT USAGE') },
    ReadWriteDDL: {
      database: 'CONNECT',
      'schema public': 'CREATE USAGE',
      old: rows,
      old_id_seq: 'SELECT USAGE',
      ...future(rows, 'SELECT USAGE'),
    },
    All: {
      database: 'CONNECT CREATE TEMPORARY',
      'schema public': 'CREATE USAGE',
      old: everything,
      old_id_seq: 'SELECT UPDATE USAGE',
      ...future(everything, 'SELECT UPDATE USAGE'),
    },
  };
  const names = Object.keys(profiles) as (keyof typeof profiles)[];

  for (const profile of names)
    it(`are exactly those of ${profile}, and another pass writes nothing`, async () => {
      const { findings } = await shop.reconcile(request(profile));
      expect(findings).to.deep.equal([]);
      expect(await rights()).to.deep.equal(known(profiles[profile]));
      shop.journal.clear();
      expect(await shop.reconcile(request(profile))).to.deep.equal({ steps: [], findings: [] });
      expect(writes()).to.deep.equal([]);
      // one look at the user and one whether it has a password, and one whether anything changed since its rights were looked at
      expect(shop.statements().filter((statement) => !/^(BEGIN|COMMIT)/.test(statement))).to.have.length(3);
    });

  it('cover the schemas named and leave the others', async () => {
    await shop.reconcile(request('ReadOnly', { schemas: ['app'] }));
    expect(await rights()).to.deep.equal({ database: 'CONNECT', 'schema app': 'USAGE', apart: 'SELECT', 'future r in app': 'SELECT' });
    await shop.reconcile(request('ReadOnly', { schemas: ['*'], futureObjects: false }));
    expect(await rights()).to.deep.equal({
      database: 'CONNECT',
      'schema app': 'USAGE',
      'schema public': 'USAGE',
      apart: 'SELECT',
      old: 'SELECT',
    });
  });

  it('cover what a user of ours creates later, as soon as it does', async () => {
    const creator = shop.request({
      database,
      userName: 'aad_shop_creator',
      mark: markOf('shop', 'creator'),
      identity: other,
      access: access('ReadWriteDDL'),
    });
    await shop.reconcile(creator);
    await shop.reconcile(request('ReadOnly'));
    const client = await shop.logIn('aad_shop_creator', database, other);
    await client.query('CREATE TABLE public.fresh AS SELECT 1 AS id');
    expect((await (await shop.logIn('aad_shop_orders', database)).query('SELECT * FROM public.fresh')).rows).to.deep.equal([{ id: 1 }]);
    expect(await shop.reconcile(request('ReadOnly'))).to.deep.equal({ steps: [], findings: [] });
    await shop.cleanUp();
    await shop.end(creator);
    await shop.query(database, 'DROP TABLE public.fresh');
    expect(await shop.tidy(creator)).to.deep.equal({ kind: 'gone' });
  });

  it('are given on tables of another user of ours, for which the operator joins its role and leaves it again', async () => {
    const creator = shop.request({
      database,
      userName: 'aad_shop_creator',
      mark: markOf('shop', 'creator'),
      identity: other,
      access: access('All'),
    });
    await shop.reconcile(creator);
    const client = await shop.logIn('aad_shop_creator', database, other);
    await client.query('CREATE TABLE public.theirs AS SELECT 1 AS id');
    const { steps } = await shop.reconcile(request('ReadOnly', { futureObjects: false }));
    expect(steps.map(({ summary }) => summary)).to.include(
      'GRANT SELECT ON TABLE "public"."old", "public"."theirs" TO "aad_shop_orders"'.replace('"public"."old", ', ''),
    );
    const memberships = await shop.query(
      database,
      `SELECT grantor::regrole::text, inherit_option FROM pg_auth_members WHERE roleid = 'aad_shop_creator'::regrole AND member = 'operator'::regrole`,
    );
    expect(memberships).to.deep.equal([{ grantor: 'azuresu', inherit_option: false }]);
    await shop.cleanUp();
    await shop.query(database, 'DROP TABLE public.theirs');
    await shop.end(creator);
    await shop.tidy(creator);
  });

  it('leave a membership that the operator had of its own as it was', async () => {
    await shop.query(database, 'CREATE ROLE keeper');
    await shop.query(database, 'GRANT keeper TO operator WITH ADMIN TRUE, INHERIT FALSE, SET FALSE');
    await shop.query(database, 'CREATE TABLE public.kept (id int); ALTER TABLE public.kept OWNER TO keeper');
    const client = await shop.logIn('operator', database, operator);
    await client.query('GRANT keeper TO operator WITH INHERIT FALSE, SET TRUE');
    const memberships = () =>
      shop.query(
        database,
        `SELECT grantor::regrole::text, admin_option, inherit_option, set_option FROM pg_auth_members WHERE roleid = 'keeper'::regrole ORDER BY 1`,
      );
    const before = await memberships();
    expect(before).to.have.length(2);
    await shop.reconcile(request('ReadOnly'));
    expect(await rights()).to.include({ kept: 'SELECT' });
    expect(await memberships()).to.deep.equal(before);
    await shop.query(database, 'DROP TABLE public.kept');
    await shop.query(database, 'DROP OWNED BY keeper; DROP ROLE keeper');
  });

  describe('that drift', () => {
    const damages: readonly [string, string][] = [
      ['the database is closed', 'REVOKE CONNECT ON DATABASE current_database FROM aad_shop_orders'],
      ['the schema is closed', 'REVOKE USAGE ON SCHEMA public FROM aad_shop_orders'],
      [
        'rights on future tables are missing',
        'ALTER DEFAULT PRIVILEGES FOR ROLE operator IN SCHEMA public REVOKE SELECT ON TABLES FROM aad_shop_orders',
      ],
      [
        'a table is new',
        'CREATE TABLE public.fresh (id int); ALTER TABLE public.fresh OWNER TO operator; REVOKE ALL ON public.fresh FROM aad_shop_orders',
      ],
      ['a right could be passed on', 'GRANT SELECT ON public.old TO aad_shop_orders WITH GRANT OPTION'],
      ['a right on a column is too many', 'GRANT REFERENCES (name) ON public.old TO aad_shop_orders'],
      ['a right on another schema is too many', 'GRANT ALL ON SCHEMA app TO aad_shop_orders'],
      ['a right on a table of another schema is too many', 'GRANT SELECT ON app.apart TO aad_shop_orders'],
      ['a right on the database is too many', 'GRANT CREATE ON DATABASE current_database TO aad_shop_orders'],
      [
        'a right on a routine is too many',
        `CREATE FUNCTION app.f(int[], text, OUT x int) LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION app.f(int[], text) OWNER TO operator; GRANT EXECUTE ON FUNCTION app.f TO aad_shop_orders`,
      ],
      [
        'a right on a procedure is too many',
        `CREATE PROCEDURE app.p(a int, INOUT b text) LANGUAGE sql AS 'SELECT b'; ALTER PROCEDURE app.p OWNER TO operator; GRANT EXECUTE ON PROCEDURE app.p TO aad_shop_orders`,
      ],
      ['a right on a sequence is too many', 'GRANT UPDATE ON SEQUENCE public.old_id_seq TO aad_shop_orders'],
      [
        'rights on future tables of any schema are too many',
        'ALTER DEFAULT PRIVILEGES FOR ROLE operator GRANT SELECT ON TABLES TO aad_shop_orders',
      ],
      [
        'rights on future routines are too many',
        'ALTER DEFAULT PRIVILEGES FOR ROLE operator IN SCHEMA app GRANT EXECUTE ON ROUTINES TO aad_shop_orders',
      ],
    ];
    for (const [what, damage] of damages)
      it(`because ${what} are put right`, async () => {
        await shop.reconcile(request('ReadWrite'));
        const before = await rights();
        await shop.query(database, damage.replaceAll('DATABASE current_database', `DATABASE ${database}`));
        const { steps, findings } = await shop.reconcile(request('ReadWrite'));
        expect(steps).not.to.deep.equal([]);
        expect(findings).to.deep.equal([]);
        const after = await rights();
        expect(after).to.deep.equal({ ...before, ...(after['fresh'] && { fresh: rows }) });
      });

    it('because what could be passed on was passed on: that goes with it', async () => {
      await shop.reconcile(request('ReadOnly'));
      await shop.query(database, 'CREATE ROLE accomplice; GRANT SELECT ON public.old TO aad_shop_orders WITH GRANT OPTION');
      await (await shop.logIn('aad_shop_orders', database)).query('GRANT SELECT ON public.old TO accomplice');
      await shop.reconcile(request('ReadOnly'));
      expect(await shop.query(database, `SELECT has_table_privilege('accomplice', 'public.old', 'SELECT') AS may`)).to.deep.equal([
        { may: false },
      ]);
      expect(await rights()).to.deep.equal(profiles.ReadOnly);
      await shop.query(database, 'DROP ROLE accomplice');
    });

    it('because the user was made a member of a role', async () => {
      await shop.reconcile(request('ReadOnly'));
      const client = await shop.logIn('operator', database, operator);
      await client.query('CREATE ROLE readers');
      await client.query('GRANT readers TO aad_shop_orders');
      const session = await shop.logIn('aad_shop_orders', database);
      await session.query('SET ROLE readers');
      const { steps } = await shop.reconcile(request('ReadOnly'));
      expect(steps.map(({ summary }) => summary)).to.deep.equal(['REVOKE "readers" FROM "aad_shop_orders" GRANTED BY "operator"']);
      // it would have kept the role
      expect(await isAlive(session)).to.equal(false);
      await client.query('DROP ROLE readers');
    });

    it('because somebody else made the user a member, which only that one can undo', async () => {
      await shop.reconcile(request('ReadOnly'));
      await shop.query(database, 'CREATE ROLE secret_readers; GRANT secret_readers TO aad_shop_orders');
      const { steps, findings } = await shop.reconcile(request('ReadOnly'));
      expect(steps).to.deep.equal([]);
      expect(findings).to.have.length(1);
      expect(findings[0]).to.include({ reason: 'PrivilegeNotRevocable', blocking: false });
      expect(findings[0]?.message).to.include('REVOKE "secret_readers" FROM "aad_shop_orders"');
      await shop.query(database, 'DROP ROLE secret_readers');
    });

    it('because another grantor gave a right too many, which is told once and not attempted', async () => {
      await shop.reconcile(request('ReadOnly'));
      await shop.query(
        database,
        'CREATE ROLE dba; GRANT ALL ON public.old TO dba WITH GRANT OPTION; SET ROLE dba; GRANT DELETE ON public.old TO aad_shop_orders',
      );
      shop.journal.clear();
      const { steps, findings } = await shop.reconcile(request('ReadOnly'));
      expect(steps).to.deep.equal([]);
      expect(writes()).to.deep.equal([]);
      expect(findings).to.deep.equal([
        {
          reason: 'PrivilegeNotRevocable',
          message:
            'aad_shop_orders has DELETE on a table by grant of dba: have dba run REVOKE DELETE ON TABLE "public"."old" FROM "aad_shop_orders"',
          blocking: false,
        },
      ]);
      await shop.query(
        database,
        'SET ROLE dba; REVOKE DELETE ON public.old FROM aad_shop_orders; RESET ROLE; DROP OWNED BY dba; DROP ROLE dba',
      );
      expect(await shop.reconcile(request('ReadOnly'))).to.deep.equal({ steps: [], findings: [] });
    });

    it('are not undone where a grantor of ours and the owner gave the same right', async () => {
      await shop.reconcile(request('ReadOnly'));
      await shop.query(
        database,
        'CREATE ROLE dba; GRANT SELECT ON public.old TO dba WITH GRANT OPTION; SET ROLE dba; GRANT SELECT ON public.old TO aad_shop_orders',
      );
      expect(await shop.reconcile(request('ReadOnly'))).to.deep.equal({ steps: [], findings: [] });
      await shop.query(database, 'DROP OWNED BY dba CASCADE; DROP ROLE dba');
    });
  });

  it('are left alone on members of extensions', async () => {
    await shop.query(
      database,
      `CREATE TABLE public.extended (id int); SET allow_system_table_mods = on;
       INSERT INTO pg_depend SELECT 'pg_class'::regclass, 'public.extended'::regclass, 0, 'pg_extension'::regclass, oid, 0, 'e' FROM pg_extension`,
    );
    const { findings } = await shop.reconcile(request('ReadOnly'));
    expect(findings).to.deep.equal([]);
    expect(await rights()).to.deep.equal(profiles.ReadOnly);
  });

  it('are granted in lists, a thousand tables within seconds', async () => {
    await shop.query(
      database,
      `DO $$ BEGIN FOR n IN 1..1000 LOOP EXECUTE format('CREATE TABLE app.t%s (id int)', n); EXECUTE format('ALTER TABLE app.t%s OWNER TO operator', n); END LOOP; END $$`,
    );
    const { steps, findings } = await shop.reconcile(request('ReadOnly', { schemas: ['app'] }));
    expect(findings).to.deep.equal([]);
    const grants = steps.filter(({ kind, summary }) => kind === 'grant' && summary.includes('ON TABLE'));
    expect(grants).to.have.length(3);
    expect(grants[0]?.summary)
      .to.match(/ … and \d+ more$/)
      .and.to.have.length.at.most(1024);
    expect(Object.values(await rights()).filter((each) => each === 'SELECT')).to.have.length(1002);
  });
});
