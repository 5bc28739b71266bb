import { expect } from 'chai';
import { createContainerApps } from '../../../src/azure/container-apps.ts';
import type { ResolvedIdentity } from '../../../src/identities/identity.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { secretText } from '../../../src/runtime/secret-text.ts';
import { createContainerAppWorkload } from '../../../src/workloads/container-app.ts';
import type { WorkloadRequest } from '../../../src/workloads/workload.ts';
import { type ContainerApp, containerEnvironment, newContainerApp } from '../../sandbox/azure/hosts/container-app.ts';
import { wantedContainerApp, writeContainerApp } from '../../sandbox/azure/hosts/container-app-write.ts';
import { type JsonObject, objectIn, objectsIn } from '../../sandbox/azure/hosts/json.ts';
import { ids } from '../../unit/sandbox/world.ts';
import { container } from './azure-apps.ts';
import { type ContractAzure, groupId, startContractAzure } from './contract-azure.ts';
import { bringAbout, type ContractWorkload, planNow, refusalOf, requestOf, type Wanted } from './contract-workload.ts';

const { signal } = new AbortController();
const wanted: Wanted = { settings: { ORDERS_HOST: 'shop-pg.example', ORDERS_USER: 'aad_shop_a' } };
const servicePrincipal: ResolvedIdentity = {
  resourceId: undefined,
  clientId: ids.shopClient,
  principalId: ids.shopPrincipal,
  tenantId: ids.tenant,
  clientSecret: secretText('first'),
};
const withSecret = (secret: string): Wanted => ({
  settings: { ORDERS_HOST: 'shop-pg.example', ORDERS_CLIENTSECRET: secret },
  secretNames: new Set(['ORDERS_CLIENTSECRET']),
  identity: servicePrincipal,
});

describe('a container app', function () {
  this.timeout(20_000);
  let azure: ContractAzure;
  let app: ContainerApp;
  let workload: Pick<ContractWorkload, 'kind' | 'skip' | 'spec'>;

  before(async () => {
    azure = await startContractAzure();
  });
  after(() => azure.stop());
  beforeEach(() => {
    azure.reset();
    app = newContainerApp({
      groupId,
      location: 'westeurope',
      name: 'orders',
      containers: [
        { ...container('main', { LEVEL: 'info' }), probes: [{ type: 'Liveness', httpGet: { path: '/', port: 80 } }] },
        container('sidecar', {}),
      ],
      secrets: [
        { name: 'theirs', value: 'their secret' },
        { name: 'in-vault', keyVaultUrl: 'https://shop.vault.azure.net/secrets/x', identity: 'system' },
      ],
      tags: { team: 'shop' },
    });
    azure.world.hosts.containerApps.push(app);
    workload = {
      kind: createContainerAppWorkload(createContainerApps(azure.arm, azure.clock)),
      skip: () => azure.skip(),
      spec: { type: 'ContainerApp', containerApp: { resourceId: app.resourceId } },
    };
  });

  const bring = (asked: Wanted = wanted, changes: Partial<WorkloadRequest> = {}) =>
    bringAbout(workload as ContractWorkload, requestOf(workload, changes), asked);
  const plan = (asked: Wanted = wanted, changes: Partial<WorkloadRequest> = {}) =>
    planNow(workload as ContractWorkload, requestOf(workload, changes), asked);
  const release = () => workload.kind.release(requestOf(workload), { signal });
  const environment = (name: string) => {
    const {
      CONTAINER_APP_NAME: _app,
      CONTAINER_APP_REVISION: _revision,
      ...own
    } = containerEnvironment(app, { container: name, now: systemClock.now() });
    return own;
  };
  const revisions = () => app.revisions.length - 1;
  const containers = () => objectsIn(objectIn(app.properties, 'template'), 'containers');
  /** What somebody else's write makes of the app. */
  const write = (body: { readonly tags?: Readonly<Record<string, string>>; readonly properties: JsonObject }, method: 'PATCH' | 'PUT') =>
    writeContainerApp(app, wantedContainerApp(app, body, method), app.identity, {
      now: systemClock.now(),
      writeMs: 0,
      newId: () => `by-hand-${app.revisions.length}`,
    });

  it('gets the settings in every container with one new revision, and loses nothing that it had', async () => {
    const before = structuredClone(app);
    await bring();
    expect([environment('main'), environment('sidecar')]).to.deep.equal([{ LEVEL: 'info', ...wanted.settings }, wanted.settings]);
    expect(revisions()).to.equal(1);
    expect(app.secrets).to.deep.equal(before.secrets);
    expect(app.tags).to.include({ team: 'shop' });
    await release();
    expect(revisions()).to.equal(2);
    const { revisions: _then, operations: _past, ...was } = before;
    const { revisions: _now, operations: _passed, ...is } = app;
    expect(is).to.deep.equal(was);
  });

  it('gets them in the containers that the spec names', async () => {
    const spec = { ...workload.spec, containerApp: { resourceId: app.resourceId, containers: ['sidecar'] } };
    await bring(wanted, { spec });
    expect([environment('main'), environment('sidecar')]).to.deep.equal([{ LEVEL: 'info' }, wanted.settings]);
    const other = { ...workload.spec, containerApp: { resourceId: app.resourceId, containers: ['main'] } };
    await bring(wanted, { spec: other });
    expect([environment('main'), environment('sidecar')]).to.deep.equal([{ LEVEL: 'info', ...wanted.settings }, {}]);
    expect(revisions()).to.equal(2);
    const missing = { ...workload.spec, containerApp: { resourceId: app.resourceId, containers: ['worker'] } };
    expect(await refusalOf(bring(wanted, { spec: missing }))).to.equal(
      'waiting WorkloadNotFound: container app "orders" has no container "worker" (it has main, sidecar): correct spec.workload.containerApp.containers',
    );
  });

  it('gets them back after a file was applied that knows neither them nor the tags', async () => {
    await bring();
    const bare = objectIn(app.properties, 'template');
    write(
      { tags: {}, properties: { ...app.properties, template: { ...bare, containers: [container('main', { LEVEL: 'debug' })] } } },
      'PUT',
    );
    expect((await plan()).steps.map(({ summary }) => summary)).to.deep.equal([
      `PATCH ${app.resourceId}: set ORDERS_HOST, ORDERS_USER (containers main)`,
    ]);
    await bring();
    expect(environment('main')).to.deep.equal({ LEVEL: 'debug', ...wanted.settings });
    await release();
    expect(environment('main')).to.deep.equal({ LEVEL: 'debug' });
  });

  it('has a service principal’s secret among its own, and the settings refer to it', async () => {
    await bring(withSecret('first'));
    expect(environment('main')).to.deep.equal({ LEVEL: 'info', ...withSecret('first').settings });
    expect(JSON.stringify(app.properties), 'it does not stand in the template').not.to.include('first');
    expect(app.secrets).to.have.length(3);
    expect(revisions()).to.equal(1);
    expect((await plan(withSecret('first'))).steps).to.deep.equal([]);
    expect(app.identity.userAssigned, 'no identity is attached').to.deep.equal([]);
  });

  it('starts anew with the next secret when that was changed, and the one before goes', async () => {
    await bring(withSecret('first'));
    const steps = await bring(withSecret('second'));
    expect(JSON.stringify(steps)).not.to.match(/first|second/);
    expect(environment('main')).to.include(withSecret('second').settings);
    expect(revisions()).to.equal(2);
    expect(JSON.stringify(app.secrets)).to.include('second').and.not.to.include('first');
    expect(app.secrets.slice(0, 2).map(({ name }) => name)).to.deep.equal(['theirs', 'in-vault']);
    await release();
    expect(app.secrets.map(({ name }) => name)).to.deep.equal(['theirs', 'in-vault']);
    expect(app.tags).to.deep.equal({ team: 'shop' });
  });

  it('keeps secrets that an older revision may still run with, and leaves no value in them', async () => {
    app.properties = { ...app.properties, configuration: { activeRevisionsMode: 'Multiple' } };
    await bring(withSecret('first'));
    await bring(withSecret('second'));
    expect(app.secrets.filter(({ name }) => /^dba-/.test(name))).to.have.length(2);
    for (let time = 0; time < 2; time += 1) await release();
    expect(environment('main')).to.deep.equal({ LEVEL: 'info' });
    expect(JSON.stringify(app.secrets)).not.to.match(/first|second/);
    expect(app.tags).to.deep.equal({ team: 'shop' });
  });

  it('has its secret put right when somebody gives it another value', async () => {
    await bring(withSecret('first'));
    app.secrets = app.secrets.map((secret) => (/^dba-/.test(secret.name) ? { name: secret.name, value: 'evil' } : secret));
    await bring(withSecret('first'));
    expect(JSON.stringify(app.secrets)).to.include('first').and.not.to.include('evil');
  });

  it('asks for the values of secrets only for the sake of one of ours', async () => {
    await bring();
    await release();
    const asked = () => azure.journal.list('arm').filter((entry) => entry.kind === 'arm' && entry.path.endsWith('/listSecrets'));
    expect(asked()).to.deep.equal([]);
    await bring(withSecret('first'));
    expect(asked()).not.to.deep.equal([]);
  });

  it('is refused its secret without the action that lists the others', async () => {
    azure.world.operatorActions = [
      'Microsoft.App/*/read',
      'Microsoft.App/containerApps/write',
      'Microsoft.App/managedEnvironments/join/action',
    ];
    expect(await refusalOf(bring(withSecret('first')))).to.match(
      /^waiting AzureAccessDenied: .* the action Microsoft\.App\/containerApps\/listSecrets\/action for container app "orders"/,
    );
  });

  it('keeps the identity that its registry is read with', async () => {
    await bring();
    app.properties = { ...app.properties, configuration: { registries: [{ server: 'shop.azurecr.io', identity: ids.shopIdentity }] } };
    await release();
    expect(app.identity.userAssigned).to.deep.equal([ids.shopIdentity]);
  });

  it('is tried again when Azure is at another change by then', async () => {
    azure.faults.add({
      match: { kind: 'arm', method: 'PATCH' },
      respond: { status: 409, code: 'ContainerAppOperationInProgress' },
      times: 1,
    });
    expect(await refusalOf(bring())).to.match(/^retry AzureError: .*\(ContainerAppOperationInProgress\)/);
    await bring();
    expect(environment('main')).to.include(wanted.settings);
  });

  it('that does not start says so, until it does', async () => {
    await bring();
    const doubled = { name: 'LEVEL', value: 'debug' };
    const broken = containers().map((each) => ({ ...each, env: [...objectsIn(each, 'env'), doubled, doubled] }));
    write({ properties: { template: { containers: broken } } }, 'PATCH');
    const failed = await planFindings();
    expect(failed).to.deep.equal([['WorkloadFailed', true]]);
    write({ properties: { template: { containers: broken.map((each) => ({ ...each, env: each.env.slice(0, -2) })) } } }, 'PATCH');
    expect(await planFindings()).to.deep.equal([]);
  });

  it('is changed by one connection at a time', async () => {
    const connections = ['a', 'b', 'c', 'd'].map((connection) => ({
      connection,
      uid: `11111111-0000-4000-8000-00000000000${connection}`,
      mark: { cluster: '00000000000000c1', connection: `00000000000000a${connection}` },
    }));
    await Promise.all(connections.map((each) => bring({ settings: { [`${each.connection}_HOST`]: 'h' } }, each)));
    expect(environment('main')).to.deep.equal({ LEVEL: 'info', a_HOST: 'h', b_HOST: 'h', c_HOST: 'h', d_HOST: 'h' });
    expect(app.identity.userAssigned).to.deep.equal([ids.shopIdentity]);
  });

  async function planFindings(): Promise<readonly (readonly [string, boolean])[]> {
    azure.skip();
    const request = requestOf(workload);
    const seen = await workload.kind.observeSettings(request, { signal });
    const { findings } = workload.kind.planSettings(request, wanted.settings, seen, new Set());
    return findings.map(({ reason, blocking }) => [reason, blocking]);
  }
});
