import { expect } from 'chai';
import { escapeIdentifier } from 'pg';
import { fitsAsName } from '../../../src/targets/postgres/names.ts';
import { access, type ShopServer, startShopServer } from './shop-server.ts';

const names: readonly string[] = [
  'x" TO evil; CREATE ROLE evil; --',
  "x' OR 1=1; --",
  'back\\slash',
  "\\'; DROP ROLE x; --",
  '%s%I$1',
  'semi;colon,comma',
  'dollar $$ x $$',
  'line\nbreak',
  'r\u202Eight-to-left \u{1F600}',
  'Capital Letters and blanks ',
  'é'.repeat(31),
  'n'.repeat(63),
];

describe('names that want to be statements, in PostgreSQL', function () {
  this.timeout(60_000);
  let shop: ShopServer;

  before(async () => {
    shop = await startShopServer({ host: '127.0.90.7' });
  });
  after(() => shop?.stop());
  afterEach(() => shop.cleanUp());

  for (const name of names)
    it(`${JSON.stringify(name)} is but a name of a user, database, schema, table, column, type, owner and routine`, async () => {
      expect(fitsAsName(name)).to.equal(true);
      const q = escapeIdentifier(name);
      const owner = escapeIdentifier(`own ${name}`.slice(0, 40));
      await shop.backend.createDatabase(name, 'operator');
      await shop.query(
        name,
        `CREATE ROLE ${owner}; GRANT ${owner} TO operator WITH ADMIN TRUE, INHERIT FALSE, SET FALSE; CREATE SCHEMA ${q} AUTHORIZATION operator;
         CREATE TABLE ${q}.${q} (${q} serial); CREATE TYPE ${q}.${escapeIdentifier(`t${name}`.slice(0, 40))} AS ENUM ('a');
         CREATE FUNCTION ${q}.${q}(${q}.${escapeIdentifier(`t${name}`.slice(0, 40))}[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
         ALTER TABLE ${q}.${q} OWNER TO ${owner}; ALTER FUNCTION ${q}.${q} OWNER TO ${owner}`,
      );
      const request = shop.request({ userName: name, database: name, access: access('ReadWrite', { schemas: [name] }) });
      const roles = () => shop.query('postgres', 'SELECT rolname FROM pg_roles ORDER BY 1');
      const before = await roles();
      expect((await shop.reconcile(request)).findings).to.deep.equal([]);
      const client = await shop.logIn(name, name);
      expect((await client.query(`INSERT INTO ${q}.${q} DEFAULT VALUES RETURNING 1 AS one`)).rows).to.deep.equal([{ one: 1 }]);
      await shop.query(
        name,
        `GRANT TRUNCATE, REFERENCES (${q}) ON ${q}.${q} TO ${q}; GRANT EXECUTE ON FUNCTION ${q}.${q} TO ${q}; ALTER ROLE ${q} IN DATABASE ${q} SET work_mem = '64kB'`,
      );
      expect((await shop.reconcile(request)).steps.map(({ kind }) => kind)).to.include.members(['reset-settings']);
      expect(await shop.reconcile(request)).to.deep.equal({ steps: [], findings: [] });
      expect(await shop.end(request)).to.equal('ended');
      expect(await shop.tidy(request)).to.deep.equal({ kind: 'gone' });
      expect(await roles()).to.deep.equal(before);
      await shop.query(name, `DROP OWNED BY ${owner} CASCADE; DROP ROLE ${owner}`);
    });
});
