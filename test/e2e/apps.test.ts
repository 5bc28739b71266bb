import { expect } from 'chai';
import type { ConnectionSpec } from '../../src/api/spec.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import type { ContainerApp } from '../sandbox/azure/hosts/container-app.ts';
import { wantedContainerApp, writeContainerApp } from '../sandbox/azure/hosts/container-app-write.ts';
import { waitForConnection } from '../support/connections.ts';
import type { Environment } from '../support/workload.ts';
import { becomesReady, connect, fails, newName, specFor } from './apps/connect.ts';
import {
  appsPolicy,
  containerApp,
  containerOf,
  environmentOf,
  host,
  logInAs,
  newClientSecret,
  newPrincipal,
  principalIdentity,
  servedLabel,
  springApp,
  tokenIn,
  webApp,
  workloadOf,
  writeSecret,
} from './apps/hosted.ts';
import {
  askedSince,
  deleteAllConnections,
  deleteConnection,
  deletePolicy,
  eventsOf,
  eventually,
  identityId,
  inTime,
  messageOf,
  newNamespace,
  patchConnection,
  sandbox,
  startTimeout,
  testTimeout,
} from './support.ts';

const within = { withinInMs: 30_000 };
const hostSetting = 'AZURE_POSTGRESQL_HOST';
/** Whose secret is `the secret`; made once, before the policy that names it. */
let principal: Awaited<ReturnType<typeof newPrincipal>>;

/** Names of settings of ours. */
const ours = (environment: Environment) => Object.keys(environment).filter((name) => name.startsWith('AZURE_'));

describe('apps that Azure hosts', function () {
  this.timeout(testTimeout);

  before(async function () {
    this.timeout(startTimeout);
    await sandbox();
    principal = await newPrincipal('orders-principal', 'the secret');
    await appsPolicy('apps');
  });
  afterEach(async function () {
    this.timeout(testTimeout);
    await deleteAllConnections();
  });
  after(() => deletePolicy('apps'));

  it('have their settings again after a file was applied that knows none of them', async () => {
    const app = await host(containerApp(newName()));
    const key = await connect(specFor(workloadOf(app)));
    await becomesReady(key);
    const before = await environmentOf(app);
    expect(app.revisions, 'one revision for all settings').to.have.length(2);
    applyFile(app, { tags: {}, properties: { ...app.properties, template: { containers: [containerOf('main')] } } });
    expect(ours(await environmentOf(app))).to.deep.equal([]);
    await eventually(async () => ours(await environmentOf(app)).length > 0, within);
    const { CONTAINER_APP_REVISION: first, ...had } = before;
    const { CONTAINER_APP_REVISION: second, ...has } = await environmentOf(app);
    expect(has).to.deep.equal(had);
    expect(second).not.to.equal(first);
    await eventually(async () => (await eventsOf(key)).some(({ reason }) => reason === 'DriftCorrected'), within);
  });

  it('start once for a changed spec, and not while nothing changes', async () => {
    const app = await host(containerApp(newName(), ['main', 'sidecar']));
    const key = await connect(
      specFor(workloadOf(app), (spec) => {
        spec.identity = { type: 'UserAssigned', userAssigned: { resourceId: identityId('shop-orders') } };
      }),
    );
    await becomesReady(key);
    await patchConnection(key, { spec: { output: { prefix: 'ORDERS' }, workload: { containerApp: { containers: ['sidecar'] } } } });
    await eventually(async () => (await environmentOf(app, 'sidecar'))['ORDERS_HOST'] !== undefined, within);
    await becomesReady(key);
    expect(ours(await environmentOf(app, 'main'))).to.deep.equal([]);
    expect(ours(await environmentOf(app, 'sidecar'))).to.deep.equal([]);
    const starts = app.revisions.length;
    const { journal } = await sandbox();
    const from = journal.list().length;
    await eventually(async () => (await askedSince(from)).some((each) => each.kind === 'arm' && each.path === app.resourceId), within);
    expect((await askedSince(from)).filter((each) => each.kind === 'arm' && each.method !== 'GET')).to.deep.equal([]);
    expect([starts, app.revisions.length]).to.deep.equal([3, 3]);
  });

  it('have an identity made for them, with which nothing is left when they go', async () => {
    const app = await host(containerApp(newName()));
    const resourceId = identityId(app.name);
    const key = await connect(
      specFor(workloadOf(app), (spec) => {
        spec.identity = { type: 'UserAssigned', userAssigned: { resourceId, create: { location: 'westeurope' } } };
      }),
    );
    await becomesReady(key);
    expect(app.identity.userAssigned).to.deep.equal([resourceId]);
    const environment = await environmentOf(app);
    await (await logInAs(environment, 'PostgreSQL', 'UserAssigned')).close();
    await deleteConnection(key);
    await waitForConnection((await sandbox()).controlPlane.api, key, (each) => each === undefined, inTime());
    expect(app.identity.userAssigned).to.deep.equal([]);
    expect(app.tags).to.deep.equal({});
    expect((await sandbox()).world.identities.map((each) => each.resourceId)).not.to.include(resourceId);
    expect(await messageOf(tokenIn(environment, 'PostgreSQL', 'UserAssigned'))).to.match(/No User Assigned/);
  });

  it('have settings of their own in a slot, and none in the app beside it', async () => {
    const name = newName();
    const [app, slot] = [await host(webApp(name)), await host(webApp(name, 'staging'))];
    const key = await connect(specFor(workloadOf(slot)));
    await becomesReady(key);
    await (await logInAs(await environmentOf(slot), 'PostgreSQL', 'SystemAssigned')).close();
    expect(ours(await environmentOf(app))).to.deep.equal([]);
    expect([slot.restarts, app.restarts]).to.deep.equal([1, 0]);
    slot.appSettings = { THEIRS: 'stays' };
    await eventually(async () => ours(await environmentOf(slot)).length > 0, within);
    expect(await environmentOf(slot)).to.include({ THEIRS: 'stays' });
  });

  it('have settings in the deployment that is named, and none in the others', async () => {
    const app = await host(springApp(newName(), ['blue', 'green']));
    const { resourceId } = app;
    const key = await connect(specFor({ type: 'SpringApp', springApp: { resourceId, deployment: 'green' } }));
    await becomesReady(key);
    await (await logInAs(await environmentOf(app, 'green'), 'PostgreSQL', 'SystemAssigned')).close();
    expect(await environmentOf(app, 'blue')).not.to.include.keys(hostSetting);
  });

  it('follow a client secret that was renewed', async () => {
    const app = await host(containerApp(newName()));
    const key = await connect(...(await asPrincipal(app)));
    await becomesReady(key);
    await (await logInAs(await environmentOf(app), 'PostgreSQL', 'ServicePrincipal')).close();
    principal.secrets = ['the secret', 'the next one'];
    await writeSecret(key.namespace, 'the next one');
    await eventually(async () => (await environmentOf(app))['AZURE_POSTGRESQL_CLIENTSECRET'] === 'the next one', within);
    principal.secrets = ['the next one'];
    await (await logInAs(await environmentOf(app), 'PostgreSQL', 'ServicePrincipal')).close();
    principal.secrets = ['the secret'];
  });

  it('do not get the operator’s own identity, and are not written for it', async () => {
    const app = await host(containerApp(newName()));
    const key = await connect(
      specFor(workloadOf(app), (spec) => {
        spec.identity = { type: 'UserAssigned', userAssigned: { resourceId: identityId('passwordless-operator') } };
      }),
    );
    await fails(key, 'IdentityReserved', /use an identity of the workload’s own/);
    expect(app.revisions).to.have.length(1);
    expect(app.identity.userAssigned).to.deep.equal([]);
  });

  it('of another team are not looked at', async () => {
    const { journal } = await sandbox();
    const other = containerApp(newName()).resourceId.replace('/sandbox/', '/payments/');
    const from = journal.list().length;
    const key = await connect(specFor({ type: 'ContainerApp', containerApp: { resourceId: other } }));
    await fails(key, 'NotPermitted', /spec\.workload\.containerApp\.resourceId is not among its workloads/);
    expect((await askedSince(from)).filter((each) => each.kind === 'arm' && each.path.startsWith(other))).to.deep.equal([]);
  });

  it('keep what a connection wrote when a second one would write the same', async () => {
    const app = await host(containerApp(newName()));
    const first = await connect(specFor(workloadOf(app)));
    await becomesReady(first);
    const before = await environmentOf(app);
    const second = await connect(
      specFor(workloadOf(app), (spec) => {
        spec.output = { clientType: 'NodeJS', adopt: true };
      }),
      'second',
      first.namespace,
    );
    await fails(second, 'SettingNotOwned', /written by another PasswordlessConnection: set another spec\.output\.prefix/);
    expect(await environmentOf(app)).to.deep.equal(before);
    await patchConnection(second, { spec: { output: { prefix: 'SECOND' } } });
    await becomesReady(second);
    await deleteConnection(second);
    await waitForConnection((await sandbox()).controlPlane.api, second, (each) => each === undefined, inTime());
    const { CONTAINER_APP_REVISION: _first, ...had } = before;
    const { CONTAINER_APP_REVISION: _second, ...has } = await environmentOf(app);
    expect(has).to.deep.equal(had);
  });

  async function asPrincipal(app: ContainerApp): Promise<[ConnectionSpec, string, string]> {
    const namespace = await newNamespace({ served: false, labels: servedLabel });
    await newClientSecret(namespace, 'principal', 'the secret');
    const identity = await principalIdentity(principal, 'principal');
    return [{ ...specFor(workloadOf(app)), identity }, 'c', namespace];
  }
});

/** As `az containerapp update --yaml` does: what the file doesn't name goes. */
function applyFile(app: ContainerApp, file: Parameters<typeof wantedContainerApp>[1]): void {
  const timing = { now: systemClock.now(), writeMs: 0, newId: () => `by-hand-${app.revisions.length}` };
  writeContainerApp(app, wantedContainerApp(app, file, 'PUT'), app.identity, timing);
}
