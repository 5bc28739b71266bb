import { expect } from 'chai';
import { environmentOf } from '../../../sandbox/azure/hosts/hosts.ts';
import { newWebApp, type WebApp } from '../../../sandbox/azure/hosts/web-app.ts';
import { ids } from '../world.ts';
import { groupId, refusalOf, startAzure, type TestAzure } from './test-azure.ts';

const apiVersion = '2025-05-01';
const group = 'sandbox';

describe('Web apps of the sandbox, to the client that Azure publishes,', () => {
  let azure: TestAzure;
  let app: WebApp;
  let slot: WebApp;

  before(async () => {
    azure = await startAzure();
  });

  after(() => azure.stop());

  beforeEach(() => {
    azure.reset();
    const common = { name: 'orders', groupId, location: 'westeurope' };
    app = newWebApp({ ...common, kind: 'functionapp,linux', appSettings: { LEVEL: 'info' }, tags: { team: 'shop' } });
    slot = newWebApp({ ...common, slot: 'staging', appSettings: { LEVEL: 'debug' } });
    azure.world.hosts.webApps.push(app, slot);
  });

  const settings = async () => (await azure.webApps.webApps.listApplicationSettings(group, 'orders')).properties;

  it('show a function app by its kind, without its settings', async () => {
    const shown = await azure.webApps.webApps.get(group, 'orders');
    expect(shown).to.include({ id: app.resourceId, name: 'orders', kind: 'functionapp,linux', location: 'West Europe', state: 'Running' });
    expect(shown.tags).to.deep.equal({ team: 'shop' });
    expect(shown.siteConfig?.appSettings).to.equal(null);
    expect(shown.identity).to.equal(undefined);
    expect(await settings()).to.deep.equal({ LEVEL: 'info' });
  });

  it('replace all settings when they are written, and start again', async () => {
    await azure.webApps.webApps.updateApplicationSettings(group, 'orders', {
      properties: { HOST: 'db', 'spring.datasource.url': 'jdbc:' },
    });
    expect(await settings()).to.deep.equal({ HOST: 'db', 'spring.datasource.url': 'jdbc:' });
    expect(app.restarts).to.equal(1);
    expect(environmentOf(app, { now: 0 }))
      .to.include({ HOST: 'db' })
      .and.not.to.have.property('LEVEL');
  });

  it('have slots with settings, restarts and an identity of their own', async () => {
    const { webApps } = azure.webApps;
    expect(await webApps.getSlot(group, 'orders', 'staging')).to.include({ name: 'orders/staging', id: slot.resourceId });
    await webApps.updateApplicationSettingsSlot(group, 'orders', 'staging', { properties: { HOST: 'db' } });
    expect((await webApps.listApplicationSettingsSlot(group, 'orders', 'staging')).properties).to.deep.equal({ HOST: 'db' });
    const { identity } = await webApps.updateSlot(group, 'orders', 'staging', { identity: { type: 'SystemAssigned' } });
    expect(identity?.principalId).to.equal(slot.identity.systemAssigned?.principalId);
    expect([app.restarts, slot.restarts]).to.deep.equal([0, 1]);
    expect(await settings()).to.deep.equal({ LEVEL: 'info' });
    expect((await webApps.get(group, 'orders')).identity).to.equal(undefined);
    expect(await refusalOf(webApps.getSlot(group, 'orders', 'canary'))).to.include({ statusCode: 404, code: 'ResourceNotFound' });
  });

  it('take an identity and keep those that they have, without a restart', async () => {
    const second = `${ids.shopIdentity}-2`;
    azure.world.identities.push({ ...azure.world.identities[1]!, name: 'shop-orders-2', resourceId: second });
    const assign = (identity: object) => azure.webApps.webApps.update(group, 'orders', { identity: { type: 'None', ...identity } });
    await assign({ type: 'UserAssigned', userAssignedIdentities: { [ids.shopIdentity.toLowerCase()]: {} } });
    const { identity } = await assign({ type: 'SystemAssigned,UserAssigned', userAssignedIdentities: { [second]: {} } });
    expect(identity?.type).to.equal('SystemAssigned, UserAssigned');
    expect(Object.keys(identity?.userAssignedIdentities ?? {})).to.deep.equal([ids.shopIdentity, second]);
    expect(app.restarts).to.equal(0);
  });

  it('replace their tags by those of a PATCH', async () => {
    await azure.send('PATCH', app.resourceId, { apiVersion, body: { tags: { owner: 'ada' } } });
    expect((await azure.webApps.webApps.get(group, 'orders')).tags).to.deep.equal({ owner: 'ada' });
  });

  it('let their tags be merged and removed by themselves', async () => {
    const path = `${app.resourceId}/providers/Microsoft.Resources/tags/default`;
    const change = (operation: string, tags: object) =>
      azure.send('PATCH', path, { apiVersion: '2021-04-01', body: { operation, properties: { tags } } });
    await change('Merge', { owner: 'ada' });
    expect(app.tags).to.deep.equal({ team: 'shop', owner: 'ada' });
    await change('Delete', { owner: 'ada', team: 'other' });
    expect(app.tags).to.deep.equal({ team: 'shop' });
    await change('Replace', { a: 'b' });
    const { bodyAsText } = await azure.send('GET', path, { apiVersion: '2021-04-01' });
    expect(JSON.parse(bodyAsText ?? '').properties).to.deep.equal({ tags: { a: 'b' } });
    expect((await change('Swap', {})).status).to.equal(400);
  });

  it('refuse writes while something runs on them, in a shape of their own', async () => {
    app.runningOperation = 'Update';
    const written = await azure.send('PUT', `${app.resourceId}/config/appsettings`, { apiVersion, body: { properties: {} } });
    expect(written.status).to.equal(409);
    expect(JSON.parse(written.bodyAsText ?? ''))
      .to.include({ Code: 'Conflict' })
      .and.not.to.have.property('error');
    expect(await refusalOf(azure.webApps.webApps.update(group, 'orders', {}))).to.include({ statusCode: 409 });
    expect(app).to.deep.include({ restarts: 0, appSettings: { LEVEL: 'info' } });
    expect(await settings()).to.deep.equal({ LEVEL: 'info' });
  });

  const bodies: readonly (readonly [string, unknown])[] = [
    ['no properties', {}],
    ['a setting that is no text', { properties: { A: 1 } }],
    ['a list', []],
  ];
  for (const [what, body] of bodies) {
    it(`refuse settings with ${what}`, async () => {
      const { status, bodyAsText } = await azure.send('PUT', `${app.resourceId}/config/appsettings`, { apiVersion, body });
      expect([status, JSON.parse(bodyAsText ?? '').error.code]).to.deep.equal([400, 'InvalidRequestContent']);
      expect(app.restarts).to.equal(0);
    });
  }

  describe('need rights', () => {
    const table: readonly (readonly [string, () => PromiseLike<unknown>])[] = [
      ['Microsoft.Web/sites/read', () => azure.webApps.webApps.get(group, 'orders')],
      ['Microsoft.Web/sites/write', () => azure.webApps.webApps.update(group, 'orders', {})],
      ['Microsoft.Web/sites/config/list/action', settings],
      ['Microsoft.Web/sites/config/write', () => azure.webApps.webApps.updateApplicationSettings(group, 'orders', { properties: {} })],
      ['Microsoft.Web/sites/slots/read', () => azure.webApps.webApps.getSlot(group, 'orders', 'staging')],
      ['Microsoft.Web/sites/slots/write', () => azure.webApps.webApps.updateSlot(group, 'orders', 'staging', {})],
      ['Microsoft.Web/sites/slots/config/list/action', () => azure.webApps.webApps.listApplicationSettingsSlot(group, 'orders', 'staging')],
      [
        'Microsoft.Web/sites/slots/config/write',
        () => azure.webApps.webApps.updateApplicationSettingsSlot(group, 'orders', 'staging', { properties: {} }),
      ],
    ];
    const all = table.map(([action]) => action);
    for (const [action, call] of table) {
      it(`such as ${action}, and name the one that is missing`, async () => {
        azure.world.operatorActions = all.filter((each) => each !== action);
        const refusal = await refusalOf(call());
        expect(refusal).to.include({ statusCode: 403, code: 'AuthorizationFailed' });
        expect(refusal.message).to.contain(`'${action}'`);
        azure.world.operatorActions = all;
        await call();
      });
    }
  });

  it('are named in full by a refusal', async () => {
    azure.world.operatorActions = [];
    const scopeOf = async (call: PromiseLike<unknown>) => /over scope '(.*)' or/.exec((await refusalOf(call)).message)?.[1];
    const { webApps } = azure.webApps;
    expect(await scopeOf(webApps.get(group, 'orders'))).to.equal(app.resourceId);
    expect(await scopeOf(settings())).to.equal(`${app.resourceId}/config/appsettings`);
    expect(await scopeOf(webApps.updateApplicationSettings(group, 'orders', { properties: {} }))).to.equal(
      `${app.resourceId}/config/appsettings`,
    );
  });

  it('under a lock tell no settings and take none', async () => {
    azure.world.locks.push({ scope: app.resourceId, level: 'ReadOnly' });
    expect(await refusalOf(settings())).to.include({ statusCode: 409, code: 'ScopeLocked' });
    expect(await refusalOf(azure.webApps.webApps.updateApplicationSettings(group, 'orders', { properties: {} }))).to.include({
      code: 'ScopeLocked',
    });
    await azure.webApps.webApps.get(group, 'orders');
  });
});
