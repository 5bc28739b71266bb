import { expect } from 'chai';
import { markText } from '../../../src/targets/mark.ts';
import { rejection } from '../../support/eventually.ts';
import { access, markOf, operator, other, shop as shopIdentity } from '../target/given.ts';
import { isAlive, type ShopServer, startShopServer } from './shop-server.ts';

describe('a user in PostgreSQL', function () {
  this.timeout(30_000);
  let shop: ShopServer;

  before(async () => {
    shop = await startShopServer({ host: '127.0.90.2' });
    await shop.backend.createDatabase('orders', 'operator');
  });
  after(() => shop?.stop());
  afterEach(async () => {
    await shop.cleanUp();
    for (const life of [1, 2]) {
      const request = shop.request({ mark: markOf('shop', 'orders', life) });
      if ((await shop.end(request)) === 'ended') await shop.tidy(request);
    }
    if (await role()) await shop.query('orders', 'DROP OWNED BY aad_shop_orders; DROP ROLE aad_shop_orders');
    shop.journal.clear();
  });

  async function role(name = 'aad_shop_orders') {
    const [row] = await shop.query<{ comment: string; label: string; login: boolean; password: string | null }>(
      'postgres',
      `SELECT shobj_description(a.oid, 'pg_authid') AS comment, l.label, rolcanlogin AS login, rolpassword AS password
       FROM pg_authid a LEFT JOIN pg_shseclabel l ON l.objoid = a.oid WHERE rolname = $1`,
      [name],
    );
    return row;
  }
  const label = (id: string) => `aadauth,oid=${id},type=service`;
  const kinds = async (request = shop.request()) =>
    (await shop.reconcile(request)).steps.filter(({ stage }) => stage === 'user').map(({ kind }) => kind);

  it('appears together with its mark, bound to the principal', async () => {
    await shop.reconcile(shop.request());
    expect(await role()).to.deep.equal({
      comment: markText(markOf('shop', 'orders')),
      label: label(shopIdentity.principalId),
      login: true,
      password: null,
    });
  });

  it('is not there without its mark when the session is cut in between', async () => {
    shop.faults.add({ match: { kind: 'sql', path: '^COMMENT' }, respond: { drop: 'before' }, times: 1 });
    const error = await rejection(shop.reconcile(shop.request()));
    expect(error).to.include({ name: 'ConnectionError', kind: 'retry', reason: 'Unreachable' });
    expect(await role()).to.equal(undefined);
    expect(await kinds()).to.deep.equal(['create-user']);
  });

  it('is there when only the answer to COMMIT was lost, and the next pass goes on from it', async () => {
    const request = shop.request();
    const server = await shop.target.observeServer(request, signal());
    const { steps } = await shop.plan(request);
    shop.faults.add({ match: { kind: 'sql', path: '^COMMIT$' }, respond: { drop: 'after' }, times: 1 });
    expect(await rejection(shop.target.apply(steps, request, server, { beforeStep: () => {}, ...signal() }))).to.include({ kind: 'retry' });
    expect((await role())?.comment).to.equal(markText(markOf('shop', 'orders')));
    expect(await kinds()).to.deep.equal([]);
  });

  it('is left alone and not described when it is somebody else’s', async () => {
    await shop.query('postgres', "CREATE ROLE aad_shop_orders LOGIN; COMMENT ON ROLE aad_shop_orders IS 'payments of the CFO'");
    shop.journal.clear();
    const { steps, findings } = await shop.reconcile(shop.request());
    expect(steps).to.deep.equal([]);
    expect(findings).to.have.length(1);
    expect(findings[0]).to.include({ reason: 'UserNameTaken', blocking: true });
    expect(findings[0]?.message).not.to.match(/payments|CFO/);
    expect(shop.statements().every((statement) => /^(LOGIN|BEGIN|SELECT|COMMIT$)/.test(statement))).to.equal(true);
  });

  it('is never an administrator, whatever its comment says', async () => {
    await shop.query('postgres', `COMMENT ON ROLE operator IS '${markText(markOf('shop', 'orders'))}'`);
    const request = shop.request({ userName: 'operator' });
    expect((await shop.reconcile(request)).findings.map(({ reason }) => reason)).to.deep.equal(['UserNameTaken']);
    expect(await shop.end(request)).to.equal('not-ours');
    expect(await shop.tidy(request)).to.deep.equal({ kind: 'not-ours' });
    await shop.query('postgres', 'COMMENT ON ROLE operator IS NULL');
  });

  const badNames: readonly [string, RegExp][] = [
    ['a'.repeat(70), /70 bytes/],
    ['é'.repeat(32), /64 bytes/],
    ['azure_pg_admin', /Azure/],
    ['pg_monitor', /PostgreSQL's/],
    ['none', /PostgreSQL's/],
  ];
  for (const [userName, message] of badNames)
    it(`can't be called ${userName}`, async () => {
      const error = await rejection(shop.reconcile(shop.request({ userName })));
      expect(error).to.include({ kind: 'stalled', reason: 'NotPermitted' });
      expect(error.message).to.match(message);
    });

  it('is bound anew when the identity was made anew: grants and objects stay, the old sessions end', async () => {
    await shop.reconcile(shop.request({ access: access('ReadWriteDDL') }));
    const before = await shop.logIn('aad_shop_orders', 'orders');
    await before.query('CREATE TABLE kept AS SELECT 1 AS id');
    const recreated = shop.request({ access: access('ReadWriteDDL'), identity: other });
    const user = await shop.target.observeUser(recreated, await shop.target.observeServer(recreated, signal()), signal());
    expect(user.boundElsewhere).to.equal(true);
    const { steps } = await shop.reconcile(recreated);
    expect(steps.map(({ kind }) => kind)).to.deep.equal(['rebind', 'allow-login']);
    expect(steps[0]).to.include({ from: shopIdentity.principalId, to: other.principalId });
    expect(await isAlive(before)).to.equal(false);
    expect((await rejection(shop.logIn('aad_shop_orders', 'orders'))).message).to.match(/oid mismatch/);
    const after = await shop.logIn('aad_shop_orders', 'orders', other);
    expect((await after.query('SELECT * FROM kept')).rows).to.deep.equal([{ id: 1 }]);
    await after.query('DROP TABLE kept');
  });

  it('lets nobody in between a new binding and the end of the old sessions', async () => {
    await shop.reconcile(shop.request());
    const before = await shop.logIn('aad_shop_orders', 'orders');
    shop.faults.add({ match: { kind: 'sql', path: 'pg_terminate_backend' }, respond: { drop: 'before' }, times: 1 });
    await rejection(shop.reconcile(shop.request({ identity: other })));
    expect((await rejection(shop.logIn('aad_shop_orders', 'orders', other))).message).to.match(/not permitted to log in/);
    expect(await isAlive(before)).to.equal(true);
    expect(await kinds(shop.request({ identity: other }))).to.deep.equal(['allow-login']);
    expect(await isAlive(before)).to.equal(false);
    expect(await isAlive(await shop.logIn('aad_shop_orders', 'orders', other))).to.equal(true);
  });

  const labels = `DELETE FROM pg_shseclabel WHERE objoid = 'aad_shop_orders'::regrole`;
  const relabel = (text: string) =>
    `SET allow_system_table_mods = on; ${labels}; INSERT INTO pg_shseclabel VALUES ('aad_shop_orders'::regrole, 'pg_authid'::regclass, 'pgaadauth', '${text}')`;
  const damages: readonly [string, string, readonly string[]][] = [
    ['it is bound to nobody', `SET allow_system_table_mods = on; ${labels}`, ['rebind', 'allow-login']],
    ['it is labelled as a person', relabel(`aadauth,oid=${shopIdentity.principalId},type=user`), ['rebind', 'allow-login']],
    ['it is labelled as administrator', relabel(`aadauth,oid=${shopIdentity.principalId},type=service,admin`), ['rebind', 'allow-login']],
    ['it may create roles and databases', 'ALTER ROLE aad_shop_orders CREATEROLE CREATEDB', ['reset-attributes']],
    ['it may not connect a single time', 'ALTER ROLE aad_shop_orders CONNECTION LIMIT 0', ['reset-attributes']],
    [
      'it has settings',
      "ALTER ROLE aad_shop_orders SET search_path = evil; ALTER ROLE aad_shop_orders IN DATABASE orders SET work_mem = '64kB'",
      ['reset-settings', 'reset-settings'],
    ],
  ];
  for (const [what, damage, expected] of damages)
    it(`is put right when ${what}`, async () => {
      await shop.reconcile(shop.request());
      await shop.query('orders', damage);
      const found = await kinds();
      expect(found).to.have.members([...expected]);
      expect(await role()).to.deep.include({ label: label(shopIdentity.principalId), login: true });
      expect(await kinds()).to.deep.equal([]);
      expect(await isAlive(await shop.logIn('aad_shop_orders', 'orders'))).to.equal(true);
      const [state] = await shop.query(
        'postgres',
        `SELECT rolcreaterole OR rolcreatedb AS too_much, rolconfig FROM pg_roles WHERE rolname = 'aad_shop_orders'`,
      );
      expect(state).to.deep.equal({ too_much: false, rolconfig: null });
    });

  it('keeps settings that only a superuser can take away, instead of trying for ever', async () => {
    await shop.reconcile(shop.request());
    await shop.query('postgres', "ALTER ROLE aad_shop_orders SET log_statement = 'all'");
    expect(await kinds()).to.deep.equal([]);
  });

  it('is reported when it has an attribute that only a superuser can take away', async () => {
    await shop.reconcile(shop.request());
    await shop.query('postgres', 'ALTER ROLE aad_shop_orders BYPASSRLS');
    const { steps, findings } = await shop.reconcile(shop.request());
    expect(steps).to.deep.equal([]);
    expect(findings[0]).to.include({ reason: 'PrivilegeNotRevocable', blocking: false });
    expect(findings[0]?.message).to.include('ALTER ROLE "aad_shop_orders" NOBYPASSRLS');
  });

  it('loses a password that it gave itself when it is bound anew', async () => {
    await shop.reconcile(shop.request());
    await (await shop.logIn('aad_shop_orders', 'orders')).query("ALTER ROLE aad_shop_orders PASSWORD 'backdoor'");
    expect((await role())?.password).to.match(/^SCRAM/);
    await shop.reconcile(shop.request({ identity: other }));
    expect((await role())?.password).to.equal(null);
  });

  it('is ours again when the connection was made anew, and says so in its mark', async () => {
    await shop.reconcile(shop.request());
    await shop.end(shop.request());
    expect((await role())?.comment).to.equal(markText({ ...markOf('shop', 'orders'), state: 'disabled' }));
    const again = shop.request({ mark: markOf('shop', 'orders', 2) });
    expect(await kinds(again)).to.have.members(['rebind', 'mark', 'allow-login']);
    expect((await role())?.comment).to.equal(markText(markOf('shop', 'orders', 2)));
  });

  it('changes hands between look and write: nothing is written', async () => {
    await shop.reconcile(shop.request());
    await shop.query('postgres', 'ALTER ROLE aad_shop_orders NOLOGIN');
    const request = shop.request();
    const server = await shop.target.observeServer(request, signal());
    const { steps } = shop.target.planUser(request, await shop.target.observeUser(request, server, signal()));
    await shop.query('postgres', "COMMENT ON ROLE aad_shop_orders IS 'mine now'");
    const error = await rejection(shop.target.apply(steps, request, server, { beforeStep: () => {}, ...signal() }));
    expect(error).to.include({ kind: 'retry', reason: 'DatabaseError' });
    expect((await role())?.login).to.equal(false);
  });

  it('is not found by the server while it is too new for Entra', async () => {
    const stranger = { principalId: 'dddddddd-0000-4000-8000-000000000001', clientId: 'dddddddd-0000-4000-8000-000000000002' };
    const error = await rejection(shop.reconcile(shop.request({ identity: stranger })));
    expect(error).to.include({ kind: 'waiting', reason: 'IdentityNotFound' });
    expect(await role()).to.equal(undefined);
  });

  describe('before an event trigger that nobody vouches for', () => {
    beforeEach(() =>
      shop.query(
        'orders',
        `CREATE FUNCTION spy() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'sprung'; END $$;
         CREATE EVENT TRIGGER spy ON ddl_command_start EXECUTE FUNCTION spy()`,
      ),
    );
    afterEach(() => shop.query('orders', 'DROP EVENT TRIGGER spy; DROP FUNCTION spy'));

    it('gets no rights, and the trigger is named', async () => {
      const { findings } = await shop.reconcile(shop.request());
      expect(findings[0]).to.include({ reason: 'DdlTriggerPresent', blocking: true });
      expect(findings[0]?.message).to.include('spy');
      await shop.query('orders', 'ALTER EVENT TRIGGER spy DISABLE');
      expect((await shop.reconcile(shop.request())).findings).to.deep.equal([]);
    });

    it('gets them when the policy knows the trigger', async () => {
      await shop.query(
        'orders',
        `ALTER EVENT TRIGGER spy DISABLE;
         CREATE OR REPLACE FUNCTION spy() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
         ALTER EVENT TRIGGER spy ENABLE`,
      );
      expect((await shop.reconcile(shop.request({ knownTriggers: ['spy'] }))).findings).to.deep.equal([]);
    });

    it('is found again when the trigger comes between look and write', async () => {
      await shop.query('orders', 'ALTER EVENT TRIGGER spy DISABLE');
      const request = shop.request();
      await shop.target.apply(
        shop.target.planUser(request, await shop.target.observeUser(request, await shop.target.observeServer(request, signal()), signal()))
          .steps,
        request,
        await shop.target.observeServer(request, signal()),
        { beforeStep: () => {}, ...signal() },
      );
      const { steps } = await shop.plan(request);
      await shop.query('orders', 'ALTER EVENT TRIGGER spy ENABLE');
      const server = await shop.target.observeServer(request, signal());
      expect(await rejection(shop.target.apply(steps, request, server, { beforeStep: () => {}, ...signal() }))).to.include({
        reason: 'DdlTriggerPresent',
      });
    });
  });

  it('is looked at in a group’s name when the operator is administrator through one', async () => {
    shop.server.administrators.push({
      objectId: 'eeeeeeee-0000-4000-8000-000000000001',
      principalName: 'dba group',
      principalType: 'Group',
    });
    try {
      const stranger = shop.newTarget({ operatorObjectId: other.principalId });
      const error = await rejection(stranger.observeServer(shop.request(), signal()));
      expect(error).to.include({ kind: 'waiting', reason: 'NotEntraAdministrator' });
      expect(error.message).to.include(other.principalId);
    } finally {
      shop.server.administrators.pop();
    }
    expect((await shop.target.observeServer(shop.request(), signal())).login).to.equal(operator.name);
  });
});

function signal() {
  return { signal: new AbortController().signal };
}
