import { expect } from 'chai';
import fc from 'fast-check';
import type { AccessSpec } from '../../../src/api/spec.ts';
import { access, markOf } from '../target/given.ts';
import { atRest } from '../target/pass.ts';
import { numberIn } from './application-session.ts';
import type { SqlClient } from './client.ts';
import { type ShopServer, startShopServer } from './shop-server.ts';

const runs = 15;

type Grant = NonNullable<AccessSpec['grants']>[number];

const some = (...words: string[]) => fc.uniqueArray(fc.constantFrom(...words), { minLength: 1 });
const oneOf = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const schema = oneOf('app', 'DBO', 'dbo');
const grant: fc.Arbitrary<Grant> = fc.oneof(
  fc.record<Grant>({
    objectType: fc.constant('Database'),
    privileges: some('CONNECT', 'CREATE TABLE', 'SHOWPLAN', 'VIEW DEFINITION', 'EXECUTE'),
  }),
  fc.record<Grant>({ objectType: fc.constant('Schema'), schema, privileges: some('SELECT', 'INSERT', 'EXECUTE', 'ALTER') }),
  fc.record<Grant>({
    objectType: fc.constant('Table'),
    schema,
    names: oneOf(['items'], ['ITEMS', 'notes'], ['*']),
    privileges: some('SELECT', 'INSERT', 'UPDATE', 'DELETE'),
  }),
  fc.record<Grant>({ objectType: fc.constant('Function'), schema, names: oneOf(['task'], ['*']), privileges: fc.constant(['EXECUTE']) }),
);

/** What a spec may ask for. */
const spec: fc.Arbitrary<AccessSpec> = fc
  .record({
    profile: oneOf<AccessSpec['profile']>('ReadOnly', 'ReadWrite', 'ReadWriteDDL', 'All', 'Custom'),
    schemas: oneOf<string[] | undefined>(undefined, ['app'], ['dbo'], ['App', 'dbo'], ['*']),
    grants: fc.array(grant, { maxLength: 3 }),
    roles: oneOf<string[]>([], ['readers'], ['readers', 'db_datareader']),
    routines: oneOf<'None' | 'All'>('None', 'All'),
  })
  .map(({ profile, schemas, ...rest }) => access(profile, { ...rest, ...(schemas && { schemas }) }));

describe('random specs for Azure SQL', function () {
  this.timeout(120_000);
  let shopServer: ShopServer;

  before(async () => {
    shopServer = await startShopServer({ host: '127.0.93.10' });
    await shopServer.query('orders', 'CREATE SCHEMA app');
    for (const schema of ['app', 'dbo'])
      await shopServer.query(
        'orders',
        `CREATE TABLE ${schema}.items (id int)`,
        `CREATE TABLE ${schema}.notes (id int)`,
        `CREATE PROCEDURE ${schema}.task AS SELECT 1 AS one`,
      );
    await shopServer.query('orders', 'CREATE ROLE readers', 'GRANT SELECT ON OBJECT::dbo.notes TO readers');
  });
  after(() => shopServer.stop());

  /** All that the catalogs know of a user's rights. */
  async function rightsOf(name: string): Promise<readonly string[]> {
    const rows = await shopServer.query(
      'orders',
      `SELECT d.class AS class, d.permission_name AS permission, RTRIM(d.state) AS state, d.major_id AS major, d.minor_id AS minor, d.grantor_principal_id AS grantor
       FROM sys.database_permissions AS d JOIN sys.database_principals AS p ON p.principal_id = d.grantee_principal_id WHERE p.name = N'${name}'`,
    );
    const roles = await shopServer.query(
      'orders',
      `SELECT r.name AS role FROM sys.database_role_members AS m JOIN sys.database_principals AS r ON r.principal_id = m.role_principal_id
       JOIN sys.database_principals AS p ON p.principal_id = m.member_principal_id WHERE p.name = N'${name}'`,
    );
    return [...rows, ...roles].map((row) => JSON.stringify(row)).sort();
  }

  async function may(client: SqlClient, statement: string): Promise<boolean> {
    try {
      await client.query(statement);
      return true;
    } catch (error) {
      if ([229, 230].includes(numberIn(error) ?? 0)) return false;
      throw error;
    }
  }

  /** What the spec says, in the plainest words. */
  function promised(
    { profile, schemas, grants = [], roles = [], routines }: AccessSpec,
    schema: string,
    name: string,
    deed: string,
  ): boolean {
    if (profile === 'All') return true;
    const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
    const isCovered = !schemas || schemas.includes('*') || schemas.some((each) => same(each, schema));
    const ofProfile = { ReadOnly: ['SELECT'], Custom: [] as string[] }[profile as 'ReadOnly'] ?? ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];
    if (isCovered && (deed === 'EXECUTE' ? routines === 'All' : ofProfile.includes(deed))) return true;
    if (deed === 'SELECT' && (roles.includes('db_datareader') || (roles.includes('readers') && schema === 'dbo' && name === 'notes')))
      return true;
    return grants.some((each) => {
      if (!each.privileges.includes(deed)) return false;
      if (each.objectType === 'Database') return true;
      if (!same(each.schema ?? '', schema)) return false;
      if (each.objectType === 'Schema') return true;
      if ((each.objectType === 'Function') !== (deed === 'EXECUTE')) return false;
      return each.names?.some((one) => one === '*' || same(one, name)) ?? false;
    });
  }

  it('leave the same catalogs, whatever was asked for in between (oracle A), and let the login do just what they say (oracle C)', async () => {
    let life = 0;
    await fc.assert(
      fc.asyncProperty(spec, spec, async (wanted, between) => {
        life += 1;
        const request = shopServer.request({ mark: markOf('shop', 'orders', life) });
        const reconcile = async (asked: AccessSpec) => {
          expect((await shopServer.reconcile({ ...request, access: asked })).findings).to.deep.equal([]);
          expect(await shopServer.reconcile({ ...request, access: asked })).to.deep.equal(atRest);
        };
        try {
          await reconcile(wanted);
          const fresh = await rightsOf(request.userName);
          await reconcile(between);
          await reconcile(wanted);
          expect(await rightsOf(request.userName)).to.deep.equal(fresh);
          const client = await shopServer.logIn('orders');
          for (const schema of ['app', 'dbo']) {
            for (const name of ['items', 'notes'])
              for (const [deed, statement] of [
                ['SELECT', `SELECT id FROM ${schema}.${name}`],
                ['INSERT', `INSERT INTO ${schema}.${name} (id) VALUES (1)`],
                ['UPDATE', `UPDATE ${schema}.${name} SET id = 2`],
                ['DELETE', `DELETE FROM ${schema}.${name}`],
              ] as const)
                expect(await may(client, statement), `${deed} ${schema}.${name}`).to.equal(promised(wanted, schema, name, deed));
            expect(await may(client, `EXEC ${schema}.task`), `EXECUTE ${schema}.task`).to.equal(
              promised(wanted, schema, 'task', 'EXECUTE'),
            );
          }
          client.close();
        } finally {
          await shopServer.end(request);
          expect(await shopServer.tidy(request)).to.deep.equal({ kind: 'gone' });
        }
      }),
      { numRuns: runs },
    );
  });
});
