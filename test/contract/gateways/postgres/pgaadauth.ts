import { expect } from 'chai';
import type pg from 'pg';
import { syncAdministrators } from '../../../sandbox/postgres/administrators.ts';
import { startBackend } from '../../../sandbox/postgres/backend.ts';
import { operator, other, shop, tenantId } from '../../target/given.ts';
import { failureOf } from '../failure-of.ts';
import type { PostgresBench } from './postgres-bench.ts';

/** The functions and labels of the extension. */
export function testPgaadauth(at: PostgresBench): void {
  const { server, closing, client, login, asOperator, createPrincipal, labelOf, statements } = at;

  describe('pgaadauth', () => {
    it('creates a role that its identity can log in as and its creator administers without inheriting from it', async () => {
      const { rows } = await createPrincipal('test "shop"');
      expect(rows).to.deep.equal([{ pgaadauth_create_principal_with_oid: 'Created role for "test "shop""' }]);
      await login('test "shop"', shop);
      const memberships = await at.backend.query(
        'postgres',
        `SELECT member::regrole::text, admin_option, inherit_option, set_option, grantor::regrole::text FROM pg_auth_members WHERE roleid = '"test ""shop"""'::regrole`,
      );
      expect(memberships).to.deep.equal([
        { member: 'operator', admin_option: true, inherit_option: false, set_option: false, grantor: 'azuresu' },
      ]);
    });

    it('lists principals in the columns of the service', async () => {
      await createPrincipal('test_listed');
      const session = await asOperator({ database: 'postgres', options: '-c search_path=pg_catalog,pg_temp' });
      const { rows } = await session.query('SELECT row_to_json(p) AS p FROM pgaadauth_list_principals(false) p ORDER BY p.rolname');
      const common = { principaltype: 'service', tenantid: tenantId, ismfa: 0 };
      expect(rows.map(({ p }) => p)).to.deep.equal([
        { ...common, rolname: 'operator', objectid: operator.principalId, isadmin: 1 },
        { ...common, rolname: 'test_listed', objectid: shop.principalId, isadmin: 0 },
      ]);
      expect((await session.query('SELECT * FROM pgaadauth_list_principals(true)')).rowCount).to.equal(1);
    });

    const refusals: readonly [string, readonly string[], string, RegExp][] = [
      ['a name that is taken', ['pgadmin', shop.principalId, 'service'], '42710', /^role "pgadmin" already exists$/],
      [
        'an object that is not in the tenant',
        ['test_x', shop.clientId, 'service'],
        'XX000',
        new RegExp(`^Could not validate AAD user ${shop.clientId} because its name is not found in the tenant\\.$`),
      ],
      ['what is no id', ['test_x', "' OR 1=1", 'service'], 'XX000', /is not found in the tenant/],
      [
        'another type',
        ['test_x', shop.principalId, 'user'],
        'XX000',
        /^incorrect object type provided for principal, given object type: 'user', actual object type: 'service'$/,
      ],
      ['a name of more than 63 bytes', ['test_'.padEnd(64, 'é'), shop.principalId, 'service'], '42622', /longer than 63 bytes/],
      ['a reserved name', ['pg_test', shop.principalId, 'service'], '42939', /reserved/],
    ];
    for (const [what, values, code, text] of refusals) {
      it(`refuses ${what}, and creates nothing`, async () => {
        const session = await asOperator({ database: 'postgres' });
        const failure = await failureOf(session.query('SELECT pgaadauth_create_principal_with_oid($1, $2, $3, false, false)', [...values]));
        expect(failure.code).to.equal(code);
        expect(failure.message).to.match(text);
        expect(await at.backend.query('postgres', `SELECT FROM pg_roles WHERE rolname LIKE 'test%'`)).to.be.empty;
      });
    }

    it('is for Entra administrators only', async () => {
      const session = client({ ...at.backend.administrator, database: 'postgres' });
      await session.connect();
      const call = session.query(`SELECT pgaadauth_create_principal_with_oid('test_x', $1, 'service', false, false)`, [shop.principalId]);
      expect(await failureOf(call)).to.include({ code: '42501' });
    });

    it('is in no other database', async () => {
      const session = await asOperator();
      expect(await failureOf(session.query('SELECT * FROM pgaadauth_list_principals(false)'))).to.include({ code: '42883' });
    });
  });

  describe('SECURITY LABEL', () => {
    const forOther = `aadauth,oid=${other.principalId},type=service`;

    for (const protocol of ['simple', 'extended'] as const) {
      const send = (session: pg.Client, text: string) =>
        session.query(protocol === 'simple' ? text : ({ text, queryMode: 'extended' } as pg.QueryConfig));

      it(`rebinds a role by the ${protocol} protocol, from any database`, async () => {
        await createPrincipal('test_rebound');
        const session = await asOperator();
        const { command } = await send(session, `SECURITY LABEL FOR "pgaadauth" ON ROLE "test_rebound" IS '${forOther}'`);
        expect(command).to.equal('SECURITY');
        expect(await failureOf(login('test_rebound', shop))).to.match(/oid mismatch/);
        await login('test_rebound', other);
        expect(statements()).to.deep.include([`SECURITY LABEL FOR "pgaadauth" ON ROLE "test_rebound" IS '${forOther}'`, 'ok', '']);
      });

      it(`takes part in a transaction by the ${protocol} protocol`, async () => {
        await createPrincipal('test_rolled_back');
        const session = await asOperator();
        await send(session, 'BEGIN');
        await send(session, `SECURITY LABEL FOR pgaadauth ON ROLE test_rolled_back IS NULL`);
        await send(session, 'ROLLBACK');
        expect(await labelOf('test_rolled_back')).to.equal(`aadauth,oid=${shop.principalId},type=service`);
        await send(session, 'BEGIN');
        expect(await failureOf(send(session, `SECURITY LABEL ON ROLE test_rolled_back IS 'nonsense'`))).to.include({ code: '22023' });
        expect(await failureOf(send(session, 'SELECT 1'))).to.include({ code: '25P02' });
        await send(session, 'ROLLBACK');
        await send(session, 'BEGIN READ ONLY');
        expect(await failureOf(send(session, `SECURITY LABEL ON ROLE test_rolled_back IS NULL`))).to.include({ code: '25006' });
      });

      it(`refuses who may not by the ${protocol} protocol`, async () => {
        await createPrincipal('test_rebound');
        const administrator = client(at.backend.administrator);
        await administrator.connect();
        const itself = await login('test_rebound', shop);
        const admin = await asOperator();
        expect(await failureOf(send(administrator, `SECURITY LABEL ON ROLE test_rebound IS '${forOther}'`))).to.include({ code: '42501' });
        expect(await failureOf(send(itself, `SECURITY LABEL ON ROLE test_rebound IS '${forOther}'`))).to.include({ code: '42501' });
        expect(await failureOf(send(admin, `SECURITY LABEL ON ROLE azuresu IS '${forOther}'`))).to.include({ code: '42501' });
        expect(await failureOf(send(admin, `SECURITY LABEL ON ROLE test_absent IS '${forOther}'`))).to.include({ code: '42704' });
        expect(await failureOf(send(admin, `SECURITY LABEL FOR selinux ON ROLE test_rebound IS 'x'`))).to.include({ code: '22023' });
      });
    }

    for (const statement of [
      `security label on role "test ""quoted"" \\ 'x'" is '${forOther}';`,
      `/* why */ SECURITY LABEL FOR 'pgaadauth' -- which
         ON ROLE "test ""quoted"" \\ 'x'"IS'${forOther}'`,
      `SECURITY LABEL FOR PgAadAuth ON ROLE "test ""quoted"" \\ 'x'" IS E'aadauth\\x2coid=${other.principalId},type=service'`,
    ]) {
      it(`is understood as ${statement}`, async () => {
        const name = String.raw`test "quoted" \ 'x'`;
        await createPrincipal(name);
        const session = await asOperator({ options: '-c standard_conforming_strings=off' });
        await session.query(statement);
        expect(await labelOf(name)).to.equal(forOther);
      });
    }

    it('goes with the role', async () => {
      await createPrincipal('test_first');
      const session = await asOperator();
      await session.query('ALTER ROLE test_first RENAME TO test_second');
      expect(await labelOf('test_second')).to.equal(`aadauth,oid=${shop.principalId},type=service`);
      await session.query('DROP ROLE test_second');
      const rows = await at.backend.query('orders', `SELECT FROM pg_shseclabel WHERE label LIKE $1`, [`%${shop.principalId}%`]);
      expect(rows).to.be.empty;
    });

    it('can be made to refuse NULL', async () => {
      const strict = await startBackend({ labelNull: 'refused', log: () => {}, signal: closing.signal });
      try {
        await strict.setPrincipals([{ objectId: shop.principalId, kind: 'service' }]);
        await syncAdministrators(server, strict);
        at.gateway.setBackend(strict);
        await createPrincipal('test_kept');
        const session = await asOperator({ database: 'postgres' });
        expect(await failureOf(session.query('SECURITY LABEL FOR pgaadauth ON ROLE test_kept IS NULL'))).to.include({ code: '42501' });
        await session.query(`SECURITY LABEL FOR pgaadauth ON ROLE test_kept IS '${forOther}'`);
        await session.end();
      } finally {
        at.gateway.setBackend(at.backend);
        await strict.stop();
      }
    });
  });
}
