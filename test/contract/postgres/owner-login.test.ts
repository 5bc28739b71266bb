import { expect } from 'chai';
import { secretText } from '../../../src/runtime/secret-text.ts';
import type { TargetRequest } from '../../../src/targets/target.ts';
import { rejection } from '../../support/eventually.ts';
import { access } from '../target/given.ts';
import { type ShopServer, startShopServer } from './shop-server.ts';

describe("the login of an owner of older tables, for whom the operator can't act", function () {
  this.timeout(30_000);
  let shop: ShopServer;
  let count = 0;
  let database: string;

  before(async () => {
    shop = await startShopServer({ host: '127.0.90.30' });
    for (const role of ['appowner', 'stranger']) await shop.asOwner('postgres', `CREATE ROLE ${role} LOGIN PASSWORD '${role}-password'`);
    await shop.asOwner('postgres', 'CREATE ROLE tables_owner NOLOGIN', 'GRANT tables_owner TO appowner');
  });
  after(() => shop?.stop());
  beforeEach(async () => {
    count += 1;
    database = `orders${count}`;
    await shop.backend.createDatabase(database);
    await shop.query(
      database,
      'CREATE SCHEMA app AUTHORIZATION appowner; CREATE TABLE app.t (id serial); ALTER TABLE app.t OWNER TO appowner',
    );
    await shop.query(database, 'CREATE FUNCTION app.f() RETURNS int LANGUAGE sql RETURN 1; ALTER FUNCTION app.f() OWNER TO appowner');
    await shop.query(database, 'REVOKE EXECUTE ON FUNCTION app.f() FROM PUBLIC');
    give('appowner');
  });
  afterEach(async () => {
    await shop.cleanUp();
    await shop.end(request());
    await shop.tidy(ending());
    shop.journal.clear();
    shop.secretReads.length = 0;
  });

  /** Puts a login into the Secret that the policy names. */
  const give = (userName: string, password = `${userName}-password`, version = `${count}`) =>
    shop.secrets.set('owner', { kind: 'credentials', userName, password: secretText(password), version });
  const ending = () => ({ ...request(), ownerCredentialsSecretName: 'owner' });
  const request = (profile: Parameters<typeof access>[0] = 'ReadWrite', change: Partial<TargetRequest> = {}) =>
    shop.request({
      database,
      access: access(profile, { schemas: ['app'] }),
      ownerCredentialsSecretName: 'owner',
      ...change,
    });
  const isWrite = (statement: string) => !/^(LOGIN|SELECT|WITH|BEGIN|COMMIT|ROLLBACK)/.test(statement);
  const isTheirs = (summary: string) => summary.endsWith(' (as appowner)');
  const statementsOf = (user: string) =>
    shop.journal.list('sql').flatMap((entry) => (entry.kind === 'sql' && entry.user === user ? [entry.statement] : []));
  const logins = (user: string) => statementsOf(user).filter((statement) => statement === 'LOGIN').length;
  const reasons = async (...args: Parameters<typeof request>) =>
    (await shop.reconcile(request(...args))).findings.map(({ reason, blocking }) => `${reason}${blocking ? '!' : ''}`);

  it('grants what the user lacks, now and later, and the plan says whose login it is', async () => {
    const { steps, findings } = await shop.reconcile(
      request('ReadWrite', { access: access('ReadWrite', { schemas: ['app'], routines: 'All' }) }),
    );
    expect(findings).to.deep.equal([]);
    const theirs = steps.map(({ summary }) => summary).filter(isTheirs);
    expect(theirs).to.have.members([
      'GRANT USAGE ON SCHEMA "app" TO "aad_shop_orders" (as appowner)',
      'GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "app"."t" TO "aad_shop_orders" (as appowner)',
      'GRANT SELECT, USAGE ON SEQUENCE "app"."t_id_seq" TO "aad_shop_orders" (as appowner)',
      'GRANT EXECUTE ON ROUTINE "app"."f"() TO "aad_shop_orders" (as appowner)',
      'ALTER DEFAULT PRIVILEGES FOR ROLE "appowner" IN SCHEMA "app" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "aad_shop_orders" (as appowner)',
      'ALTER DEFAULT PRIVILEGES FOR ROLE "appowner" IN SCHEMA "app" GRANT SELECT, USAGE ON SEQUENCES TO "aad_shop_orders" (as appowner)',
      'ALTER DEFAULT PRIVILEGES FOR ROLE "appowner" IN SCHEMA "app" GRANT EXECUTE ON ROUTINES TO "aad_shop_orders" (as appowner)',
    ]);
    expect(
      statementsOf('appowner')
        .filter(isWrite)
        .map((statement) => `${statement} (as appowner)`),
    ).to.have.members(theirs);
    const client = await shop.logIn('aad_shop_orders', database);
    expect((await client.query('INSERT INTO app.t DEFAULT VALUES RETURNING id, app.f()')).rows).to.deep.equal([{ id: 1, f: 1 }]);
    await shop.query(database, 'SET ROLE appowner; CREATE TABLE app.later (id int)');
    expect((await client.query('SELECT * FROM app.later')).rows).to.deep.equal([]);
  });

  it('is used in sessions that keep the contract of every other one', async () => {
    await shop.reconcile(request());
    const [login, who] = statementsOf('appowner');
    expect([login, who?.slice(0, 19)]).to.deep.equal(['LOGIN', 'SELECT session_user']);
    expect(logins('appowner')).to.equal(1);
  });

  it('is left alone at rest: its Secret is not read, and nobody logs in with it', async () => {
    await shop.reconcile(request());
    shop.journal.clear();
    shop.secretReads.length = 0;
    expect(await shop.reconcile(request())).to.deep.equal({ steps: [], findings: [] });
    expect(await shop.reconcile(request(), shop.newTarget())).to.deep.equal({ steps: [], findings: [] });
    expect(shop.secretReads).to.deep.equal([]);
    expect(logins('appowner')).to.equal(0);
  });

  it('is not used to make a plan', async () => {
    await shop.reconcile(request('ReadWrite', { ownerCredentialsSecretName: undefined }));
    expect((await shop.plan(request())).steps.map(({ summary }) => summary)).to.include(
      'GRANT USAGE ON SCHEMA "app" TO "aad_shop_orders" (as appowner)',
    );
    expect(logins('appowner')).to.equal(0);
  });

  it('takes back what it gave when a profile narrows', async () => {
    await shop.reconcile(request());
    const { steps, findings } = await shop.reconcile(request('ReadOnly'));
    expect(findings).to.deep.equal([]);
    expect(steps.map(({ summary }) => summary).filter(isTheirs)).to.have.members([
      'REVOKE INSERT, UPDATE, DELETE ON TABLE "app"."t" FROM "aad_shop_orders" (as appowner)',
      'REVOKE SELECT, USAGE ON SEQUENCE "app"."t_id_seq" FROM "aad_shop_orders" (as appowner)',
      'ALTER DEFAULT PRIVILEGES FOR ROLE "appowner" IN SCHEMA "app" REVOKE DELETE, UPDATE, INSERT ON TABLES FROM "aad_shop_orders" (as appowner)',
      'ALTER DEFAULT PRIVILEGES FOR ROLE "appowner" IN SCHEMA "app" REVOKE USAGE, SELECT ON SEQUENCES FROM "aad_shop_orders" (as appowner)',
    ]);
    const client = await shop.logIn('aad_shop_orders', database);
    expect((await client.query('SELECT * FROM app.t')).rows).to.deep.equal([]);
    expect(await rejection(client.query('DELETE FROM app.t'))).to.include({ code: '42501' });
  });

  it('takes everything back at the end, so that the user can be dropped', async () => {
    await shop.reconcile(request());
    await shop.end(ending());
    expect(await shop.tidy(ending())).to.deep.equal({ kind: 'gone' });
  });

  it('serves owners whose rights the login inherits', async () => {
    await shop.query(database, 'CREATE TABLE app.inherited (id int); ALTER TABLE app.inherited OWNER TO tables_owner');
    expect(await reasons()).to.deep.equal([]);
    expect(await reasons('ReadOnly')).to.deep.equal([]);
    const rows = await shop.query(database, "SELECT relacl::text FROM pg_class WHERE relname = 'inherited'");
    expect(rows[0]?.['relacl']).to.match(/aad_shop_orders=r\/tables_owner/);
  });

  const useless: readonly [string, () => void, RegExp][] = [
    ['that is not there', () => shop.secrets.clear(), /because its Secret is not there/],
    ['with a wrong password', () => give('appowner', 'wrong'), /because the server doesn't let it log in/],
    ['of somebody else', () => give('stranger'), /has not the rights of that owner/],
    ['of nobody', () => give('nobody'), /has not the rights of that owner/],
  ];
  for (const [what, prepare, message] of useless)
    it(`${what} stops nothing else, and what is lacking says so`, async () => {
      prepare();
      await shop.query(database, 'CREATE TABLE public.mine (id int); ALTER TABLE public.mine OWNER TO operator');
      const { findings } = await shop.reconcile(request('ReadWrite', { access: access('ReadWrite', { schemas: ['app', 'public'] }) }));
      expect(new Set(findings.map(({ reason, blocking }) => `${reason}${blocking ? '!' : ''}`))).to.deep.equal(
        new Set(['TablesNotOwned!']),
      );
      for (const finding of findings)
        expect(finding.message)
          .to.match(message)
          .and.match(/: have appowner run GRANT /);
      const client = await shop.logIn('aad_shop_orders', database);
      expect((await client.query('SELECT * FROM public.mine')).rows).to.deep.equal([]);
      expect(statementsOf('stranger')).to.deep.equal([]);
    });

  it('with a wrong password is tried again when its Secret is changed, and not before', async () => {
    give('appowner', 'wrong');
    await shop.reconcile(request());
    shop.journal.clear();
    expect(await reasons()).to.include('TablesNotOwned!');
    expect(logins('appowner')).to.equal(0);
    give('appowner', 'appowner-password', 'another');
    expect(await reasons()).to.deep.equal([]);
  });

  it('is used for nothing that was given to somebody else meanwhile', async () => {
    await shop.reconcile(request('ReadWrite', { ownerCredentialsSecretName: undefined }));
    const found = await shop.target.observeServer(request(), { signal: AbortSignal.timeout(10_000) });
    const { steps } = await shop.plan(request());
    await shop.query(database, 'ALTER TABLE app.t OWNER TO stranger; GRANT SELECT ON app.t TO appowner WITH GRANT OPTION');
    const signal = AbortSignal.timeout(10_000);
    const error = await shop.target.apply(steps, request(), found, { beforeStep: () => {}, signal }).catch((caught: unknown) => caught);
    expect(error).to.include({ kind: 'retry', reason: 'DatabaseError' });
    expect(statementsOf('appowner').filter(isWrite)).to.deep.equal([]);
  });

  it('changes nothing for a user that somebody replaced meanwhile, and nothing that is no longer permitted', async () => {
    await shop.reconcile(request('ReadWrite', { ownerCredentialsSecretName: undefined }));
    const found = await shop.target.observeServer(request(), { signal: AbortSignal.timeout(10_000) });
    const { steps } = await shop.plan(request());
    const apply = (beforeStep: () => void) =>
      shop.target
        .apply(steps, request(), found, { beforeStep, signal: AbortSignal.timeout(10_000) })
        .then(() => undefined)
        .catch((caught: unknown) => caught);
    const forbidden = new Error('no longer permitted');
    expect(
      await apply(() => {
        throw forbidden;
      }),
    ).to.equal(forbidden);
    const [{ comment } = {}] = await shop.query('postgres', "SELECT shobj_description('aad_shop_orders'::regrole, 'pg_authid') AS comment");
    await shop.query('postgres', "COMMENT ON ROLE aad_shop_orders IS 'mine now'");
    expect(await apply(() => {})).to.include({ kind: 'retry' });
    expect(statementsOf('appowner').filter(isWrite)).to.deep.equal([]);
    await shop.query('postgres', `COMMENT ON ROLE aad_shop_orders IS '${comment}'`);
  });
});
