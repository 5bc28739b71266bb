import { once } from 'node:events';
import { createServer, type Server as Listener } from 'node:net';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { systemClock } from '../../../src/runtime/clock.ts';
import { Session, type SessionOptions } from '../../../src/targets/azure-sql/session.ts';
import type { Sql } from '../../../src/targets/azure-sql/sql.ts';
import { type AzureSqlServer, startAzureSqlServer } from '../../sandbox/azure-sql-server.ts';
import { type Authority, createAuthority } from '../../sandbox/certificates.ts';
import { rejection } from '../../support/eventually.ts';
import { operator, other, tenantId } from '../target/given.ts';
import { audience, type ShopServer, startShopServer } from './shop-server.ts';

const host = '127.0.93.2';
const elsewhere = '127.0.93.3';
const beyond = '127.0.94.3';

/** Statements of a test's own. */
const text = (statement: string) => statement as Sql;

describe('a session in Azure SQL', function () {
  this.timeout(30_000);
  let shopServer: ShopServer;
  let tokens = 0;
  let open: Session[] = [];

  before(async () => {
    shopServer = await startShopServer({ host });
  });
  after(() => shopServer?.stop());
  beforeEach(() => {
    tokens = 0;
  });
  afterEach(async () => {
    await Promise.all(open.map((session) => session.close()));
    open = [];
    Object.assign(shopServer.engine.network, { redirect: undefined, isAddressAllowed: true, isNetworkAllowed: true });
    shopServer.server.network = { publicNetworkAccess: 'Enabled' };
    await shopServer.cleanUp();
    shopServer.journal.clear();
  });

  const forever = new AbortController().signal;
  async function logIn(options: Partial<SessionOptions & { signal: AbortSignal }> = {}, who = operator): Promise<Session> {
    const token = async () => {
      tokens += 1;
      return await shopServer.tokens.issue(who, audience, { expiresIn: 300 });
    };
    const session = await Session.open({
      host,
      database: 'orders',
      isRedirectHost: (name) => name.startsWith('127.0.93.'),
      token,
      ca: shopServer.ca,
      signal: forever,
      ...options,
    });
    open.push(session);
    return session;
  }

  /** Another server of Azure SQL, in the place of the one that is meant. */
  async function inPlace(at: string, authority: Pick<Authority, 'pem' | 'issue'>): Promise<AzureSqlServer & { ca: string }> {
    const { journal, faults, tokens: signer } = shopServer;
    const started = await startAzureSqlServer({
      server: { ...shopServer.server, host: at, databases: ['orders'] },
      authority: authority as Authority,
      verify: signer.verify,
      tokenAuthority: `https://127.0.0.1/${tenantId}`,
      journal,
      faults,
      clock: systemClock,
      log: () => {},
      signal: forever,
    });
    return { ...started, ca: authority.pem };
  }

  describe('sends no token to', () => {
    let listener: Listener | undefined;
    let received = Buffer.alloc(0);
    let started: (AzureSqlServer & { ca: string }) | undefined;

    beforeEach(() => {
      received = Buffer.alloc(0);
    });
    afterEach(async () => {
      listener?.close();
      if (listener) await once(listener, 'close');
      listener = undefined;
      await started?.stop();
      started = undefined;
    });

    async function listening(at: string, answer: Buffer, { andEnd = false } = {}): Promise<void> {
      listener = createServer((socket) => {
        socket.on('error', () => {});
        socket.on('data', (chunk) => {
          received = Buffer.concat([received, chunk]);
          socket.write(answer);
          if (andEnd) socket.end();
        });
      }).listen(1433, at);
      await once(listener, 'listening');
    }

    /** The answer to PRELOGIN: a version, and whether there is TLS. */
    const prelogin = (encryption: number) =>
      Buffer.from([4, 1, 0, 26, 0, 0, 1, 0, 0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 255, 12, 0, 0, 0, 0, 0, encryption]);

    it('a server that has no TLS', async () => {
      await listening(elsewhere, prelogin(2));
      expect(await rejection(logIn({ host: elsewhere }))).to.include({ reason: 'Unreachable', kind: 'waiting' });
      expect(tokens).to.equal(0);
    });

    it('a server that answers with something else', async () => {
      await listening(elsewhere, Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), { andEnd: true });
      expect(await rejection(logIn({ host: elsewhere }))).to.include({ name: 'ConnectionError' });
      expect(tokens).to.equal(0);
    });

    it('a server whose certificate nobody vouches for', async () => {
      started = await inPlace(elsewhere, await createAuthority());
      expect(await rejection(logIn({ host: elsewhere }))).to.include({ reason: 'Unreachable', kind: 'waiting' });
      expect(tokens).to.equal(0);
    });

    it('a server whose certificate is for another name', async () => {
      const authority = await createAuthority();
      const issue: Authority['issue'] = (options) => authority.issue({ ...options, ipAddresses: [host], dnsNames: ['localhost'] });
      started = await inPlace(elsewhere, { pem: authority.pem, issue });
      expect(await rejection(logIn({ host: elsewhere, ca: authority.pem }))).to.include({ reason: 'WrongServer', kind: 'waiting' });
      expect(tokens).to.equal(0);
    });

    it('a host outside of the cloud, to which the server sends it on', async () => {
      await listening(beyond, prelogin(1));
      shopServer.engine.network.redirect = { host: beyond, port: 1433 };
      expect(await rejection(logIn())).to.include({ reason: 'WrongServer', kind: 'waiting' });
      expect(received).to.have.length(0);
      // to the server that it was meant for
      expect(tokens).to.equal(1);
    });

    it('a third host, to which the second sends it on', async () => {
      const authority = await createAuthority();
      started = await inPlace(elsewhere, authority);
      started.engine.network.redirect = { host: elsewhere, port: 1433 };
      expect(await rejection(logIn({ host: elsewhere, ca: authority.pem }))).to.include({ reason: 'WrongServer' });
      expect(tokens).to.be.at.most(2);
    });
  });

  it('goes where the server sends it, inside of the cloud, and checks who is there', async () => {
    const authority = await createAuthority();
    const started = await inPlace(elsewhere, authority);
    try {
      shopServer.engine.network.redirect = { host: elsewhere, port: 1433 };
      expect(await rejection(logIn())).to.include({ reason: 'Unreachable' });
      const session = await logIn({ ca: `${shopServer.ca}\n${authority.pem}` });
      expect([...started.engine.sessions.values()]).to.have.length(1);
      expect(session.serverIdentifier).to.equal('shop-sql');
    } finally {
      await started.stop();
    }
  });

  it('knows where it is, and keeps to its settings', async () => {
    const session = await logIn();
    expect(session).to.include({ isUsable: true, database: 'orders', serverIdentifier: 'shop-sql' });
    const [row] = await session.query<{ options: number; lockTimeout: number }>(
      text('SELECT @@OPTIONS AS options, @@LOCK_TIMEOUT AS lockTimeout'),
      [],
      {
        signal: forever,
      },
    );
    expect(row?.lockTimeout).to.equal(5_000);
    expect((row?.options ?? 0) & 16384).to.equal(16384);
  });

  it('shows its token to nobody who prints it', async () => {
    const secret = await shopServer.tokens.issue(operator, audience, { expiresIn: 300 });
    const session = await logIn({ token: async () => secret });
    expect(`${JSON.stringify(session)}${inspect(session, { depth: 12, showHidden: true })}`).not.to.include(secret.slice(-40));
  });

  it('wants the database to be written as it is', async () => {
    expect(await rejection(logIn({ database: 'ORDERS' }))).to.include({ reason: 'DatabaseNotFound' });
  });

  it('does not do with less than an administrator', async () => {
    const { query } = shopServer;
    await query('orders', 'CREATE USER [reader] WITH SID = 0xCCCCCCCC000000408000000000000002, TYPE = E');
    expect(await rejection(logIn({}, other))).to.include({ reason: 'NotEntraAdministrator', kind: 'waiting' });
    await query('orders', 'DROP USER [reader]');
    expect(await rejection(logIn({}, other))).to.include({ reason: 'NotEntraAdministrator', kind: 'waiting' });
  });

  for (const [title, change, reason] of [
    ['a firewall without a rule for us', () => (shopServer.engine.network.isAddressAllowed = false), 'FirewallDenied'],
    ['a network without a rule', () => (shopServer.engine.network.isNetworkAllowed = false), 'FirewallDenied'],
    ['public access that is off', () => (shopServer.server.network = { publicNetworkAccess: 'Disabled' }), 'PublicAccessDisabled'],
  ] as const)
    it(`tells what is wrong by the number that tedious hides: ${title}`, async () => {
      change();
      expect(await rejection(logIn())).to.include({ reason, kind: 'waiting' });
    });

  it('tells the address that the firewall refuses', async () => {
    shopServer.engine.network.isAddressAllowed = false;
    expect((await rejection(logIn())).message).to.match(/127\.0\.0\.1/);
  });

  it('tells of a database that is not there, and of a port where nobody is', async () => {
    expect(await rejection(logIn({ database: 'gone' }))).to.include({ reason: 'DatabaseNotFound' });
    expect(await rejection(logIn({ host: elsewhere }))).to.include({ reason: 'Unreachable', kind: 'waiting' });
  });

  it('tells why it got no token, as it was told', async () => {
    const refusal = new Error('Entra is out');
    const told = await rejection(logIn({ token: () => Promise.reject(refusal) }));
    expect(told.cause ?? told).to.equal(refusal);
  });

  it('ends when it is no longer wanted, amid a login and amid a statement', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const underWay = logIn({ signal: stop.signal, token: () => new Promise(() => setTimeout(() => stop.abort(reason), 10)) });
    expect(await rejection(underWay)).to.equal(reason);
    const session = await logIn();
    const later = new AbortController();
    const waiting = session.query(text("WAITFOR DELAY N'00:00:20'"), [], { signal: later.signal });
    later.abort(reason);
    expect(await rejection(waiting)).to.equal(reason);
    expect(session.isUsable).to.equal(false);
  });

  it('goes on after a statement that failed, and not after its connection broke', async () => {
    const session = await logIn();
    expect(await rejection(session.query(text('SELECT nothing FROM nowhere'), [], { signal: forever }))).to.include({
      name: 'ConnectionError',
    });
    expect(session.isUsable).to.equal(true);
    expect(await session.query(text('SELECT 1 AS one'), [], { signal: forever })).to.deep.equal([{ one: 1 }]);
    for (const each of shopServer.engine.sessions.values()) each.kill();
    expect(await rejection(session.query(text('SELECT 1 AS one'), [], { signal: forever }))).to.include({
      reason: 'Unreachable',
      kind: 'retry',
    });
    expect(session.isUsable).to.equal(false);
  });

  it('undoes a transaction that fails, and says so where the server undid it already', async () => {
    const session = await logIn();
    const users = async () =>
      await session.query(text("SELECT p.name AS name FROM sys.database_principals AS p WHERE p.name LIKE N'tx%'"), [], {
        signal: forever,
      });
    const make = (name: string) => session.query(text(`CREATE USER [${name}] WITHOUT LOGIN`), [], { signal: forever });
    const failing = session.writing(
      async () => {
        await make('tx1');
        throw new Error('changed my mind');
      },
      { signal: forever },
    );
    expect((await rejection(failing)).message).to.equal('changed my mind');
    const undone = session.writing(
      async () => {
        await make('tx2');
        await make('tx2').catch(() => {});
      },
      { signal: forever },
    );
    expect(await rejection(undone)).to.include({ kind: 'retry' });
    expect(await users()).to.deep.equal([]);
    await session.writing(() => make('tx3'), { signal: forever });
    expect(await users()).to.deep.equal([{ name: 'tx3' }]);
    await session.query(text('DROP USER [tx3]'), [], { signal: forever });
  });

  it('sends names and bytes as parameters, whatever is in them', async () => {
    const session = await logIn();
    const values = ["'; DROP USER x; --", 7, Buffer.from('00ff', 'hex')];
    const rows = await session.query(text('SELECT @p1 AS a, @p2 AS b, @p3 AS c'), values, { signal: forever });
    expect(rows).to.deep.equal([{ a: values[0], b: 7, c: values[2] }]);
  });
});
