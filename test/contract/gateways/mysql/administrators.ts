import { expect } from 'chai';
import { syncAdministrators } from '../../../sandbox/mysql/administrators.ts';
import { other, shop } from '../../target/given.ts';
import { failureOf } from '../failure-of.ts';
import { endOf, type MysqlBench, rowsOf } from './mysql-bench.ts';

/** What the administrators of a server can do, and what not. */
export function testAdministrators(at: MysqlBench): void {
  const { server, login, asOperator, createUser } = at;

  describe('an administrator', () => {
    it('is no superuser', async () => {
      const session = await asOperator();
      expect(await failureOf(session.query('SET GLOBAL max_connections = 10'))).to.include({ errno: 1227 });
      expect(await failureOf(session.query(`GRANT FILE ON *.* TO operator`))).to.include({ errno: 1045 });
    });

    it('can grant on databases, with MySQL’s number for a user that is not there', async () => {
      await createUser('test_shop');
      const session = await asOperator();
      await session.query("GRANT ALL PRIVILEGES ON `orders`.* TO 'test_shop'@'%'");
      await (await login('test_shop', shop, { database: 'orders' })).query('INSERT INTO items VALUES (1, NULL)');
      expect(await failureOf(session.query("GRANT SELECT ON `orders`.* TO 'test_absent'@'%'"))).to.include({ errno: 1410 });
    });

    it('can tell the server from others, which stays so', async () => {
      const session = await asOperator();
      const rows = await rowsOf(session, "SHOW VARIABLES WHERE Variable_name IN ('server_uuid', 'no_such_variable')");
      const [row] = rows as { readonly Variable_name: string; readonly Value: string }[];
      expect(row?.Variable_name).to.equal('server_uuid');
      expect(row?.Value).to.match(/^[0-9a-f-]{36}$/);
      expect(await rowsOf(session, "SHOW GLOBAL VARIABLES LIKE 'server\\_uuid'")).to.deep.equal([row]);
      expect(await rowsOf(session, "SELECT @@server_uuid AS a, @@GLOBAL.server_uuid AS b, '@@server_uuid' AS c")).to.deep.equal([
        { a: row?.Value, b: row?.Value, c: '@@server_uuid' },
      ]);
    });

    it('ends sessions of others by mysql.az_kill only', async () => {
      await createUser('test_shop');
      const session = await login('test_shop', shop);
      const ended = endOf(session);
      const administrator = await asOperator();
      expect(await failureOf(administrator.query(`KILL ${session.threadId}`))).to.include({ errno: 1095 });
      await administrator.query('CALL mysql.az_kill(?)', [session.threadId]);
      await ended;
      expect(await failureOf(session.query('SELECT 1'))).to.match(/closed state|lost/);
      expect(await failureOf(administrator.query('CALL mysql.az_kill(?)', [session.threadId]))).to.include({ errno: 1094 });
    });

    it('that is one no longer cannot log in', async () => {
      const [first] = server.administrators;
      try {
        server.administrators.splice(0, 1, { objectId: other.clientId, principalName: 'other', principalType: 'ServicePrincipal' });
        await syncAdministrators(server, at.backend);
        await login('other', other);
        expect(await failureOf(asOperator())).to.include({ errno: 1045 });
      } finally {
        if (first) server.administrators.splice(0, 1, first);
        await syncAdministrators(server, at.backend);
      }
      await asOperator();
    });
  });
}
