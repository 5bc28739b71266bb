import { expect } from 'chai';
import { other, shop } from '../../target/given.ts';
import { failureOf } from '../failure-of.ts';
import { type MysqlBench, rowsOf } from './mysql-bench.ts';

/** Users of Entra as Azure makes and shows them. */
export function testAadUsers(at: MysqlBench): void {
  const { connectWith, login, asOperator, createUser, statements } = at;

  describe('CREATE AADUSER', () => {
    it('creates a user that its identity can log in as, and that may do nothing yet', async () => {
      await createUser("test 'shop'");
      const session = await login("test 'shop'", shop);
      expect(await failureOf(session.query('SELECT * FROM orders.items'))).to.include({ errno: 1142 });
      expect(await failureOf(login("test 'shop'", other))).to.include({ errno: 9106 });
    });

    it('shows the user in mysql.user as Azure does', async () => {
      await createUser('test_shop');
      await at.backend.query(`CREATE USER 'test_native'@'%' IDENTIFIED BY 'secret'`);
      const sql =
        'SELECT User AS name, Host AS host, plugin, account_locked AS locked, IF(User = ?, authentication_string, NULL) AS binding FROM mysql.user WHERE User IN (?, ?) ORDER BY User';
      const session = await asOperator();
      const values = ['test_shop', 'test_shop', 'test_native'];
      const [native, entra] = await rowsOf(session, sql, values);
      expect(entra).to.deep.equal({
        name: 'test_shop',
        host: '%',
        plugin: 'aad_auth',
        locked: 'N',
        binding: `AADSP:${shop.clientId}:upn:test_shop`,
      });
      expect(native).to.include({ name: 'test_native' }).and.not.include({ plugin: 'aad_auth' });
      expect((await session.execute(sql.replace('mysql.user', '`mysql` . `user`'), values))[0]).to.deep.equal([native, entra]);
      await session.query('ALTER USER test_shop ACCOUNT LOCK');
      expect((await rowsOf(session, sql, values))[1]).to.include({ locked: 'Y' });
    });

    it('shows roles and dynamic privileges in the tables of MySQL 8', async () => {
      await createUser('test_shop');
      const session = await asOperator();
      await session.query('CREATE ROLE test_role');
      await session.query('GRANT test_role TO test_shop');
      const sql = 'SELECT FROM_USER AS role, FROM_HOST AS host, WITH_ADMIN_OPTION AS admin FROM mysql.role_edges WHERE TO_USER = ?';
      expect(await rowsOf(session, sql, ['test_shop'])).to.deep.equal([{ role: 'test_role', host: '%', admin: 'N' }]);
      expect(await rowsOf(session, 'SELECT * FROM mysql.global_grants WHERE USER = ?', ['test_shop'])).to.be.empty;
      await session.query('DROP ROLE test_role');
    });

    it('does not let the name of the view show in errors', async () => {
      await createUser('test_shop');
      const failure = await failureOf((await login('test_shop', shop)).query('SELECT * FROM mysql.user'));
      expect(failure).to.include({ errno: 1142 });
      expect(failure.message).not.to.contain('sandbox');
    });

    it('does not mistake text for mysql.user', async () => {
      const session = await asOperator();
      const sql = `SELECT 'mysql.user' AS a, "mysql.user" AS b /* mysql.user */, 1 AS \`mysql.user\` # mysql.user`;
      expect(await rowsOf(session, sql)).to.deep.equal([{ a: 'mysql.user', b: 'mysql.user', 'mysql.user': 1 }]);
    });

    it('forgets the binding with the user, and when the user gets a password', async () => {
      await createUser('test_shop');
      const session = await asOperator();
      await session.query('DROP USER test_shop');
      await session.query(`CREATE USER test_shop IDENTIFIED BY 'one'`);
      expect(await failureOf(login('test_shop', shop))).to.include({ errno: 1045 });
      await createUser('test_other');
      await session.query(`ALTER USER test_other IDENTIFIED BY 'two'`);
      const rows = await rowsOf<{ plugin: string }>(session, `SELECT plugin FROM mysql.user WHERE User LIKE 'test%'`);
      expect(rows).to.have.length(2);
      expect(rows.map(({ plugin }) => plugin)).not.to.include('aad_auth');
      await connectWith({ user: 'test_other', password: 'two' });
    });

    it('keeps the binding of a user that is renamed', async () => {
      await createUser('test_shop');
      await (await asOperator()).query('RENAME USER test_shop TO test_renamed');
      await login('test_renamed', shop);
    });

    it('takes IF NOT EXISTS, a host and an alias, and leaves a user that is there alone', async () => {
      await createUser('test_shop');
      const session = await asOperator();
      await session.query('SET SESSION aad_auth_validate_oids_in_tenant = 0;');
      await session.query(`create aaduser if not exists test_shop@'%' identified by '${other.clientId}'`);
      await login('test_shop', shop);
      await session.query(`CREATE AADUSER 'test_a name of more than 32 characters' IDENTIFIED BY '${other.clientId}' AS "test_alias";`);
      await login('test_alias', other);
    });

    const refusals: readonly [string, string, number, RegExp][] = [
      [
        'a name that is taken',
        `CREATE AADUSER 'mysqladmin' IDENTIFIED BY '${shop.clientId}'`,
        1396,
        /^Operation CREATE USER failed for 'mysqladmin'@'%'/,
      ],
      [
        'a name of more than 32 characters',
        `CREATE AADUSER 'test_${'x'.repeat(28)}' IDENTIFIED BY '${shop.clientId}'`,
        1470,
        /is too long for user name/,
      ],
      [
        'a name without an id',
        `CREATE AADUSER 'test_person@contoso.com'`,
        9102,
        /^An unexpected error occurred while trying to validate user 'test_person@contoso\.com'\.$/,
      ],
      ['what it cannot read', `CREATE AADUSER 'test_x' BY '${shop.clientId}'`, 1064, /syntax/],
    ];
    for (const [what, sql, errno, text] of refusals) {
      it(`refuses ${what}, and creates nothing`, async () => {
        const session = await asOperator();
        await session.query('SET aad_auth_validate_oids_in_tenant = OFF');
        const failure = await failureOf(session.query(sql));
        expect(failure.errno).to.equal(errno);
        expect(failure.message).to.match(text);
        expect(await at.backend.query(`SELECT 1 FROM mysql.user WHERE User LIKE 'test%'`)).to.be.empty;
        expect(statements().at(-1)).to.deep.equal([sql, 'error', String(errno)]);
      });
    }

    it('refuses an id that it would have to look up, which is the default of every session', async () => {
      const session = await asOperator();
      const create = `CREATE AADUSER test_x IDENTIFIED BY '${shop.clientId}'`;
      expect(await failureOf(session.query(create))).to.include({ errno: 9102 });
      await session.query('SET @@aad_auth_validate_oids_in_tenant = OFF');
      await session.query(create);
    });

    it('is for Entra administrators, and not for prepared statements', async () => {
      const create = `CREATE AADUSER test_x IDENTIFIED BY '${shop.clientId}'`;
      expect(await failureOf((await connectWith({ ...at.backend.administrator })).query(create))).to.include({ errno: 1227 });
      expect(await failureOf((await asOperator()).execute(create))).to.include({ errno: 1295 });
    });
  });
}
