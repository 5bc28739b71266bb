import type { TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { Session } from '../../../src/targets/mysql/session.ts';
import { sql } from '../../../src/targets/mysql/sql.ts';
import { type Authority, createAuthority } from '../../sandbox/certificates.ts';
import { errorPacket, packet } from '../../sandbox/mysql/packets.ts';
import { ossAudience } from '../../sandbox/postgres/login.ts';
import { eventually, rejection } from '../../support/eventually.ts';
import { access, operator } from '../target/given.ts';
import { greeting, type HostileServer, type HostileServerOptions, type Line, ok, startHostileServer, switchTo } from './hostile-server.ts';
import { type ShopServer, startShopServer } from './shop-server.ts';

const host = '127.0.91.8';
const elsewhere = '127.0.91.9';
const secret = 'the-token-of-the-operator';

describe('a session in MySQL', function () {
  this.timeout(30_000);
  let shop: ShopServer;
  let authority: Authority;
  let tokens = 0;
  let open: Session[] = [];
  let hostile: HostileServer | undefined;

  before(async function () {
    this.timeout(300_000); // the engine may have to be installed
    shop = await startShopServer({ host });
    authority = await createAuthority();
  });
  after(() => shop?.stop());
  beforeEach(() => {
    tokens = 0;
  });
  afterEach(async () => {
    await Promise.all(open.map((session) => session.close()));
    open = [];
    await hostile?.stop();
    hostile = undefined;
    await shop.cleanUp();
    shop.journal.clear();
  });

  const { signal } = new AbortController();
  async function logIn(options: Partial<Parameters<typeof Session.open>[0]> = {}): Promise<Session> {
    const token = async () => {
      tokens += 1;
      return await shop.tokens.issue(operator, ossAudience, { expiresIn: 300 });
    };
    const session = await Session.open({ host, login: 'operator', password: token, ca: shop.ca, signal, ...options });
    open.push(session);
    return session;
  }

  /** A server that we trust, or that wants to look so. */
  async function elsewhereIs(options: Partial<HostileServerOptions> = {}, certified: readonly string[] = [elsewhere]): Promise<void> {
    const certificate = await authority.issue({ commonName: 'shop-mysql', ipAddresses: [...certified], dnsNames: ['localhost'] });
    hostile = await startHostileServer({ host: elsewhere, certificate, ...options });
  }
  const logInElsewhere = () =>
    logIn({
      host: elsewhere,
      ca: authority.pem,
      password: async () => {
        tokens += 1;
        return secret;
      },
    });

  describe('sends no token to', () => {
    afterEach(() => {
      expect(tokens).to.equal(0);
      expect(hostile?.received() ?? '').not.to.contain(secret);
    });

    it('a server with a certificate of another authority', async () => {
      expect(await rejection(logIn({ ca: authority.pem }))).to.include({ kind: 'waiting', reason: 'Unreachable' });
      expect(shop.journal.list('sql')).to.deep.equal([]);
    });

    it('a server whose certificate is for another address', async () => {
      await elsewhereIs({ goOn: ({ send, arrival }) => send(switchTo('mysql_clear_password', arrival.sequence + 1)) }, [host]);
      expect(await rejection(logInElsewhere())).to.include({ kind: 'waiting', reason: 'WrongServer' });
    });

    it('a server that offers no TLS', async () => {
      await elsewhereIs({ greeting: greeting({ tls: false, plugin: 'mysql_clear_password' }) });
      expect(await rejection(logInElsewhere())).to.include({ kind: 'waiting', reason: 'Unreachable' });
    });

    for (const plugin of ['mysql_native_password', 'caching_sha2_password', 'sha256_password']) {
      it(`a server that asks for ${plugin}`, async () => {
        await elsewhereIs({ goOn: ({ send, arrival }) => send(switchTo(plugin, arrival.sequence + 1)) });
        expect(await rejection(logInElsewhere())).to.include({ kind: 'waiting', reason: 'NotEntraAdministrator' });
      });

      it(`a server that greets with ${plugin} and goes on as if that had begun`, async () => {
        const goOn = ({ send, arrival }: Line) => send(packet(arrival.sequence + 1, 1, 4));
        await elsewhereIs({ greeting: greeting({ plugin }), goOn });
        expect(await rejection(logInElsewhere())).to.include({ kind: 'waiting' });
      });
    }

    it('a server that asks for a plug-in that nobody knows', async () => {
      await elsewhereIs({ goOn: ({ send, arrival }) => send(switchTo('constructor', arrival.sequence + 1)) });
      expect(await rejection(logInElsewhere())).to.include({ kind: 'waiting' });
    });

    it('a server that lets everybody in', async () => {
      await elsewhereIs({ goOn: ({ send, arrival }) => send(ok(arrival.sequence + 1)) });
      expect(await rejection(logInElsewhere())).to.include({ kind: 'waiting', reason: 'WrongServer' });
    });

    for (const [what, bytes] of Object.entries({
      'talks something else': Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
      'greets with nothing': packet(0, Buffer.alloc(0)),
      'cuts its greeting short': packet(0, 10, '8.0.40', Buffer.alloc(3)),
      'sends packets without being asked': Buffer.concat([greeting({ tls: false }), ok(7), ok(9), ok(9)]),
    })) {
      it(`a server that ${what}, and outlives that`, async () => {
        await elsewhereIs({ greeting: bytes, goOn: ({ arrival }) => void arrival.socket.end() });
        const opening = rejection(logInElsewhere());
        await hostile?.stop();
        hostile = undefined;
        expect(await opening).to.have.property('reason');
      });
    }

    it('an address where nobody listens', async () => {
      expect(await rejection(logIn({ host: elsewhere }))).to.include({ kind: 'waiting', reason: 'Unreachable' });
    });

    it('a name that leads nowhere', async () => {
      expect(await rejection(logIn({ host: 'shop-mysql.invalid' }))).to.include({ kind: 'waiting', reason: 'PrivateDnsNotLinked' });
    });
  });

  it('sends the token once to a server that asks again and again', async () => {
    await elsewhereIs({
      goOn: async ({ send, next, arrival }) => {
        send(switchTo('mysql_clear_password', arrival.sequence + 1));
        const { sequence } = await next();
        send(switchTo('mysql_clear_password', sequence + 1));
        await next();
      },
    });
    expect(await rejection(logInElsewhere())).to.include({ kind: 'waiting', reason: 'WrongServer' });
    expect(tokens).to.equal(1);
    expect(hostile?.received().split(secret)).to.have.length(2);
  });

  it('sends no file to a server that asks for one instead of answering', async () => {
    await elsewhereIs({
      goOn: async ({ send, next, arrival }) => {
        send(switchTo('mysql_clear_password', arrival.sequence + 1));
        send(ok((await next()).sequence + 1));
        await next();
        send(packet(1, 0xfb, Buffer.from('/etc/hostname')));
        const answer = await next();
        expect(answer.payload).to.have.length(0);
        send(ok(answer.sequence + 1));
      },
    });
    expect(await rejection(logInElsewhere())).to.include({ kind: 'waiting', reason: 'DatabaseError' });
  });

  it('checks the name where a server has one, and then takes up the TLS session of an earlier login', async () => {
    const resumed: boolean[] = [];
    const goOn = async ({ send, next, arrival }: Line) => {
      resumed.push((arrival.socket as TLSSocket).isSessionReused());
      send(switchTo('mysql_clear_password', arrival.sequence + 1));
      const { sequence } = await next();
      send(errorPacket(sequence + 1, { code: 3118, sqlState: 'HY000', message: 'Account is locked.' }));
    };
    await elsewhereIs({ host: '127.0.0.1', goOn });
    for (let n = 0; n < 2; n += 1)
      expect((await rejection(logIn({ host: 'localhost', ca: authority.pem }))).message).to.contain('has locked the operator');
    expect(resumed).to.deep.equal([false, true]);
    expect(tokens).to.equal(2);

    await hostile?.stop();
    const certificate = await authority.issue({ commonName: 'other', ipAddresses: ['127.0.0.1'] });
    await elsewhereIs({ host: '127.0.0.1', certificate, goOn });
    expect(await rejection(logIn({ host: 'localhost', ca: authority.pem }))).to.include({ kind: 'waiting', reason: 'WrongServer' });
    expect(tokens).to.equal(2);
  });

  it('asks for a new token at each login', async () => {
    for (let n = 0; n < 3; n += 1) await (await logIn()).close();
    expect(tokens).to.equal(3);
  });

  it('pins what literals and answers depend on, whatever the server sets for everybody', async () => {
    const settings: Record<string, string> = {
      init_connect: `'SET sql_mode = "ANSI_QUOTES,NO_BACKSLASH_ESCAPES", autocommit = 0, sql_select_limit = 1, NAMES latin1'`,
      sql_select_limit: '2',
      group_concat_max_len: '4',
    };
    for (const [name, value] of Object.entries(settings)) await shop.query(`SET GLOBAL ${name} = ${value}`);
    try {
      const session = await logIn();
      const [row] = await session.query(
        sql`SELECT @@sql_mode LIKE 'STRICT_ALL_TABLES%' AS strict, @@character_set_client AS client, @@collation_connection AS collation,
          @@autocommit AS autocommit, @@group_concat_max_len AS longest, '\\'' AS quote, "text" AS doubled, DATABASE() AS selected`,
        { signal },
      );
      expect(row).to.deep.equal({
        strict: 1,
        client: 'utf8mb4',
        collation: 'utf8mb4_bin',
        autocommit: 1,
        longest: 1_048_576,
        quote: "'",
        doubled: 'text',
        selected: null,
      });
      expect(await session.query(sql`SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3`, { signal })).to.have.length(3);
    } finally {
      await shop.query(`SET GLOBAL init_connect = ''`);
      for (const name of ['sql_select_limit', 'group_concat_max_len']) await shop.query(`SET GLOBAL ${name} = DEFAULT`);
    }
  });

  it('writes, joins and recurses, whatever the server allows others', async () => {
    const [recursion] = await shop.query("SHOW VARIABLES LIKE 'cte_max_recursion_depth'");
    const limits: Record<string, string> = {
      init_connect: "'SET SESSION TRANSACTION READ ONLY'",
      max_join_size: '10',
      ...(recursion && { cte_max_recursion_depth: '0' }),
    };
    await shop.backend.createDatabase('orders');
    for (const [name, value] of Object.entries(limits)) await shop.query(`SET GLOBAL ${name} = ${value}`);
    try {
      expect((await shop.reconcile(shop.request({ access: access('ReadOnly') }), shop.newTarget())).findings).to.deep.equal([]);
      const session = await logIn();
      const rows = sql`WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 20) SELECT a.i FROM n AS a JOIN n AS b`;
      expect(await session.query(rows, { signal })).to.have.length(400);
    } finally {
      await shop.query(`SET GLOBAL init_connect = ''`);
      for (const name of Object.keys(limits).slice(1)) await shop.query(`SET GLOBAL ${name} = DEFAULT`);
      await shop.end(shop.request());
      await shop.tidy(shop.request());
      await shop.query('DROP DATABASE orders');
    }
  });

  it('knows the server, and by the same identifier each time', async () => {
    const [first, second] = [await logIn(), await logIn()];
    expect(first.login).to.equal('operator');
    expect(first.traits).to.deep.equal(second.traits);
    expect(first.traits).to.include({ partialRevokes: false, foldsNames: true });
    expect(first.traits.serverIdentifier).to.match(/^[0-9a-f-]{36}$/);
    expect(Number.parseFloat(first.traits.version)).to.be.at.least(8);
  });

  it('knows whether wild cards in grants are switched off, where a server can do that', async () => {
    const [variable] = await shop.query(`SHOW VARIABLES LIKE 'partial_revokes'`);
    if (variable) await shop.query('SET GLOBAL partial_revokes = ON');
    expect((await logIn()).traits.partialRevokes).to.equal(variable !== undefined);
    if (variable) await shop.query('SET GLOBAL partial_revokes = OFF');
  });

  it('sends one statement at a time', async () => {
    const session = await logIn();
    expect((await rejection(session.query(sql`SELECT 1; CREATE USER evil`, { signal }))).message).to.contain('(1064)');
    expect(session.isUsable).to.equal(true);
  });

  it('answers rows by the names of their columns, and none for what has none', async () => {
    const session = await logIn();
    const answer = await session.query(sql`SELECT 7 AS n, 'größe' AS t, NULL AS nothing, CAST('2026-01-02 03:04:05' AS DATETIME) AS at`, {
      signal,
    });
    expect(answer).to.deep.equal([{ n: 7, t: 'größe', nothing: null, at: '2026-01-02 03:04:05' }]);
    expect(await session.query(sql`DO 0`, { signal })).to.deep.equal([]);
  });

  it('collects what statements are only warned of, and asks only after those', async () => {
    const session = await logIn();
    shop.journal.clear();
    await session.query(sql`DO 0`, { signal });
    expect(session.takeWarnings()).to.deep.equal([]);
    await session.query(sql`DROP USER IF EXISTS 'nobody'@'%'`, { signal });
    const warnings = session.takeWarnings();
    expect(warnings).to.have.length(1);
    expect(warnings[0]?.message).to.contain('nobody');
    expect(session.takeWarnings()).to.deep.equal([]);
    expect(shop.statements().filter((statement) => /^SHOW WARNINGS/.test(statement))).to.have.length(1);
  });

  it('gives up on an answer that is too large', async () => {
    const session = await logIn();
    const large = sql`WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 50) SELECT i, REPEAT('x', 1000000) AS t FROM n`;
    expect(await rejection(session.query(large, { signal }))).to.include({ kind: 'stalled', reason: 'TooManyObjects' });
    expect(session.isUsable).to.equal(false);
  });

  it('goes on after a refused statement', async () => {
    const session = await logIn();
    expect(await rejection(session.query(sql`GRANT SUPER ON *.* TO 'operator'@'%'`, { signal }))).to.include({
      kind: 'stalled',
      reason: 'DatabaseError',
    });
    expect(await session.query(sql`SELECT 1 AS n`, { signal })).to.deep.equal([{ n: 1 }]);
  });

  it('ends at once when it is no longer wanted', async () => {
    const session = await logIn();
    const controller = new AbortController();
    const sleeping = session.query(sql`SELECT SLEEP(20)`, { signal: controller.signal });
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await rejection(sleeping)).to.equal(reason);
    expect(session.isUsable).to.equal(false);
  });

  it('ends while it waits for a token', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const asked = Promise.withResolvers<void>();
    const token = () => {
      asked.resolve();
      return new Promise<string>(() => {});
    };
    const opening = logIn({ password: token, signal: controller.signal });
    await asked.promise;
    controller.abort(reason);
    expect(await rejection(opening)).to.equal(reason);
  });

  it('tells why it got no token', async () => {
    const reason = new Error('Entra is away');
    const error = await rejection(logIn({ password: () => Promise.reject(reason) }));
    expect(error.cause ?? error).to.equal(reason);
  });

  it('is not used again after it was ended from outside', async () => {
    const session = await logIn();
    const [row] = await session.query<{ id: number }>(sql`SELECT CONNECTION_ID() AS id`, { signal });
    await shop.query(`KILL ${row?.id}`);
    await eventually(() => !session.isUsable);
    expect(await rejection(session.query(sql`SELECT 1 AS n`, { signal }))).to.include({ kind: 'retry', reason: 'Unreachable' });
  });

  it('tells a token of another cloud, an expired one, that of another identity and an unknown user apart', async () => {
    const issue = (...args: Parameters<typeof shop.tokens.issue>) => logIn({ password: () => shop.tokens.issue(...args) });
    expect(await rejection(issue(operator, 'https://other', { expiresIn: 60 }))).to.include({ kind: 'stalled', reason: 'TokenRefused' });
    expect(await rejection(issue(operator, ossAudience, { expiresIn: -60 }))).to.include({ kind: 'retry', reason: 'TokenRefused' });
    const stranger = { ...operator, principalId: 'ffffffff-0000-4000-8000-000000000001', clientId: 'ffffffff-0000-4000-8000-000000000002' };
    expect(await rejection(issue(stranger, ossAudience, { expiresIn: 60 }))).to.include({
      kind: 'waiting',
      reason: 'NotEntraAdministrator',
    });
    expect(await rejection(logIn({ login: 'nobody' }))).to.include({ kind: 'waiting', reason: 'NotEntraAdministrator' });
  });

  for (const version of ['5.7.44', '']) {
    it(`refuses a server of version "${version}"`, async () => {
      shop.faults.clear();
      await elsewhereIs({
        goOn: async ({ send, next, arrival }) => {
          send(switchTo('mysql_clear_password', arrival.sequence + 1));
          send(ok((await next()).sequence + 1));
          await next();
          send(ok(1));
          await next();
          send(...variables({ version, server_uuid: 'x' }));
        },
      });
      expect(await rejection(logInElsewhere())).to.include({ kind: 'stalled', reason: 'UnsupportedServer' });
    });
  }
});

/** The answer to SHOW VARIABLES. */
function variables(values: Record<string, string>): readonly Buffer[] {
  const text = (value: string) => Buffer.from([value.length, ...Buffer.from(value)]);
  const column = (name: string) => [
    text('def'),
    text(''),
    text(''),
    text(''),
    text(name),
    text(name),
    12,
    Buffer.from([45, 0, 0, 1, 0, 0, 253, 0, 0, 0, 0, 0]),
  ];
  const eof = [0xfe, Buffer.from([0, 0, 2, 0])];
  const rows = Object.entries(values).map(([name, value]) => [text(name), text(value)]);
  return [[2], column('Variable_name'), column('Value'), eof, ...rows, eof].map((parts, index) => packet(index + 1, ...parts));
}
