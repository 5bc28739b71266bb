import { expect } from 'chai';
import type { LabelNull } from '../../sandbox/postgres/pgaadauth.ts';
import { eventually, rejection } from '../../support/eventually.ts';
import { access, markOf, operator, other } from '../target/given.ts';
import { isAlive, type ShopServer, startShopServer } from './shop-server.ts';

for (const labelNull of ['allowed', 'refused'] as const satisfies readonly LabelNull[]) suite(labelNull);

function suite(labelNull: LabelNull) {
  describe(`the end of an access in PostgreSQL, where removing a label is ${labelNull}`, function () {
    this.timeout(30_000);
    let shop: ShopServer;
    let count = 0;
    let database: string;

    before(async () => {
      shop = await startShopServer({ host: labelNull === 'allowed' ? '127.0.90.3' : '127.0.90.4', labelNull });
    });
    after(() => shop?.stop());
    beforeEach(async () => {
      count += 1;
      database = `orders${count}`;
      await shop.backend.createDatabase(database, 'operator');
      await shop.query(database, 'CREATE TABLE old (id int); ALTER TABLE old OWNER TO operator');
    });
    afterEach(async () => {
      await shop.cleanUp();
      for (const { name } of await roles()) {
        const databases = await shop.query<{ datname: string }>('postgres', 'SELECT datname FROM pg_database WHERE datallowconn');
        for (const { datname } of databases) await shop.query(datname, `DROP OWNED BY "${name}" CASCADE`);
        await shop.query('postgres', `DROP ROLE "${name}"`);
      }
      shop.journal.clear();
    });

    const roles = () =>
      shop.query<{ name: string }>(
        'postgres',
        `SELECT rolname AS name FROM pg_roles WHERE rolname ~ '^(aad|dbaccess|accomplice|dba$)' ORDER BY 1`,
      );
    const request = (profile: Parameters<typeof access>[0] = 'ReadWriteDDL') => shop.request({ database, access: access(profile) });
    const isRefused = async (who?: typeof other) => {
      const { message } = await rejection(shop.logIn('aad_shop_orders', database, who));
      expect(message).to.match(labelNull === 'allowed' ? /password authentication failed|not permitted/ : /not permitted to log in/);
    };

    it('refuses the login, ends the sessions and drops the user', async () => {
      await shop.reconcile(request());
      const session = await shop.logIn('aad_shop_orders', database);
      expect(await shop.end(request())).to.equal('ended');
      await isRefused();
      expect(await isAlive(session)).to.equal(false);
      expect(await shop.end(request())).to.equal('ended');
      expect(await shop.tidy(request())).to.deep.equal({ kind: 'gone' });
      expect(await roles()).to.deep.equal([]);
      expect(await shop.end(request())).to.equal('absent');
      expect(await shop.tidy(request())).to.deep.equal({ kind: 'gone' });
    });

    it('ends sessions for an administrator who may signal nobody', async () => {
      await shop.reconcile(request());
      const session = await shop.logIn('aad_shop_orders', database);
      await shop.query('postgres', 'REVOKE pg_signal_backend FROM azure_pg_admin');
      try {
        expect(await shop.end(request())).to.equal('ended');
      } finally {
        await shop.query('postgres', 'GRANT pg_signal_backend TO azure_pg_admin WITH ADMIN TRUE, INHERIT TRUE');
      }
      expect(await isAlive(session)).to.equal(false);
    });

    it('takes rights away in every database, also in those of others', async () => {
      await shop.backend.createDatabase(`second${count}`, 'operator');
      await shop.reconcile(request());
      await shop.query(`second${count}`, 'CREATE TABLE t (id int); ALTER TABLE t OWNER TO operator; GRANT SELECT ON t TO aad_shop_orders');
      await shop.query('postgres', `GRANT CREATE ON DATABASE second${count} TO aad_shop_orders`);
      await shop.end(request());
      expect(await shop.tidy(request())).to.deep.equal({ kind: 'gone' });
    });

    it('leaves a locked shell, without handing over or dropping anything, of a user that owns something (D3, with the lock of D5 held)', async () => {
      await shop.query(database, 'CREATE TABLE forbidden AS SELECT 4711 AS pin; ALTER TABLE forbidden OWNER TO operator');
      const accomplice = shop.request({
        database,
        userName: 'aad_shop_accomplice',
        mark: markOf('shop', 'accomplice'),
        identity: other,
        access: access('ReadWriteDDL', { schemas: ['lair'], futureObjects: false }),
      });
      await shop.query(database, 'CREATE SCHEMA lair AUTHORIZATION operator');
      await shop.reconcile(accomplice);
      await shop.reconcile(shop.request({ database, access: access('ReadWriteDDL', { schemas: ['public', 'lair'] }) }));
      const app = await shop.logIn('aad_shop_orders', database);
      await app.query('CREATE VIEW lair.peek AS SELECT pin FROM public.forbidden');
      await app.query('CREATE TABLE lair.data AS SELECT 1 AS id');
      await app.query(
        `CREATE FUNCTION lair.run(command text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN EXECUTE command; END'`,
      );
      await app.query('GRANT SELECT ON lair.peek, lair.data TO aad_shop_accomplice');
      const helper = await shop.logIn('aad_shop_accomplice', database, other);
      expect((await helper.query('SELECT * FROM lair.peek')).rows).to.deep.equal([{ pin: 4711 }]);
      await helper.query('BEGIN; LOCK TABLE lair.data IN ACCESS SHARE MODE');

      expect(await shop.end(request())).to.equal('ended');
      await isRefused();
      const tidied = await shop.tidy(request());
      expect(tidied).to.deep.equal({
        kind: 'shell',
        userName: 'dbaccess_retired_00000001',
        why: `it owns objects in database ${database}`,
      });
      await helper.query('COMMIT');

      for (const attempt of [
        'SELECT * FROM lair.peek',
        `SELECT lair.run('SELECT * FROM public.forbidden')`,
        `SELECT lair.run('CREATE ROLE evil')`,
      ])
        expect(await rejection(helper.query(attempt)), attempt).to.have.property('code', '42501');
      expect((await helper.query('SELECT * FROM lair.data')).rows).to.deep.equal([{ id: 1 }]);
      const [shell] = await shop.query(
        database,
        `SELECT rolcanlogin, shobj_description(r.oid, 'pg_authid') ~ ' released$' AS released, (SELECT tableowner FROM pg_tables WHERE tablename = 'data') AS owner,
           has_table_privilege(r.oid, 'public.forbidden', 'SELECT') OR has_schema_privilege(r.oid, 'lair', 'CREATE') OR has_table_privilege(r.oid, 'public.old', 'SELECT') AS may
         FROM pg_roles r WHERE rolname = 'dbaccess_retired_00000001'`,
      );
      expect(shell).to.deep.equal({ rolcanlogin: false, released: true, owner: 'dbaccess_retired_00000001', may: false });
      const left = await shop.query(
        database,
        `SELECT 1 FROM pg_default_acl, aclexplode(defaclacl) WHERE grantee = 'dbaccess_retired_00000001'::regrole`,
      );
      expect(left).to.deep.equal([]);
      // once more, as from a tombstone
      expect(await shop.tidy(request())).to.deep.include({ kind: 'shell', userName: 'dbaccess_retired_00000001' });
      await shop.cleanUp();
      await shop.query(database, 'DROP SCHEMA lair CASCADE');
    });

    it('frees the name: the same connection made anew gets a user of its own beside the shell', async () => {
      await shop.reconcile(request());
      await (await shop.logIn('aad_shop_orders', database)).query('CREATE TABLE mine (id int)');
      await shop.end(request());
      await shop.tidy(request());
      const again = { ...request(), mark: markOf('shop', 'orders', 2) };
      const { steps } = await shop.reconcile(again);
      expect(steps[0]?.kind).to.equal('create-user');
      expect((await rejection((await shop.logIn('aad_shop_orders', database)).query('DROP TABLE mine'))).message).to.match(/must be owner/);
      await shop.cleanUp();
      await shop.query(database, 'DROP TABLE mine');
    });

    it('takes the next name where the shell’s is taken', async () => {
      await shop.query('postgres', 'CREATE ROLE dbaccess_retired_00000001');
      await shop.reconcile(request());
      await (await shop.logIn('aad_shop_orders', database)).query('CREATE TABLE mine (id int)');
      await shop.end(request());
      expect(await shop.tidy(request())).to.deep.include({ kind: 'shell', userName: 'dbaccess_retired_00000001_2' });
      await shop.query(database, 'DROP TABLE mine');
    });

    it('never drops a database that the user owns', async () => {
      await shop.reconcile(request());
      await shop.query('postgres', `CREATE DATABASE precious${count} OWNER aad_shop_orders`);
      await shop.end(request());
      expect(await shop.tidy(request())).to.deep.include({ kind: 'shell', why: 'it owns a database' });
      await shop.query('postgres', `DROP DATABASE precious${count}`);
    });

    it('leaves a shell where a foreign grantor’s right can’t be taken away (D6)', async () => {
      await shop.reconcile(request());
      await shop.query(
        database,
        'CREATE ROLE dba; GRANT SELECT ON old TO dba WITH GRANT OPTION; SET ROLE dba; GRANT SELECT ON old TO aad_shop_orders',
      );
      await shop.end(request());
      await isRefused();
      expect(await shop.tidy(request())).to.deep.equal({
        kind: 'shell',
        userName: 'dbaccess_retired_00000001',
        why: `rights of it can't be taken away in database ${database}`,
      });
    });

    it('leaves a shell where a database can’t be entered, and tidies the others', async () => {
      await shop.backend.createDatabase(`closed${count}`, 'operator');
      await shop.reconcile(request());
      await shop.query(`closed${count}`, 'CREATE TABLE t (id int); GRANT SELECT ON t TO aad_shop_orders');
      await shop.query('postgres', `ALTER DATABASE closed${count} ALLOW_CONNECTIONS false`);
      await shop.end(request());
      expect(await shop.tidy(request())).to.deep.include({
        kind: 'shell',
        why: `rights of it can't be taken away in database closed${count}`,
      });
      const left = await shop.query(
        database,
        `SELECT 1 FROM pg_class, aclexplode(relacl) WHERE grantee = 'dbaccess_retired_00000001'::regrole`,
      );
      expect(left).to.deep.equal([]);
      await shop.query('postgres', `DROP DATABASE closed${count}`);
    });

    it('leaves a shell of a user that is a member of a role from which it can’t be taken', async () => {
      await shop.reconcile(request());
      await shop.query('postgres', 'CREATE ROLE dba; GRANT dba TO aad_shop_orders');
      await shop.query(database, 'CREATE TABLE precious AS SELECT 1 AS id; ALTER TABLE precious OWNER TO dba');
      await shop.end(request());
      expect(await shop.tidy(request())).to.deep.include({ kind: 'shell', why: "it is a member of dba, which can't be taken from it" });
      expect(await shop.query(database, 'SELECT * FROM precious')).to.deep.equal([{ id: 1 }]);
    });

    it('takes others out of the user’s role before it stays as a shell', async () => {
      await shop.reconcile(request());
      await (await shop.logIn('aad_shop_orders', database)).query('CREATE TABLE mine (id int)');
      const admin = await shop.logIn('operator', 'postgres', operator);
      await admin.query('CREATE ROLE accomplice');
      await admin.query('GRANT aad_shop_orders TO accomplice');
      await shop.end(request());
      await shop.tidy(request());
      const members = await shop.query(
        'postgres',
        `SELECT member::regrole::text FROM pg_auth_members WHERE roleid = 'dbaccess_retired_00000001'::regrole`,
      );
      expect(members).to.deep.equal([{ member: 'operator' }]);
    });

    it('does not drop what the user was given to own while it was being tidied (D4)', async () => {
      await shop.reconcile(request());
      await shop.end(request());
      // just before DROP OWNED, after the look at what it owns anywhere
      shop.faults.add({ match: { kind: 'sql', path: '^GRANT "aad_shop_orders" TO CURRENT_USER' }, respond: { delayMs: 300 }, times: 1 });
      const tidying = shop.tidy(request());
      await eventually(() => shop.statements().some((statement) => statement.includes('pg_shdepend')));
      await shop.query(database, 'CREATE TABLE gift AS SELECT 1 AS id; ALTER TABLE gift OWNER TO aad_shop_orders');
      await tidying.catch(() => {});
      expect(await shop.query(database, 'SELECT * FROM gift')).to.deep.equal([{ id: 1 }]);
      await shop.query(database, 'DROP TABLE gift');
    });

    it('waits while a user of ours that was let in again is tidied', async () => {
      await shop.reconcile(request());
      await shop.end(request());
      await shop.query('postgres', 'ALTER ROLE aad_shop_orders LOGIN');
      expect(await rejection(shop.tidy(request()))).to.include({ name: 'ConnectionError', kind: 'retry' });
      await shop.end(request());
      expect(await shop.tidy(request())).to.deep.equal({ kind: 'gone' });
    });

    it('never drops a user that was adopted', async () => {
      await shop.reconcile(request());
      await shop.query(
        'postgres',
        `DO $$ BEGIN EXECUTE format('COMMENT ON ROLE aad_shop_orders IS %L',
        replace(shobj_description('aad_shop_orders'::regrole, 'pg_authid'), 'created', 'adopted')); END $$`,
      );
      await shop.end(request());
      await isRefused();
      expect(await shop.tidy(request())).to.deep.include({ kind: 'shell', userName: 'aad_shop_orders' });
      expect(await roles()).to.deep.equal([{ name: 'aad_shop_orders' }]);
    });

    it('keeps what a policy on somebody’s table said for others', async () => {
      await shop.reconcile(request());
      await shop.query(
        database,
        'ALTER TABLE old ENABLE ROW LEVEL SECURITY; CREATE POLICY ours ON old TO aad_shop_orders USING (true); CREATE POLICY shared ON old TO aad_shop_orders, pgadmin USING (true)',
      );
      await shop.end(request());
      expect(await shop.tidy(request())).to.deep.equal({ kind: 'gone' });
      expect(await shop.query(database, 'SELECT policyname, roles::text[] FROM pg_policies')).to.deep.equal([
        { policyname: 'shared', roles: ['pgadmin'] },
      ]);
    });
  });
}
