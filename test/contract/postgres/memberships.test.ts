import { expect } from 'chai';
import type pg from 'pg';
import { markText } from '../../../src/targets/mark.ts';
import { rejection } from '../../support/eventually.ts';
import { access, markOf, other } from '../target/given.ts';
import { isAlive, type ShopServer, startShopServer } from './shop-server.ts';

const user = 'aad_shop_orders';
const neighbour = 'aad_shop_neighbour';
const database = 'orders';

describe('roles of a connection in PostgreSQL', function () {
  this.timeout(30_000);
  let shop: ShopServer;

  before(async () => {
    shop = await startShopServer({ host: '127.0.90.32' });
    await shop.backend.createDatabase(database, 'operator');
    await shop.query(database, 'CREATE TABLE public.sales (id int); ALTER TABLE public.sales OWNER TO operator');
  });
  after(() => shop?.stop());
  beforeEach(() =>
    asSuperuser(
      'CREATE ROLE reporting; GRANT reporting TO operator WITH ADMIN TRUE, INHERIT FALSE, SET FALSE; GRANT SELECT ON public.sales TO reporting',
      'CREATE ROLE inner_role',
    ),
  );
  afterEach(async () => {
    await shop.cleanUp();
    shop.server.administrators.splice(1);
    await asSuperuser('DROP OWNED BY reporting CASCADE; DROP ROLE reporting, inner_role; DROP ROLE IF EXISTS accomplice');
    for (const each of [request(), neighbourRequest()]) {
      await shop.end(each);
      await shop.tidy(each);
    }
    shop.journal.clear();
  });

  const asSuperuser = async (...statements: string[]) => {
    for (const statement of statements) await shop.query(database, statement);
  };
  const request = (roles = ['reporting']) => shop.request({ database, access: access('Custom', { roles }) });
  const neighbourRequest = (roles = ['reporting']) =>
    shop.request({
      database,
      userName: neighbour,
      mark: markOf('shop', 'neighbour'),
      identity: other,
      access: access('Custom', { roles }),
    });
  const shown = ({ findings }: { readonly findings: readonly { readonly reason: string; readonly blocking: boolean }[] }) =>
    findings.map(({ reason, blocking }) => `${reason}${blocking ? '!' : ''}`);
  const memberships = async (of = user) =>
    (
      await shop.query<{ text: string }>(
        database,
        `SELECT format('%s by %s%s%s%s', roleid::regrole, grantor::regrole, CASE WHEN inherit_option THEN ' inherit' END, CASE WHEN set_option THEN ' set' END, CASE WHEN admin_option THEN ' admin' END) AS text
         FROM pg_auth_members WHERE member = $1::regrole ORDER BY 1`,
        [of],
      )
    ).map(({ text }) => text);
  const asPromised = ['reporting by operator inherit'];
  const reads = (client: pg.Client) =>
    client.query('SELECT * FROM public.sales').then(
      () => true,
      () => false,
    );

  it('give the login the role’s rights and nothing else, and are at rest then', async () => {
    expect((await shop.reconcile(request())).findings).to.deep.equal([]);
    expect(await memberships()).to.deep.equal(asPromised);
    const client = await shop.logIn(user, database);
    expect(await reads(client)).to.equal(true);
    expect(await rejection(client.query('SET ROLE reporting'))).to.include({ code: '42501' });
    expect(await rejection(client.query('GRANT reporting TO inner_role'))).to.include({ code: '42501' });
    shop.journal.clear();
    expect(await shop.reconcile(request())).to.deep.equal({ steps: [], findings: [] });
    expect(shop.statements().filter((statement) => !/^(BEGIN|COMMIT)/.test(statement))).to.have.length(3);
  });

  it('end with the spec that names them, and so do the sessions that used them', async () => {
    await shop.reconcile(request());
    const client = await shop.logIn(user, database);
    await asSuperuser('GRANT inner_role TO operator WITH ADMIN TRUE');
    expect((await shop.reconcile(request(['inner_role']))).findings).to.deep.equal([]);
    expect(await memberships()).to.deep.equal(['inner_role by operator inherit']);
    expect(await isAlive(client)).to.equal(false);
    expect(await reads(await shop.logIn(user, database))).to.equal(false);
  });

  const damages: Readonly<Record<string, string>> = {
    'it was taken away': `REVOKE reporting FROM ${user} GRANTED BY operator`,
    'it gives no rights': `GRANT reporting TO ${user} WITH INHERIT FALSE GRANTED BY operator`,
    'it lets become the role': `GRANT reporting TO ${user} WITH SET TRUE GRANTED BY operator`,
    'it can be passed on': `GRANT reporting TO ${user} WITH ADMIN TRUE GRANTED BY operator; CREATE ROLE accomplice; GRANT reporting TO accomplice GRANTED BY ${user}`,
    'there is another one': `GRANT inner_role TO operator WITH ADMIN TRUE; GRANT inner_role TO ${user} GRANTED BY operator`,
  };
  for (const [what, damage] of Object.entries(damages))
    it(`are put right when ${what}`, async () => {
      await shop.reconcile(request());
      await asSuperuser(damage);
      const { steps, findings } = await shop.reconcile(request());
      expect(steps).not.to.deep.equal([]);
      expect(findings).to.deep.equal([]);
      expect(await memberships()).to.deep.equal(asPromised);
      expect(await shop.query(database, "SELECT FROM pg_auth_members WHERE member = to_regrole('accomplice')")).to.have.length(0);
    });

  const refusals: Readonly<Record<string, () => Promise<unknown>>> = {
    'has an attribute': () => asSuperuser('ALTER ROLE reporting CREATEDB'),
    'is in one that has an attribute': () => asSuperuser('ALTER ROLE inner_role CREATEROLE; GRANT inner_role TO reporting'),
    'is in one of PostgreSQL’s own, through another': () =>
      asSuperuser('GRANT pg_read_server_files TO inner_role; GRANT inner_role TO reporting'),
    'is in Azure’s own': () => asSuperuser('GRANT azure_pg_admin TO reporting'),
    'is in the user of another connection': async () => {
      await shop.reconcile(neighbourRequest(['inner_role']));
      await asSuperuser(`GRANT ${neighbour} TO inner_role; GRANT inner_role TO reporting`);
    },
    'bears the mark of another cluster': () =>
      asSuperuser(`COMMENT ON ROLE reporting IS '${markText({ ...markOf('far', 'away'), cluster: '00000000000000c9' })}'`),
    'is an administrator’s, as Azure tells': async () =>
      shop.server.administrators.push({ objectId: 'd', principalName: 'reporting', principalType: 'Group' }),
    'is in an administrator’s, as Azure tells': async () => {
      shop.server.administrators.push({ objectId: 'd', principalName: 'inner_role', principalType: 'Group' });
      await asSuperuser('GRANT inner_role TO reporting');
    },
  };
  for (const [what, change] of Object.entries(refusals)) {
    it(`are never given where the role ${what}`, async () => {
      await change();
      const pass = await shop.reconcile(request());
      expect(shown(pass)).to.deep.equal(['NotPermitted!']);
      expect(await memberships()).to.deep.equal([]);
    });
    it(`are taken back once the role ${what}`, async () => {
      await shop.reconcile(request());
      await change();
      const pass = await shop.reconcile(request());
      expect(shown(pass)).to.deep.equal(['NotPermitted!']);
      expect(pass.steps.map(({ kind }) => kind)).to.deep.equal(['revoke-membership']);
      expect(await memberships()).to.deep.equal([]);
    });
  }

  it('never make anybody the operator', async () => {
    expect(shown(await shop.reconcile(request(['operator'])))).to.deep.equal(['NotPermitted!']);
  });

  it('are told where they aren’t there, and given as soon as they are', async () => {
    const pass = await shop.reconcile(request(['reporting', 'accomplice']));
    expect(shown(pass)).to.deep.equal(['RoleNotFound!']);
    expect(await memberships()).to.deep.equal(asPromised);
    await asSuperuser('CREATE ROLE accomplice; GRANT accomplice TO operator WITH ADMIN TRUE');
    expect((await shop.reconcile(request(['reporting', 'accomplice']))).findings).to.deep.equal([]);
    expect(await memberships()).to.deep.equal(['accomplice by operator inherit', ...asPromised]);
  });

  it('that the operator may not give are given by somebody else, as the message says', async () => {
    const pass = await shop.reconcile(request(['inner_role']));
    expect(shown(pass)).to.deep.equal(['RoleNotGrantable!']);
    await asSuperuser(/run (GRANT .*)$/.exec(pass.findings[0]?.message ?? '')?.[1] ?? '');
    expect(await shop.reconcile(request(['inner_role']))).to.deep.equal({ steps: [], findings: [] });
    expect(await memberships()).to.deep.equal(['inner_role by azuresu inherit']);
  });

  it('of one connection are no other’s, though both are looked at together', async () => {
    await asSuperuser('GRANT inner_role TO operator WITH ADMIN TRUE');
    const requests = [request(), neighbourRequest(['inner_role', 'absent'])] as const;
    const passes = await Promise.all(requests.map((each) => shop.reconcile(each)));
    expect(passes.map(shown)).to.deep.equal([[], ['RoleNotFound!']]);
    expect(await memberships()).to.deep.equal(asPromised);
    expect(await memberships(neighbour)).to.deep.equal(['inner_role by operator inherit']);
  });
});
