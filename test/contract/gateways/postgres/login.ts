import { expect } from 'chai';
import type pg from 'pg';
import { ossAudience } from '../../../sandbox/postgres/login.ts';
import { operator, other, shop } from '../../target/given.ts';
import { failureOf } from '../failure-of.ts';
import type { PostgresBench } from './postgres-bench.ts';

/** Who is let in, and what everybody else is told. */
export function testLogin(at: PostgresBench): void {
  const { server, journal, client, login, asOperator, createPrincipal, statements } = at;

  describe('login', () => {
    it('admits an administrator by a token of its identity', async () => {
      const session = await asOperator();
      const { rows } = await session.query('SELECT current_user::text AS user, current_database()::text AS database');
      expect(rows).to.deep.equal([{ user: 'operator', database: 'orders' }]);
      expect(journal.list('sql')[0]).to.deep.include({
        by: operator.clientId,
        user: 'operator',
        database: 'orders',
        server: 'shop-pg',
        statement: 'LOGIN',
        status: 'ok',
      });
    });

    it('refuses to go on without TLS', async () => {
      const failure = await failureOf(client({ user: 'operator', password: 'x', ssl: false }).connect());
      expect(failure).to.include({ code: '28000', severity: 'FATAL' });
      expect(failure.message).to.match(/^no pg_hba\.conf entry for host "127\.[\d.]+", user "operator", database "orders", no encryption$/);
    });

    it('proves its address with its certificate', async () => {
      const failure = await failureOf(client({ user: 'operator', password: 'x', ssl: {} }).connect());
      expect(failure.code).to.match(/SELF_SIGNED|UNABLE_TO/);
    });

    it('passes the settings of the startup packet on', async () => {
      const session = await asOperator({
        options: '-c search_path=pg_catalog,pg_temp -c statement_timeout=4321',
        application_name: 'a name',
      });
      const { rows } = await session.query(
        `SELECT current_setting('search_path') p, current_setting('statement_timeout') t, current_setting('application_name') a`,
      );
      expect(rows).to.deep.equal([{ p: 'pg_catalog,pg_temp', t: '4321ms', a: 'a name' }]);
    });

    const refusals: readonly [string, () => Promise<pg.ClientConfig>, string, RegExp][] = [
      [
        'an expired token',
        async () => ({ password: await at.tokens.issue(operator, ossAudience, { expiresIn: -60 }) }),
        '28000',
        /^The access token has expired\. Please acquire a new token and retry\.$/,
      ],
      [
        'a token for another service',
        async () => ({ password: await at.tokens.issue(operator, 'https://database.windows.net/', { expiresIn: 60 }) }),
        '28000',
        /does not have a valid audience claim.*"https:\/\/ossrdbms-aad\.database\.windows\.net"\.$/,
      ],
      [
        'a token of another identity',
        async () => ({ password: await at.tokens.issue(shop, ossAudience, { expiresIn: 60 }) }),
        '28000',
        /^Service principal oid mismatch for role "operator"/,
      ],
      ['what is no token', async () => ({ password: 'secret' }), '28P01', /^password authentication failed for user "operator"$/],
      [
        'a role that is not there',
        async () => ({ user: 'test_absent', password: await at.tokens.issue(shop, ossAudience, { expiresIn: 60 }) }),
        '28P01',
        /^password authentication failed for user "test_absent"$/,
      ],
      [
        'a role that is no Entra role',
        async () => ({ user: 'pgadmin', password: await at.tokens.issue(shop, ossAudience, { expiresIn: 60 }) }),
        '28P01',
        /^password authentication failed for user "pgadmin"$/,
      ],
      [
        'a database that is not there',
        async () => ({ database: 'absent', password: await at.tokens.issue(operator, ossAudience, { expiresIn: 60 }) }),
        '3D000',
        /^database "absent" does not exist$/,
      ],
    ];
    for (const [what, config, code, text] of refusals) {
      it(`refuses ${what}`, async () => {
        const failure = await failureOf(client({ user: 'operator', ...(await config()) }).connect());
        expect(failure).to.include({ code, severity: 'FATAL' });
        expect(failure.message).to.match(text);
        expect(statements()).to.deep.equal([['LOGIN', 'error', code]]);
      });
    }

    it('refuses a token of a workload for a role that is labelled as a user', async () => {
      await at.backend.setPrincipals([{ objectId: shop.principalId, kind: 'user' }]);
      await createPrincipal('test_person', shop, 'user');
      await at.backend.setPrincipals([operator, shop, other].map(({ principalId }) => ({ objectId: principalId, kind: 'service' })));
      const failure = await failureOf(login('test_person', shop));
      expect(failure.message).to.match(/neither an AAD_AUTH_TOKENTYPE_APP_USER/);
    });

    it('refuses every token while Entra authentication is disabled', async () => {
      server.authConfig = { activeDirectoryAuth: 'Disabled', passwordAuth: 'Enabled' };
      try {
        expect(await failureOf(asOperator())).to.include({ code: '28P01', severity: 'FATAL' });
      } finally {
        server.authConfig = { activeDirectoryAuth: 'Enabled', passwordAuth: 'Enabled' };
      }
    });

    it('refuses a role without LOGIN, as PostgreSQL itself does', async () => {
      await createPrincipal('test_locked');
      await (await asOperator()).query('ALTER ROLE test_locked NOLOGIN');
      const failure = await failureOf(login('test_locked', shop));
      expect(failure).to.include({ code: '28000', message: 'role "test_locked" is not permitted to log in' });
    });

    it('admits the password administrator by its password only, and only where passwords are on', async () => {
      const session = client(at.backend.administrator);
      await session.connect();
      expect(await failureOf(client({ ...at.backend.administrator, password: 'wrong' }).connect())).to.include({ code: '28P01' });
      server.authConfig = { activeDirectoryAuth: 'Enabled', passwordAuth: 'Disabled' };
      try {
        expect(await failureOf(client(at.backend.administrator).connect())).to.include({ code: '28P01' });
      } finally {
        server.authConfig = { activeDirectoryAuth: 'Enabled', passwordAuth: 'Enabled' };
      }
    });
  });
}
