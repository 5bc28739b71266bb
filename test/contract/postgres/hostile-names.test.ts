import { expect } from 'chai';
import { escapeIdentifier } from 'pg';
import { access } from '../target/given.ts';
import { hostilePostgresNames } from './hostile-names.ts';
import { type ShopServer, startShopServer } from './shop-server.ts';

/** Users, databases, tables and routines of such names are in the contract of all targets. */
describe('names that want to be statements, in PostgreSQL', function () {
  this.timeout(60_000);
  const database = 'orders';
  let shop: ShopServer;

  before(async () => {
    shop = await startShopServer({ host: '127.0.90.7' });
    await shop.backend.createDatabase(database, 'operator');
  });
  after(() => shop?.stop());
  afterEach(() => shop.cleanUp());

  for (const name of hostilePostgresNames)
    it(`${JSON.stringify(name)} is but a name of a schema, column, type and owner`, async () => {
      const q = escapeIdentifier(name);
      const owner = escapeIdentifier(`own ${name}`.slice(0, 40));
      const type = `${q}.${escapeIdentifier(`t${name}`.slice(0, 40))}`;
      await shop.query(
        database,
        `CREATE ROLE ${owner}; GRANT ${owner} TO operator WITH ADMIN TRUE, INHERIT FALSE, SET FALSE; CREATE SCHEMA ${q} AUTHORIZATION operator;
         CREATE TABLE ${q}.${q} (${q} serial); CREATE TYPE ${type} AS ENUM ('a'); CREATE FUNCTION ${q}.${q}(${type}[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
         ALTER TABLE ${q}.${q} OWNER TO ${owner}; ALTER FUNCTION ${q}.${q} OWNER TO ${owner}`,
      );
      const request = shop.request({ userName: name, access: access('ReadWrite', { schemas: [name] }) });
      expect((await shop.reconcile(request)).findings).to.deep.equal([]);
      const client = await shop.logIn(name, database);
      expect((await client.query(`INSERT INTO ${q}.${q} DEFAULT VALUES RETURNING 1 AS one`)).rows).to.deep.equal([{ one: 1 }]);
      await shop.query(
        database,
        `GRANT TRUNCATE, REFERENCES (${q}) ON ${q}.${q} TO ${q}; GRANT EXECUTE ON FUNCTION ${q}.${q} TO ${q}; ALTER ROLE ${q} IN DATABASE ${database} SET work_mem = '64kB'`,
      );
      expect((await shop.reconcile(request)).steps.map(({ kind }) => kind)).to.include.members(['reset-settings']);
      expect(await shop.reconcile(request)).to.deep.equal({ steps: [], findings: [] });
      await shop.end(request);
      expect(await shop.tidy(request)).to.deep.equal({ kind: 'gone' });
      await shop.query(database, `DROP SCHEMA ${q} CASCADE; DROP OWNED BY ${owner} CASCADE; DROP ROLE ${owner}`);
    });
});
