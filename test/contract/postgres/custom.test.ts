import { expect } from 'chai';
import type { AccessSpec } from '../../../src/api/spec.ts';
import type { Finding } from '../../../src/api/step.ts';
import { rejection } from '../../support/eventually.ts';
import { access } from '../target/given.ts';
import { type ShopServer, startShopServer } from './shop-server.ts';

type GrantSpec = NonNullable<AccessSpec['grants']>[number];

const user = 'aad_shop_orders';
const tables = (names: string[], ...privileges: string[]): GrantSpec => ({ objectType: 'Table', schema: 'shop', names, privileges });
const sequences = (names: string[], ...privileges: string[]): GrantSpec => ({ objectType: 'Sequence', schema: 'shop', names, privileges });
const functions = (...names: string[]): GrantSpec => ({ objectType: 'Function', schema: 'shop', names, privileges: ['EXECUTE'] });
const custom = (...grants: GrantSpec[]): AccessSpec => access('Custom', { grants });

/** Everything that a grant can be about, all of it the operator's. */
const fixtures = `
  CREATE SCHEMA shop AUTHORIZATION operator;
  CREATE FOREIGN DATA WRAPPER afar; CREATE SERVER afar FOREIGN DATA WRAPPER afar; GRANT USAGE ON FOREIGN SERVER afar TO operator;
  SET ROLE operator;
  CREATE TABLE shop.orders (id int, note text);
  CREATE TABLE shop."It's" (id int);
  CREATE TABLE shop.events (id int) PARTITION BY RANGE (id); CREATE TABLE shop.events_1 PARTITION OF shop.events DEFAULT;
  CREATE VIEW shop.recent AS SELECT 1 AS id;
  CREATE MATERIALIZED VIEW shop.totals AS SELECT 1 AS id;
  CREATE FOREIGN TABLE shop.remote (id int) SERVER afar;
  CREATE SEQUENCE shop.counter;
  CREATE SEQUENCE shop.other_counter;
  CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql RETURN 1;
  CREATE FUNCTION shop.f(int[], text, OUT x int) LANGUAGE sql AS 'SELECT 1';
  CREATE FUNCTION shop.g() RETURNS int LANGUAGE sql RETURN 1;
  CREATE PROCEDURE shop.p(a int, INOUT b text) LANGUAGE sql AS 'SELECT b';
  CREATE AGGREGATE shop.total(int) (sfunc = int4pl, stype = int);
  CREATE FUNCTION shop.definer() RETURNS int LANGUAGE sql SECURITY DEFINER RETURN 1; REVOKE ALL ON FUNCTION shop.definer FROM PUBLIC`;

const relations = ["It's", 'events', 'events_1', 'orders', 'recent', 'remote', 'totals'];
const onAll = (privileges: string) => Object.fromEntries(relations.map((name) => [name, privileges]));
const entered = { database: 'CONNECT', 'schema shop': 'USAGE' };
const routines = ['definer()', 'f()', 'f(integer[],text)', 'g()', 'p(integer,text)', 'total(integer)'];
const run = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, 'EXECUTE']));

/** What a spec asks for, and the rights that come of it. */
const specs: Readonly<Record<string, readonly [AccessSpec, Readonly<Record<string, string>>]>> = {
  'the database': [custom({ objectType: 'Database', privileges: ['TEMPORARY', 'CREATE'] }), { database: 'CONNECT CREATE TEMPORARY' }],
  'a schema': [custom({ objectType: 'Schema', schema: 'shop', privileges: ['CREATE'] }), { database: 'CONNECT', 'schema shop': 'CREATE' }],
  'tables by name, of each kind': [
    custom(tables(['orders', "It's", 'recent', 'remote', 'totals'], 'SELECT', 'INSERT')),
    {
      ...entered,
      orders: 'INSERT SELECT',
      "It's": 'INSERT SELECT',
      recent: 'INSERT SELECT',
      remote: 'INSERT SELECT',
      totals: 'INSERT SELECT',
    },
  ],
  'a partitioned table, without its partitions': [custom(tables(['events'], 'SELECT')), { ...entered, events: 'SELECT' }],
  'a partition': [custom(tables(['events_1'], 'SELECT')), { ...entered, events_1: 'SELECT' }],
  'all tables': [custom(tables(['*'], 'SELECT')), { ...entered, ...onAll('SELECT'), 'future r': 'SELECT' }],
  'all tables, and one of them more': [
    custom(tables(['*'], 'SELECT'), tables(['orders'], 'DELETE', 'UPDATE')),
    { ...entered, ...onAll('SELECT'), orders: 'DELETE SELECT UPDATE', 'future r': 'SELECT' },
  ],
  'all tables but for later ones': [
    access('Custom', { grants: [tables(['*'], 'SELECT')], futureObjects: false }),
    { ...entered, ...onAll('SELECT') },
  ],
  'sequences by name': [custom(sequences(['counter'], 'USAGE', 'UPDATE')), { ...entered, counter: 'UPDATE USAGE' }],
  'all sequences': [custom(sequences(['*'], 'USAGE')), { ...entered, counter: 'USAGE', other_counter: 'USAGE', 'future S': 'USAGE' }],
  'functions by name, whatever their arguments': [
    custom(functions('f', 'p', 'total', 'definer')),
    { ...entered, ...run(routines.filter((name) => name !== 'g()')) },
  ],
  'all functions': [custom(functions('*')), { ...entered, ...run(routines), 'future f': 'EXECUTE' }],
  'all routines': [
    access('Custom', { grants: [tables(['orders'], 'SELECT')], routines: 'All', schemas: ['shop'] }),
    { ...entered, orders: 'SELECT', ...run(routines), 'future f': 'EXECUTE' },
  ],
  'all routines beside a profile': [
    access('ReadOnly', { routines: 'All', schemas: ['shop'], futureObjects: false }),
    { ...entered, ...onAll('SELECT'), ...run(routines) },
  ],
  'one table more than the profile': [
    access('ReadOnly', { schemas: ['shop'], futureObjects: false, grants: [tables(['orders'], 'INSERT')] }),
    { ...entered, ...onAll('SELECT'), orders: 'INSERT SELECT' },
  ],
};

describe('Custom grants and routines in PostgreSQL', function () {
  this.timeout(30_000);
  let shop: ShopServer;
  let count = 0;
  let database: string;

  before(async () => {
    shop = await startShopServer({ host: '127.0.90.31' });
  });
  after(() => shop?.stop());
  afterEach(async () => {
    await shop.cleanUp();
    await shop.end(request(access('ReadOnly')));
    await shop.tidy(request(access('ReadOnly')));
    shop.journal.clear();
  });

  async function newDatabase(): Promise<void> {
    count += 1;
    database = `custom${count}`;
    await shop.backend.createDatabase(database, 'operator');
    await shop.query(database, fixtures);
  }
  const request = (spec: AccessSpec) => shop.request({ database, access: spec });
  const reasons = (findings: readonly Finding[]) => findings.map(({ reason, blocking }) => `${reason}${blocking ? '!' : ''}`);
  /** The statement that a message tells an owner to run. */
  const advice = ({ message }: Finding) => /have \S+ run (.*)$/.exec(message)?.[1] ?? '';

  /** Rights of the user beyond PUBLIC's, by object. */
  async function rights(): Promise<Record<string, string>> {
    const rows = await shop.query<{ object: string; rights: string }>(
      database,
      `SELECT object, string_agg(privilege_type, ' ' ORDER BY privilege_type) AS rights FROM (
         SELECT 'database' AS object, a.* FROM pg_database d, aclexplode(d.datacl) a WHERE d.datname = current_database()
         UNION ALL SELECT 'schema ' || nspname, a.* FROM pg_namespace n, aclexplode(n.nspacl) a
         UNION ALL SELECT relname, a.* FROM pg_class c, aclexplode(c.relacl) a
         UNION ALL SELECT relname || '.' || attname, a.* FROM pg_attribute t JOIN pg_class c ON c.oid = attrelid, aclexplode(t.attacl) a
         UNION ALL SELECT replace(p.oid::regprocedure::text, 'shop.', ''), a.* FROM pg_proc p, aclexplode(p.proacl) a
         UNION ALL SELECT 'future ' || defaclobjtype::text, a.* FROM pg_default_acl f, aclexplode(f.defaclacl) a) x
       WHERE grantee = '${user}'::regrole GROUP BY object`,
    );
    return Object.fromEntries(rows.map((row) => [row.object, row.rights]));
  }

  describe('from spec to spec', () => {
    before(newDatabase);

    for (const [what, [spec, expected]] of Object.entries(specs))
      it(`give ${what} and nothing else, and are at rest then`, async () => {
        expect((await shop.reconcile(request(spec))).findings).to.deep.equal([]);
        expect(await rights()).to.deep.equal(expected);
        shop.journal.clear();
        expect(await shop.reconcile(request(spec))).to.deep.equal({ steps: [], findings: [] });
        // as with any profile: the user, whether it has a password, and whether anything changed since its rights were looked at
        expect(shop.statements().filter((statement) => !/^(BEGIN|COMMIT)/.test(statement))).to.have.length(3);
      });

    const names = Object.keys(specs);
    for (const [index, from] of names.entries()) {
      const to = names[(index + 5) % names.length]!;
      it(`change from ${from} to ${to} and back`, async () => {
        for (const name of [from, to, from]) {
          const [spec, expected] = specs[name]!;
          expect((await shop.reconcile(request(spec))).findings).to.deep.equal([]);
          expect(await rights(), name).to.deep.equal(expected);
        }
      });
    }
  });

  describe('in a database that changes', () => {
    beforeEach(newDatabase);

    const everything = custom(
      { objectType: 'Database', privileges: ['TEMPORARY'] },
      { objectType: 'Schema', schema: 'shop', privileges: ['CREATE'] },
      tables(['*'], 'SELECT'),
      tables(['orders'], 'INSERT'),
      sequences(['counter'], 'USAGE'),
      functions('f', 'definer'),
    );
    const damages: Readonly<Record<string, string>> = {
      'the database’s right is gone': 'REVOKE TEMPORARY ON DATABASE current_database FROM aad_shop_orders',
      'a schema’s right is gone': 'REVOKE CREATE ON SCHEMA shop FROM aad_shop_orders',
      'a named table’s right is another’s now':
        'REVOKE INSERT ON shop.orders FROM aad_shop_orders; GRANT INSERT ON shop.recent TO aad_shop_orders',
      'a named table’s right could be passed on': 'GRANT INSERT ON shop.orders TO aad_shop_orders WITH GRANT OPTION',
      'a table has a named table’s right': 'GRANT INSERT ON shop.totals TO aad_shop_orders',
      'a column has a right': 'GRANT UPDATE (note) ON shop.orders TO aad_shop_orders',
      'a sequence’s right is gone': 'REVOKE USAGE ON SEQUENCE shop.counter FROM aad_shop_orders',
      'another sequence has the right': 'GRANT USAGE ON SEQUENCE shop.other_counter TO aad_shop_orders',
      'a function’s right is gone, which everybody has': 'REVOKE EXECUTE ON FUNCTION shop.f() FROM aad_shop_orders',
      'a definer’s function’s right is gone': 'REVOKE EXECUTE ON FUNCTION shop.definer FROM aad_shop_orders',
      'another function has the right': 'GRANT EXECUTE ON FUNCTION shop.g TO aad_shop_orders',
      'a function is new under the name': 'SET ROLE operator; CREATE FUNCTION shop.f(int) RETURNS int LANGUAGE sql RETURN 1',
      'later functions are covered':
        'ALTER DEFAULT PRIVILEGES FOR ROLE operator IN SCHEMA shop GRANT EXECUTE ON ROUTINES TO aad_shop_orders',
    };
    for (const [what, damage] of Object.entries(damages))
      it(`put it right when ${what}`, async () => {
        await shop.reconcile(request(everything));
        const before = await rights();
        await shop.query(database, damage.replaceAll('DATABASE current_database', `DATABASE ${database}`));
        const { steps, findings } = await shop.reconcile(request(everything));
        expect(steps).not.to.deep.equal([]);
        expect(findings).to.deep.equal([]);
        const now = await rights();
        expect(now).to.deep.equal({ ...before, ...(now['f(integer)'] && { 'f(integer)': 'EXECUTE' }) });
      });

    it('let the login do exactly that', async () => {
      await shop.reconcile(request(custom(tables(['orders'], 'INSERT'), functions('definer'))));
      const client = await shop.logIn(user, database);
      await client.query('INSERT INTO shop.orders VALUES (1)');
      expect((await client.query('SELECT shop.definer() AS is')).rows).to.deep.equal([{ is: 1 }]);
      for (const refused of [
        'SELECT * FROM shop.orders',
        'SELECT * FROM shop.recent',
        "SELECT nextval('shop.counter')",
        'CREATE TABLE shop.mine (id int)',
      ])
        expect(await rejection(client.query(refused)), refused).to.include({ code: '42501' });
      // nobody took it from PUBLIC
      expect((await client.query('SELECT shop.g() AS is')).rows).to.deep.equal([{ is: 1 }]);
    });

    it('cover a function that is created later', async () => {
      await shop.reconcile(request(access('Custom', { grants: [tables(['orders'], 'SELECT')], routines: 'All', schemas: ['shop'] })));
      await shop.query(
        database,
        'SET ROLE operator; CREATE FUNCTION shop.later() RETURNS int LANGUAGE sql SECURITY DEFINER RETURN 1; REVOKE ALL ON FUNCTION shop.later FROM PUBLIC',
      );
      expect((await (await shop.logIn(user, database)).query('SELECT shop.later() AS is')).rows).to.deep.equal([{ is: 1 }]);
    });

    it('name what is missing, give the rest, and give it as soon as it is there', async () => {
      const spec = custom(tables(['orders', 'gone', 'counter'], 'SELECT'), functions('lost', 'f'), {
        ...tables(['any'], 'SELECT'),
        schema: 'nowhere',
      });
      const { findings } = await shop.reconcile(request(spec));
      expect(reasons(findings)).to.deep.equal(['SchemaNotFound!', 'ObjectNotFound!', 'ObjectNotFound!']);
      expect(findings.map(({ message }) => message)).to.deep.equal([
        `database ${database} has no schema nowhere: create it, or correct access.grants`,
        `database ${database} has no table "shop"."gone", "shop"."counter": create it, or correct access.grants`,
        `database ${database} has no function "shop"."lost": create it, or correct access.grants`,
      ]);
      expect(await rights()).to.deep.equal({ ...entered, orders: 'SELECT', 'f()': 'EXECUTE', 'f(integer[],text)': 'EXECUTE' });
      await shop.query(
        database,
        'SET ROLE operator; CREATE SCHEMA nowhere; CREATE VIEW nowhere.any AS SELECT 1; CREATE TABLE shop.gone (); CREATE FUNCTION shop.lost() RETURNS int LANGUAGE sql RETURN 1; DROP SEQUENCE shop.counter; CREATE VIEW shop.counter AS SELECT 1',
      );
      expect((await shop.reconcile(request(spec))).findings).to.deep.equal([]);
      expect(await rights()).to.include({
        gone: 'SELECT',
        any: 'SELECT',
        counter: 'SELECT',
        'lost()': 'EXECUTE',
        'schema nowhere': 'USAGE',
      });
    });

    it('reach no object of the system’s, and none by a name that PostgreSQL would cut off', async () => {
      const long = 'o'.repeat(63);
      await shop.query(database, `SET ROLE operator; CREATE TABLE shop.${long} (id int)`);
      const spec = custom(
        { ...tables(['pg_authid'], 'SELECT'), schema: 'pg_catalog' },
        { ...functions('pg_read_file'), schema: 'pg_catalog' },
        { ...tables(['tables'], 'SELECT'), schema: 'information_schema' },
        tables([`${long}o`], 'SELECT'),
      );
      const { findings } = await shop.reconcile(request(spec));
      expect(reasons(findings)).to.deep.equal(['SchemaNotFound!', 'ObjectNotFound!']);
      expect(await rights()).to.deep.equal(entered);
    });

    it('ask the owner for what only the owner can give, in a statement for exactly that', async () => {
      await shop.query(
        database,
        `CREATE TABLE shop.theirs (); ALTER TABLE shop.theirs OWNER TO pgadmin; CREATE TABLE shop.also (); ALTER TABLE shop.also OWNER TO pgadmin;
       ALTER FUNCTION shop.definer OWNER TO pgadmin; ALTER FUNCTION shop.g OWNER TO pgadmin`,
      );
      // everybody may run g already
      const spec = custom(tables(['theirs', 'orders'], 'SELECT', 'INSERT'), functions('definer', 'g'));
      const { findings } = await shop.reconcile(request(spec));
      expect(reasons(findings)).to.deep.equal(['TablesNotOwned!', 'TablesNotOwned!']);
      expect(findings.map(advice)).to.have.members([
        `GRANT SELECT, INSERT ON TABLE "shop"."theirs" TO "${user}"`,
        `GRANT EXECUTE ON ROUTINE "shop"."definer"() TO "${user}"`,
      ]);
      expect(await rights()).to.deep.equal({ ...entered, orders: 'INSERT SELECT' });
      for (const each of findings) await shop.query(database, `SET ROLE pgadmin; ${advice(each)}`);
      expect(await shop.reconcile(request(spec))).to.deep.equal({ steps: [], findings: [] });
      expect(await rights()).to.deep.equal({ ...entered, orders: 'INSERT SELECT', theirs: 'INSERT SELECT', 'definer()': 'EXECUTE' });
    });

    it('pass on what an owner let us pass on', async () => {
      await shop.query(
        database,
        `CREATE TABLE shop.theirs (); ALTER TABLE shop.theirs OWNER TO pgadmin; ALTER FUNCTION shop.definer OWNER TO pgadmin; SET ROLE pgadmin;
       GRANT SELECT, INSERT ON shop.theirs TO operator WITH GRANT OPTION; GRANT EXECUTE ON FUNCTION shop.definer TO operator WITH GRANT OPTION`,
      );
      const spec = custom(tables(['*'], 'SELECT'), tables(['theirs'], 'INSERT'), functions('*'));
      expect((await shop.reconcile(request(spec))).findings).to.deep.equal([]);
      expect(await rights()).to.include({ theirs: 'INSERT SELECT', 'definer()': 'EXECUTE' });
      expect((await shop.reconcile(request(custom(tables(['orders'], 'SELECT'))))).findings).to.deep.equal([]);
      expect(await rights()).to.deep.equal({ ...entered, orders: 'SELECT' });
    });

    it('leave alone what the user owns itself, also when it is named', async () => {
      const creator = custom({ objectType: 'Schema', schema: 'shop', privileges: ['USAGE', 'CREATE'] }, tables(['mine'], 'SELECT'));
      expect(reasons((await shop.reconcile(request(creator))).findings)).to.deep.equal(['ObjectNotFound!']);
      const client = await shop.logIn(user, database);
      await client.query('CREATE TABLE shop.mine (id int)');
      expect(await shop.reconcile(request(creator))).to.deep.equal({ steps: [], findings: [] });
      await client.query('DROP TABLE shop.mine');
    });

    it('reach members of extensions only by name, and take that back', async () => {
      await shop.query(
        database,
        `SET ROLE operator; CREATE SCHEMA bolted; CREATE TABLE bolted.plain (); CREATE TABLE bolted.extended (); CREATE TABLE bolted.untouched (); CREATE FUNCTION bolted.task(int[]) RETURNS int LANGUAGE sql RETURN 1; RESET ROLE; SET allow_system_table_mods = on;
       INSERT INTO pg_depend SELECT c, o, 0, 'pg_extension'::regclass, e.oid, 0, 'e' FROM pg_extension e, (VALUES ('pg_class'::regclass, 'bolted.extended'::regclass::oid),
         ('pg_class', 'bolted.untouched'::regclass), ('pg_proc', 'bolted.task(int[])'::regprocedure), ('pg_namespace', 'bolted'::regnamespace)) m (c, o)`,
      );
      const inBolted = [
        { ...tables(['extended'], 'INSERT'), schema: 'bolted' },
        { ...functions('task'), schema: 'bolted' },
      ];
      const given = { 'schema bolted': 'USAGE', extended: 'INSERT', 'bolted.task(integer[])': 'EXECUTE' };
      expect((await shop.reconcile(request(custom(...inBolted)))).findings).to.deep.equal([]);
      expect(await rights()).to.deep.equal({ database: 'CONNECT', ...given });
      const everywhere = access('Custom', { grants: [{ ...tables(['*'], 'SELECT'), schema: 'bolted' }], futureObjects: false });
      expect((await shop.reconcile(request(everywhere))).findings).to.deep.equal([]);
      expect(await rights()).to.deep.equal({ database: 'CONNECT', 'schema bolted': 'USAGE', plain: 'SELECT' });
      // the schema too is an extension's
      const wide = access('ReadOnly', { schemas: ['*'], futureObjects: false, grants: inBolted });
      expect((await shop.reconcile(request(wide))).findings).to.deep.equal([]);
      expect(await rights()).to.include({
        orders: 'SELECT',
        'schema bolted': 'USAGE',
        extended: 'INSERT SELECT',
      });
      expect(await rights()).not.to.include.keys('untouched');
    });
  });
});
