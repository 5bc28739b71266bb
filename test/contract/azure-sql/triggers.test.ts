import { expect } from 'chai';
import { rejection } from '../../support/eventually.ts';
import { access, other } from '../target/given.ts';
import { atRest } from '../target/pass.ts';
import { type ShopServer, startShopServer } from './shop-server.ts';

const { signal } = new AbortController();

describe('a DDL trigger in Azure SQL', function () {
  this.timeout(20_000);
  let shopServer: ShopServer;

  before(async () => {
    shopServer = await startShopServer({ host: '127.0.93.6' });
  });
  after(() => shopServer.stop());
  afterEach(() => shopServer.cleanUp());

  const run = (...batches: string[]) => shopServer.query('orders', ...batches);
  const writes = () =>
    shopServer.statements().filter((each) => !/^(LOGIN|SELECT|SET|WAITFOR|KILL|IF @@TRANCOUNT|BEGIN|COMMIT)/i.test(each));
  const undoing = 'CREATE TRIGGER guard ON DATABASE FOR DDL_DATABASE_LEVEL_EVENTS AS ROLLBACK';
  /** As an application with profile All would plant it. */
  const climbing =
    'CREATE TRIGGER climb ON DATABASE FOR CREATE_USER, GRANT_DATABASE, ADD_ROLE_MEMBER AS ALTER ROLE db_owner ADD MEMBER [aad_evil]';

  it('stops everything before anything is written, and names itself', async () => {
    const request = shopServer.request();
    await run(undoing);
    const { steps, findings } = await shopServer.reconcile(request);
    expect(steps).to.deep.equal([]);
    expect(findings.map(({ reason, blocking }) => `${reason} ${blocking}`)).to.deep.equal(['DdlTriggerPresent true']);
    expect(findings[0]?.message).to.include('guard');
    expect(writes()).to.deep.equal([]);
    await run('DISABLE TRIGGER guard ON DATABASE');
    expect((await shopServer.reconcile(request)).findings).to.deep.equal([]);
  });

  it('does not matter at rest, nor where the policy knows it', async () => {
    const request = shopServer.request();
    await shopServer.reconcile(request);
    await run('CREATE TRIGGER audit ON DATABASE FOR DDL_DATABASE_LEVEL_EVENTS AS SELECT 1 AS one');
    expect(await shopServer.reconcile(request)).to.deep.equal(atRest);
    const narrower = { ...request, access: access('ReadOnly') };
    expect((await shopServer.reconcile(narrower)).findings.map(({ reason }) => reason)).to.deep.equal(['DdlTriggerPresent']);
    expect((await shopServer.reconcile({ ...narrower, knownTriggers: ['audit'] })).findings).to.deep.equal([]);
  });

  it('that comes between plan and write gains nothing', async () => {
    const evil = shopServer.request({ userName: 'aad_evil', identity: other, access: access('All') });
    await shopServer.reconcile(evil);
    const request = shopServer.request({ userName: 'aad_shop_late', mark: { ...evil.mark, connection: '00000000000000d9' } });
    const { target } = shopServer;
    const server = await target.observeServer(request, { signal });
    const { steps } = target.planUser(request, await target.observeUser(request, server, { signal }));
    await (await shopServer.logIn('orders', other)).query(climbing);
    shopServer.journal.clear();
    expect(await rejection(target.apply(steps, request, server, { beforeStep: () => {}, signal }))).to.include({
      kind: 'waiting',
      reason: 'DdlTriggerPresent',
    });
    expect(writes()).to.deep.equal([]);
    const members = await run(
      "SELECT u.name AS name FROM sys.database_role_members AS m JOIN sys.database_principals AS u ON u.principal_id = m.member_principal_id WHERE u.name = N'aad_evil'",
    );
    expect(members).to.deep.equal([]);
  });

  it('holds up the end of an access, which would run it as the operator, and says so', async () => {
    const evil = shopServer.request({ userName: 'aad_evil', identity: other, access: access('All') });
    await shopServer.reconcile(evil);
    await (await shopServer.logIn('orders', other)).query(undoing);
    shopServer.journal.clear();
    expect(await rejection(shopServer.end(evil))).to.include({ kind: 'waiting', reason: 'DdlTriggerPresent' });
    expect(writes()).to.deep.equal([]);
    await run('DROP TRIGGER guard ON DATABASE');
    expect(await shopServer.end(evil)).to.equal('ended');
    expect(await shopServer.tidy(evil)).to.deep.equal({ kind: 'gone' });
  });
});
