import { expect } from 'chai';
import type { Finding } from '../../../src/api/step.ts';
import { rejection } from '../../support/eventually.ts';
import { access } from '../target/given.ts';
import { type ShopServer, startShopServer } from './shop-server.ts';

for (const readAllData of [true, false]) suite(readAllData);

function suite(readAllData: boolean) {
  describe(`objects of others in PostgreSQL, where administrators may read ${readAllData ? 'all data' : 'only their own'}`, function () {
    this.timeout(30_000);
    let shop: ShopServer;
    let count = 0;
    let database: string;

    before(async () => {
      shop = await startShopServer({ host: readAllData ? '127.0.90.5' : '127.0.90.6', readAllData });
    });
    after(() => shop?.stop());
    afterEach(async () => {
      await shop.cleanUp();
      await shop.end(request());
      await shop.tidy(request());
      shop.journal.clear();
    });

    const request = (profile: Parameters<typeof access>[0] = 'ReadWrite', rest: Parameters<typeof access>[1] = {}) =>
      shop.request({ database, access: access(profile, rest) });
    const writes = () => shop.statements().filter((statement) => !/^(LOGIN|SELECT|WITH|BEGIN|COMMIT)/.test(statement));
    /** The statement that a message tells an owner to run. */
    const advice = ({ message }: Finding) => /have \S+ run (.*)$/.exec(message)?.[1] ?? '';

    for (const owner of ['pgadmin', 'azuresu'])
      it(`of ${owner} are granted by their owner as the message says, and the rest without`, async () => {
        count += 1;
        database = `orders${count}`;
        await shop.backend.createDatabase(database, owner);
        await shop.query(database, `CREATE TABLE public."it's" (id serial); ALTER TABLE public."it's" OWNER TO ${owner}`);
        await shop.query(database, 'CREATE TABLE public.mine (id int); ALTER TABLE public.mine OWNER TO operator');
        const { findings } = await shop.reconcile(request());
        expect(findings.map(({ reason, blocking }) => ({ reason, blocking }))).to.deep.equal([
          { reason: 'TablesNotOwned', blocking: true },
          { reason: 'TablesNotOwned', blocking: true },
        ]);
        const client = await shop.logIn('aad_shop_orders', database);
        expect((await client.query('SELECT * FROM public.mine')).rows).to.deep.equal([]);
        // told each time, attempted never
        shop.journal.clear();
        expect((await shop.reconcile(request())).findings).to.have.length(2);
        expect(writes()).to.deep.equal([]);
        for (const finding of findings) await shop.query(database, `SET ROLE ${owner}; ${advice(finding)}`);
        expect(await shop.reconcile(request())).to.deep.equal({ steps: [], findings: [] });
        expect((await client.query(`INSERT INTO public."it's" DEFAULT VALUES RETURNING id`)).rows).to.deep.equal([{ id: 1 }]);
        // and they are no right too many, though we could not take them
        const { findings: narrowed } = await shop.reconcile(request('ReadOnly'));
        expect(new Set(narrowed.map(({ reason }) => reason))).to.deep.equal(new Set(['PrivilegeNotRevocable']));
        for (const finding of narrowed) await shop.query(database, `SET ROLE ${owner}; ${advice(finding)}`);
        expect(await shop.reconcile(request('ReadOnly'))).to.deep.equal({ steps: [], findings: [] });
      });

    it('are asked for in one statement, however many they are', async () => {
      count += 1;
      database = `orders${count}`;
      await shop.backend.createDatabase(database);
      await shop.query(
        database,
        `DO $$ BEGIN FOR n IN 1..30 LOOP EXECUTE format('CREATE TABLE public.t%s (id int)', n); EXECUTE format('ALTER TABLE public.t%s OWNER TO pgadmin', n); END LOOP; END $$`,
      );
      const { findings } = await shop.reconcile(request('ReadOnly'));
      expect(findings.map(advice)).to.deep.equal(['GRANT SELECT ON ALL TABLES IN SCHEMA "public" TO "aad_shop_orders"']);
      await shop.query(database, `SET ROLE pgadmin; ${advice(findings[0]!)}`);
      expect(await shop.reconcile(request('ReadOnly'))).to.deep.equal({ steps: [], findings: [] });
    });

    it('that we were given to pass on are granted by us', async () => {
      count += 1;
      database = `orders${count}`;
      await shop.backend.createDatabase(database);
      await shop.query(
        database,
        `CREATE TABLE public.t (id int); ALTER TABLE public.t OWNER TO pgadmin; SET ROLE pgadmin; GRANT SELECT, DELETE ON public.t TO operator WITH GRANT OPTION`,
      );
      expect(await shop.reconcile(request('ReadOnly'))).to.deep.include({ findings: [] });
      // by hand, in our name
      await shop.query(database, 'SET ROLE operator; GRANT DELETE ON public.t TO aad_shop_orders');
      const { steps, findings } = await shop.reconcile(request('ReadOnly'));
      expect(findings).to.deep.equal([]);
      expect(steps.map(({ summary }) => summary)).to.deep.equal(['REVOKE DELETE ON TABLE "public"."t" FROM "aad_shop_orders"']);
    });

    it('leave a database alone that nobody else may enter, and say who can open it', async () => {
      count += 1;
      database = `orders${count}`;
      await shop.backend.createDatabase(database);
      await shop.query('postgres', `REVOKE CONNECT ON DATABASE ${database} FROM PUBLIC`);
      const error = await rejection(shop.reconcile(request()));
      expect(error).to.include({ kind: 'waiting', reason: 'DatabaseNotOwned' });
      await shop.query('postgres', `SET ROLE pgadmin; ${/run (GRANT .*)$/.exec(error.message)?.[1]}`);
      const { findings } = await shop.reconcile(request('ReadOnly'));
      expect(findings.map(({ reason, blocking }) => ({ reason, blocking }))).to.deep.equal([
        { reason: 'DatabaseNotOwned', blocking: true },
      ]);
      await shop.query('postgres', `SET ROLE pgadmin; ${advice(findings[0]!)}`);
      expect(await shop.reconcile(request('ReadOnly'))).to.deep.equal({ steps: [], findings: [] });
      await shop.query('postgres', `REVOKE CONNECT ON DATABASE ${database} FROM aad_shop_orders`);
    });

    it('leave profile All without CREATE on a database of somebody else', async () => {
      count += 1;
      database = `orders${count}`;
      await shop.backend.createDatabase(database);
      const { findings } = await shop.reconcile(request('All'));
      expect(findings).to.deep.equal([
        {
          reason: 'DatabaseNotOwned',
          message: `database ${database} belongs to pgadmin, and aad_shop_orders lacks CREATE on it: have pgadmin run GRANT CREATE ON DATABASE "${database}" TO "aad_shop_orders"`,
          blocking: true,
        },
      ]);
    });

    it('leave a schema of somebody else closed, and name the one that is missing', async () => {
      count += 1;
      database = `orders${count}`;
      await shop.backend.createDatabase(database);
      await shop.query(database, 'CREATE SCHEMA theirs AUTHORIZATION pgadmin');
      const { findings } = await shop.reconcile(request('ReadOnly', { schemas: ['theirs', 'absent'] }));
      expect(findings.map(({ reason }) => reason)).to.deep.equal(['SchemaNotFound', 'TablesNotOwned']);
      expect(findings[0]?.message).to.include('absent');
      expect(findings[1]?.message).to.match(/GRANT USAGE ON SCHEMA "theirs" TO "aad_shop_orders"$/);
    });

    for (const name of ['absent', 'a'.repeat(70)])
      it(`are not looked for in a database ${name.slice(0, 6)} that is not there`, async () => {
        await shop.backend.createDatabase('a'.repeat(63)).catch(() => {});
        database = name;
        expect(await rejection(shop.reconcile(request()))).to.include({ kind: 'waiting', reason: 'DatabaseNotFound' });
      });
  });
}
