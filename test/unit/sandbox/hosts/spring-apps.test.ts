import { expect } from 'chai';
import { environmentOf } from '../../../sandbox/azure/hosts/hosts.ts';
import { newSpringApp, type SpringApp } from '../../../sandbox/azure/hosts/spring-app.ts';
import { ids } from '../world.ts';
import { allOf, groupId, quickly, refusalOf, startAzure, type TestAzure } from './test-azure.ts';

const group = 'sandbox';

describe('Spring apps of the sandbox, to the client that Azure publishes,', () => {
  let azure: TestAzure;
  let app: SpringApp;

  before(async () => {
    azure = await startAzure();
  });

  after(() => azure.stop());

  beforeEach(() => {
    azure.reset();
    app = newSpringApp({
      name: 'orders',
      service: 'shop',
      groupId,
      location: 'westeurope',
      deployments: ['blue', 'green'],
      environmentVariables: { LEVEL: 'info' },
    });
    azure.world.hosts.springApps.push(app);
  });

  const deployment = (name = 'blue') => azure.springApps.deployments.get(group, 'shop', 'orders', name);
  const setVariables = (environmentVariables: Record<string, string>, name = 'blue') =>
    azure.springApps.deployments.beginUpdateAndWait(
      group,
      'shop',
      'orders',
      name,
      { properties: { deploymentSettings: { environmentVariables } } },
      quickly,
    );

  it('show themselves and their deployments, of which one is active', async () => {
    expect(await azure.springApps.apps.get(group, 'shop', 'orders')).to.include({
      id: app.resourceId,
      name: 'orders',
      location: 'westeurope',
    });
    const shown = await allOf(azure.springApps.deployments.list(group, 'shop', 'orders'));
    expect(shown.map(({ name, properties }) => [name, properties?.active])).to.deep.equal([
      ['blue', true],
      ['green', false],
    ]);
    expect((await deployment()).properties?.deploymentSettings?.environmentVariables).to.deep.equal({ LEVEL: 'info' });
  });

  it('replace all variables of one deployment, keep its other settings, and start it again', async () => {
    const written = await setVariables({ HOST: 'db' });
    expect(written.properties).to.include({ provisioningState: 'Succeeded' });
    expect(written.properties?.deploymentSettings).to.deep.include({ environmentVariables: { HOST: 'db' } });
    expect(written.properties?.deploymentSettings?.resourceRequests).to.deep.equal({ cpu: '1', memory: '1Gi' });
    expect(environmentOf(app, { now: 0 })).to.deep.equal({ HOST: 'db' });
    expect(environmentOf(app, { now: 0, part: 'green' })).to.deep.equal({ LEVEL: 'info' });
    expect(app.deployments.map(({ restarts }) => restarts)).to.deep.equal([1, 0]);
    expect(() => environmentOf(app, { now: 0, part: 'red' })).to.throw(RangeError);
  });

  it('take no write of a deployment while one runs', async () => {
    azure.stopTime();
    const poller = await azure.springApps.deployments.beginUpdate(group, 'shop', 'orders', 'blue', { properties: {} }, quickly);
    expect((await deployment()).properties?.provisioningState).to.equal('Updating');
    expect(await refusalOf(setVariables({}))).to.include({ statusCode: 409, code: 'Conflict' });
    const other = azure.springApps.deployments.beginUpdate(group, 'shop', 'orders', 'green', { properties: {} }, quickly);
    expect((await other).getOperationState().error).to.equal(undefined);
    azure.goOn();
    await poller.pollUntilDone();
    await setVariables({});
  });

  it('have a system-assigned identity, and in newer versions user-assigned ones, spelt in lower case', async () => {
    await azure.springApps.apps.beginUpdateAndWait(group, 'shop', 'orders', { identity: { type: 'SystemAssigned' } }, quickly);
    const { systemAssigned } = app.identity;
    expect((await azure.springApps.apps.get(group, 'shop', 'orders')).identity).to.include({ principalId: systemAssigned?.principalId });
    const body = { identity: { type: 'SystemAssigned,UserAssigned', userAssignedIdentities: { [ids.shopIdentity]: {} } } };
    const written = await azure.send('PATCH', app.resourceId, { apiVersion: '2023-12-01', body });
    expect(written.status).to.equal(202);
    const identityAt = async (apiVersion: string) =>
      JSON.parse((await azure.send('GET', app.resourceId, { apiVersion })).bodyAsText ?? '').identity;
    expect(await identityAt('2023-12-01')).to.deep.equal({
      type: 'SystemAssigned, UserAssigned',
      principalId: systemAssigned?.principalId,
      tenantId: ids.tenant,
      userAssignedIdentities: { [ids.shopIdentity.toLowerCase()]: { principalId: ids.shopPrincipal, clientId: ids.shopClient } },
    });
    expect(await identityAt('2022-04-01')).not.to.have.property('userAssignedIdentities');
  });

  it('are refused where they are not', async () => {
    expect(await refusalOf(azure.springApps.apps.get(group, 'shop', 'none'))).to.include({ statusCode: 404, code: 'ResourceNotFound' });
    expect(await refusalOf(deployment('red'))).to.include({ statusCode: 404, code: 'ResourceNotFound' });
  });

  describe('need rights', () => {
    const table: readonly (readonly [string, () => PromiseLike<unknown>])[] = [
      ['Microsoft.AppPlatform/Spring/apps/read', () => azure.springApps.apps.get(group, 'shop', 'orders')],
      [
        'Microsoft.AppPlatform/Spring/apps/write',
        () => azure.springApps.apps.beginUpdateAndWait(group, 'shop', 'orders', { identity: { type: 'SystemAssigned' } }, quickly),
      ],
      ['Microsoft.AppPlatform/Spring/apps/deployments/read', deployment],
      ['Microsoft.AppPlatform/Spring/apps/deployments/write', () => setVariables({})],
      ['Microsoft.AppPlatform/locations/operationStatus/operationId/read', () => setVariables({}, 'green')],
    ];
    const all = table.map(([action]) => action);
    for (const [action, call] of table) {
      it(`such as ${action}, and name the one that is missing`, async () => {
        azure.world.operatorActions = all.filter((each) => each !== action);
        const refusal = await refusalOf(call());
        expect(refusal).to.include({ statusCode: 403, code: 'AuthorizationFailed' });
        expect(refusal.message).to.contain(`'${action}'`);
      });
    }
  });
});
