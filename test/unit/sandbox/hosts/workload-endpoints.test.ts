import { expect } from 'chai';
import { systemClock } from '../../../../src/runtime/clock.ts';
import { type ContainerApp, newContainerApp } from '../../../sandbox/azure/hosts/container-app.ts';
import { newWebApp } from '../../../sandbox/azure/hosts/web-app.ts';
import { openWorkloadEndpoints, type WorkloadEndpoints } from '../../../sandbox/azure/hosts/workload-endpoints.ts';
import { ids } from '../world.ts';
import { groupId, startAzure, type TestAzure } from './test-azure.ts';

describe("The workloads of a sandbox's Azure", () => {
  const end = new AbortController();
  let azure: TestAzure;
  let app: ContainerApp;
  let workloads: WorkloadEndpoints;

  before(async () => {
    azure = await startAzure();
  });

  after(async () => {
    end.abort();
    await azure.stop();
  });

  beforeEach(async () => {
    azure.reset();
    app = newContainerApp({
      name: 'orders',
      groupId,
      location: 'westeurope',
      containers: [{ name: 'web', env: [{ name: 'PASSWORD', secretRef: 'password' }] }],
      secrets: [{ name: 'password', value: 's3cret' }],
      identity: { systemAssigned: undefined, userAssigned: [ids.shopIdentity] },
    });
    azure.world.hosts.containerApps.push(app);
    const { world, entra, journal, faults } = azure;
    let count = 0;
    const newId = () => `id-${count++}`;
    workloads = await openWorkloadEndpoints({
      world,
      issueFor: entra.issueFor,
      journal,
      faults,
      clock: systemClock,
      newId,
      signal: end.signal,
    });
  });

  afterEach(() => workloads.stop());

  it('see their settings and their identity endpoint, of which each has its own', async () => {
    const web = newWebApp({ name: 'web', groupId, location: 'westeurope', appSettings: { LEVEL: 'info' } });
    azure.world.hosts.webApps.push(web);
    const { identityEndpoint } = await workloads.open(web);
    const [orders] = workloads.described();
    expect(workloads.environmentOf(app.resourceId.toLowerCase())).to.deep.equal({
      PASSWORD: 's3cret',
      CONTAINER_APP_NAME: 'orders',
      CONTAINER_APP_REVISION: 'orders--first',
      IDENTITY_ENDPOINT: orders?.identityEndpoint,
      IDENTITY_HEADER: 'id-0',
    });
    expect(workloads.environmentOf(web.resourceId)).to.deep.equal({ LEVEL: 'info', WEBSITE_SITE_NAME: 'web' });
    expect(identityEndpoint).not.to.equal(orders?.identityEndpoint);
    expect(workloads.described().map(({ type, name }) => [type, name])).to.deep.equal([
      ['ContainerApp', 'orders'],
      ['WebApp', 'web'],
    ]);
  });

  it('keep one endpoint each', async () => {
    expect(await workloads.open(app)).to.equal(await workloads.open(app));
    expect(workloads.described()).to.have.length(1);
  });

  it('are refused where they are not', () => {
    expect(() => workloads.environmentOf(`${app.resourceId}-2`)).to.throw(RangeError, 'There is no app');
    expect(() => workloads.environmentOf(app.resourceId, { part: 'other' })).to.throw(RangeError, 'no running container other');
  });
});
