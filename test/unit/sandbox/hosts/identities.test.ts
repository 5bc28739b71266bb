import { expect } from 'chai';
import { type ContainerApp, newContainerApp } from '../../../sandbox/azure/hosts/container-app.ts';
import { knownPrincipals } from '../../../sandbox/azure/hosts/principals.ts';
import { newSpringApp } from '../../../sandbox/azure/hosts/spring-app.ts';
import { newWebApp } from '../../../sandbox/azure/hosts/web-app.ts';
import { ids } from '../world.ts';
import { groupId, refusalOf, startAzure, type TestAzure } from './test-azure.ts';

const apiVersion = '2026-07-01';
const second = `${groupId}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/second`;
const asServed = (id: string) => id.replace('resourceGroups', 'resourcegroups');

describe('Identities of the sandbox', () => {
  let azure: TestAzure;
  let app: ContainerApp;

  before(async () => {
    azure = await startAzure();
  });

  after(() => azure.stop());

  beforeEach(() => {
    azure.reset();
    app = newContainerApp({ name: 'orders', groupId, location: 'westeurope' });
    azure.world.hosts.containerApps.push(app);
    const [, shop] = azure.world.identities;
    azure.world.identities.push({ ...shop!, name: 'second', resourceId: second, clientId: '2222c000-0000-4000-8000-000000000001' });
  });

  const assign = async (identity: unknown, method: 'PATCH' | 'PUT' = 'PATCH') => {
    app.operations.length = 0;
    const properties = method === 'PUT' ? { template: app.properties['template'] } : {};
    const body = { identity, ...(method === 'PUT' && { properties }) };
    const { status, bodyAsText } = await azure.send(method, app.resourceId, { apiVersion, body });
    return status < 300 ? 'taken' : (JSON.parse(bodyAsText ?? '').error.code as string);
  };
  const shown = async () => JSON.parse((await azure.send('GET', app.resourceId, { apiVersion })).bodyAsText ?? '').identity;

  describe('on an app', () => {
    it('are added to those that it has, with type as their sum', async () => {
      await assign({ type: 'UserAssigned', userAssignedIdentities: { [ids.shopIdentity]: {} } });
      await assign({ type: 'SystemAssigned,UserAssigned', userAssignedIdentities: { [second]: {} } });
      const identity = await shown();
      expect(identity).to.include({ type: 'SystemAssigned, UserAssigned', tenantId: ids.tenant });
      expect(identity.principalId).to.equal(app.identity.systemAssigned?.principalId);
      expect(identity.userAssignedIdentities).to.deep.equal({
        [asServed(ids.shopIdentity)]: { principalId: ids.shopPrincipal, clientId: ids.shopClient },
        [asServed(second)]: { principalId: ids.shopPrincipal, clientId: '2222c000-0000-4000-8000-000000000001' },
      });
    });

    it('are dropped where type leaves out their kind', async () => {
      await assign({ type: 'SystemAssigned, UserAssigned', userAssignedIdentities: { [ids.shopIdentity]: {} } });
      await assign({ type: 'SystemAssigned' });
      expect(await shown()).not.to.have.property('userAssignedIdentities');
      await assign({ type: 'None' });
      expect(await shown()).to.deep.equal({ type: 'None' });
    });

    it('are taken away by null, under any spelling', async () => {
      await assign({ type: 'UserAssigned', userAssignedIdentities: { [ids.shopIdentity]: {}, [second]: {} } });
      await assign({ type: 'UserAssigned', userAssignedIdentities: { [ids.shopIdentity.toUpperCase()]: null } });
      expect(Object.keys((await shown()).userAssignedIdentities)).to.deep.equal([asServed(second)]);
    });

    it('stay the same when they are named again as they are shown', async () => {
      await assign({ type: 'SystemAssigned,UserAssigned', userAssignedIdentities: { [ids.shopIdentity]: {} } });
      const before = await shown();
      expect(await assign(before)).to.equal('taken');
      expect(await shown()).to.deep.equal(before);
    });

    it('are replaced by those of a PUT, and left alone by one that names none', async () => {
      await assign({ type: 'UserAssigned', userAssignedIdentities: { [ids.shopIdentity]: {} } });
      await assign({ type: 'UserAssigned', userAssignedIdentities: { [second]: {} } }, 'PUT');
      expect(app.identity.userAssigned).to.deep.equal([second]);
      await assign(undefined, 'PUT');
      expect(app.identity.userAssigned).to.deep.equal([second]);
    });

    it('have new ids each time they are enabled', async () => {
      await assign({ type: 'SystemAssigned' });
      const first = app.identity.systemAssigned?.principalId;
      await assign({ type: 'None' });
      await assign({ type: 'SystemAssigned' });
      expect(app.identity.systemAssigned?.principalId)
        .to.match(/^[0-9a-f-]{36}$/)
        .and.not.to.equal(first);
    });

    const none = `${ids.shopIdentity}-none`;
    const refused: readonly (readonly [string, unknown, string])[] = [
      ['that is not there', { type: 'UserAssigned', userAssignedIdentities: { [none]: {} } }, 'FailedIdentityOperation'],
      ['whose id is none', { type: 'UserAssigned', userAssignedIdentities: { 'shop-orders': {} } }, 'LinkedInvalidPropertyId'],
      [
        'with ids of another',
        { type: 'UserAssigned', userAssignedIdentities: { [second]: { clientId: ids.shopClient } } },
        'InvalidIdentityValues',
      ],
      ['of a kind that is none', { type: 'UserAssignedIdentity' }, 'InvalidRequestContent'],
      ['of no kind', { userAssignedIdentities: { [second]: {} } }, 'InvalidRequestContent'],
      ['of the kind None and another', { type: 'None,SystemAssigned' }, 'InvalidRequestContent'],
      ['without a name', { type: 'UserAssigned' }, 'MissingIdentityIds'],
      ['in a list', { type: 'UserAssigned', userAssignedIdentities: [second] }, 'InvalidRequestContent'],
    ];
    for (const [what, identity, code] of refused) {
      it(`are refused: one ${what}`, async () => {
        expect(await assign(identity)).to.equal(code);
        expect(app.identity).to.deep.equal({ systemAssigned: undefined, userAssigned: [] });
      });
    }
  });

  describe('that an app has by itself', () => {
    const web = newWebApp({ name: 'web', slot: 'staging', groupId, location: 'westeurope' });
    const spring = newSpringApp({ name: 'spring', service: 'shop', groupId, location: 'westeurope' });
    const clientIdAt = (scope: string) => azure.identities.systemAssignedIdentities.getByScope(scope.slice(1));

    it('tell their client id at the scope of each kind of app', async () => {
      azure.world.hosts.webApps.push(web);
      azure.world.hosts.springApps.push(spring);
      for (const each of [app, web, spring]) {
        const principal = { resourceId: each.resourceId, clientId: `${each.name}-client`, principalId: `${each.name}-principal` };
        each.identity = { systemAssigned: principal, userAssigned: [] };
        expect(await clientIdAt(each.resourceId)).to.include({
          clientId: principal.clientId,
          principalId: principal.principalId,
          tenantId: ids.tenant,
          name: 'default',
        });
      }
    });

    it('are not found where there is none', async () => {
      expect(await refusalOf(clientIdAt(app.resourceId))).to.include({ statusCode: 404, code: 'ResourceNotFound' });
      expect(await refusalOf(clientIdAt(`${app.resourceId}-2`))).to.include({ statusCode: 404 });
    });

    it('are found after a while, though the app shows them at once', async () => {
      azure.world.principalSeconds = 3600;
      await assign({ type: 'SystemAssigned' });
      expect(await shown()).to.have.property('principalId');
      expect(await refusalOf(clientIdAt(app.resourceId))).to.include({ statusCode: 404 });
      const { principalId = '' } = app.identity.systemAssigned ?? {};
      const isKnownAt = (now: number) => knownPrincipals(azure.world, now).some((each) => each.principalId === principalId);
      expect([isKnownAt(Date.now()), isKnownAt(Date.now() + 3_600_000)]).to.deep.equal([false, true]);
    });

    it('need the right to be read', async () => {
      azure.world.operatorActions = [];
      const refusal = await refusalOf(clientIdAt(app.resourceId));
      expect(refusal).to.include({ statusCode: 403, code: 'AuthorizationFailed' });
      expect(refusal.message).to.contain("'Microsoft.ManagedIdentity/identities/read'");
    });
  });

  describe('that are assigned', () => {
    const identities = () => azure.identities.userAssignedIdentities;
    const make = (name = 'made') => identities().createOrUpdate('sandbox', name, { location: 'westeurope', tags: { mark: 'ours' } });

    it('are made, tagged anew, and removed', async () => {
      const made = await make();
      expect(made.tags).to.deep.equal({ mark: 'ours' });
      expect(made.clientId).to.match(/^[0-9a-f-]{36}$/);
      await identities().createOrUpdate('sandbox', 'MADE', { location: 'West Europe', tags: { mark: 'theirs' } });
      expect(await identities().get('sandbox', 'made')).to.deep.include({ clientId: made.clientId, tags: { mark: 'theirs' } });
      await identities().delete('sandbox', 'made');
      await identities().delete('sandbox', 'made');
      expect(await refusalOf(identities().get('sandbox', 'made'))).to.include({ statusCode: 404 });
    });

    it('have new ids when they are made again', async () => {
      const first = await make();
      await identities().delete('sandbox', 'made');
      const again = await make();
      expect([again.clientId, again.principalId]).not.to.have.members([first.clientId, first.principalId]);
    });

    it('are told of when they come and go, like those that an app has by itself', async () => {
      await make();
      await make();
      await identities().get('sandbox', 'made');
      expect(azure.principalChanges()).to.equal(1);
      await identities().delete('sandbox', 'made');
      await assign({ type: 'SystemAssigned' });
      await assign({ type: 'SystemAssigned' });
      expect(azure.principalChanges()).to.equal(3);
      await assign({ type: 'None' });
      expect(azure.principalChanges()).to.equal(4);
    });

    it('can be attached only when the rest of Azure knows them', async () => {
      azure.world.principalSeconds = 3600;
      const { id = '' } = await make();
      expect(await assign({ type: 'UserAssigned', userAssignedIdentities: { [id]: {} } })).to.equal('FailedIdentityOperation');
    });

    it('are refused without a place, in another place, and under a name that is none', async () => {
      const put = async (name: string, body: unknown) => {
        const path = `${groupId}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
        return JSON.parse((await azure.send('PUT', path, { apiVersion: '2024-11-30', body })).bodyAsText ?? '').error.code;
      };
      expect(await put('made', {})).to.equal('LocationRequired');
      expect(await put('second', { location: 'eastus' })).to.equal('InvalidResourceLocation');
      expect(await put('-a', { location: 'westeurope' })).to.equal('BadRequest');
    });

    it('need rights of their own', async () => {
      azure.world.operatorActions = ['Microsoft.ManagedIdentity/userAssignedIdentities/read'];
      const writing = await refusalOf(make());
      expect(writing.message).to.contain("'Microsoft.ManagedIdentity/userAssignedIdentities/write'");
      const deleting = await refusalOf(identities().delete('sandbox', 'second'));
      expect(deleting.message).to.contain("'Microsoft.ManagedIdentity/userAssignedIdentities/delete'");
    });

    it('stay under a lock that forbids deleting', async () => {
      azure.world.locks.push({ scope: groupId, level: 'CanNotDelete' });
      const refusal = await refusalOf(identities().delete('sandbox', 'second'));
      expect(refusal).to.include({ statusCode: 409, code: 'ScopeLocked' });
      expect(refusal.message).to.contain('cannot perform delete operation');
    });
  });
});
