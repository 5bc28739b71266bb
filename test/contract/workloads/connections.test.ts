import { expect } from 'chai';
import type { ConnectionSpec } from '../../../src/api/spec.ts';
import { createContainerApps } from '../../../src/azure/container-apps.ts';
import { createAzureCalls } from '../../../src/azure/reads.ts';
import { readSystemIdentity } from '../../../src/azure/system-identities.ts';
import type { Deps } from '../../../src/connection/deps.ts';
import { reconcile } from '../../../src/connection/reconcile.ts';
import type { IdentityKind } from '../../../src/identities/identity.ts';
import { createSystemAssigned } from '../../../src/identities/system-assigned.ts';
import { createUserAssigned } from '../../../src/identities/user-assigned.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { secretText } from '../../../src/runtime/secret-text.ts';
import type { Target } from '../../../src/targets/target.ts';
import { createContainerAppWorkload } from '../../../src/workloads/container-app.ts';
import { type ContainerApp, containerEnvironment, newContainerApp } from '../../sandbox/azure/hosts/container-app.ts';
import { Workbench } from '../../unit/connection/workbench.ts';
import { ids } from '../../unit/sandbox/world.ts';
import { container } from './azure-apps.ts';
import { type ContractAzure, groupId, startContractAzure } from './contract-azure.ts';

const { signal } = new AbortController();
const key = { namespace: 'shop', name: 'orders' };

describe('a connection of a container app, from its spec to its end', function () {
  this.timeout(20_000);
  let azure: ContractAzure;
  let apps: readonly ContainerApp[];
  let bench: Workbench;
  let deps: Deps;

  before(async () => {
    azure = await startContractAzure();
  });
  after(() => azure.stop());
  beforeEach(() => {
    azure.reset();
    apps = ['orders', 'next'].map((name) =>
      newContainerApp({ groupId, location: 'westeurope', name, containers: [container('main', { LEVEL: 'info' })] }),
    );
    azure.world.hosts.containerApps.push(...apps);
    bench = new Workbench();
    const shop = bench.policies.list()[0]!;
    const workloads = { resourceIds: [`${groupId}/providers/Microsoft.App/containerApps/*`] };
    const identities = {
      userAssigned: [`${groupId}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/*`],
      servicePrincipals: [{ clientId: ids.shopClient, objectId: ids.shopPrincipal }],
    };
    bench.policies.set({ ...shop, spec: { ...shop.spec, workloads, identities, secretReferences: 'Allow' } });
    const workload = createContainerAppWorkload(createContainerApps(azure.arm, azure.clock));
    const made = bench.deps();
    deps = {
      ...made,
      targets: new Map([...made.targets].map(([type, target]) => [type, { ...target, settings: settingsOf }])),
      workloads: new Map([['ContainerApp', workload]]),
      identities: new Map<IdentityKind['type'], IdentityKind>([
        ['UserAssigned', createUserAssigned(createAzureCalls(azure.arm, azure.clock))],
        [
          'SystemAssigned',
          createSystemAssigned({
            hosts: new Map([['ContainerApp', workload]]),
            readSystemIdentity: (scope, options) => readSystemIdentity(azure.arm, scope, options),
          }),
        ],
        ['ServicePrincipal', principal],
      ]),
    };
  });

  const settingsOf: Target['settings'] = ({ clientId, clientSecret, userName }) => ({
    PGUSER: userName,
    PGCLIENTID: clientId,
    ...(clientSecret && { PGURL: `postgres://x?secret=${clientSecret.reveal()}` }),
  });
  const principal: IdentityKind = {
    type: 'ServicePrincipal',
    resolve: async () => ({
      resourceId: undefined,
      clientId: ids.shopClient,
      principalId: ids.shopPrincipal,
      tenantId: ids.tenant,
      clientSecret: secretText('a secret'),
    }),
    planMissing: () => ({ steps: [], findings: [] }),
    observe: async () => undefined,
    plan: () => ({ steps: [], findings: [] }),
    apply: async () => {},
    release: async () => {},
    discard: async () => {},
  };
  const workloadOf = (app = apps[0]!): ConnectionSpec['workload'] => ({
    type: 'ContainerApp',
    containerApp: { resourceId: app.resourceId },
  });
  const environment = (app = apps[0]!) => containerEnvironment(app, { now: systemClock.now() });
  const pass = async () => {
    azure.skip();
    await reconcile(key, deps, { signal });
    return bench.statuses.at(-1);
  };
  const ready = () => bench.statuses.at(-1)?.conditions?.find(({ type }) => type === 'Ready');

  it('switches the app’s own identity on, binds it, writes settings, and is then at rest', async () => {
    bench.connect('orders', { workload: workloadOf(), identity: { type: 'SystemAssigned' } });
    const status = await pass();
    expect(ready()).to.include({ status: 'True', reason: 'InSync' });
    const { systemAssigned } = apps[0]!.identity;
    expect(environment()).to.include({ LEVEL: 'info', PGUSER: 'aad_shop_orders', PGCLIENTID: systemAssigned?.clientId });
    expect(status?.identity).to.deep.equal({
      clientId: systemAssigned?.clientId,
      principalId: systemAssigned?.principalId,
      tenantId: ids.tenant,
    });
    expect(status?.workload).to.equal(`ContainerApp${apps[0]!.resourceId}`);
    const writes = azure.writes().length;
    await pass();
    expect(azure.writes().length).to.equal(writes);
  });

  it('changes nothing in Report mode, and shows what would come first', async () => {
    bench.connect('orders', { workload: workloadOf(), identity: { type: 'SystemAssigned' }, mode: 'Report' });
    const status = await pass();
    expect(azure.writes()).to.deep.equal([]);
    expect(status?.plan?.steps?.[0]?.summary).to.equal(`PATCH ${apps[0]!.resourceId}: switch the system-assigned identity on`);
  });

  it('waits until Azure knows an identity that was just switched on', async () => {
    azure.world.principalSeconds = 3600;
    bench.connect('orders', { workload: workloadOf(), identity: { type: 'SystemAssigned' } });
    await pass();
    expect(ready()).to.include({ status: 'False', reason: 'IdentityNotReady' });
  });

  it('is refused an identity that administers the server, and writes nothing', async () => {
    bench.administrators.set('shared', [ids.shopPrincipal]);
    bench.connect('orders', {
      workload: workloadOf(),
      identity: { type: 'UserAssigned', userAssigned: { resourceId: ids.shopIdentity } },
    });
    await pass();
    expect(ready()).to.include({ reason: 'IdentityReserved' });
    expect(azure.writes()).to.deep.equal([]);
  });

  it('is refused an app of another team without a call to Azure', async () => {
    const other = apps[0]!.resourceId.replace('/sandbox/', '/payments/');
    bench.connect('orders', {
      workload: { type: 'ContainerApp', containerApp: { resourceId: other } },
      identity: { type: 'SystemAssigned' },
    });
    await pass();
    expect(ready()).to.include({ reason: 'NotPermitted' });
    expect(azure.journal.list()).to.deep.equal([]);
  });

  it('writes what holds a service principal’s secret among the app’s secrets, and nothing else there', async () => {
    bench.connect('orders', {
      workload: workloadOf(),
      identity: {
        type: 'ServicePrincipal',
        servicePrincipal: {
          tenantId: ids.tenant,
          clientId: ids.shopClient,
          objectId: ids.shopPrincipal,
          clientSecretRef: { name: 'orders', key: 'secret' },
        },
      },
    });
    await pass();
    expect(ready()).to.include({ reason: 'InSync' });
    expect(environment()).to.include({ PGURL: 'postgres://x?secret=a secret', PGUSER: 'aad_shop_orders' });
    expect(apps[0]!.secrets).to.have.length(1);
    expect(JSON.stringify([apps[0]!.properties, bench.statuses, bench.events])).not.to.include('a secret');
  });

  it('moves to another app with its spec, and leaves the first as it was', async () => {
    const connection = bench.connect('orders', {
      workload: workloadOf(),
      identity: { type: 'UserAssigned', userAssigned: { resourceId: ids.shopIdentity } },
    });
    await pass();
    expect(environment()).to.include({ PGUSER: 'aad_shop_orders' });
    const current = bench.connections.get(key)!;
    bench.change({ ...current, spec: { ...connection.spec, workload: workloadOf(apps[1]) } });
    await pass();
    expect(environment(apps[1])).to.include({ PGUSER: 'aad_shop_orders' });
    expect(environment()).not.to.have.property('PGUSER');
    expect(apps.map(({ identity }) => identity.userAssigned)).to.deep.equal([[], [ids.shopIdentity]]);
    expect(apps[0]!.tags).to.deep.equal({});
  });

  it('has no identity any more that was attached for it when its policy has gone, and has it again with the policy', async () => {
    const policy = bench.policies.list()[0]!;
    bench.connect('orders', {
      workload: workloadOf(),
      identity: { type: 'UserAssigned', userAssigned: { resourceId: ids.shopIdentity } },
    });
    await pass();
    bench.policies.set({ ...policy, spec: { ...policy.spec, targets: [] } });
    for (let list = 0; list < 3; list += 1) {
      bench.policies.markListed(bench.clock.now());
      await pass();
      await bench.clock.advance(600_000);
    }
    expect(ready()).to.include({ reason: 'Withdrawn' });
    expect(apps[0]!.identity.userAssigned).to.deep.equal([]);
    expect(environment()).to.include({ PGUSER: 'aad_shop_orders' });
    bench.policies.set(policy);
    await pass();
    expect(ready()).to.include({ reason: 'InSync' });
    expect(apps[0]!.identity.userAssigned).to.deep.equal([ids.shopIdentity]);
  });

  it('takes all of its own out when it is deleted', async () => {
    bench.connect('orders', {
      workload: workloadOf(),
      identity: { type: 'UserAssigned', userAssigned: { resourceId: ids.shopIdentity } },
    });
    await pass();
    const current = bench.connections.get(key)!;
    bench.change({ ...current, metadata: { ...current.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } });
    await pass();
    expect(environment()).to.deep.equal({
      LEVEL: 'info',
      CONTAINER_APP_NAME: 'orders',
      CONTAINER_APP_REVISION: environment()['CONTAINER_APP_REVISION'],
    });
    expect(apps[0]!.identity.userAssigned).to.deep.equal([]);
    expect(apps[0]!.tags).to.deep.equal({});
  });
});
