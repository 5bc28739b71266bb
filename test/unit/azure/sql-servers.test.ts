import tls from 'node:tls';
import { expect } from 'chai';
import type { ConnectionError } from '../../../src/api/connection-error.ts';
import { Arm } from '../../../src/azure/arm.ts';
import { customCloud } from '../../../src/azure/cloud.ts';
import { RateBudget } from '../../../src/azure/rate-budget.ts';
import { createAzureCalls } from '../../../src/azure/reads.ts';
import { requiredResourceId } from '../../../src/azure/required-resource-id.ts';
import { listAdministrators, listDatabases, readServer } from '../../../src/azure/sql-servers.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { type Arm as SandboxArm, startArm } from '../../sandbox/azure/arm.ts';
import type { Server } from '../../sandbox/azure/world.ts';
import { createAuthority } from '../../sandbox/certificates.ts';
import { Faults } from '../../sandbox/controls/faults.ts';
import { Journal } from '../../sandbox/controls/journal.ts';
import { ids, newWorld } from '../sandbox/world.ts';

const { signal } = new AbortController();
const idOf = (name: string) => `/subscriptions/${ids.subscription}/resourceGroups/sandbox/providers/Microsoft.Sql/servers/${name}`;
const serverId = requiredResourceId(idOf('shop-sql'), 'sqlServer');
const gone = requiredResourceId(idOf('gone'), 'sqlServer');

describe('servers of Azure SQL in Azure', () => {
  const stop = new AbortController();
  const journal = new Journal();
  let server: Server;
  let sandbox: SandboxArm;
  let arm: Arm;
  let trusted: string[];

  before(async () => {
    const authority = await createAuthority();
    trusted = tls.getCACertificates('default');
    tls.setDefaultCACertificates([...trusted, authority.pem]);
    const certificate = await authority.issue({ commonName: 'sandbox', ipAddresses: ['127.0.0.1'] });
    const world = newWorld();
    server = {
      ...world.servers[0]!,
      name: 'shop-sql',
      type: 'AzureSQL',
      resourceId: idOf('shop-sql'),
      host: '127.0.46.12',
      port: 1433,
      databases: ['orders', 'Sales', 'reports'],
      databaseStatus: (name) => (name === 'Sales' ? 'Paused' : 'Online'),
    };
    world.servers.push(server);
    sandbox = await startArm({
      world,
      certificate,
      journal,
      faults: new Faults(),
      verify: async () => ({ appid: ids.operatorClient, oid: ids.operatorPrincipal, tid: ids.tenant }) as never,
      listen: { host: '127.0.0.1' },
      signal: stop.signal,
    });
    arm = new Arm({
      cloud: customCloud({
        authority: 'https://127.0.0.1:1',
        armEndpoint: sandbox.endpoint,
        armScope: 'https://management.azure.com/.default',
        ossrdbmsScope: 'https://ossrdbms-aad.database.windows.net/.default',
        sqlScope: 'https://database.windows.net/.default',
        suffixes: { PostgreSQL: '127.0.46.0/24', MySQL: '127.0.46.0/24', AzureSQL: '127.0.46.0/24' },
      }),
      credential: { getToken: async () => ({ token: 'the-token', expiresOnTimestamp: Date.now() + 3_600_000 }) },
      budget: new RateBudget(systemClock),
    });
  });

  after(async () => {
    stop.abort();
    await sandbox.stop();
    tls.setDefaultCACertificates(trusted);
  });

  it('are read with host and state', async () => {
    expect(await readServer(arm, serverId, { signal })).to.deep.equal({
      id: serverId,
      host: '127.0.46.12',
      state: 'Ready',
      publicNetworkAccess: 'Enabled',
    });
  });

  it('are read with their one administrator', async () => {
    expect(await listAdministrators(arm, serverId, { signal })).to.deep.equal([{ sid: ids.operatorPrincipal, login: 'operator' }]);
  });

  it('are read with all of their databases, over several pages, and how these are', async () => {
    expect(await listDatabases(arm, serverId, { signal })).to.deep.equal([
      { name: 'master', status: 'Online' },
      { name: 'orders', status: 'Online' },
      { name: 'Sales', status: 'Paused' },
      { name: 'reports', status: 'Online' },
    ]);
  });

  it('are found missing', async () => {
    for (const read of [readServer, listAdministrators, listDatabases]) expect(await read(arm, gone, { signal })).to.equal(undefined);
  });

  it('are nowhere outside of the cloud', async () => {
    const { host } = server;
    Object.assign(server, { host: 'evil.example' });
    const error = await readServer(arm, serverId, { signal }).catch((each: unknown) => each as ConnectionError);
    Object.assign(server, { host });
    expect(error).to.include({ reason: 'AzureError' });
  });

  it('are read once for all who ask at the same time', async () => {
    const calls = createAzureCalls(arm, systemClock);
    journal.clear();
    await Promise.all([1, 2, 3].map(() => calls.listSqlDatabases(serverId, { signal })));
    // two pages
    expect(journal.list('arm')).to.have.length(2);
  });
});
