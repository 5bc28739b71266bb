import { expect } from 'chai';
import type { StagePlan } from '../../../src/api/step.ts';
import { secretText } from '../../../src/runtime/secret-text.ts';
import type { TargetRequest } from '../../../src/targets/target.ts';
import { access, markOf, other } from '../target/given.ts';
import { type ShopServer, startShopServer } from './shop-server.ts';

describe('connections that are written for together', function () {
  this.timeout(30_000);
  let shop: ShopServer;
  let count = 0;
  let database: string;

  before(async () => {
    shop = await startShopServer({ host: '127.0.90.40' });
    await shop.asOwner('postgres', "CREATE ROLE appowner LOGIN PASSWORD 'appowner-password'");
    shop.secrets.set('owner', {
      kind: 'credentials',
      userName: 'appowner',
      password: secretText('appowner-password'),
      version: '1',
    });
  });
  after(() => shop?.stop());
  beforeEach(async () => {
    count += 1;
    database = `orders${count}`;
    await shop.backend.createDatabase(database, 'operator');
    await shop.query(
      database,
      'CREATE SCHEMA app AUTHORIZATION appowner; CREATE TABLE app.t (id int); ALTER TABLE app.t OWNER TO appowner',
    );
    await shop.query(database, 'CREATE TABLE old (id int); ALTER TABLE old OWNER TO operator');
    await shop.query(database, 'CREATE SCHEMA brief; ALTER SCHEMA brief OWNER TO operator');
    await shop.query(database, 'CREATE TABLE brief.t (id int); ALTER TABLE brief.t OWNER TO operator');
  });
  afterEach(async () => {
    await shop.cleanUp();
    await shop.query('postgres', 'ALTER ROLE appowner CONNECTION LIMIT -1');
    for (const each of [first('app'), second()]) {
      await shop.end(each);
      await shop.tidy(each);
    }
  });

  const first = (schema: string) =>
    shop.request({ database, access: access('ReadOnly', { schemas: [schema] }), ownerCredentialsSecretName: 'owner' });
  const second = () =>
    shop.request({ database, userName: 'aad_shop_second', mark: markOf('shop', 'second'), identity: other, access: access('ReadOnly') });

  const { signal } = new AbortController();

  /** Makes the user, and plans what is to be done about its rights. */
  async function planned(request: TargetRequest): Promise<StagePlan> {
    const server = await shop.target.observeServer(request, { signal });
    const { steps } = await shop.plan(request);
    await shop.target.apply(steps, request, server, { beforeStep: () => {}, signal });
    return await shop.plan(request);
  }

  /** What became of the plans, carried out at the same time. */
  async function carriedOut(plans: readonly (readonly [TargetRequest, StagePlan])[]): Promise<readonly string[]> {
    const server = await shop.target.observeServer(second(), { signal });
    const results = await Promise.allSettled(
      plans.map(([request, { steps }]) => shop.target.apply(steps, request, server, { beforeStep: () => {}, signal })),
    );
    return results.map(({ status }) => status);
  }

  it('do not fail because an owner can not be logged in for, whom only one of them needs', async () => {
    const plans = [[first('app'), await planned(first('app'))] as const, [second(), await planned(second())] as const];
    await shop.query('postgres', 'ALTER ROLE appowner CONNECTION LIMIT 0');
    expect(await carriedOut(plans)).to.deep.equal(['rejected', 'fulfilled']);
    expect((await shop.plan(second())).steps).to.deep.equal([]);
  });

  for (const [what, statement] of [
    ['table', 'DROP TABLE brief.t'],
    ['schema', 'DROP SCHEMA brief CASCADE'],
  ] as const)
    it(`do not fail because a ${what} is gone that only one of them needs`, async () => {
      const plans = [[first('brief'), await planned(first('brief'))] as const, [second(), await planned(second())] as const];
      await shop.query(database, statement);
      expect(await carriedOut(plans)).to.deep.equal(['rejected', 'fulfilled']);
      expect((await shop.plan(second())).steps).to.deep.equal([]);
    });

  it('are looked at each for itself when what one of them asks about is too large to be answered', async () => {
    const long = 'x'.repeat(60);
    const types = Array.from({ length: 95 }, () => `${long}.${long}`).join();
    const statement = `'CREATE FUNCTION app.f' || number || '(${types}) RETURNS int LANGUAGE sql RETURN 1'`;
    await shop.query(database, `CREATE SCHEMA ${long}; CREATE DOMAIN ${long}.${long} AS int; GRANT ALL ON SCHEMA app TO operator`);
    await shop.query(database, `DO $$ BEGIN FOR number IN 1..2500 LOOP EXECUTE ${statement}; END LOOP; END $$`);
    await shop.query(database, "UPDATE pg_proc SET proowner = 'operator'::regrole WHERE pronamespace = 'app'::regnamespace");
    const requests = [{ ...first('app'), access: access('ReadOnly', { schemas: ['app'], routines: 'All' }) }, second()];
    const server = await shop.target.observeServer(second(), { signal });
    for (const request of requests) await planned({ ...request, access: access('Custom') });
    const results = await Promise.allSettled(
      requests.map(async (request) => {
        const user = await shop.target.observeUser(request, server, { signal });
        return await shop.target.observeGrants(request, server, user, { signal });
      }),
    );
    expect(results.map((each) => (each.status === 'rejected' ? each.reason.reason : each.status))).to.deep.equal([
      'TooManyObjects',
      'fulfilled',
    ]);
  });
});
