import type { Container, ContainerApp as SdkContainerApp } from '@azure/arm-appcontainers';
import { expect } from 'chai';
import { type ContainerApp, newContainerApp } from '../../../sandbox/azure/hosts/container-app.ts';
import { environmentOf } from '../../../sandbox/azure/hosts/hosts.ts';
import { ids } from '../world.ts';
import { allOf, groupId, quickly, refusalOf, startAzure, type TestAzure } from './test-azure.ts';

const apiVersion = '2026-07-01';
const location = 'West Europe';
const group = 'sandbox';

describe('Container apps of the sandbox, to the client that Azure publishes,', () => {
  let azure: TestAzure;
  let app: ContainerApp;

  before(async () => {
    azure = await startAzure();
  });

  after(() => azure.stop());

  beforeEach(() => {
    azure.reset();
    app = newContainerApp({
      name: 'orders',
      groupId,
      location: 'westeurope',
      containers: [
        { image: 'orders:1', name: 'web', imageType: 'CloudBuild', env: [{ name: 'LEVEL', value: 'info' }] },
        { image: 'proxy:1', name: 'proxy', env: [{ name: 'KEY', secretRef: 'key' }] },
      ],
      secrets: [{ name: 'key', value: 's3cret' }],
      tags: { team: 'shop' },
    });
    azure.world.hosts.containerApps.push(app);
  });

  const get = () => azure.containerApps.containerApps.get(group, 'orders');
  const update = (change: Omit<SdkContainerApp, 'location'>) =>
    azure.containerApps.containerApps.update(group, 'orders', { location, ...change }, quickly);
  const patch = (body: unknown) => azure.send('PATCH', app.resourceId, { apiVersion, body });
  const environment = (part?: string) => environmentOf(app, { now: Date.now(), ...(part !== undefined && { part }) });
  const revisionNames = async () =>
    (await allOf(azure.containerApps.containerAppsRevisions.listRevisions(group, 'orders'))).map(({ name }) => name);
  const idle = async () => {
    while ((await get()).provisioningState === 'InProgress');
  };

  it('show all but the values of their secrets, which listSecrets tells', async () => {
    const shown = await get();
    expect(shown).to.include({ name: 'orders', location, provisioningState: 'Succeeded', latestReadyRevisionName: 'orders--first' });
    expect(shown.id).to.equal(app.resourceId.replace('containerApps', 'containerapps'));
    expect(shown.configuration?.secrets).to.deep.equal([{ name: 'key', value: undefined, identity: undefined, keyVaultUrl: undefined }]);
    expect(shown.identity).to.include({ type: 'None' });
    const { value } = await azure.containerApps.containerApps.listSecrets(group, 'orders');
    expect(value?.map(({ name, value }) => [name, value])).to.deep.equal([['key', 's3cret']]);
  });

  it('know the environment of their containers, references resolved', () => {
    expect(environment()).to.deep.equal({ LEVEL: 'info', CONTAINER_APP_NAME: 'orders', CONTAINER_APP_REVISION: 'orders--first' });
    expect(environment('proxy')).to.include({ KEY: 's3cret' });
    expect(() => environment('other')).to.throw(RangeError, 'orders has no running container other');
  });

  it('get one new revision for a new template, and none for anything else', async () => {
    const containers = [{ image: 'orders:1', name: 'web', env: [{ name: 'HOST', value: 'db' }] }];
    const changed = await update({ template: { containers } });
    expect(changed.provisioningState).to.equal('Succeeded');
    expect(changed.latestRevisionName).to.equal(app.revisions[1]?.name);
    expect(await revisionNames()).to.deep.equal(['orders--first', changed.latestRevisionName]);
    expect(environment()).to.include({ HOST: 'db' }).and.not.to.have.property('LEVEL');
    expect(() => environment('proxy')).to.throw(RangeError);

    await update({ template: { containers } });
    await update({ tags: { 'dbaccess.dev-keys': 'HOST' } });
    await update({ configuration: { secrets: [{ name: 'key', value: 'other' }] } });
    await update({ identity: { type: 'SystemAssigned' } });
    expect(await revisionNames()).to.have.length(2);
    expect((await get()).tags).to.deep.equal({ team: 'shop', 'dbaccess.dev-keys': 'HOST' });
  });

  it('keep what a JSON merge patch does not speak of, and take away what it sets to null', async () => {
    await patch({ tags: { team: null, owner: 'ada' }, properties: { configuration: { maxInactiveRevisions: 5 } } });
    await idle();
    const shown = await get();
    expect(shown.tags).to.deep.equal({ owner: 'ada' });
    expect(shown.configuration).to.include({ maxInactiveRevisions: 5, activeRevisionsMode: 'Single' });
    expect(shown.template?.containers).to.have.length(2);
  });

  it("lose a member that the client's own model does not know, and keep it in plain JSON", async () => {
    const imageType = () => (app.properties['template'] as { containers: { imageType: string }[] }).containers[0]?.imageType;
    const { bodyAsText } = await azure.send('GET', app.resourceId, { apiVersion });
    const { properties } = JSON.parse(bodyAsText ?? '') as {
      readonly properties: { readonly template: { readonly containers: object[] } };
    };
    await patch({ properties: { template: { containers: properties.template.containers } } });
    await idle();
    expect(imageType()).to.equal('CloudBuild');
    const { template } = await get();
    await update({ template: { containers: template?.containers ?? [] } });
    expect(imageType()).to.equal('ContainerImage');
  });

  it('show an empty variable without its value', async () => {
    await update({ template: { containers: [{ image: 'i', name: 'web', env: [{ name: 'EMPTY', value: '' }] }] } });
    const { bodyAsText } = await azure.send('GET', app.resourceId, { apiVersion });
    expect(bodyAsText).to.contain('"env":[{"name":"EMPTY"}]');
    expect(environment()).to.include({ EMPTY: '' });
  });

  it('take no write while one runs, but are read', async () => {
    azure.stopTime();
    const poller = update({ template: { containers: [{ image: 'orders:2', name: 'web' }] } });
    await poller.submitted();
    expect((await get()).provisioningState).to.equal('InProgress');
    expect((await get()).latestReadyRevisionName).to.equal('orders--first');
    const refusal = await refusalOf(update({ tags: { a: 'b' } }));
    expect(refusal).to.include({ statusCode: 409, code: 'ContainerAppOperationInProgress' });
    expect(await azure.containerApps.containerApps.listSecrets(group, 'orders')).to.have.property('value');
    azure.goOn();
    expect((await poller).latestReadyRevisionName).to.equal(app.revisions[1]?.name);
  });

  it('answer a PATCH 202 with a Location, and a PUT 201 with Azure-AsyncOperation', async () => {
    const patched = await patch({ tags: { a: 'b' } });
    expect(patched.status).to.equal(202);
    expect(patched.headers.get('location')).to.match(
      /\/locations\/westeurope\/containerappOperationResults\/[0-9a-f-]{36}\?api-version=2026-07-01$/,
    );
    expect(patched.headers.has('azure-asyncoperation')).to.equal(false);
    await idle();
    const put = await azure.send('PUT', app.resourceId, {
      apiVersion,
      body: { location, properties: { template: { containers: [{ image: 'i', name: 'web' }] } } },
    });
    expect(put.status).to.equal(201);
    expect(put.headers.get('azure-asyncoperation')).to.match(/\/containerappOperationStatuses\/[0-9a-f-]{36}\?api-version=2026-07-01&/);
  });

  it('lose with a PUT what it leaves out, as a file of `az containerapp update --yaml` does', async () => {
    const containers: Container[] = [{ image: 'orders:3', name: 'web' }];
    await azure.containerApps.containerApps.createOrUpdate(group, 'orders', { location, template: { containers } }, quickly);
    const shown = await get();
    expect(shown.configuration?.secrets).to.equal(null);
    expect(shown.tags).to.deep.equal({});
    expect(environment()).not.to.have.property('LEVEL');
  });

  it('are made by a PUT of a new one', async () => {
    const template = { containers: [{ image: 'i', name: 'web', env: [{ name: 'A', value: '1' }] }] };
    const managedEnvironmentId = `${groupId}/providers/Microsoft.App/managedEnvironments/sandbox`;
    const made = await azure.containerApps.containerApps.createOrUpdate(
      group,
      'fresh',
      { location, managedEnvironmentId, template, identity: { type: 'SystemAssigned' } },
      quickly,
    );
    expect(made.identity?.principalId).to.match(/^[0-9a-f-]{36}$/);
    const fresh = azure.world.hosts.containerApps.find(({ name }) => name === 'fresh')!;
    expect(environmentOf(fresh, { now: Date.now() })).to.include({ A: '1' });
  });

  describe('have secrets', () => {
    it('whose new values reach what runs only by a restart', async () => {
      await update({ configuration: { secrets: [{ name: 'key', value: 'new' }] } });
      expect(environment('proxy')).to.include({ KEY: 's3cret' });
      await azure.containerApps.containerAppsRevisions.restartRevision(group, 'orders', 'orders--first');
      expect(environment('proxy')).to.include({ KEY: 'new' });
    });

    const bodies: readonly (readonly [string, unknown, string])[] = [
      ['a secret without its value', [{ name: 'key' }], 'ContainerAppSecretInvalid'],
      ['a secret whose value is null', [{ name: 'key', value: null }], 'ContainerAppSecretNull'],
      ['a secret that is null', [null], 'ContainerAppSecretNull'],
      ['half a reference to a key vault', [{ name: 'key', keyVaultUrl: 'https://v' }], 'ContainerAppSecretInvalid'],
      ['a name with a capital', [{ name: 'Key', value: 'x' }], 'ContainerAppInvalidSecretName'],
      ['an array without a secret that is referred to', [], 'ContainerAppSecretRefNotFound'],
      ['null for all of them', null, 'ContainerAppSecretRefNotFound'],
    ];
    for (const [what, secrets, code] of bodies) {
      it(`and refuse ${what}`, async () => {
        const { status, bodyAsText } = await patch({ properties: { configuration: { secrets } } });
        expect([status, JSON.parse(bodyAsText ?? '').error.code]).to.deep.equal([400, code]);
        expect(app.secrets).to.deep.equal([{ name: 'key', value: 's3cret' }]);
      });
    }

    it('and show those of a key vault by their reference', async () => {
      const reference = { name: 'vaulted', keyVaultUrl: 'https://v.vault.azure.net/secrets/a', identity: 'system' };
      await update({ configuration: { secrets: [{ name: 'key', value: 's3cret' }, reference] } });
      expect((await get()).configuration?.secrets?.[1]).to.include(reference);
    });
  });

  describe('refuse', () => {
    it('a template that refers to a secret that is not there', async () => {
      const refusal = await refusalOf(
        update({ template: { containers: [{ image: 'i', name: 'web', env: [{ name: 'A', secretRef: 'none' }] }] } }),
      );
      expect(refusal).to.include({ statusCode: 400, code: 'ContainerAppSecretRefNotFound' });
      expect(await revisionNames()).to.have.length(1);
    });

    const templates: readonly (readonly [string, readonly object[], string])[] = [
      ['no container', [], 'ContainerAppContainersRequired'],
      ['two containers of one name', [{ name: 'a' }, { name: 'a' }], 'InvalidParameterValueInContainerTemplate'],
      ['a container without a name', [{ image: 'a' }], 'InvalidParameterValueInContainerTemplate'],
    ];
    for (const [what, containers, code] of templates) {
      it(`a template with ${what}`, async () => {
        const { status, bodyAsText } = await patch({ properties: { template: { containers } } });
        expect([status, JSON.parse(bodyAsText ?? '').error.code]).to.deep.equal([400, code]);
      });
    }

    const unknown: readonly (readonly [string, unknown, string])[] = [
      ['properties', { properties: { colour: 'red' } }, 'ContainerAppPropertiesView'],
      ['the configuration', { properties: { configuration: { colour: 'red' } } }, 'ContainerAppConfigurationView'],
      ['a secret', { properties: { configuration: { secrets: [{ name: 'a', value: 'b', colour: 'red' }] } } }, 'ContainerAppSecretView'],
      ['the template', { properties: { template: { colour: 'red' } } }, 'ContainerAppTemplateView'],
      ['a container', { properties: { template: { containers: [{ name: 'a', colour: 'red' }] } } }, 'ContainerView'],
      [
        'a variable',
        { properties: { template: { containers: [{ name: 'a', env: [{ name: 'A', colour: 'red' }] }] } } },
        'ContainerAppEnvironmentVariableView',
      ],
    ];
    for (const [where, body, view] of unknown) {
      it(`an unknown member of ${where}, in a shape of their own`, async () => {
        const { status, headers, bodyAsText } = await patch(body);
        expect(status).to.equal(400);
        expect(headers.get('content-type')).to.match(/^application\/problem\+json/);
        expect(bodyAsText).to.contain(
          `Unknown properties colour in Microsoft.ContainerApps.WebApi.Views.Version20260701.${view} are not supported`,
        );
      });
    }

    it("an unknown member of the resource, in Azure Resource Manager's shape", async () => {
      const { status, bodyAsText } = await patch({ colour: 'red' });
      expect([status, JSON.parse(bodyAsText ?? '').error.code]).to.deep.equal([400, 'InvalidRequestContent']);
    });

    it('to move', async () => {
      const { status, bodyAsText } = await patch({ location: 'eastus' });
      expect([status, JSON.parse(bodyAsText ?? '').error.code]).to.deep.equal([409, 'InvalidResourceLocation']);
    });

    it('an api-version that they do not have, and an app that is not there', async () => {
      const { status, bodyAsText } = await azure.send('GET', app.resourceId, { apiVersion: '2019-01-01' });
      expect([status, JSON.parse(bodyAsText ?? '').error.code]).to.deep.equal([400, 'NoRegisteredProviderFound']);
      expect(await refusalOf(azure.containerApps.containerApps.get(group, 'none'))).to.include({
        statusCode: 404,
        code: 'ResourceNotFound',
      });
    });
  });

  describe('fail afterwards', () => {
    it("where a new template keeps the old revision's suffix, and run what they ran", async () => {
      await update({ template: { revisionSuffix: 'v1', containers: [{ image: 'orders:2', name: 'web' }] } });
      expect((await get()).latestRevisionName).to.equal('orders--v1');
      const refusal = await refusalOf(patchAndWait({ properties: { template: { containers: [{ image: 'orders:3', name: 'web' }] } } }));
      expect(refusal.message).to.contain('ContainerAppOperationError').and.to.contain('revision with suffix v1 already exists');
      const shown = await get();
      expect(shown).to.include({ provisioningState: 'Failed', latestRevisionName: 'orders--v1', latestReadyRevisionName: 'orders--v1' });
    });

    it('where a variable is doubled, with a revision that has failed', async () => {
      const env = [
        { name: 'A', value: '1' },
        { name: 'A', value: '2' },
      ];
      await refusalOf(update({ template: { containers: [{ image: 'i', name: 'web', env }] } }));
      const shown = await get();
      expect(shown).to.include({ provisioningState: 'Failed', latestReadyRevisionName: 'orders--first' });
      const revision = await azure.containerApps.containerAppsRevisions.getRevision(group, 'orders', shown.latestRevisionName ?? '');
      expect(revision).to.include({ provisioningState: 'Failed', healthState: 'Unhealthy' });
      expect(environment()).to.include({ LEVEL: 'info' });
      await update({ template: { containers: [{ image: 'i', name: 'web', env: env.slice(1) }] } });
      expect(environment()).to.include({ A: '2' });
    });

    /** As the clients do for a PUT: looks at the operation itself. */
    async function patchAndWait(body: unknown): Promise<void> {
      const { headers } = await patch(body);
      const path = new URL(headers.get('location') ?? '').pathname;
      for (;;) {
        const { status, bodyAsText } = await azure.send('GET', path, { apiVersion });
        if (status === 202) continue;
        if (status === 200) return;
        throw new Error(bodyAsText ?? '');
      }
    }
  });

  describe('need rights', () => {
    const shop = ids.shopIdentity;
    const table: readonly (readonly [string, () => PromiseLike<unknown>, string])[] = [
      ['Microsoft.App/containerApps/read', get, 'AuthorizationFailed'],
      ['Microsoft.App/containerApps/write', () => update({ tags: {} }), 'AuthorizationFailed'],
      [
        'Microsoft.App/containerApps/listSecrets/action',
        () => azure.containerApps.containerApps.listSecrets(group, 'orders'),
        'AuthorizationFailed',
      ],
      [
        'Microsoft.App/containerApps/revisions/read',
        () => azure.containerApps.containerAppsRevisions.getRevision(group, 'orders', 'orders--first'),
        'AuthorizationFailed',
      ],
      ['Microsoft.App/locations/containerappOperationResults/read', () => update({ tags: {} }), 'AuthorizationFailed'],
      ['Microsoft.App/managedEnvironments/join/action', () => update({ tags: {} }), 'LinkedAuthorizationFailed'],
      [
        'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action',
        () => update({ identity: { type: 'UserAssigned', userAssignedIdentities: { [shop]: {} } } }),
        'LinkedAuthorizationFailed',
      ],
    ];
    const all = table.map(([action]) => action);
    for (const [action, call, code] of table) {
      it(`such as ${action}, and name the one that is missing`, async () => {
        azure.world.operatorActions = all.filter((each) => each !== action);
        const refusal = await refusalOf(call());
        expect(refusal).to.include({ statusCode: 403, code });
        expect(refusal.message).to.contain(`'${action}'`);
        azure.world.operatorActions = all;
        await idle();
        await call();
      });
    }
  });

  describe('under a lock', () => {
    it('that forbids writing are only read, and tell no secret', async () => {
      azure.world.locks.push({ scope: groupId, level: 'ReadOnly' });
      await get();
      const writing = await refusalOf(update({ tags: {} }));
      expect(writing).to.include({ statusCode: 409, code: 'ScopeLocked' });
      expect(writing.message).to.contain(`'${groupId}'`);
      expect(await refusalOf(azure.containerApps.containerApps.listSecrets(group, 'orders'))).to.include({ code: 'ScopeLocked' });
    });

    it('that forbids deleting, or lies on another app, are written', async () => {
      azure.world.locks.push({ scope: groupId, level: 'CanNotDelete' }, { scope: `${app.resourceId}-2`, level: 'ReadOnly' });
      await update({ tags: { a: 'b' } });
    });
  });
});
