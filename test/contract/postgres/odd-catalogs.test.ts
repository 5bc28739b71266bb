import { expect } from 'chai';
import { rejection } from '../../support/eventually.ts';
import { access, operator } from '../target/given.ts';
import { type ShopServer, startShopServer } from './shop-server.ts';

describe('an odd database in PostgreSQL', function () {
  this.timeout(60_000);
  let shop: ShopServer;
  let count = 0;
  let database: string;

  before(async () => {
    shop = await startShopServer({ host: '127.0.90.13' });
  });
  after(() => shop?.stop());
  beforeEach(async () => {
    count += 1;
    database = `orders${count}`;
    await shop.backend.createDatabase(database, 'operator');
  });
  afterEach(async () => {
    await shop.cleanUp();
    await shop.end(request());
    await shop.tidy(request());
    shop.journal.clear();
  });

  const request = (profile: Parameters<typeof access>[0] = 'ReadOnly', rest: Parameters<typeof access>[1] = {}) =>
    shop.request({ database, access: access(profile, rest) });
  const inSync = { steps: [], findings: [] };

  it('may have routines of all kinds, and procedures that differ in OUT arguments only', async () => {
    await shop.reconcile(request());
    const routines = [
      ['PROCEDURE', 'p(IN int)', `CREATE PROCEDURE p(IN a int) LANGUAGE sql AS ''`],
      ['PROCEDURE', 'p(OUT int)', `CREATE PROCEDURE p(OUT a int) LANGUAGE sql AS 'SELECT 1'`],
      ['FUNCTION', 'v(VARIADIC int[])', 'CREATE FUNCTION v(VARIADIC int[]) RETURNS int LANGUAGE sql RETURN 1'],
      ['FUNCTION', 't(int)', 'CREATE FUNCTION t(a int, OUT b int) LANGUAGE sql RETURN 1'],
      ['FUNCTION', 'total(int)', 'CREATE AGGREGATE total(int) (sfunc = int4pl, stype = int)'],
      ['FUNCTION', 'many()', `CREATE AGGREGATE many(*) (sfunc = int8inc, stype = int8, initcond = '0')`],
    ] as const;
    for (const [kind, signature, creation] of routines) {
      await shop.query(database, creation);
      await shop
        .query(database, `ALTER ROUTINE ${signature.replace('()', '(*)')} OWNER TO operator`)
        .catch(() => shop.query(database, `ALTER AGGREGATE ${signature.replace('()', '(*)')} OWNER TO operator`));
      await shop.query(database, `GRANT EXECUTE ON ${kind} ${signature} TO aad_shop_orders`);
    }
    const { findings } = await shop.reconcile(request());
    expect(findings).to.deep.equal([]);
    const left = await shop.query(database, `SELECT proname FROM pg_proc, aclexplode(proacl) WHERE grantee = 'aad_shop_orders'::regrole`);
    expect(left).to.deep.equal([]);
  });

  it('may hold a right that another of the operator’s groups gave, where the operator may give it itself', async () => {
    await shop.query(database, 'CREATE TABLE t (id int); ALTER TABLE t OWNER TO pgadmin');
    await shop.query(
      database,
      'SET ROLE pgadmin; GRANT ALL ON t TO operator WITH GRANT OPTION; GRANT ALL ON t TO azure_pg_admin WITH GRANT OPTION',
    );
    await shop.reconcile(request());
    await shop.query(database, 'SET ROLE azure_pg_admin; GRANT DELETE ON t TO aad_shop_orders');
    const { steps, findings } = await shop.reconcile(request());
    expect(steps).to.deep.equal([]);
    expect(findings.map(({ reason, blocking }) => ({ reason, blocking }))).to.deep.equal([
      { reason: 'PrivilegeNotRevocable', blocking: false },
    ]);
    await shop.query(database, 'SET ROLE azure_pg_admin; REVOKE DELETE ON t FROM aad_shop_orders');
  });

  for (const [kind, membership] of [
    ['inherits from', 'INHERIT TRUE'],
    ['may join', 'ADMIN TRUE, INHERIT FALSE, SET FALSE'],
  ])
    it(`may have tables of a role that the operator ${kind} and that let the operator pass rights on besides`, async () => {
      await shop.query(
        database,
        `CREATE ROLE team; GRANT team TO operator WITH ${membership}; CREATE TABLE t (id int); ALTER TABLE t OWNER TO team`,
      );
      await shop.query(database, 'SET ROLE team; GRANT SELECT, DELETE, REFERENCES ON t TO operator WITH GRANT OPTION');
      const { findings } = await shop.reconcile(request());
      expect(findings).to.deep.equal([]);
      await shop.query(database, 'SET ROLE operator; GRANT DELETE ON t TO aad_shop_orders');
      expect((await shop.reconcile(request())).findings).to.deep.equal([]);
      await shop.query(database, 'SET ROLE team; GRANT DELETE, TRUNCATE, REFERENCES (id) ON t TO aad_shop_orders');
      const { findings: left } = await shop.reconcile(request());
      expect(left.map(({ message }) => /run (.*)$/.exec(message)?.[1])).to.have.members([
        'REVOKE DELETE ON TABLE "public"."t" FROM "aad_shop_orders"',
        'REVOKE REFERENCES ("id") ON TABLE "public"."t" FROM "aad_shop_orders"',
      ]);
      for (const { message } of left) await shop.query(database, `SET ROLE team; ${/run (.*)$/.exec(message)?.[1]}`);
      expect(await shop.reconcile(request())).to.deep.equal(inSync);
      await shop.query(database, 'DROP OWNED BY team CASCADE; DROP ROLE team');
    });

  it('may belong to a role that the operator could only join in another’s name', async () => {
    await shop.query(
      'postgres',
      'CREATE ROLE deputy; GRANT deputy TO operator WITH INHERIT FALSE; CREATE ROLE far_owner; GRANT far_owner TO deputy WITH ADMIN TRUE',
    );
    await shop.query(database, 'CREATE TABLE t (id int); ALTER TABLE t OWNER TO far_owner');
    const { findings } = await shop.reconcile(request());
    expect(findings.map(({ reason }) => reason)).to.deep.equal(['TablesNotOwned']);
    await shop.query(database, 'DROP TABLE t; DROP OWNED BY far_owner; DROP ROLE far_owner; DROP ROLE deputy');
  });

  it('may have schemas that extensions made for themselves: * doesn’t mean them, their names do', async () => {
    await shop.query(
      database,
      `CREATE SCHEMA cron; SET allow_system_table_mods = on;
       INSERT INTO pg_depend SELECT 'pg_namespace'::regclass, 'cron'::regnamespace, 0, 'pg_extension'::regclass, oid, 0, 'e' FROM pg_extension LIMIT 1`,
    );
    expect(await shop.reconcile(request('ReadOnly', { schemas: ['*'] }))).to.deep.include({ findings: [] });
    const { findings } = await shop.reconcile(request('ReadOnly', { schemas: ['cron'] }));
    expect(findings.map(({ reason }) => reason)).to.deep.equal(['TablesNotOwned']);
  });

  it('may be locked in part: the rest is put in order', async () => {
    await shop.query(
      database,
      'CREATE TABLE locked (id int); ALTER TABLE locked OWNER TO operator; CREATE SEQUENCE free; ALTER SEQUENCE free OWNER TO operator',
    );
    const migration = await shop.logIn('operator', database, operator);
    await migration.query('BEGIN; ALTER TABLE locked ADD COLUMN note text');
    expect(await rejection(shop.reconcile(request('ReadWrite')))).to.include({ kind: 'retry', reason: 'DatabaseError' });
    const [has] = await shop.query(
      database,
      `SELECT has_sequence_privilege('aad_shop_orders', 'free', 'USAGE') AS sequence, has_table_privilege('aad_shop_orders', 'locked', 'SELECT') AS table`,
    );
    expect(has).to.deep.equal({ sequence: true, table: false });
    await migration.query('ROLLBACK');
    await shop.reconcile(request('ReadWrite'));
    expect(await shop.reconcile(request('ReadWrite'))).to.deep.equal(inSync);
  });

  it('may have more tables of others than are looked at one by one: then it is not called in order', async () => {
    await shop.query(
      database,
      `DO $$ BEGIN FOR n IN 10000..15000 LOOP EXECUTE format('CREATE VIEW t%s AS SELECT', n); EXECUTE format('ALTER VIEW t%s OWNER TO pgadmin', n);
       IF n < 15000 THEN EXECUTE format('GRANT SELECT ON t%s TO PUBLIC', n); END IF; END LOOP; END $$`,
    );
    expect(await rejection(shop.reconcile(request()))).to.include({ kind: 'stalled', reason: 'TooManyObjects' });
    await shop.query(database, 'SET ROLE pgadmin; GRANT SELECT ON ALL TABLES IN SCHEMA public TO aad_shop_orders');
    expect((await shop.reconcile(request())).findings).to.deep.equal([]);
  });

  it('may limit everybody’s transactions, or load a library for everybody', async () => {
    const settings = [
      `local_preload_libraries = 'absent'`,
      ...(Number.parseInt(shop.backend.version, 10) >= 17 ? [`transaction_timeout = '20ms'`] : []),
    ];
    const names = Array.from({ length: 500 }, (_, index) => `CREATE TABLE t${index} (id int); ALTER TABLE t${index} OWNER TO operator;`);
    await shop.query(database, names.join(''));
    for (const setting of settings) await shop.query('postgres', `ALTER DATABASE ${database} SET ${setting}`);
    expect(await shop.reconcile(request('ReadWrite'))).to.deep.include({ findings: [] });
    await shop.query('postgres', `ALTER DATABASE ${database} RESET ALL`);
  });
});
