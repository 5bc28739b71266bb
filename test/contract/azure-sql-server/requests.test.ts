import { once } from 'node:events';
import { expect } from 'chai';
import { TYPES } from 'tedious';
import { operator, ShopSql, shop, sidOf } from './shop-sql.ts';
import type { TediousClient } from './tedious-client.ts';

describe('requests to the sandbox’s Azure SQL', function () {
  this.timeout(20_000);
  let sql: ShopSql;
  let dbo: TediousClient;

  before(async () => {
    sql = await ShopSql.start();
    const administrator = await sql.logIn(operator);
    await administrator.run(
      `CREATE USER [shop] WITH SID = ${sidOf(shop)}, TYPE = E`,
      'GRANT CONTROL ON DATABASE::[orders] TO [shop]',
      'CREATE TABLE items (id int PRIMARY KEY, name nvarchar(20) NOT NULL)',
    );
  });

  beforeEach(async () => {
    dbo = await sql.logIn(operator);
    await dbo.run('DELETE FROM items');
    sql.journal.clear();
  });
  afterEach(() => sql.clear());
  after(() => sql.stop());

  const namesIn = async (client: TediousClient) => (await client.rows('SELECT name FROM items ORDER BY id')).map(({ name }) => name);

  it('answers a batch with all its result sets, counts and messages', async () => {
    const answer = await dbo.batch(
      `INSERT INTO items VALUES (1, N'cup'), (2, N'plate'); SELECT * FROM items WHERE id = 2; PRINT N'half way'; SELECT COUNT(*) AS n FROM items`,
    );
    expect(answer.sets).to.deep.equal([[{ id: 2, name: 'plate' }], [{ n: 2 }]]);
    expect(answer.infos.map(({ message }) => message)).to.deep.equal(['half way']);
    expect([answer.count, answer.errors]).to.deep.equal([4, []]);
  });

  it('goes on after a statement that fails, unless XACT_ABORT is on', async () => {
    const failing = "INSERT INTO items VALUES (1, N'cup'), (1, N'cup'); SELECT 1 AS went";
    expect((await dbo.batch(failing)).sets).to.deep.equal([[{ went: 1 }]]);
    expect((await dbo.batch(`SET XACT_ABORT ON; ${failing}`)).sets).to.deep.equal([]);
  });

  it('tells number, state and class of an error', async () => {
    const { errors, failure } = await dbo.batch('DROP USER [nobody]');
    expect(errors).to.deep.equal([
      {
        number: 15151,
        state: 1,
        class: 16,
        message: "Cannot drop the user 'nobody', because it does not exist or you do not have permission.",
      },
    ]);
    expect(failure).to.include({ code: 'EREQUEST', number: 15151 });
  });

  it('runs nothing of a batch that it can’t read', async () => {
    expect(await dbo.errorsOf("INSERT INTO items VALUES (1, N'cup'); OPEN SESAME")).to.deep.equal([102]);
    expect(await namesIn(dbo)).to.deep.equal([]);
  });

  const values: readonly [string, readonly [(typeof TYPES)[keyof typeof TYPES], unknown], unknown][] = [
    ['int', [TYPES.Int, -7], -7],
    ['bigint', [TYPES.BigInt, '9007199254740993'], '9007199254740993'],
    ['bit', [TYPES.Bit, true], true],
    ['float', [TYPES.Float, 1.5], 1.5],
    ['decimal', [TYPES.Decimal, 12.25], 12],
    ['text', [TYPES.NVarChar, 'naïve ☕'], 'naïve ☕'],
    ['empty text', [TYPES.NVarChar, ''], ''],
    ['long text', [TYPES.NVarChar, 'x'.repeat(9000)], 'x'.repeat(9000)],
    ['bytes', [TYPES.VarBinary, Buffer.from([1, 2, 3])], Buffer.from([1, 2, 3])],
    ['id', [TYPES.UniqueIdentifier, '01234567-89ab-cdef-0123-456789abcdef'], '01234567-89AB-CDEF-0123-456789ABCDEF'],
    ['time', [TYPES.DateTime2, new Date('2026-11-23T12:34:56.789Z')], new Date('2026-11-23T12:34:56.789Z')],
    ['nothing', [TYPES.NVarChar, null], null],
  ];
  for (const [name, given, expected] of values) {
    it(`takes a parameter and gives it back: ${name}`, async () => {
      const { sets, failure } = await dbo.execute('SELECT @value AS value', { value: given });
      expect(failure).to.equal(undefined);
      expect(sets[0]?.[0]?.['value']).to.deep.equal(expected);
    });
  }

  it('refuses a parameter of a type that isn’t served, and goes on', async () => {
    const { errors } = await dbo.execute('SELECT @value', { value: [TYPES.Date, new Date(0)] });
    expect(errors.map(({ number }) => number)).to.deep.equal([102]);
    expect(await dbo.rows('SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
  });

  it('keeps parameters out of the journal', async () => {
    await dbo.execute('INSERT INTO items VALUES (@id, @name)', { id: [TYPES.Int, 1], name: [TYPES.NVarChar, 'secret'] });
    expect(sql.statements).to.deep.equal([['INSERT INTO items VALUES (@id, @name)', '']]);
    expect(await namesIn(dbo)).to.deep.equal(['secret']);
  });

  it('sends an answer that takes many packets', async () => {
    const { sets } = await dbo.batch("SELECT REPLICATE(CAST(N'ab' AS nvarchar(max)), 100000) AS text");
    expect(String(sets[0]?.[0]?.['text'])).to.equal('ab'.repeat(100_000));
  });

  it('prepares a statement, runs it again and again, and forgets it', async () => {
    const insert = dbo.prepared('INSERT INTO items VALUES (@id, @name)', { id: TYPES.Int, name: TYPES.NVarChar });
    await insert.prepare();
    await insert.execute({ id: 1, name: 'cup' });
    await insert.execute({ id: 2, name: 'pot' });
    expect(sql.statements).to.deep.equal([
      ['EXEC sp_prepare', ''],
      ['INSERT INTO items VALUES (@id, @name)', ''],
      ['INSERT INTO items VALUES (@id, @name)', ''],
    ]);
    await insert.unprepare();
    expect(String(await insert.execute({ id: 3, name: 'pan' }).catch((error: unknown) => error))).to.match(
      /Could not find prepared statement/,
    );
    expect(await namesIn(dbo)).to.deep.equal(['cup', 'pot']);
  });

  it('calls a procedure by its name', async () => {
    await dbo.call('sys.sp_addextendedproperty', { name: [TYPES.NVarChar, 'note'], value: [TYPES.NVarChar, 'hello'] });
    expect(
      await dbo.rows("SELECT CAST(value AS nvarchar(20)) AS value FROM sys.extended_properties WHERE class = 0 AND name = N'note'"),
    ).to.deep.equal([{ value: 'hello' }]);
  });

  it('keeps a transaction of the protocol to itself until it is committed', async () => {
    const second = await sql.logIn(operator);
    await dbo.begin();
    await dbo.run("INSERT INTO items VALUES (1, N'cup')", `CREATE USER [late] WITHOUT LOGIN`);
    expect(await namesIn(second)).to.deep.equal([]);
    expect(await second.rows("SELECT name FROM sys.database_principals WHERE name = N'late'")).to.deep.equal([]);
    await dbo.commit();
    expect(await namesIn(second)).to.deep.equal(['cup']);
    await dbo.begin();
    await dbo.run('DELETE FROM items', 'DROP USER [late]');
    await dbo.rollBack();
    expect(await namesIn(dbo)).to.deep.equal(['cup']);
    await dbo.run('DROP USER [late]');
    expect(sql.statements.map(([statement]) => statement).filter((each) => each.endsWith('TRANSACTION'))).to.deep.equal([
      'BEGIN TRANSACTION',
      'COMMIT TRANSACTION',
      'BEGIN TRANSACTION',
      'ROLLBACK TRANSACTION',
    ]);
  });

  it('rolls back what a session leaves open', async () => {
    const leaving = await sql.logIn(operator);
    await leaving.run('BEGIN TRANSACTION', "INSERT INTO items VALUES (1, N'cup')");
    await leaving.close();
    await dbo.run("INSERT INTO items VALUES (1, N'plate')");
    expect(await namesIn(dbo)).to.deep.equal(['plate']);
  });

  it('rolls back to a savepoint', async () => {
    await dbo.run(
      "BEGIN TRAN; INSERT INTO items VALUES (1, N'cup'); SAVE TRAN here; INSERT INTO items VALUES (2, N'plate'); ROLLBACK TRAN here; COMMIT",
    );
    expect(await namesIn(dbo)).to.deep.equal(['cup']);
    expect(await dbo.errorsOf('BEGIN TRAN outermost; ROLLBACK TRAN nowhere; ROLLBACK TRAN outermost')).to.deep.equal([6401]);
  });

  it('makes a session wait for a row that another one changes, but not for ever', async () => {
    const second = await sql.logIn(operator);
    await dbo.run(
      "INSERT INTO items VALUES (1, N'cup')",
      'BEGIN TRANSACTION',
      "UPDATE items SET name = N'mug' WHERE id = 1",
      "INSERT INTO items VALUES (2, N'pot')",
    );
    await second.run("INSERT INTO items VALUES (3, N'jar')");
    expect(await second.errorsOf('SET LOCK_TIMEOUT 10; DELETE FROM items WHERE id = 1')).to.deep.equal([1222]);
    expect(await second.errorsOf("INSERT INTO items VALUES (2, N'pan')")).to.deep.equal([1222]);
    const waiting = second.batch("SET LOCK_TIMEOUT -1; UPDATE items SET name = name + N'!' WHERE id = 1");
    while (!sql.started.engine.database('orders')?.locks.isWaiting) await new Promise((resolve) => setImmediate(resolve));
    await dbo.run('COMMIT TRANSACTION');
    expect((await waiting).errors).to.deep.equal([]);
    expect(await namesIn(dbo)).to.deep.equal(['mug!', 'pot', 'jar']);
  });

  it('ends a deadlock by rolling one of both back', async () => {
    const second = await sql.logIn(operator);
    await dbo.run('BEGIN TRANSACTION', "INSERT INTO items VALUES (1, N'cup')");
    await second.run('BEGIN TRANSACTION', "INSERT INTO items VALUES (2, N'pot')");
    const waiting = dbo.batch("INSERT INTO items VALUES (2, N'pan')");
    while (!sql.started.engine.database('orders')?.locks.isWaiting) await new Promise((resolve) => setImmediate(resolve));
    expect(await second.errorsOf("INSERT INTO items VALUES (1, N'mug')")).to.deep.equal([1205]);
    expect((await waiting).errors).to.deep.equal([]);
    await dbo.run('COMMIT');
    expect(await namesIn(dbo)).to.deep.equal(['cup', 'pan']);
  });

  it('stops what the client cancels, and serves it again', async () => {
    const waiting = dbo.batch("WAITFOR DELAY '23:00:00'");
    while (sql.slept.length === 0) await new Promise((resolve) => setImmediate(resolve));
    dbo.connection.cancel();
    expect((await waiting).failure).to.include({ code: 'ECANCEL' });
    expect(await dbo.rows('SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
  });

  it('forgets a session’s state when the client resets it', async () => {
    await dbo.run('SET XACT_ABORT ON', 'BEGIN TRANSACTION', "INSERT INTO items VALUES (1, N'cup')");
    await dbo.reset();
    expect(await dbo.rows('SELECT @@TRANCOUNT AS n, @@OPTIONS & 16384 AS abort')).to.deep.equal([{ n: 0, abort: 0 }]);
    expect(await namesIn(dbo)).to.deep.equal([]);
  });

  it('kills a session, whether it is idle or runs something', async () => {
    for (const busy of [false, true]) {
      const victim = await sql.logIn(shop);
      const [{ id } = {}] = await victim.rows('SELECT @@SPID AS id');
      const ended = once(victim.connection, 'end');
      const slept = sql.slept.length;
      const running = busy ? victim.batch("WAITFOR DELAY '23:00:00'") : undefined;
      while (busy && sql.slept.length === slept) await new Promise((resolve) => setImmediate(resolve));
      await dbo.run(`KILL ${id}`);
      await ended;
      expect((await running)?.errors.map(({ number }) => number)).to.deep.equal(busy ? [596] : undefined);
      expect(await dbo.errorsOf(`KILL ${id}`)).to.deep.equal([6106]);
    }
  });

  const faults: readonly [string, object, boolean, readonly number[], readonly string[]][] = [
    ['an error in place of the statement', { code: 40197 }, false, [40197], []],
    ['a line that breaks before it', { drop: 'before' }, true, [], []],
    ['a line that breaks after it', { drop: 'after' }, true, [], ['cup']],
  ];
  for (const [what, respond, isLost, numbers, left] of faults) {
    it(`strikes a statement with ${what}`, async () => {
      const client = await sql.logIn(operator);
      sql.faults.add({ match: { kind: 'sql', path: '^INSERT' }, respond, times: 1 });
      const answer = await client.batch("INSERT INTO items VALUES (1, N'cup')");
      expect(answer.failure, 'a failure').to.not.equal(undefined);
      expect(answer.errors.map(({ number }) => number)).to.deep.equal(numbers);
      expect((await client.batch('SELECT 1')).failure !== undefined, 'the session is lost').to.equal(isLost);
      expect(await namesIn(dbo)).to.deep.equal(left);
    });
  }

  it('lets a late answer be late', async () => {
    sql.faults.add({ match: { kind: 'sql', path: 'SELECT 1' }, respond: { delayMs: 300 }, times: 1 });
    await dbo.run('SELECT 1');
    expect(sql.slept).to.deep.equal([300]);
  });

  it('runs as the user that a session executes as, until it reverts', async () => {
    await dbo.run("EXECUTE AS USER = 'shop'");
    expect(await dbo.rows("SELECT USER_NAME() AS name, IS_MEMBER('db_owner') AS owner")).to.deep.equal([{ name: 'shop', owner: 0 }]);
    await dbo.run('REVERT');
    expect(await dbo.rows("SELECT USER_NAME() AS name, IS_MEMBER('db_owner') AS owner")).to.deep.equal([{ name: 'dbo', owner: 1 }]);
  });
});
