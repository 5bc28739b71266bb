import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { operator, other, ShopSql, shop, sidOf, sqlAudience, tenantId } from './shop-sql.ts';
import { Refused, type TediousClient } from './tedious-client.ts';

describe('logging in to the sandbox’s Azure SQL', function () {
  this.timeout(20_000);
  let sql: ShopSql;

  before(async () => {
    sql = await ShopSql.start();
    const administrator = await sql.logIn(operator);
    await administrator.run(`CREATE USER [shop] WITH SID = ${sidOf(shop)}, TYPE = E`);
  });

  after(() => sql.stop());

  afterEach(async () => {
    await sql.clear();
    const { engine, server } = sql.started;
    engine.resume('orders');
    Object.assign(engine.network, { isAddressAllowed: true, isNetworkAllowed: true, redirect: undefined });
    server.network.publicNetworkAccess = 'Enabled';
  });

  const whoAmI = async (client: TediousClient) =>
    (await client.rows('SELECT USER_NAME() AS name, SUSER_SNAME() AS login, DB_NAME() AS [database]'))[0];

  it('makes the Entra administrator dbo, by an access token', async () => {
    expect(await whoAmI(await sql.logIn(operator))).to.deep.equal({
      name: 'dbo',
      login: `${operator.clientId}@${tenantId}`,
      database: 'orders',
    });
    expect(sql.journal.list('sql')[0]).to.deep.include({
      by: operator.clientId,
      user: 'dbo',
      database: 'orders',
      server: 'shop-sql',
      statement: 'LOGIN',
      status: 'ok',
    });
  });

  it('takes the administrator’s object id for its client id', async () => {
    const administrators = sql.started.server.administrators;
    const before = administrators.splice(0, 1, { objectId: other.principalId, principalName: 'other', principalType: 'ServicePrincipal' });
    try {
      expect(await whoAmI(await sql.logIn(other))).to.include({ name: 'dbo' });
    } finally {
      administrators.splice(0, 1, ...before);
    }
  });

  it('tells a client that asks which service its token is for', async () => {
    const asked: unknown[] = [];
    const credential = {
      getToken: async (scopes: string | string[]) => {
        asked.push(scopes);
        return { token: await sql.tokenOf(shop), expiresOnTimestamp: Date.now() + 60_000 };
      },
    };
    const client = await sql.connect(sql.configuration({ type: 'token-credential', options: { credential } }));
    expect(await whoAmI(client)).to.deep.equal({ name: 'shop', login: `${shop.clientId}@${tenantId}`, database: 'orders' });
    expect(asked.flat()).to.deep.equal(['https://database.windows.net/.default']);
  });

  it('takes a token whose audience has no slash at its end', async () => {
    const token = await sql.tokens.issue(shop, sqlAudience.slice(0, -1), { expiresIn: 60 });
    expect(await whoAmI(await sql.logInWith(token))).to.include({ name: 'shop' });
  });

  it('shows the administrator master when no database is named', async () => {
    expect(await whoAmI(await sql.logIn(operator, { database: '' }))).to.include({ database: 'master' });
  });

  const refusals: readonly [string, () => Promise<unknown>, readonly number[], RegExp][] = [
    [
      'an expired token',
      async () => sql.logInWith(await sql.tokens.issue(shop, sqlAudience, { expiresIn: -60 })),
      [18456],
      /Token is expired/,
    ],
    [
      'a token for another service',
      async () => sql.logInWith(await sql.tokens.issue(shop, 'https://ossrdbms-aad.database.windows.net', { expiresIn: 60 })),
      [18456],
      /^Login failed for user '<token-identified principal>'\.$/,
    ],
    ['what is no token', () => sql.logInWith('secret'), [18456], /token-identified principal/],
    ['an identity without a user', () => sql.logIn(other), [18456], /token-identified principal/],
    ['a user of another database', () => sql.logIn(shop, { database: 'master' }), [18456], /token-identified principal/],
    ['a database that is not there', () => sql.logIn(operator, { database: 'nowhere' }), [4060, 18456], /./],
    [
      'a password',
      () => sql.connect(sql.configuration({ type: 'default', options: { userName: 'sa', password: 'secret' } })),
      [18456],
      /^Login failed for user 'sa'\. Reason: Azure Active Directory only authentication is enabled\./,
    ],
  ];
  for (const [what, attempt, numbers, text] of refusals) {
    it(`refuses ${what}`, async () => {
      const refused = await refusalOf(attempt());
      expect(refused.notices.map(({ number }) => number)).to.deep.equal(numbers);
      expect(refused.message).to.match(text);
      expect(sql.statements).to.deep.equal([['LOGIN', String(numbers[0])]]);
    });
  }

  it('refuses a user that may not connect, and takes it again', async () => {
    const administrator = await sql.logIn(operator);
    await administrator.run('DENY CONNECT TO [shop]');
    expect((await refusalOf(sql.logIn(shop))).notices).to.have.nested.property('[0].number', 18456);
    await administrator.run('GRANT CONNECT TO [shop]');
    expect(await whoAmI(await sql.logIn(shop))).to.include({ name: 'shop' });
  });

  const networks: readonly [string, () => void, number, RegExp][] = [
    [
      'a client outside of the firewall',
      () => {
        sql.started.engine.network.isAddressAllowed = false;
      },
      40615,
      /^Cannot open server 'shop-sql' requested by the login\. Client with IP address '127\.[\d.]+' is not allowed/,
    ],
    [
      'a network without a rule',
      () => {
        sql.started.engine.network.isNetworkAllowed = false;
      },
      40914,
      /^Cannot open server 'shop-sql' requested by the login\. Client is not allowed to access the server\.$/,
    ],
    [
      'everybody when public access is denied',
      () => {
        sql.started.server.network.publicNetworkAccess = 'Disabled';
      },
      47073,
      /Deny Public Network Access is set to Yes/,
    ],
  ];
  for (const [what, order, number, text] of networks) {
    it(`refuses ${what}`, async () => {
      order();
      const refused = await refusalOf(sql.logIn(operator));
      expect(refused.notices.map((each) => each.number)).to.deep.equal([number]);
      expect(refused.message).to.match(text);
    });
  }

  it('asks the server’s firewall rules, with the address that its one client has', async () => {
    const { server } = sql.started;
    const rule = { name: 'egress', start: '20.0.0.1', end: '20.0.0.9', effectiveAt: 0 };
    server.firewall = { clientAddress: '20.0.0.10', effectSeconds: 0, rules: [rule] };
    try {
      expect((await refusalOf(sql.logIn(operator))).message).to.include("IP address '20.0.0.10'");
      server.firewall.rules = [{ ...rule, end: '20.0.0.10' }];
      expect(await whoAmI(await sql.logIn(operator))).to.include({ name: 'dbo' });
    } finally {
      delete server.firewall;
    }
  });

  it('knows its administrator by one of its ids alone, where it is told which', async () => {
    const { server } = sql.started;
    try {
      server.administratorsAreKnownBy = 'objectId';
      expect((await refusalOf(sql.logIn(operator))).notices).to.have.nested.property('[0].number', 18456);
      server.administratorsAreKnownBy = 'clientId';
      expect(await whoAmI(await sql.logIn(operator))).to.include({ name: 'dbo' });
    } finally {
      delete server.administratorsAreKnownBy;
    }
  });

  it('wakes a paused database by the first login, which it refuses', async () => {
    const { engine, server } = sql.started;
    expect(engine.pause('orders')).to.equal(true);
    expect(server.databaseStatus?.('orders')).to.equal('Paused');
    const refused = await refusalOf(sql.logIn(operator));
    expect(refused.notices.map(({ number }) => number)).to.deep.equal([40613]);
    expect(refused.message).to.match(/^Database 'orders' on server 'shop-sql' is not currently available\./);
    expect(sql.slept).to.deep.equal([5000]);
    expect(await whoAmI(await sql.logIn(operator))).to.include({ database: 'orders' });
  });

  it('leaves a paused database alone when an identity is refused', async () => {
    sql.started.engine.pause('orders');
    await refusalOf(sql.logInWith('secret'));
    expect(sql.started.server.databaseStatus?.('orders')).to.equal('Paused');
  });

  it('proves its address with its certificate', async () => {
    const refused = await refusalOf(sql.logIn(operator, { cryptoCredentialsDetails: {} }));
    expect(refused.message).to.match(/self-signed|unable to/);
    expect(sql.statements).to.deep.equal([]);
  });

  it('goes on with nobody who does not encrypt, and has no MARS', async () => {
    const { host, port } = sql.started.gateway;
    const socket = connect(port, host);
    try {
      // VERSION and ENCRYPTION = not supported
      const options = Buffer.from([0x00, 0x00, 0x0b, 0x00, 0x06, 0x01, 0x00, 0x11, 0x00, 0x01, 0xff, 0, 0, 0, 0, 0, 0, 0x02]);
      socket.write(Buffer.concat([Buffer.from([18, 1, 0, 8 + options.length, 0, 0, 1, 0]), options]));
      const [answer] = (await once(socket, 'data')) as [Buffer];
      expect(answer[0]).to.equal(4);
      expect([optionValue(answer, 1), optionValue(answer, 4)], 'encryption required, no MARS').to.deep.equal([3, 0]);
      await once(socket, 'close');
    } finally {
      socket.destroy();
    }
  });

  it('sends clients elsewhere, as the connection policy Redirect does', async () => {
    const { gateway, engine } = sql.started;
    engine.network.redirect = { host: gateway.host, port: gateway.port };
    const configuration = sql.configuration({
      type: 'azure-active-directory-access-token',
      options: { token: await sql.tokenOf(operator) },
    });
    const logins = () => sql.statements.filter(([statement]) => statement === 'LOGIN').length;
    const attempt = sql.connect(configuration);
    while (logins() < 2) await new Promise((resolve) => setImmediate(resolve));
    engine.network.redirect = undefined;
    expect(await whoAmI(await attempt)).to.include({ name: 'dbo' });
  });

  it('strikes logins with faults', async () => {
    sql.faults.add({ match: { kind: 'sql', path: '^LOGIN$' }, respond: { code: 40501, delayMs: 70 }, times: 1 });
    expect((await refusalOf(sql.logIn(operator))).notices.map(({ number }) => number)).to.deep.equal([40501]);
    expect(sql.slept).to.deep.equal([70]);
    sql.faults.add({ match: { kind: 'sql', path: '^LOGIN$' }, respond: { drop: 'before' }, times: 1 });
    expect((await refusalOf(sql.logIn(operator))).notices).to.deep.equal([]);
    sql.faults.add({ match: { kind: 'sql', path: '^LOGIN$' }, respond: { drop: 'after' }, times: 1 });
    expect((await refusalOf(sql.logIn(operator))).notices).to.deep.equal([]);
    expect(sql.statements).to.deep.equal([
      ['LOGIN', '40501'],
      ['LOGIN', '10054'],
      ['LOGIN', ''],
    ]);
    expect(await whoAmI(await sql.logIn(operator))).to.include({ name: 'dbo' });
  });

  it('ends sessions and takes no new ones while it is stopped', async () => {
    const client = await sql.logIn(operator);
    const ended = once(client.connection, 'end');
    await sql.started.gateway.refuseConnections();
    await ended;
    expect((await refusalOf(sql.logIn(operator))).message).to.match(/ECONNREFUSED|Could not connect/);
    await sql.started.gateway.acceptConnections();
    expect(await whoAmI(await sql.logIn(operator))).to.include({ name: 'dbo' });
  });
});

/** The first byte of an option of PRELOGIN. */
function optionValue(message: Buffer, option: number): number | undefined {
  const payload = message.subarray(8);
  for (let at = 0; payload[at] !== 0xff; at += 5) if (payload[at] === option) return payload[payload.readUInt16BE(at + 1)];
  return undefined;
}

async function refusalOf(attempt: Promise<unknown>): Promise<Refused> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof Refused) return error;
    throw error;
  }
  throw new Error('the login was not refused');
}
