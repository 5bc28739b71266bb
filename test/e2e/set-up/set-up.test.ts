import { expect } from 'chai';
import type { JournalEntry } from '../../sandbox/controls/journal.ts';
import { egressAddress } from '../../sandbox/landscape.ts';
import { logInTo } from '../../support/application.ts';
import { deleteAllConnections, eventually, identityId, loginOf, patchConnection, sandbox, startTimeout, testTimeout } from '../support.ts';
import {
  allowWith,
  becomes,
  becomesReady,
  beginAnew,
  closeFirewall,
  connect,
  type Engine,
  endSessions,
  hadWindows,
  operatorIdentity,
  type Remembered,
  remembered,
  rulesOf,
  serverOf,
  setAdministrators,
  withdrawAll,
} from './servers.ts';

const everything = { entraAuthentication: 'Enable', entraAdministrator: 'AddIfNone', temporaryFirewallRule: 'Allow' } as const;

describe('the set-up of servers', function () {
  this.timeout(testTimeout);
  let servers: readonly Remembered[] = [];

  before(async function () {
    this.timeout(startTimeout);
    await sandbox();
  });

  beforeEach(async () => {
    servers = [await remembered('PostgreSQL'), await remembered('MySQL'), await remembered('AzureSQL')];
  });

  afterEach(async function () {
    this.timeout(testTimeout);
    for (const each of servers) await each.open();
    await deleteAllConnections();
    for (const each of servers) await each.restore();
    await withdrawAll();
    if (await hadWindows()) await beginAnew();
  });

  /** ARM writes since the journal was so long. */
  async function writesSince(length: number): Promise<readonly string[]> {
    const isWrite = (entry: JournalEntry) => entry.kind === 'arm' && entry.method !== 'GET';
    return (await sandbox()).journal
      .list()
      .slice(length)
      .filter(isWrite)
      .map((entry) => (entry.kind === 'arm' ? `${entry.method} ${entry.path.split('/').slice(8).join('/')}` : ''))
      .filter((line) => !line.includes('federatedIdentityCredentials'));
  }

  async function journalLength(): Promise<number> {
    return (await sandbox()).journal.list().length;
  }

  it('switches Entra authentication on, makes the operator administrator and opens the firewall where all that is missing, then logs in', async () => {
    const server = await serverOf('PostgreSQL');
    server.authConfig = { ...server.authConfig, activeDirectoryAuth: 'Disabled' };
    await setAdministrators(server, []);
    await closeFirewall('PostgreSQL');
    const since = await journalLength();
    await allowWith(everything);
    const key = await connect('PostgreSQL');
    await becomesReady(key);
    const { settings, token } = await loginOf(key);
    await (await logInTo('PostgreSQL', settings, token)).close();
    expect(server.authConfig).to.deep.equal({ activeDirectoryAuth: 'Enabled', passwordAuth: 'Enabled' });
    expect(server.administrators).to.have.length(1);
    const [rule = ''] = await rulesOf('PostgreSQL');
    expect(rule)
      .to.match(/^dbaccess-[0-9a-f]{16}-\d{12} /)
      .and.to.contain(` ${egressAddress}-${egressAddress}`);
    const name = rule.split(' ')[0];
    // what was read of the server some seconds ago decides what is found missing first
    expect(await writesSince(since)).to.have.members([
      'PATCH shop-pg',
      `PUT shop-pg/administrators/${server.administrators[0]?.objectId}`,
      `DELETE shop-pg/firewallRules/${name}`,
      `PUT shop-pg/firewallRules/${name}`,
    ]);
  });

  it('shows in Report mode what it would do first, and does nothing', async () => {
    await closeFirewall('PostgreSQL');
    const since = await journalLength();
    await allowWith(everything);
    const key = await connect('PostgreSQL', (spec) => (spec.mode = 'Report'));
    await becomes(key, 'Ready', 'DriftDetected');
    expect(await writesSince(since)).to.deep.equal([]);
    expect(await rulesOf('PostgreSQL')).to.deep.equal([]);
  });

  it('opens a firewall while sessions last, at most once an hour, and says when the next rule may be made', async () => {
    const engines = ['PostgreSQL', 'MySQL', 'AzureSQL'] as const satisfies readonly Engine[];
    for (const engine of engines) await closeFirewall(engine);
    await allowWith(everything);
    const keys = await Promise.all(engines.map((engine) => connect(engine)));
    for (const key of keys) await becomesReady(key);
    for (const engine of engines) {
      const [rule = ''] = await rulesOf(engine);
      expect(rule, engine).to.contain(` ${egressAddress}-${egressAddress}`);
    }
    for (const engine of engines) await eventually(async () => (await rulesOf(engine)).length === 0, { withinInMs: 40_000 });
    const since = await journalLength();
    const second = await connect('PostgreSQL');
    expect(await becomes(second, 'ServerReady', 'FirewallDenied', /at most once an hour.*\d\dZ$/)).to.contain(egressAddress);
    expect(await writesSince(since)).to.deep.equal([]);
  });

  it('waits for a rule that was made until Azure lets it count', async () => {
    const { firewall } = await serverOf('PostgreSQL');
    if (firewall) firewall.effectSeconds = 4;
    await closeFirewall('PostgreSQL');
    await allowWith(everything);
    const key = await connect('PostgreSQL');
    expect(await becomes(key, 'ServerReady', 'FirewallDenied')).to.contain('up to 5 minutes');
    if (firewall) firewall.effectSeconds = 0;
    await becomesReady(key);
  });

  it('lets a Never that any policy writes down win, and touches nothing', async () => {
    const server = await serverOf('PostgreSQL');
    await closeFirewall('PostgreSQL');
    await allowWith(everything);
    await allowWith({ entraAuthentication: 'Never', entraAdministrator: 'Never', temporaryFirewallRule: 'Never' }, 'e2e-never', {
      'e2e.example/nobody': 'true',
    });
    const since = await journalLength();
    const firewalled = await connect('PostgreSQL');
    expect(await becomes(firewalled, 'ServerReady', 'FirewallDenied')).to.contain(egressAddress);
    await setAdministrators(server, []);
    await becomes(await connect('PostgreSQL'), 'ServerReady', 'NotEntraAdministrator');
    server.authConfig = { ...server.authConfig, activeDirectoryAuth: 'Disabled' };
    await becomes(await connect('PostgreSQL'), 'ServerReady', 'EntraAuthenticationDisabled');
    expect(await writesSince(since)).to.deep.equal([]);
  });

  it('does nothing for a connection whose own policy has no set-up', async () => {
    await closeFirewall('PostgreSQL');
    await allowWith({});
    const since = await journalLength();
    await becomes(await connect('PostgreSQL'), 'ServerReady', 'FirewallDenied');
    expect(await writesSince(since)).to.deep.equal([]);
  });

  it('opens the firewall for the end of an access as well', async () => {
    await allowWith(everything);
    const key = await connect('PostgreSQL');
    await becomesReady(key);
    await closeFirewall('PostgreSQL');
    await deleteAllConnections();
    const { postgres } = await sandbox();
    const [server] = postgres.values();
    const users = await server?.backend.query('postgres', 'SELECT rolname FROM pg_roles WHERE rolname = $1', [`aad_${key.namespace}_c`]);
    expect(users).to.deep.equal([]);
  });

  for (const knownBy of ['objectId', 'clientId'] as const) {
    it(`makes itself the administrator of a MySQL server that has none, where a service principal is known by its ${knownBy}`, async () => {
      const server = await serverOf('MySQL');
      await setAdministrators(server, []);
      await endSessions('MySQL');
      server.administratorsAreKnownBy = knownBy;
      await allowWith({ entraAdministrator: 'AddIfNone' });
      const key = await connect('MySQL');
      await becomesReady(key);
      expect(server.administrators.map(({ objectId }) => objectId)).to.deep.equal([(await operatorIdentity())?.[knownBy]]);
    });
  }

  it('gives a MySQL server the identity of the policy first, where it has none', async () => {
    const server = await serverOf('MySQL');
    server.identityIds = [];
    await setAdministrators(server, []);
    await endSessions('MySQL');
    await allowWith({ entraAdministrator: 'AddIfNone' });
    const key = await connect('MySQL');
    await becomes(key, 'ServerReady', 'NotEntraAdministrator', /setup\.mysqlServerIdentityId/);
    await allowWith({ entraAdministrator: 'AddIfNone', mysqlServerIdentityId: identityId('shop-spare') });
    await becomesReady(key);
    expect(server.identityIds).to.deep.equal([identityId('shop-spare')]);
  });

  for (const engine of ['MySQL', 'AzureSQL'] as const satisfies readonly Engine[]) {
    it(`never overwrites another administrator of ${engine} unless TakeOver is written`, async () => {
      const server = await serverOf(engine);
      const dba = {
        objectId: '77777777-0000-4000-8000-000000000001',
        principalName: 'dba@contoso.example',
        principalType: 'User',
      } as const;
      await setAdministrators(server, [dba]);
      await endSessions(engine);
      await allowWith({ entraAdministrator: 'AddIfNone' });
      const key = await connect(engine);
      expect(await becomes(key, 'ServerReady', 'OtherEntraAdministrator')).not.to.contain('dba');
      expect(server.administrators).to.deep.equal([dba]);
      await allowWith({ entraAdministrator: 'TakeOver' });
      await becomesReady(key);
      expect(server.administrators.map(({ principalName }) => principalName)).not.to.include(dba.principalName);
    });
  }

  for (const engine of ['PostgreSQL', 'MySQL', 'AzureSQL'] as const satisfies readonly Engine[]) {
    it(`writes nothing at rest to a ${engine} server that it has set up`, async () => {
      const server = await serverOf(engine);
      await setAdministrators(server, []);
      await endSessions(engine);
      await allowWith(everything);
      const key = await connect(engine);
      await becomesReady(key);
      const since = await journalLength();
      await patchConnection(key, { metadata: { annotations: { 'dbaccess.dev/requestedAt': '1' } } });
      await eventually(async () => (await journalLength()) >= since + 6, { withinInMs: 20_000 });
      expect(await writesSince(since)).to.deep.equal([]);
    });
  }
});
