import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { expect } from 'chai';
import pg from 'pg';
import { type Clock, systemClock } from '../../src/runtime/clock.ts';
import { createTokenSigner, type TokenSigner } from '../sandbox/azure/token-signer.ts';
import type { Identity, Server } from '../sandbox/azure/world.ts';
import { createAuthority } from '../sandbox/certificates.ts';
import { Faults } from '../sandbox/controls/faults.ts';
import { Journal } from '../sandbox/controls/journal.ts';
import { syncAdministrators } from '../sandbox/postgres/administrators.ts';
import { type Backend, startBackend } from '../sandbox/postgres/backend.ts';
import { type Gateway, startGateway } from '../sandbox/postgres/gateway.ts';
import { ossAudience } from '../sandbox/postgres/login.ts';

const run = promisify(execFile);
const tenantId = '7f0e8f5c-0000-4000-8000-000000000000';
const operator = identity('operator', 'a');
const shop = identity('shop', 'b');
const other = identity('other', 'c');

describe('the PostgreSQL gateway', function () {
  this.timeout(20_000);
  const closing = new AbortController();
  const journal = new Journal();
  const faults = new Faults();
  const delays: number[] = [];
  const clock: Clock = {
    now: systemClock.now,
    sleep: async (ms) => {
      delays.push(ms);
    },
  };
  const server: Server = {
    name: 'shop-pg',
    type: 'PostgreSQL',
    resourceId: '/subscriptions/s/resourceGroups/sandbox/providers/Microsoft.DBforPostgreSQL/flexibleServers/shop-pg',
    host: '127.0.46.99',
    port: 0,
    databases: ['orders'],
    administrators: [{ objectId: operator.principalId, principalName: 'operator', principalType: 'ServicePrincipal' }],
    state: 'Ready',
    authConfig: { activeDirectoryAuth: 'Enabled', passwordAuth: 'Enabled' },
    network: { publicNetworkAccess: 'Enabled' },
  };
  let backend: Backend;
  let gateway: Gateway;
  let tokens: TokenSigner;
  let ca: string;
  let clients: pg.Client[] = [];

  before(async () => {
    const authority = await createAuthority();
    ca = authority.pem;
    tokens = await createTokenSigner({ tenantId, clock: systemClock });
    backend = await startBackend({ tenantId, log: () => {}, signal: closing.signal });
    await backend.createDatabase('orders');
    await backend.setPrincipals([operator, shop, other].map(({ principalId }) => ({ objectId: principalId, kind: 'service' })));
    await syncAdministrators(server, backend);
    gateway = await startGateway({
      backend,
      server,
      certificate: await authority.issue({ commonName: server.name, ipAddresses: [server.host] }),
      verify: tokens.verify,
      journal,
      faults,
      clock,
      log: () => {},
      signal: closing.signal,
    });
  });

  after(async () => {
    await gateway?.stop();
    await backend?.stop();
    closing.abort();
  });

  afterEach(async () => {
    faults.clear();
    journal.clear();
    await Promise.all(clients.map((client) => client.end().catch(() => {})));
    clients = [];
    const roles = await backend.query<{ name: string }>('postgres', `SELECT rolname AS name FROM pg_roles WHERE rolname LIKE 'test%'`);
    for (const { name } of roles) await backend.query('postgres', `DROP ROLE ${pg.escapeIdentifier(name)}`);
  });

  function client(config: pg.ClientConfig): pg.Client {
    const made = new pg.Client({ host: gateway.host, port: gateway.port, database: 'orders', ssl: { ca }, ...config });
    made.on('error', () => {});
    clients.push(made);
    return made;
  }

  async function login(user: string, who: Identity, config: pg.ClientConfig = {}): Promise<pg.Client> {
    const made = client({ user, password: await tokens.issue(who, ossAudience, { expiresIn: 300 }), ...config });
    await made.connect();
    return made;
  }

  const asOperator = (config: pg.ClientConfig = {}) => login('operator', operator, config);

  async function createPrincipal(name: string, who: Identity = shop, type = 'service'): Promise<pg.QueryResult> {
    const session = await asOperator({ database: 'postgres' });
    return session.query('SELECT pgaadauth_create_principal_with_oid($1, $2, $3, false, false)', [name, who.principalId, type]);
  }

  async function labelOf(role: string): Promise<string | undefined> {
    const rows = await backend.query<{ label: string }>(
      'orders',
      `SELECT label FROM pg_shseclabel l JOIN pg_roles r ON r.oid = l.objoid WHERE r.rolname = $1 AND l.provider = 'pgaadauth'`,
      [role],
    );
    return rows[0]?.label;
  }

  const statements = () =>
    journal.list('sql').flatMap((entry) => (entry.kind === 'sql' ? [[entry.statement, entry.status, entry.error]] : []));

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
        async () => ({ password: await tokens.issue(operator, ossAudience, { expiresIn: -60 }) }),
        '28000',
        /^The access token has expired\. Please acquire a new token and retry\.$/,
      ],
      [
        'a token for another service',
        async () => ({ password: await tokens.issue(operator, 'https://database.windows.net/', { expiresIn: 60 }) }),
        '28000',
        /does not have a valid audience claim.*"https:\/\/ossrdbms-aad\.database\.windows\.net"\.$/,
      ],
      [
        'a token of another identity',
        async () => ({ password: await tokens.issue(shop, ossAudience, { expiresIn: 60 }) }),
        '28000',
        /^Service principal oid mismatch for role "operator"/,
      ],
      ['what is no token', async () => ({ password: 'secret' }), '28P01', /^password authentication failed for user "operator"$/],
      [
        'a role that is not there',
        async () => ({ user: 'test_absent', password: await tokens.issue(shop, ossAudience, { expiresIn: 60 }) }),
        '28P01',
        /^password authentication failed for user "test_absent"$/,
      ],
      [
        'a role that is no Entra role',
        async () => ({ user: 'pgadmin', password: await tokens.issue(shop, ossAudience, { expiresIn: 60 }) }),
        '28P01',
        /^password authentication failed for user "pgadmin"$/,
      ],
      [
        'a database that is not there',
        async () => ({ database: 'absent', password: await tokens.issue(operator, ossAudience, { expiresIn: 60 }) }),
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
      await backend.setPrincipals([{ objectId: shop.principalId, kind: 'user' }]);
      await createPrincipal('test_person', shop, 'user');
      await backend.setPrincipals([operator, shop, other].map(({ principalId }) => ({ objectId: principalId, kind: 'service' })));
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
      const session = client(backend.administrator);
      await session.connect();
      expect(await failureOf(client({ ...backend.administrator, password: 'wrong' }).connect())).to.include({ code: '28P01' });
      server.authConfig = { activeDirectoryAuth: 'Enabled', passwordAuth: 'Disabled' };
      try {
        expect(await failureOf(client(backend.administrator).connect())).to.include({ code: '28P01' });
      } finally {
        server.authConfig = { activeDirectoryAuth: 'Enabled', passwordAuth: 'Enabled' };
      }
    });
  });

  describe('pgaadauth', () => {
    it('creates a role that its identity can log in as and its creator administers without inheriting from it', async () => {
      const { rows } = await createPrincipal('test "shop"');
      expect(rows).to.deep.equal([{ pgaadauth_create_principal_with_oid: 'Created role for "test "shop""' }]);
      await login('test "shop"', shop);
      const memberships = await backend.query(
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
        expect(await backend.query('postgres', `SELECT FROM pg_roles WHERE rolname LIKE 'test%'`)).to.be.empty;
      });
    }

    it('is for Entra administrators only', async () => {
      const session = client({ ...backend.administrator, database: 'postgres' });
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
        const administrator = client(backend.administrator);
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
      const rows = await backend.query('orders', `SELECT FROM pg_shseclabel WHERE label LIKE $1`, [`%${shop.principalId}%`]);
      expect(rows).to.be.empty;
    });

    it('can be made to refuse NULL', async () => {
      const strict = await startBackend({ labelNull: 'refused', log: () => {}, signal: closing.signal });
      try {
        await strict.setPrincipals([{ objectId: shop.principalId, kind: 'service' }]);
        await syncAdministrators(server, strict);
        gateway.setBackend(strict);
        await createPrincipal('test_kept');
        const session = await asOperator({ database: 'postgres' });
        expect(await failureOf(session.query('SECURITY LABEL FOR pgaadauth ON ROLE test_kept IS NULL'))).to.include({ code: '42501' });
        await session.query(`SECURITY LABEL FOR pgaadauth ON ROLE test_kept IS '${forOther}'`);
        await session.end();
      } finally {
        gateway.setBackend(backend);
        await strict.stop();
      }
    });
  });

  describe('administrators', () => {
    const shopAsAdmin = { objectId: shop.principalId, principalName: 'test admin', principalType: 'ServicePrincipal' } as const;
    afterEach(async () => {
      server.administrators.splice(1);
      await syncAdministrators(server, backend);
    });

    it('come and go with the list of ARM', async () => {
      server.administrators.push(shopAsAdmin);
      await syncAdministrators(server, backend);
      await syncAdministrators(server, backend);
      const session = await login('test admin', shop, { database: 'postgres' });
      await session.query(`SELECT pgaadauth_create_principal_with_oid('test_made', $1, 'service', false, false)`, [other.principalId]);
      await session.query('DROP ROLE test_made');
      server.administrators.splice(1);
      await syncAdministrators(server, backend);
      expect(await failureOf(login('test admin', shop))).to.include({ code: '28P01' });
    });

    it('lose everything but the role where something depends on it', async () => {
      server.administrators.push(shopAsAdmin);
      await syncAdministrators(server, backend);
      await backend.query('orders', 'CREATE TABLE kept (); ALTER TABLE kept OWNER TO "test admin"');
      server.administrators.splice(1);
      await syncAdministrators(server, backend);
      expect(await labelOf('test admin')).to.equal(undefined);
      const [role] = await backend.query(
        'orders',
        `SELECT rolcanlogin, rolcreaterole, pg_has_role(oid, 'azure_pg_admin', 'MEMBER') AS member FROM pg_roles WHERE rolname = 'test admin'`,
      );
      expect(role).to.deep.equal({ rolcanlogin: false, rolcreaterole: false, member: false });
      await backend.query('orders', 'DROP TABLE kept');
    });

    it('are refused with 42710 where the name is taken', async () => {
      server.administrators.push({ ...shopAsAdmin, principalName: 'pgadmin' });
      expect(await failureOf(syncAdministrators(server, backend))).to.include({ code: '42710' });
    });
  });

  describe('the journal', () => {
    it('has one entry for each statement, with its SQLSTATE and without its values', async () => {
      const session = await asOperator();
      await session.query('SELECT 1');
      await session.query('SELECT $1::text', ['a secret']);
      await failureOf(session.query('SELECT 1 / $1::int', [0]));
      await failureOf(session.query('SELECT nonsense'));
      await failureOf(session.query('SELECT $1::nonsense', ['x']));
      await session.query({ name: 'kept', text: 'SELECT $1::int', values: [1] });
      await session.query({ name: 'kept', text: 'SELECT $1::int', values: [2] });
      expect(statements()).to.deep.equal([
        ['LOGIN', 'ok', ''],
        ['SELECT 1', 'ok', ''],
        ['SELECT $1::text', 'ok', ''],
        ['SELECT 1 / $1::int', 'error', '22012'],
        ['SELECT nonsense', 'error', '42703'],
        ['SELECT $1::nonsense', 'error', '42704'],
        ['SELECT $1::int', 'ok', ''],
        ['SELECT $1::int', 'ok', ''],
      ]);
      expect(JSON.stringify(journal.list())).not.to.contain('a secret');
    });
  });

  describe('faults', () => {
    it('refuse a login with the code that was ordered, once', async () => {
      faults.add({ match: { kind: 'sql', method: 'LOGIN' }, respond: { code: '53300' }, times: 1 });
      expect(await failureOf(asOperator())).to.include({ code: '53300', severity: 'FATAL' });
      await asOperator();
    });

    for (const drop of ['before', 'after'] as const) {
      it(`cut a login ${drop} it is done`, async () => {
        faults.add({ match: { kind: 'sql', path: '^LOGIN$' }, respond: { drop }, times: 1 });
        expect(await failureOf(asOperator())).to.match(/terminated|ECONNRESET|disconnected/);
        expect(statements()).to.deep.equal([['LOGIN', drop === 'before' ? 'error' : 'ok', drop === 'before' ? '08006' : '']]);
      });

      for (const values of [undefined, []]) {
        it(`cut the line ${drop} a statement of the ${values ? 'extended' : 'simple'} protocol ran`, async () => {
          const session = await asOperator();
          faults.add({ match: { kind: 'sql', method: 'QUERY', path: 'CREATE ROLE' }, respond: { drop }, times: 1 });
          expect(await failureOf(session.query({ text: 'CREATE ROLE test_made', ...(values && { queryMode: 'extended' }) }))).to.match(
            /terminated|ECONNRESET/,
          );
          expect(await backend.query('postgres', `SELECT FROM pg_roles WHERE rolname = 'test_made'`)).to.have.length(
            drop === 'before' ? 0 : 1,
          );
        });
      }
    }

    for (const values of [undefined, [1]]) {
      it(`fail a statement of the ${values ? 'extended' : 'simple'} protocol and its transaction, and no other`, async () => {
        const session = await asOperator();
        const text = values ? 'SELECT $1::int AS n' : 'SELECT 1 AS n';
        faults.add({ match: { kind: 'sql', path: '^SELECT' }, respond: { code: '40P01' }, times: 2 });
        await session.query('BEGIN');
        expect(await failureOf(session.query(text, values))).to.include({ code: '40P01', severity: 'ERROR' });
        expect(await failureOf(session.query(text, values))).to.include({ code: '25P02' });
        expect(await failureOf(session.query(text, values))).to.include({ code: '25P02' });
        await session.query('ROLLBACK');
        expect((await session.query(text, values)).rows).to.deep.equal([{ n: 1 }]);
        expect(statements().map(([, , error]) => error)).to.deep.equal(['', '', '40P01', '25P02', '25P02', '', '']);
      });
    }

    it('end the session with codes that end sessions', async () => {
      const session = await asOperator();
      faults.add({ match: { kind: 'sql', path: 'SELECT 1' }, respond: { code: '57P01' }, times: 1 });
      expect(await failureOf(session.query('SELECT 1'))).to.include({ code: '57P01', severity: 'FATAL' });
      expect(await failureOf(session.query('SELECT 1'))).to.match(/not queryable|terminated/);
    });

    it('delay a statement', async () => {
      const session = await asOperator();
      faults.add({ match: { kind: 'sql', path: 'SELECT 1' }, respond: { delayMs: 123_456 }, times: 1 });
      expect((await session.query('SELECT 1 AS n')).rows).to.deep.equal([{ n: 1 }]);
      expect(delays.splice(0)).to.deep.equal([123_456]);
    });

    it('fail a prepared statement that is run again', async () => {
      const session = await asOperator();
      const kept = { name: 'kept', text: 'SELECT $1::int AS n', values: [1] };
      await session.query(kept);
      faults.add({ match: { kind: 'sql', path: 'SELECT' }, respond: { code: '40001' }, times: 2 });
      expect(await failureOf(session.query(kept))).to.include({ code: '40001' });
      expect(await failureOf(session.query(kept))).to.include({ code: '40001' });
      expect((await session.query(kept)).rows).to.deep.equal([{ n: 1 }]);
    });
  });

  describe('the line', () => {
    it('carries 20 MB each way', async () => {
      const session = await asOperator();
      const text = 'x'.repeat(20_000_000);
      const { rows } = await session.query('SELECT $1::text AS text', [text]);
      expect(rows[0].text === text).to.equal(true);
      const { rowCount } = await session.query(`SELECT repeat('y', 100) FROM generate_series(1, 200000)`);
      expect(rowCount).to.equal(200_000);
    });

    it('passes the cancelling of a statement on', async () => {
      const session = await asOperator();
      const slow = failureOf(session.query('SELECT pg_sleep(15)'));
      await until(
        async () =>
          (await backend.query('postgres', `SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'`))
            .length > 0,
      );
      const { processID, secretKey } = session as unknown as { processID: number; secretKey: number };
      const request = Buffer.alloc(16);
      [16, 80877102, processID].forEach((value, index) => {
        request.writeInt32BE(value, index * 4);
      });
      request.writeInt32BE(secretKey, 12);
      connect(gateway.port, gateway.host).end(request);
      expect(await slow).to.include({ code: '57014' });
      expect((await session.query('SELECT 1 AS n')).rows).to.deep.equal([{ n: 1 }]);
    });

    it('serves a client that begins with TLS, as libpq does with sslnegotiation=direct', async () => {
      const config: pg.ClientConfig & { readonly sslnegotiation: string } = { sslnegotiation: 'direct' };
      const session = await asOperator(config);
      expect((await session.query('SELECT 1 AS n')).rows).to.deep.equal([{ n: 1 }]);
    });

    it('refuses TLS from the first byte to a client that does not say it speaks PostgreSQL', async () => {
      const socket = connectTls({ host: gateway.host, port: gateway.port, ca });
      await once(socket, 'secureConnect');
      socket.resume();
      await once(socket, 'close');
    });

    it('ends the line of a cancelling client as TLS has it, with close_notify', async () => {
      // in TLS 1.2 the kind of a record can be seen from outside
      const records: number[] = [];
      const raw = connect(gateway.port, gateway.host);
      const through = new Duplex({
        read: () => {},
        write: (chunk, _encoding, done) => void raw.write(chunk, done),
        final: (done) => void raw.end(done),
      });
      raw.write(Buffer.from('0000000804d2162f', 'hex'));
      expect(String((await once(raw, 'data'))[0])).to.equal('S');
      let rest = Buffer.alloc(0);
      raw.on('data', (chunk: Buffer) => {
        through.push(chunk);
        rest = Buffer.concat([rest, chunk]);
        while (rest.length >= 5 && rest.length >= 5 + rest.readUInt16BE(3)) {
          records.push(rest[0] ?? 0);
          rest = rest.subarray(5 + rest.readUInt16BE(3));
        }
      });
      raw.on('end', () => through.push(null));
      const socket = connectTls({ socket: through, host: gateway.host, ca, maxVersion: 'TLSv1.2' });
      await once(socket, 'secureConnect');
      socket.resume();
      socket.write(Buffer.from('0000001004d2162e0000000100000002', 'hex'));
      await once(raw, 'end');
      expect(records.at(-1)).to.equal(21);
    });

    it('tells a client that its session was terminated', async () => {
      const session = await asOperator();
      const { promise: ended, resolve } = Promise.withResolvers<Error & { code?: string }>();
      session.on('error', resolve);
      const { rows } = await session.query('SELECT pg_backend_pid() AS pid');
      await (await asOperator()).query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
      expect(await ended).to.include({ code: '57P01' });
    });

    it('leads to another server when the server was made anew', async () => {
      const anew = await startBackend({ log: () => {}, signal: closing.signal });
      const identifier = async () => {
        const session = await asOperator({ database: 'postgres' });
        return (await session.query('SELECT system_identifier FROM pg_control_system()')).rows[0].system_identifier;
      };
      try {
        await syncAdministrators(server, anew);
        const old = await identifier();
        gateway.setBackend(anew);
        expect(await identifier()).not.to.equal(old);
      } finally {
        gateway.setBackend(backend);
        await anew.stop();
      }
    });

    it('is refused while the server is stopped, and open sessions end', async () => {
      const session = await asOperator();
      const { promise: ended, resolve } = Promise.withResolvers<Error & { code?: string }>();
      session.on('error', resolve);
      await gateway.refuseConnections();
      try {
        expect(await ended).to.include({ code: '57P01' });
        expect(await failureOf(asOperator())).to.include({ code: 'ECONNREFUSED' });
      } finally {
        await gateway.acceptConnections();
      }
      await asOperator();
    });

    it('survives a restart of PostgreSQL', async () => {
      const session = await asOperator();
      await backend.restart({ signal: closing.signal });
      await failureOf(session.query('SELECT 1'));
      await asOperator();
    });

    it('serves psql, with COPY', async function () {
      const psql = '/usr/bin/psql';
      if (!existsSync(psql)) {
        console.log(`      no ${psql} on this machine: passed over`);
        return this.skip();
      }
      const folder = await mkdtemp(join(tmpdir(), 'psql-'));
      try {
        await writeFile(join(folder, 'ca.pem'), ca);
        const env = {
          PGPASSWORD: await tokens.issue(operator, ossAudience, { expiresIn: 60 }),
          PGSSLMODE: 'verify-full',
          PGSSLROOTCERT: join(folder, 'ca.pem'),
        };
        const copy = ['CREATE TEMP TABLE t (n int)', "\\copy t FROM PROGRAM 'seq 1 1000'", 'SELECT sum(n) FROM t'].flatMap((command) => [
          '-c',
          command,
        ]);
        const { stdout } = await run(
          psql,
          ['-XAtq', '-h', gateway.host, '-p', String(gateway.port), '-U', 'operator', '-d', 'orders', ...copy],
          { env },
        );
        expect(stdout.trim()).to.equal('500500');
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  });
});

function identity(name: string, digit: string): Identity {
  const id = (end: string) => `${digit.repeat(8)}-0000-4000-8000-00000000000${end}`;
  return { name, resourceId: `/identities/${name}`, clientId: id('1'), principalId: id('2'), federatedCredentials: [] };
}

async function failureOf(promise: Promise<unknown>): Promise<Error & { readonly code?: string; readonly severity?: string }> {
  const failure = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(failure instanceof Error)) throw new Error('it succeeded');
  return failure;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}
