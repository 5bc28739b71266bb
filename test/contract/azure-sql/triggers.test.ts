import { expect } from 'chai';
import { rejection } from '../../support/eventually.ts';
import { access, markOf, other } from '../target/given.ts';
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

  it('that is made while many users are written gains nothing', async () => {
    await run('CREATE TABLE dbo.seen (who nvarchar(128))');
    const requests = Array.from({ length: 30 }, (_, index) =>
      shopServer.request({
        userName: `aad_shop_${index}`,
        mark: markOf('shop', `app-${index}`),
        identity: { ...other, clientId: `eeeeeeee-0000-4000-8000-${String(index).padStart(12, '0')}` },
      }),
    );
    const { target } = shopServer;
    const server = await target.observeServer(requests[0]!, { signal });
    const works = await Promise.all(
      requests.map(async (request) => ({
        request,
        steps: target.planUser(request, await target.observeUser(request, server, { signal })).steps,
      })),
    );
    let planted: Promise<unknown> | undefined;
    const plant = () => {
      planted ??= run('CREATE TRIGGER climb ON DATABASE FOR DDL_DATABASE_LEVEL_EVENTS AS INSERT INTO dbo.seen (who) VALUES (USER_NAME())');
    };
    const applied = await Promise.allSettled(
      works.map(({ request, steps }) => target.apply(steps, request, server, { beforeStep: plant, signal })),
    );
    await planted;
    expect(await run('SELECT who FROM dbo.seen')).to.deep.equal([]);
    const refused = applied.flatMap((each) => (each.status === 'rejected' ? [String(each.reason.reason)] : []));
    expect(new Set(refused)).to.deep.equal(new Set(['DdlTriggerPresent']));
  });

  it('does not keep sessions from being ended with an access', async () => {
    const evil = shopServer.request({ userName: 'aad_evil', identity: other, access: access('All') });
    await shopServer.reconcile(evil);
    const application = await shopServer.logIn('orders', other);
    await application.query(undoing);
    expect(await rejection(shopServer.end(evil))).to.include({ reason: 'DdlTriggerPresent' });
    await application.query('SELECT 1 AS one').then(
      () => expect.fail('the session is still there'),
      () => {},
    );
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
