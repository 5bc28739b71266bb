import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { buildGoClient, type GoInput, type GoOutput, runGoClient } from '../../fixtures/go-mssqldb/client.ts';
import type { Identity } from '../../sandbox/azure/world.ts';
import { operator, other, ShopSql, shop, sidOf, sqlAudience, tenantId } from './shop-sql.ts';

describe('a client that others wrote, on the sandbox’s Azure SQL', function () {
  this.timeout(20_000);
  const closing = new AbortController();
  const { signal } = closing;
  let sql: ShopSql;
  let directory: string;
  let program: string;

  before(async function () {
    this.timeout(300_000); // it may have to be built
    program = await buildGoClient({ log: (line) => console.log(`      ${line}`), signal });
    sql = await ShopSql.start();
    directory = await mkdtemp(join(tmpdir(), 'dbaccess-go-'));
    await writeFile(join(directory, 'ca.pem'), sql.ca);
    const dbo = await sql.logIn(operator);
    await dbo.run(
      'CREATE TABLE items (id int PRIMARY KEY, name nvarchar(20))',
      `INSERT INTO items VALUES (1, N'cup'), (2, N'naïve ☕')`,
      `CREATE USER [shop] WITH SID = ${sidOf(shop)}, TYPE = E`,
      'ALTER ROLE [db_datareader] ADD MEMBER [shop]',
    );
  });

  after(async () => {
    await sql?.stop();
    if (directory) await rm(directory, { recursive: true });
    closing.abort();
  });

  async function runAs(
    who: Identity,
    statements: GoInput['statements'],
    { token, certificate = join(directory, 'ca.pem') }: Partial<GoInput> = {},
  ): Promise<GoOutput> {
    const { host, port } = sql.started.gateway;
    const input = { host, port, database: 'orders', certificate, token: token ?? (await sql.tokenOf(who)), statements };
    return runGoClient(program, input, { signal });
  }

  it('logs in with a token, and is who the token says', async () => {
    const { login, results } = await runAs(shop, [{ sql: 'SELECT USER_NAME(), SUSER_SNAME(), DB_NAME()' }]);
    expect(login).to.equal(null);
    expect(results).to.deep.equal([{ rows: [['shop', `${shop.clientId}@${tenantId}`, 'orders']], error: null }]);
  });

  it('is held to its profile: it reads, and it can’t write', async () => {
    const { results } = await runAs(shop, [
      { sql: 'SELECT id, name FROM items WHERE id > @p1 ORDER BY id', arguments: [1] },
      { sql: "INSERT INTO items VALUES (3, N'pot')" },
      { sql: 'UPDATE items SET name = @p1 WHERE id = @p2', arguments: ['mug', 1] },
      { sql: 'DROP TABLE items' },
      { sql: 'SELECT COUNT(*) FROM items' },
    ]);
    expect(results?.map(({ rows, error }) => error?.number ?? rows)).to.deep.equal([[[2, 'naïve ☕']], 229, 229, 3701, [[2]]]);
  });

  it('writes in a transaction when it may', async () => {
    const { results } = await runAs(operator, [
      { sql: 'INSERT INTO items VALUES (@p1, @p2)', arguments: [10, 'jar'], inTransaction: true },
      { sql: 'DELETE FROM items WHERE id = @p1', arguments: [10], inTransaction: true },
      { sql: "INSERT INTO items VALUES (11, N'lid')", inTransaction: true },
    ]);
    expect(results?.map(({ error }) => error)).to.deep.equal([null, null, null]);
    const after = await runAs(shop, [{ sql: 'SELECT id FROM items ORDER BY id' }]);
    expect(after.results?.[0]?.rows).to.deep.equal([[1], [2], [11]]);
  });

  const refusals: readonly [string, () => Promise<GoOutput>, number][] = [
    ['an identity without a user', () => runAs(other, []), 18456],
    [
      'a token that has expired',
      async () => runAs(shop, [], { token: await sql.tokens.issue(shop, sqlAudience, { expiresIn: -60 }) }),
      18456,
    ],
  ];
  for (const [what, attempt, number] of refusals) {
    it(`is refused with ${number}: ${what}`, async () => {
      expect((await attempt()).login).to.include({ number });
    });
  }

  it('is told when its address is not allowed', async () => {
    sql.started.engine.network.isAddressAllowed = false;
    try {
      expect((await runAs(shop, [])).login).to.include({ number: 40615 });
    } finally {
      sql.started.engine.network.isAddressAllowed = true;
    }
  });
});
