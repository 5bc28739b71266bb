import { expect } from 'chai';
import type { TargetRequest } from '../../../src/targets/target.ts';
import { rejection } from '../../support/eventually.ts';
import { access, markOf, other } from '../target/given.ts';
import { type ShopServer, startShopServer } from './shop-server.ts';

describe('a policy that wants no database to be open to every login', function () {
  this.timeout(30_000);
  let shop: ShopServer;
  let count = 0;
  let database: string;

  before(async () => {
    shop = await startShopServer({ host: '127.0.90.31' });
    await shop.asOwner('postgres', "CREATE ROLE bystander LOGIN PASSWORD 'bystander-password'", 'CREATE ROLE dba NOLOGIN');
  });
  after(() => shop?.stop());
  afterEach(async () => {
    await shop.cleanUp();
    for (const each of [request(), neighbour()]) {
      await shop.end(each);
      await shop.tidy(each);
    }
    shop.journal.clear();
  });

  const request = (change: Partial<TargetRequest> = {}) =>
    shop.request({ database, access: access('ReadOnly'), revokesPublicConnect: true, ...change });
  const neighbour = (change: Partial<TargetRequest> = {}) =>
    request({ userName: 'aad_shop_reports', mark: markOf('shop', 'reports'), identity: other, ...change });

  /** A database of an owner's. For `app_owner` the operator can act, but it has none of its rights as it is. */
  async function newDatabase(owner: 'operator' | 'app_owner' | 'pgadmin' | 'azuresu'): Promise<void> {
    count += 1;
    database = `orders${count}`;
    if (owner === 'app_owner' && (await shop.query('postgres', "SELECT FROM pg_roles WHERE rolname = 'app_owner'")).length === 0) {
      await shop.query('postgres', 'CREATE ROLE app_owner NOLOGIN');
      await shop.query('postgres', 'GRANT app_owner TO operator WITH ADMIN TRUE, INHERIT FALSE, SET FALSE');
    }
    await shop.backend.createDatabase(database, owner);
  }
  async function mayConnect(role: string): Promise<boolean> {
    const [row] = await shop.query<{ may: boolean }>('postgres', 'SELECT has_database_privilege($1, $2, $3) AS may', [
      role,
      database,
      'CONNECT',
    ]);
    return row?.may === true;
  }
  const summaries = ({ steps }: { readonly steps: readonly { readonly summary: string }[] }) =>
    steps.map(({ summary }) => summary).filter((summary) => summary.includes('PUBLIC'));

  it('takes CONNECT from PUBLIC after the user has its own, and leaves the rest to PUBLIC', async () => {
    await newDatabase('operator');
    const { steps, findings } = await shop.reconcile(request());
    expect(findings).to.deep.equal([]);
    expect(steps.at(-1)).to.include({ kind: 'revoke-public', summary: `REVOKE CONNECT ON DATABASE "${database}" FROM PUBLIC` });
    expect(await mayConnect('bystander')).to.equal(false);
    expect((await (await shop.logIn('aad_shop_orders', database)).query('SELECT 1 AS one')).rows).to.deep.equal([{ one: 1 }]);
    const [row] = await shop.query('postgres', 'SELECT datacl::text FROM pg_database WHERE datname = $1', [database]);
    expect(row?.['datacl']).to.match(/[{,]=T\//);
    expect(await shop.reconcile(request())).to.deep.equal({ steps: [], findings: [] });
    expect(await shop.reconcile(request(), shop.newTarget())).to.deep.equal({ steps: [], findings: [] });
  });

  it('does not shut the operator out, which came in like everybody', async () => {
    await newDatabase('app_owner');
    const pass = await shop.reconcile(request());
    expect(summaries(pass)).to.deep.equal([
      `GRANT CONNECT ON DATABASE "${database}" TO "operator"; REVOKE CONNECT ON DATABASE "${database}" FROM PUBLIC`,
    ]);
    expect(await mayConnect('operator')).to.equal(true);
    expect(await mayConnect('bystander')).to.equal(false);
    expect(await shop.reconcile(request(), shop.newTarget())).to.deep.equal({ steps: [], findings: [] });
    expect(
      (await shop.query('postgres', "SELECT FROM pg_auth_members WHERE roleid = 'app_owner'::regrole AND inherit_option")).length,
    ).to.equal(0);
  });

  it('keeps the database open where the operator could not be let in by itself', async () => {
    await newDatabase('app_owner');
    await shop.reconcile(request({ revokesPublicConnect: false }));
    const { steps } = await shop.plan(request());
    expect(steps).to.have.length(1);
    const found = await shop.target.observeServer(request(), { signal: AbortSignal.timeout(10_000) });
    shop.faults.add({ match: { kind: 'sql', path: '^GRANT CONNECT ON DATABASE' }, respond: { code: '42501' }, times: 1 });
    const signal = AbortSignal.timeout(10_000);
    expect(await rejection(shop.target.apply(steps, request(), found, { beforeStep: () => {}, signal }))).to.be.an('error');
    expect(await mayConnect('bystander')).to.equal(true);
  });

  it('is brought about again when somebody opens the database', async () => {
    await newDatabase('operator');
    await shop.reconcile(request());
    await shop.query('postgres', `GRANT CONNECT ON DATABASE ${database} TO PUBLIC`);
    expect(summaries(await shop.reconcile(request()))).to.have.length(1);
    expect(await mayConnect('bystander')).to.equal(false);
  });

  it('lets all connections of the database in that have been given their rights', async () => {
    await newDatabase('app_owner');
    await Promise.all([shop.reconcile(request()), shop.reconcile(neighbour())]);
    for (const [user, who] of [['aad_shop_orders'], ['aad_shop_reports', other]] as const)
      expect((await (await shop.logIn(user, database, who)).query('SELECT 1 AS one')).rows).to.deep.equal([{ one: 1 }]);
    expect(await mayConnect('bystander')).to.equal(false);
  });

  for (const owner of ['pgadmin', 'azuresu'] as const)
    it(`says what ${owner} has to run, who owns the database, without shutting anybody out`, async () => {
      await newDatabase(owner);
      const { steps, findings } = await shop.reconcile(request());
      expect(steps.filter(({ kind }) => kind === 'revoke-public')).to.deep.equal([]);
      expect(findings.map(({ reason, blocking }) => ({ reason, blocking }))).to.deep.equal([
        { reason: 'PrivilegeNotRevocable', blocking: false },
      ]);
      const advice = /: have \S+ run (.*)$/.exec(findings[0]?.message ?? '')?.[1] ?? '';
      for (const statement of advice.split('; ')) await shop.query('postgres', `SET ROLE ${owner}; ${statement}`);
      expect(await mayConnect('bystander')).to.equal(false);
      expect(await shop.reconcile(request(), shop.newTarget())).to.deep.equal({ steps: [], findings: [] });
    });

  it('leaves what somebody else gave to everybody, and says who', async () => {
    await newDatabase('operator');
    await shop.query('postgres', `GRANT CONNECT ON DATABASE ${database} TO dba WITH GRANT OPTION`);
    await shop.query('postgres', `SET ROLE dba; GRANT CONNECT ON DATABASE ${database} TO PUBLIC`);
    const { findings } = await shop.reconcile(request());
    expect(findings.map(({ reason }) => reason)).to.deep.equal(['PrivilegeNotRevocable']);
    expect(findings[0]?.message).to.include('by grant of dba');
  });

  it('writes nothing where an event trigger would run as the operator', async () => {
    await newDatabase('operator');
    await shop.reconcile(request({ revokesPublicConnect: false }));
    await shop.query(database, "CREATE FUNCTION public.spy() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'");
    await shop.query(database, 'CREATE EVENT TRIGGER spy ON ddl_command_end EXECUTE FUNCTION public.spy()');
    const { steps, findings } = await shop.plan(request());
    expect(steps).to.deep.equal([]);
    expect(findings.map(({ reason }) => reason)).to.deep.equal(['DdlTriggerPresent']);
    await shop.query(database, 'DROP EVENT TRIGGER spy');
  });

  it('is nothing that happens unless the policy says so', async () => {
    await newDatabase('operator');
    await shop.reconcile(request({ revokesPublicConnect: false }));
    expect(await mayConnect('bystander')).to.equal(true);
  });
});
