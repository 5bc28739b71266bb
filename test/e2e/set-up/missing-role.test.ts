import { expect } from 'chai';
import { roleActions } from '../../sandbox/azure/role.ts';
import { type ConnectionKey, conditionOf, waitForConnection } from '../../support/connections.ts';
import {
  deleteAllConnections,
  deleteConnection,
  eventually,
  identityId,
  inTime,
  patchConnection,
  sandbox,
  startTimeout,
  testTimeout,
} from '../support.ts';
import {
  allowWith,
  becomesReady,
  beginAnew,
  closeFirewall,
  connect,
  type Engine,
  endSessions,
  hadWindows,
  type Remembered,
  remembered,
  rulesOf,
  serverOf,
  setAdministrators,
  withdrawAll,
} from './servers.ts';

const everything = {
  entraAuthentication: 'Enable',
  entraAdministrator: 'AddIfNone',
  temporaryFirewallRule: 'Allow',
  mysqlServerIdentityId: identityId('shop-spare'),
} as const;

/** What somebody asks for while an action is missing, and what it takes to be refused. */
interface Need {
  readonly engine: Engine;
  readonly actions: readonly string[];
  /** Makes the action be needed. */
  readonly given?: () => Promise<unknown>;
}

const closed = (engine: Engine) => () => closeFirewall(engine);
const withoutAdministrator = (engine: Engine) => async () => {
  await setAdministrators(await serverOf(engine), []);
  await endSessions(engine);
};
const postgres = 'Microsoft.DBforPostgreSQL';
const mysql = 'Microsoft.DBforMySQL';
const sql = 'Microsoft.Sql';
const identities = 'Microsoft.ManagedIdentity/userAssignedIdentities';
const federation = `${identities}/federatedIdentityCredentials`;

const needs: readonly Need[] = [
  { engine: 'PostgreSQL', actions: [`${identities}/read`, `${federation}/read`, `${federation}/write`] },
  { engine: 'PostgreSQL', actions: [`${postgres}/flexibleServers/read`, `${postgres}/flexibleServers/administrators/read`] },
  { engine: 'MySQL', actions: [`${mysql}/flexibleServers/read`, `${mysql}/flexibleServers/administrators/read`] },
  { engine: 'AzureSQL', actions: ['read', 'administrators/read', 'databases/read'].map((each) => `${sql}/servers/${each}`) },
  {
    engine: 'PostgreSQL',
    actions: [`${postgres}/flexibleServers/write`, `${postgres}/locations/azureAsyncOperation/read`],
    given: async () => {
      const server = await serverOf('PostgreSQL');
      server.authConfig = { ...server.authConfig, activeDirectoryAuth: 'Disabled' };
      await endSessions('PostgreSQL');
    },
  },
  {
    engine: 'PostgreSQL',
    actions: [`${postgres}/flexibleServers/administrators/write`, `${postgres}/locations/administratorAzureAsyncOperation/read`],
    given: withoutAdministrator('PostgreSQL'),
  },
  {
    engine: 'MySQL',
    actions: [`${mysql}/flexibleServers/administrators/write`, `${mysql}/locations/administratorAzureAsyncOperation/read`],
    given: withoutAdministrator('MySQL'),
  },
  {
    engine: 'MySQL',
    actions: [`${mysql}/flexibleServers/write`, `${identities}/assign/action`, `${mysql}/locations/azureAsyncOperation/read`],
    given: async () => {
      (await serverOf('MySQL')).identityIds = [];
      await withoutAdministrator('MySQL')();
    },
  },
  ...(
    [
      ['PostgreSQL', postgres],
      ['MySQL', mysql],
    ] as const
  ).map(([engine, provider]) => ({
    engine,
    actions: [
      ...['read', 'write', 'delete'].map((verb) => `${provider}/flexibleServers/firewallRules/${verb}`),
      `${provider}/locations/azureAsyncOperation/read`,
    ],
    given: closed(engine),
  })),
  {
    engine: 'AzureSQL',
    actions: [`${sql}/servers/administrators/write`, `${sql}/locations/serverAdministratorAzureAsyncOperation/read`],
    given: withoutAdministrator('AzureSQL'),
  },
  {
    engine: 'AzureSQL',
    actions: ['read', 'write', 'delete'].map((verb) => `${sql}/servers/firewallRules/${verb}`),
    given: closed('AzureSQL'),
  },
];

describe('a role that lacks one action', function () {
  this.timeout(testTimeout);
  let servers: readonly Remembered[];

  before(async function () {
    this.timeout(startTimeout);
    await sandbox();
  });

  beforeEach(async () => {
    servers = [await remembered('PostgreSQL'), await remembered('MySQL'), await remembered('AzureSQL')];
  });

  afterEach(async function () {
    this.timeout(testTimeout);
    (await sandbox()).world.operatorActions = [...roleActions];
    for (const each of servers) await each.open();
    await deleteAllConnections();
    for (const each of servers) await each.restore();
    await withdrawAll();
    if (await hadWindows()) await beginAnew();
  });

  async function take(action: string): Promise<void> {
    const { world } = await sandbox();
    expect(world.operatorActions).to.include(action);
    world.operatorActions = world.operatorActions.filter((each) => each !== action);
  }

  /** Waits until a condition says which action is refused. */
  async function isNamed(key: ConnectionKey, action: string): Promise<void> {
    const names = new RegExp(`the action ${action.replaceAll('.', '\\.')} `);
    const { api } = (await sandbox()).controlPlane;
    await waitForConnection(
      api,
      key,
      (connection) => {
        const ready = conditionOf(connection, 'Ready');
        return ready?.status === 'False' && ready.reason === 'AzureAccessDenied' && names.test(ready.message);
      },
      inTime(),
    );
  }

  for (const { engine, actions, given } of needs) {
    for (const action of actions) {
      it(`is told ${action} by a connection to ${engine}${given ? ' that needs a set-up' : ''}, and goes on when it has it`, async () => {
        await allowWith(everything);
        await given?.();
        await take(action);
        const key = await connect(engine);
        await isNamed(key, action);
        await eventually(async () => (await rulesOf(engine)).every((rule) => !rule.startsWith('dbaccess-')), { withinInMs: 20_000 });
        (await sandbox()).world.operatorActions = [...roleActions];
        await patchConnection(key, { metadata: { annotations: { 'dbaccess.dev/requestedAt': '1' } } });
        await becomesReady(key);
      });
    }
  }

  it(`is told ${federation}/delete by a connection that is deleted`, async () => {
    await allowWith(everything);
    const key = await connect('PostgreSQL');
    await becomesReady(key);
    await take(`${federation}/delete`);
    await deleteConnection(key);
    await isNamed(key, `${federation}/delete`);
    (await sandbox()).world.operatorActions = [...roleActions];
    await waitForConnection((await sandbox()).controlPlane.api, key, (connection) => connection === undefined, inTime());
  });
});
