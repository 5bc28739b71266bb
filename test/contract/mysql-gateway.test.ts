import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { escape as literal } from 'mysql2';
import { type Connection, type ConnectionOptions, createConnection, type RowDataPacket } from 'mysql2/promise';
import { type Clock, systemClock } from '../../src/runtime/clock.ts';
import { createTokenSigner, type TokenSigner } from '../sandbox/azure/token-signer.ts';
import type { Identity, Server } from '../sandbox/azure/world.ts';
import { createAuthority } from '../sandbox/certificates.ts';
import { Faults } from '../sandbox/controls/faults.ts';
import { Journal } from '../sandbox/controls/journal.ts';
import { syncAdministrators } from '../sandbox/mysql/administrators.ts';
import { type Backend, startBackend } from '../sandbox/mysql/backend.ts';
import { findMysql } from '../sandbox/mysql/binaries.ts';
import { type Gateway, startGateway } from '../sandbox/mysql/gateway.ts';
import { ossAudience } from '../sandbox/postgres/login.ts';

const operator = identity('operator', 'a');
const shop = identity('shop', 'b');
const other = identity('other', 'c');

describe('the MySQL gateway', function () {
  this.timeout(60_000);
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
    name: 'shop-mysql',
    type: 'MySQL',
    resourceId: '/subscriptions/s/resourceGroups/sandbox/providers/Microsoft.DBforMySQL/flexibleServers/shop-mysql',
    host: '127.0.47.99',
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
  let clients: Connection[] = [];

  before(async function () {
    this.timeout(300_000); // the engine may have to be installed
    const authority = await createAuthority();
    ca = authority.pem;
    tokens = await createTokenSigner({ tenantId: '7f0e8f5c-0000-4000-8000-000000000000', clock: systemClock });
    const log = (line: string) => console.log(`      ${line}`);
    try {
      await findMysql({ environment: process.env, log, signal: closing.signal });
    } catch (error) {
      console.log(`      passed over, until MySQL servers are served: ${error instanceof Error ? error.message : error}`);
      return this.skip();
    }
    backend = await startBackend({ log, signal: closing.signal });
    console.log(`      ${backend.engine} ${backend.version}`);
    await backend.createDatabase('orders');
    await backend.query('CREATE TABLE orders.items (id int PRIMARY KEY, name varchar(100))');
    await syncAdministrators(server, backend);
    gateway = await startGateway({
      backend,
      server,
      certificate: await authority.issue({ commonName: server.name, ipAddresses: [server.host], dnsNames: ['localhost'] }),
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
    for (const each of clients) each.destroy();
    clients = [];
    const users = await backend.query<{ name: string }>(`SELECT User AS name FROM mysql.user WHERE User LIKE 'test%'`);
    for (const { name } of users) await backend.query(`DROP USER ${literal(name)}@'%'`);
    await backend.query('DELETE FROM orders.items');
  });

  async function connectWith(config: ConnectionOptions): Promise<Connection> {
    const ssl = { ca, verifyIdentity: true };
    const made = await createConnection({ host: gateway.host, port: gateway.port, ssl, enableCleartextPlugin: true, ...config });
    made.on('error', () => {});
    clients.push(made);
    return made;
  }

  const tokenOf = (who: Identity) => tokens.issue(who, ossAudience, { expiresIn: 300 });
  const login = async (user: string, who: Identity, config: ConnectionOptions = {}) =>
    connectWith({ user, password: await tokenOf(who), ...config });
  const asOperator = (config: ConnectionOptions = {}) => login('operator', operator, config);

  async function createUser(name: string, id = shop.clientId): Promise<void> {
    const session = await asOperator();
    await session.query('SET aad_auth_validate_oids_in_tenant = OFF');
    await session.query(`CREATE AADUSER ${literal(name)} IDENTIFIED BY ${literal(id)}`);
  }

  const statements = () =>
    journal.list('sql').flatMap((entry) => (entry.kind === 'sql' ? [[entry.statement, entry.status, entry.error]] : []));

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
      const socket = connect(gateway.port, gateway.host);
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
        async () => ({ password: await tokens.issue(operator, ossAudience, { expiresIn: -60 }) }),
        9119,
        /^The access token has expired\. Please acquire a new token and retry\.$/,
      ],
      [
        'a token for another service',
        async () => ({ password: await tokens.issue(operator, 'https://database.windows.net/', { expiresIn: 60 }) }),
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
      await connectWith({ ...backend.administrator });
      expect(await failureOf(connectWith({ ...backend.administrator, password: 'wrong' }))).to.include({ errno: 1045 });
      server.authConfig = { activeDirectoryAuth: 'Enabled', passwordAuth: 'Disabled' };
      try {
        expect(await failureOf(connectWith({ ...backend.administrator }))).to.include({ errno: 1045 });
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

  describe('CREATE AADUSER', () => {
    it('creates a user that its identity can log in as, and that may do nothing yet', async () => {
      await createUser("test 'shop'");
      const session = await login("test 'shop'", shop);
      expect(await failureOf(session.query('SELECT * FROM orders.items'))).to.include({ errno: 1142 });
      expect(await failureOf(login("test 'shop'", other))).to.include({ errno: 9106 });
    });

    it('shows the user in mysql.user as Azure does', async () => {
      await createUser('test_shop');
      await backend.query(`CREATE USER 'test_native'@'%' IDENTIFIED BY 'secret'`);
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
        expect(await backend.query(`SELECT 1 FROM mysql.user WHERE User LIKE 'test%'`)).to.be.empty;
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
      expect(await failureOf((await connectWith({ ...backend.administrator })).query(create))).to.include({ errno: 1227 });
      expect(await failureOf((await asOperator()).execute(create))).to.include({ errno: 1295 });
    });
  });

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
        await syncAdministrators(server, backend);
        await login('other', other);
        expect(await failureOf(asOperator())).to.include({ errno: 1045 });
      } finally {
        if (first) server.administrators.splice(0, 1, first);
        await syncAdministrators(server, backend);
      }
      await asOperator();
    });
  });

  describe('the journal', () => {
    it('tells how each statement of either protocol ended, as the client wrote it', async () => {
      const session = await asOperator({ multipleStatements: true });
      await session.query('SELECT 1');
      await session.query('SELECT 1; SELECT 2');
      await session.execute('SELECT ? AS n', [1]);
      await session.execute('SELECT ? AS n', [2]);
      await failureOf(session.query('SELECT * FROM orders.absent'));
      await failureOf(session.execute('SELECT * FROM orders.missing'));
      await session.ping();
      await session.query('SELECT COUNT(*) FROM mysql.user');
      expect(statements()).to.deep.equal([
        ['LOGIN', 'ok', ''],
        ['SELECT 1', 'ok', ''],
        ['SELECT 1; SELECT 2', 'ok', ''],
        ['SELECT ? AS n', 'ok', ''],
        ['SELECT ? AS n', 'ok', ''],
        ['SELECT * FROM orders.absent', 'error', '1146'],
        ['SELECT * FROM orders.missing', 'error', '1146'],
        ['SELECT COUNT(*) FROM mysql.user', 'ok', ''],
      ]);
    });
  });

  describe('faults', () => {
    it('fail a login by number', async () => {
      faults.add({ match: { kind: 'sql', path: '^LOGIN$' }, respond: { code: 1040 }, times: 1 });
      expect(await failureOf(asOperator())).to.include({ errno: 1040 });
      expect(statements()).to.deep.equal([['LOGIN', 'error', '1040']]);
      await asOperator();
    });

    for (const drop of ['before', 'after'] as const) {
      it(`cut the line ${drop} a login`, async () => {
        faults.add({ match: { kind: 'sql', path: '^LOGIN$' }, respond: { drop }, times: 1 });
        expect((await failureOf(asOperator())).code).to.match(/PROTOCOL_CONNECTION_LOST|ECONNRESET/);
        expect(statements()).to.deep.equal([drop === 'before' ? ['LOGIN', 'error', '2013'] : ['LOGIN', 'ok', '']]);
      });

      it(`cut the line ${drop} a statement`, async () => {
        const session = await asOperator();
        faults.add({ match: { kind: 'sql', path: '^INSERT' }, respond: { drop }, times: 1 });
        expect((await failureOf(session.query("INSERT INTO orders.items VALUES (1, 'x')"))).code).to.match(
          /PROTOCOL_CONNECTION_LOST|ECONNRESET/,
        );
        expect(await backend.query('SELECT id FROM orders.items')).to.deep.equal(drop === 'before' ? [] : [{ id: 1 }]);
        expect(statements().at(-1)?.slice(1)).to.deep.equal(drop === 'before' ? ['error', '2013'] : ['ok', '']);
      });
    }

    it('fail a statement by number, and leave the session as it is', async () => {
      const session = await asOperator();
      faults.add({ match: { kind: 'sql', path: 'SELECT' }, respond: { code: 1213 }, times: 2 });
      expect(await failureOf(session.query('SELECT 1 AS n'))).to.include({ errno: 1213 });
      expect(await failureOf(session.execute('SELECT 1 AS n'))).to.include({ errno: 1213 });
      expect((await session.execute('SELECT 1 AS n'))[0]).to.deep.equal([{ n: 1 }]);
    });

    it('end the session with numbers that end sessions', async () => {
      const session = await asOperator();
      faults.add({ match: { kind: 'sql', path: 'SELECT' }, respond: { code: 1053 }, times: 1 });
      expect(await failureOf(session.query('SELECT 1'))).to.include({ errno: 1053 });
      expect(await failureOf(session.query('SELECT 1'))).to.match(/closed state|lost|closed/);
    });

    it('keep all of a statement of several packets from the server', async () => {
      const session = await asOperator();
      faults.add({ match: { kind: 'sql', path: '^SELECT CHAR' }, respond: { code: 1213 }, times: 1 });
      expect(await failureOf(session.query('SELECT CHAR_LENGTH(?)', ['x'.repeat(17_000_000)]))).to.include({ errno: 1213 });
      expect(await rowsOf(session, 'SELECT 1 AS n')).to.deep.equal([{ n: 1 }]);
    });

    it('delay a statement', async () => {
      const session = await asOperator();
      faults.add({ match: { kind: 'sql', path: 'SELECT 1' }, respond: { delayMs: 123_456 }, times: 1 });
      expect(await rowsOf(session, 'SELECT 1 AS n')).to.deep.equal([{ n: 1 }]);
      expect(delays.splice(0)).to.deep.equal([123_456]);
    });
  });

  describe('the line', () => {
    it('carries 20 MB each way', async () => {
      const session = await asOperator();
      const text = 'x'.repeat(20_000_000);
      const [row] = await rowsOf<{ text: string }>(session, 'SELECT ? AS text', [text]);
      expect(row?.text === text).to.equal(true);
      const [rows] = await session.execute<RowDataPacket[]>('SELECT ? AS text', [text]);
      expect(rows[0]?.['text'] === text).to.equal(true);
    });

    it('carries many rows', async () => {
      const session = await asOperator();
      const digits =
        'SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6';
      const sql = `WITH t AS (${digits}) SELECT REPEAT('y', 100) AS y FROM t a, t b, t c, t d, t e, t f`;
      expect(await rowsOf(session, sql)).to.have.length(7 ** 6);
    });

    it('does not let a session change its user', async () => {
      const session = await asOperator();
      expect(await failureOf(session.changeUser({ user: 'mysqladmin', password: backend.administrator.password }))).to.include({
        errno: 1047,
      });
    });

    it('leads to another server when the server was made anew', async () => {
      const anew = await startBackend({ log: () => {}, signal: closing.signal });
      const databases = async () => rowsOf(await asOperator(), "SHOW DATABASES LIKE 'orders'");
      try {
        await syncAdministrators(server, anew);
        expect(await databases()).to.have.length(1);
        gateway.setBackend(anew);
        expect(await databases()).to.be.empty;
      } finally {
        gateway.setBackend(backend);
        await anew.stop();
      }
    });

    it('is refused while the server is stopped, and open sessions end', async () => {
      const session = await asOperator();
      const ended = endOf(session);
      await gateway.refuseConnections();
      try {
        await ended;
        expect(await failureOf(asOperator())).to.include({ code: 'ECONNREFUSED' });
      } finally {
        await gateway.acceptConnections();
      }
      await asOperator();
    });

    it('survives a restart of the engine', async () => {
      const session = await asOperator();
      await backend.restart({ signal: closing.signal });
      await failureOf(session.query('SELECT 1'));
      await asOperator();
    });
  });
});

function identity(name: string, digit: string): Identity {
  const id = (end: string) => `${digit.repeat(8)}-0000-4000-8000-00000000000${end}`;
  return { name, resourceId: `/identities/${name}`, clientId: id('1'), principalId: id('2'), federatedCredentials: [] };
}

async function rowsOf<Row extends object = object>(session: Connection, sql: string, values: readonly unknown[] = []): Promise<Row[]> {
  const [rows] = await session.query<RowDataPacket[]>(sql, [...values]);
  return rows.map((row) => ({ ...row })) as unknown as Row[];
}

/** Resolves when the server has ended the session. */
function endOf(session: Connection): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  session.on('error', () => resolve());
  session.on('end', () => resolve());
  return promise;
}

async function failureOf(promise: Promise<unknown>): Promise<Error & { readonly code?: string; readonly errno?: number }> {
  const failure = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(failure instanceof Error)) throw new Error('it succeeded');
  return failure;
}
