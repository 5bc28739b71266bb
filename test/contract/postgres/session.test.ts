import { once } from 'node:events';
import { createServer, type Server as Listener } from 'node:net';
import { expect } from 'chai';
import { Session } from '../../../src/targets/postgres/session.ts';
import { sql } from '../../../src/targets/postgres/sql.ts';
import { createAuthority } from '../../sandbox/certificates.ts';
import { startGateway } from '../../sandbox/postgres/gateway.ts';
import { ossAudience } from '../../sandbox/postgres/login.ts';
import { eventually, rejection } from '../../support/eventually.ts';
import { operator } from '../target/given.ts';
import { type ShopServer, startShopServer } from './shop-server.ts';

const host = '127.0.90.8';
const elsewhere = '127.0.90.9';

describe('a session in PostgreSQL', function () {
  this.timeout(30_000);
  let shop: ShopServer;
  let tokens = 0;
  let open: Session[] = [];

  before(async () => {
    shop = await startShopServer({ host });
    await shop.backend.createDatabase('orders');
  });
  after(() => shop?.stop());
  beforeEach(() => {
    tokens = 0;
  });
  afterEach(async () => {
    await Promise.all(open.map((session) => session.close()));
    open = [];
    await shop.cleanUp();
    shop.journal.clear();
  });

  const { signal } = new AbortController();
  async function logIn(options: Partial<Parameters<typeof Session.open>[0]> = {}): Promise<Session> {
    const token = async () => {
      tokens += 1;
      return await shop.tokens.issue(operator, ossAudience, { expiresIn: 300 });
    };
    const session = await Session.open({ host, database: 'orders', login: 'operator', password: token, ca: shop.ca, signal, ...options });
    open.push(session);
    return session;
  }

  describe('sends no token to', () => {
    let listener: Listener | undefined;
    afterEach(async () => {
      listener?.close();
      if (listener) await once(listener, 'close');
      listener = undefined;
      expect(tokens).to.equal(0);
    });

    /** A server that answers the request for TLS with `answer`. */
    async function answering(answer: Buffer): Promise<void> {
      listener = createServer((socket) => {
        socket.on('error', () => {});
        socket.once('data', () => socket.end(answer));
      });
      listener.listen(5432, elsewhere);
      await once(listener, 'listening');
    }

    it('a server with a certificate of another authority', async () => {
      const authority = await createAuthority();
      expect(await rejection(logIn({ ca: authority.pem }))).to.include({ kind: 'waiting', reason: 'Unreachable' });
    });

    it('a server whose certificate is for another address', async () => {
      const stop = new AbortController();
      const authority = await createAuthority();
      const certificate = await authority.issue({ commonName: 'shop-pg', ipAddresses: [host] });
      const { backend, server, journal, faults } = shop;
      const verify = shop.tokens.verify;
      const gateway = await startGateway({
        backend,
        server,
        certificate,
        verify,
        journal,
        faults,
        listen: { host: elsewhere, port: 5432 },
        log: () => {},
        signal: stop.signal,
      });
      try {
        expect(await rejection(logIn({ host: elsewhere, ca: authority.pem }))).to.include({ kind: 'waiting', reason: 'WrongServer' });
      } finally {
        await gateway.stop();
      }
    });

    it('a server that offers no TLS', async () => {
      await answering(Buffer.from('N'));
      expect(await rejection(logIn({ host: elsewhere }))).to.include({ kind: 'waiting', reason: 'Unreachable' });
    });

    it('a server that asks for the password instead of TLS (D20)', async () => {
      await answering(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]));
      expect(await rejection(logIn({ host: elsewhere }))).to.include({ kind: 'waiting', reason: 'Unreachable' });
    });

    it('an address where nobody listens', async () => {
      expect(await rejection(logIn({ host: elsewhere }))).to.include({ kind: 'waiting', reason: 'Unreachable' });
    });

    it('a name that leads nowhere', async () => {
      expect(await rejection(logIn({ host: 'shop-pg.invalid' }))).to.include({ kind: 'waiting', reason: 'PrivateDnsNotLinked' });
    });
  });

  it('asks for a new token at each login', async () => {
    await logIn();
    await logIn();
    expect(tokens).to.equal(2);
  });

  it('keeps its settings, whatever the database’s owner sets for it and for the operator', async () => {
    const settings: Record<string, string> = {
      search_path: 'evil, pg_catalog',
      standard_conforming_strings: 'off',
      default_transaction_read_only: 'on',
      statement_timeout: "'1ms'",
      lock_timeout: "'1ms'",
      idle_in_transaction_session_timeout: "'1ms'",
      client_min_messages: 'error',
      createrole_self_grant: "'set, inherit'",
      role: 'azure_pg_admin',
    };
    for (const [name, value] of Object.entries(settings)) {
      await shop.query('postgres', `ALTER DATABASE orders SET ${name} = ${value}`);
      await shop.query('postgres', `ALTER ROLE operator IN DATABASE orders SET ${name} = ${value}`);
    }
    try {
      const session = await logIn();
      const [row] = await session.query(
        sql`SELECT pg_catalog.current_setting('search_path') AS a, pg_catalog.current_setting('standard_conforming_strings') AS b,
          pg_catalog.current_setting('default_transaction_read_only') AS c, pg_catalog.current_setting('statement_timeout') AS d,
          pg_catalog.current_setting('lock_timeout') AS e, pg_catalog.current_setting('client_min_messages') AS f,
          pg_catalog.current_setting('createrole_self_grant') AS g, current_user::pg_catalog.text AS h, pg_catalog.current_setting('role') AS i`,
        [],
        { signal },
      );
      expect(row).to.deep.equal({
        a: 'pg_catalog,pg_temp',
        b: 'on',
        c: 'off',
        d: '30s',
        e: '5s',
        f: 'notice',
        g: '',
        h: 'operator',
        i: 'none',
      });
    } finally {
      for (const name of Object.keys(settings)) {
        await shop.query('postgres', `ALTER DATABASE orders RESET ${name}`);
        await shop.query('postgres', `ALTER ROLE operator IN DATABASE orders RESET ${name}`);
      }
    }
  });

  it('sends one statement at a time', async () => {
    const session = await logIn();
    expect((await rejection(session.query(sql`SELECT 1; CREATE ROLE evil`, [], { signal }))).message).to.match(/42601/);
    expect(session.isUsable).to.equal(true);
  });

  it('can’t write while it looks', async () => {
    const session = await logIn();
    const error = await rejection(session.reading(() => session.query(sql`CREATE TEMPORARY TABLE t (id int)`, [], { signal }), { signal }));
    expect(error.message).to.match(/read-only/);
    expect(session.isUsable).to.equal(true);
  });

  it('collects what GRANT only warns of', async () => {
    const session = await logIn();
    await session.query(sql`GRANT CREATE ON DATABASE "orders" TO pg_monitor`, [], { signal });
    expect(session.takeNotices().map(({ code }) => code)).to.deep.equal(['01007']);
    expect(session.takeNotices()).to.deep.equal([]);
  });

  it('gives up on an answer that is too large', async () => {
    const session = await logIn();
    const error = await rejection(session.query(sql`SELECT pg_catalog.repeat('x', 60000000)`, [], { signal }));
    expect(error).to.include({ kind: 'stalled', reason: 'TooManyObjects' });
    expect(session.isUsable).to.equal(false);
  });

  it('ends at once when it is no longer wanted', async () => {
    const session = await logIn();
    const controller = new AbortController();
    const sleeping = session.query(sql`SELECT pg_catalog.pg_sleep(20)`, [], { signal: controller.signal });
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await rejection(sleeping)).to.equal(reason);
    expect(session.isUsable).to.equal(false);
  });

  it('ends while it waits for a token', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const never = new Promise<string>(() => {});
    const asked = Promise.withResolvers<void>();
    const token = () => {
      asked.resolve();
      return never;
    };
    const opening = logIn({ password: token, signal: controller.signal });
    await asked.promise;
    controller.abort(reason);
    expect(await rejection(opening)).to.equal(reason);
  });

  it('is not used again after it was ended from outside', async () => {
    const session = await logIn();
    await shop.query('orders', `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'operator'`);
    await eventually(() => !session.isUsable);
    expect(await rejection(session.query(sql`SELECT 1`, [], { signal }))).to.include({ kind: 'retry', reason: 'Unreachable' });
  });

  it('is one for each database, however many connections use it, and ends when idle', async () => {
    const target = shop.newTarget({ idleInMs: 50 });
    const requests = Array.from({ length: 5 }, (_, n) => shop.request({ userName: `aad_shop_nobody${n}` }));
    await Promise.all(requests.map((request) => shop.plan(request, target)));
    expect(shop.statements().filter((statement) => statement === 'LOGIN')).to.have.length(1);
    await eventually(async () => (await shop.query('postgres', `SELECT 1 FROM pg_stat_activity WHERE usename = 'operator'`)).length === 0);
  });

  it('tells a token of another cloud, an expired one and that of another identity apart', async () => {
    const issue = (...args: Parameters<typeof shop.tokens.issue>) => logIn({ password: () => shop.tokens.issue(...args) });
    expect(await rejection(issue(operator, 'https://other', { expiresIn: 60 }))).to.include({ kind: 'stalled', reason: 'TokenRefused' });
    expect(await rejection(issue(operator, ossAudience, { expiresIn: -60 }))).to.include({ kind: 'retry', reason: 'TokenRefused' });
    const stranger = { ...operator, principalId: 'ffffffff-0000-4000-8000-000000000001' };
    expect(await rejection(issue(stranger, ossAudience, { expiresIn: 60 }))).to.include({
      kind: 'waiting',
      reason: 'NotEntraAdministrator',
    });
  });

  it('takes a role’s comment of fifty megabytes for what it is: not ours', async () => {
    await shop.query(
      'postgres',
      `CREATE ROLE aad_shop_orders; DO $$ BEGIN EXECUTE format('COMMENT ON ROLE aad_shop_orders IS %L', repeat('x', 50000000)); END $$`,
    );
    const { findings } = await shop.reconcile(shop.request());
    expect(findings.map(({ reason }) => reason)).to.deep.equal(['UserNameTaken']);
    await shop.query('postgres', 'DROP ROLE aad_shop_orders');
  });
});
