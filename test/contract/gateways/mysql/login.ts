import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import type { ConnectionOptions } from 'mysql2/promise';
import { ossAudience } from '../../../sandbox/postgres/login.ts';
import { operator, shop } from '../../target/given.ts';
import { failureOf } from '../failure-of.ts';
import { type MysqlBench, rowsOf } from './mysql-bench.ts';

/** Who is let in, and what everybody else is told. */
export function testLogin(at: MysqlBench): void {
  const { server, journal, connectWith, tokenOf, login, asOperator, createUser, statements } = at;

  describe('login', () => {
    it('admits an administrator by a token of its identity', async () => {
      const session = await asOperator({ database: 'orders' });
      expect(await rowsOf(session, 'SELECT USER() AS user, CURRENT_USER() AS account, DATABASE() AS db')).to.deep.equal([
        { user: 'operator@localhost', account: 'operator@%', db: 'orders' },
      ]);
      expect(journal.list('sql')[0]).to.deep.include({
        by: operator.clientId,
        user: 'operator',
        database: 'orders',
        server: 'shop-mysql',
        statement: 'LOGIN',
        status: 'ok',
      });
    });

    it('gives the session the id that the engine knows it by', async () => {
      const session = await asOperator();
      expect(await rowsOf(session, 'SELECT CONNECTION_ID() AS id')).to.deep.equal([{ id: session.threadId }]);
    });

    it('refuses to go on without TLS', async () => {
      const socket = connect(at.gateway.port, at.gateway.host);
      try {
        await once(socket, 'data');
        // protocol 4.1, plug-ins, but no TLS
        const response = Buffer.concat([Buffer.from([0x00, 0x82, 0x08, 0x00]), Buffer.alloc(28), Buffer.from('operator\0\0x\0')]);
        socket.write(Buffer.concat([Buffer.from([response.length, 0, 0, 1]), response]));
        const [answer] = (await once(socket, 'data')) as [Buffer];
        expect([answer[3], answer[4], answer.readUInt16LE(5)]).to.deep.equal([2, 0xff, 3159]);
        expect(answer.toString('utf8', 7)).to.match(/^#HY000Connections using insecure transport are prohibited/);
      } finally {
        socket.destroy();
      }
      expect(statements()).to.deep.equal([['LOGIN', 'error', '3159']]);
    });

    it('proves its address with its certificate', async () => {
      const failure = await failureOf(connectWith({ user: 'operator', password: 'x', ssl: {} }));
      expect(failure.message).to.match(/self-signed|unable to/);
    });

    const refusals: readonly [string, () => Promise<ConnectionOptions>, number, RegExp][] = [
      [
        'an expired token',
        async () => ({ password: await at.tokens.issue(operator, ossAudience, { expiresIn: -60 }) }),
        9119,
        /^The access token has expired\. Please acquire a new token and retry\.$/,
      ],
      [
        'a token for another service',
        async () => ({ password: await at.tokens.issue(operator, 'https://database.windows.net/', { expiresIn: 60 }) }),
        9106,
        /does not have a valid audience claim.*"https:\/\/ossrdbms-aad\.database\.windows\.net"\.$/,
      ],
      [
        'a token of another identity',
        async () => ({ password: await tokenOf(shop) }),
        9106,
        new RegExp(`^Azure AD access token is not valid for user 'operator' with OID '${operator.principalId}'\\.$`),
      ],
      [
        'what is no token',
        async () => ({ password: 'secret' }),
        1045,
        /^Access denied for user 'operator'@'127\.[\d.]+' \(using password: YES\)$/,
      ],
      [
        'a user that is not there',
        async () => ({ user: 'test_absent', password: await tokenOf(shop) }),
        1045,
        /^Access denied for user 'test_absent'@/,
      ],
      [
        'a user that is no Entra user',
        async () => ({ user: 'mysqladmin', password: await tokenOf(shop) }),
        1045,
        /^Access denied for user 'mysqladmin'@/,
      ],
      [
        'a database that is not there',
        async () => ({ database: 'absent', password: await tokenOf(operator) }),
        1049,
        /^Unknown database 'absent'$/,
      ],
    ];
    for (const [what, config, errno, text] of refusals) {
      it(`refuses ${what}`, async () => {
        const failure = await failureOf(connectWith({ user: 'operator', ...(await config()) }));
        expect(failure.errno).to.equal(errno);
        expect(failure.message).to.match(text);
        expect(statements()).to.deep.equal([['LOGIN', 'error', String(errno)]]);
      });
    }

    it('refuses every token while Entra authentication is disabled, or when there is no administrator', async () => {
      await createUser('test_shop');
      server.authConfig = { activeDirectoryAuth: 'Disabled', passwordAuth: 'Enabled' };
      expect(await failureOf(login('test_shop', shop))).to.include({ errno: 1045 });
      server.authConfig = { activeDirectoryAuth: 'Enabled', passwordAuth: 'Enabled' };
      const administrators = server.administrators.splice(0);
      expect(await failureOf(login('test_shop', shop))).to.include({ errno: 1045 });
      server.administrators.push(...administrators);
      await login('test_shop', shop);
    });

    it('refuses a locked user with the number of MySQL, as the engine itself does', async () => {
      await createUser('test_locked');
      await (await asOperator()).query(`ALTER USER test_locked ACCOUNT LOCK`);
      const failure = await failureOf(login('test_locked', shop));
      expect(failure.errno).to.equal(3118);
      expect(failure.message).to.match(/Account is locked\.$/);
    });

    it('admits the password administrator by its password only, and only where passwords are on', async () => {
      await connectWith({ ...at.backend.administrator });
      expect(await failureOf(connectWith({ ...at.backend.administrator, password: 'wrong' }))).to.include({ errno: 1045 });
      server.authConfig = { activeDirectoryAuth: 'Enabled', passwordAuth: 'Disabled' };
      try {
        expect(await failureOf(connectWith({ ...at.backend.administrator }))).to.include({ errno: 1045 });
      } finally {
        server.authConfig = { activeDirectoryAuth: 'Enabled', passwordAuth: 'Enabled' };
      }
    });

    it('serves several sessions at a time', async () => {
      const sessions = await Promise.all(Array.from({ length: 10 }, () => asOperator()));
      const ids = await Promise.all(sessions.map((session) => rowsOf<{ id: number }>(session, 'SELECT CONNECTION_ID() AS id')));
      expect(new Set(ids.map(([row]) => row?.id)).size).to.equal(10);
    });
  });
}
