import { expect } from 'chai';
import { syncAdministrators } from '../../../sandbox/postgres/administrators.ts';
import { other, shop } from '../../target/given.ts';
import { failureOf } from '../failure-of.ts';
import type { PostgresBench } from './postgres-bench.ts';

/** The Entra administrators of the server. */
export function testAdministrators(at: PostgresBench): void {
  const { server, login, labelOf } = at;

  describe('administrators', () => {
    const shopAsAdmin = { objectId: shop.principalId, principalName: 'test admin', principalType: 'ServicePrincipal' } as const;
    afterEach(async () => {
      server.administrators.splice(1);
      await syncAdministrators(server, at.backend);
    });

    it('come and go with the list of ARM', async () => {
      server.administrators.push(shopAsAdmin);
      await syncAdministrators(server, at.backend);
      await syncAdministrators(server, at.backend);
      const session = await login('test admin', shop, { database: 'postgres' });
      await session.query(`SELECT pgaadauth_create_principal_with_oid('test_made', $1, 'service', false, false)`, [other.principalId]);
      await session.query('DROP ROLE test_made');
      server.administrators.splice(1);
      await syncAdministrators(server, at.backend);
      expect(await failureOf(login('test admin', shop))).to.include({ code: '28P01' });
    });

    it('lose everything but the role where something depends on it', async () => {
      server.administrators.push(shopAsAdmin);
      await syncAdministrators(server, at.backend);
      await at.backend.query('orders', 'CREATE TABLE kept (); ALTER TABLE kept OWNER TO "test admin"');
      server.administrators.splice(1);
      await syncAdministrators(server, at.backend);
      expect(await labelOf('test admin')).to.equal(undefined);
      const [role] = await at.backend.query(
        'orders',
        `SELECT rolcanlogin, rolcreaterole, pg_has_role(oid, 'azure_pg_admin', 'MEMBER') AS member FROM pg_roles WHERE rolname = 'test admin'`,
      );
      expect(role).to.deep.equal({ rolcanlogin: false, rolcreaterole: false, member: false });
      await at.backend.query('orders', 'DROP TABLE kept');
    });

    it('are refused with 42710 where the name is taken', async () => {
      server.administrators.push({ ...shopAsAdmin, principalName: 'pgadmin' });
      expect(await failureOf(syncAdministrators(server, at.backend))).to.include({ code: '42710' });
    });
  });
}
