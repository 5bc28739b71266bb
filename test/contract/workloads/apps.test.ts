import { expect } from 'chai';
import type { ConnectionError } from '../../../src/api/connection-error.ts';
import { requiredResourceId } from '../../../src/azure/required-resource-id.ts';
import { readSystemIdentity } from '../../../src/azure/system-identities.ts';
import type { IdentityRequest, ResolvedIdentity } from '../../../src/identities/identity.ts';
import { createSystemAssigned } from '../../../src/identities/system-assigned.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { eventually } from '../../support/eventually.ts';
import { ids, newIdentity } from '../../unit/sandbox/world.ts';
import { type ContractApp, startContainerApp, startSlot, startSpringApp, startWebApp } from './azure-apps.ts';
import { bringAbout, planNow, refusalOf, requestOf, shopIdentity } from './contract-workload.ts';

const { signal } = new AbortController();
const settings: Readonly<Record<string, string>> = { ORDERS_HOST: 'shop-pg.example', ORDERS_USER: 'aad_shop_a' };
const others = newIdentity('theirs', '5409c000-0000-4000-8000-0000000000a1', '5409c000-0000-4000-8000-0000000000a2');
const second = newIdentity('second', '5409c000-0000-4000-8000-0000000000b1', '5409c000-0000-4000-8000-0000000000b2');

for (const start of [startContainerApp, startWebApp, startSlot, startSpringApp])
  describe(`an app of Azure: ${start.name.replace('start', '')}`, function () {
    this.timeout(20_000);
    let started: ContractApp | undefined;
    const app = () => started!;
    const request = (changes: Parameters<typeof requestOf>[1] = {}) => requestOf(app(), changes);
    const bring = (changes: Parameters<typeof requestOf>[1] = {}, identity: ResolvedIdentity = shopIdentity) =>
      bringAbout(app(), request(changes), { settings, identity });
    const release = (changes: Parameters<typeof requestOf>[1] = {}) => app().kind.release(request(changes), { signal });

    before(async () => {
      started = await start();
    });
    after(() => started?.stop());
    beforeEach(async () => {
      await app().reset();
      app().azure.world.identities.push(others, second);
    });

    it('starts anew once for all its settings, and not for the identity', async () => {
      await bring();
      const first = app().starts();
      // an app of Azure Spring Apps has no tags, so that what says which identity is ours starts it too
      expect(first).to.equal(app().kind.type === 'SpringApp' ? 2 : 1);
      await bring();
      expect(app().starts()).to.equal(first);
      await app().byHand({ remove: Object.keys(settings) });
      const starts = app().starts();
      await bring();
      expect(app().starts()).to.equal(starts + 1);
    });

    it('is read once for all connections that are looked at together', async () => {
      await bring();
      app().skip();
      app().azure.journal.clear();
      const look = async () => {
        await app().kind.observeIdentity(request(), { signal });
        await app().kind.observeSettings(request(), { signal });
      };
      await Promise.all([look(), look(), look()]);
      // a web app's settings are read by themselves, and so is a Spring app's deployment, here on the second page of a list
      const reads = { ContainerApp: 1, WebApp: 2, SpringApp: 3, ServiceAccount: 0 };
      expect(app().azure.journal.list('arm')).to.have.length(reads[app().kind.type]);
    });

    it('has the user-assigned identity beside what it has, and after the connection what it had', async () => {
      give(app(), { system: true, user: [others.resourceId] });
      const had = app().identity();
      await bring();
      expect(app().identity().userAssigned).to.deep.equal([others.resourceId, ids.shopIdentity]);
      expect(app().identity().systemAssigned).to.equal(had.systemAssigned);
      await release();
      expect(app().identity()).to.deep.equal(had);
    });

    it('gets tokens of the identity while the connection is there', async () => {
      expect(await app().tokenOf(ids.shopClient)).to.equal(400);
      await bring();
      expect(await app().tokenOf(ids.shopClient)).to.equal(ids.shopPrincipal);
      await app().kind.detach(request(), { signal });
      expect(await app().tokenOf(ids.shopClient)).to.equal(400);
      expect(await app().environment(), 'settings stay').to.include(settings);
    });

    it('comes to the same wherever a write is cut off, on the way in and on the way out', async () => {
      for (const drop of ['before', 'after'] as const) {
        for (const method of ['PATCH', 'PUT']) {
          for (let nth = 1; nth <= 3; nth += 1) {
            await app().reset();
            const had = app().identity();
            for (const act of [() => bring(), () => release()]) {
              const faults = cutOff(app(), method, nth, drop);
              await untilDone(act);
              faults.clear();
              await untilDone(act);
            }
            // Azure may still be at the write whose answer got lost
            await eventually(async () => !('ORDERS_HOST' in (await app().environment())));
            expect(await app().environment(), `${drop} ${method} ${nth}`).to.deep.equal({ LEVEL: 'info' });
            expect(app().identity(), `${drop} ${method} ${nth}`).to.deep.equal(had);
            expect(app().tags(), `${drop} ${method} ${nth}`).to.deep.equal(app().ownTags);
          }
        }
      }
    });

    it('keeps an identity that was attached before', async () => {
      give(app(), { system: false, user: [ids.shopIdentity] });
      await bring();
      await release();
      expect(app().identity().userAssigned).to.deep.equal([ids.shopIdentity]);
    });

    it('changes to the identity of a changed spec', async () => {
      await bring();
      const { clientId, principalId, resourceId } = second;
      const id = requiredResourceId(resourceId, 'userAssignedIdentity');
      await bring({}, { resourceId: id, clientId, principalId, tenantId: ids.tenant });
      expect(app().identity().userAssigned).to.deep.equal([second.resourceId]);
      expect(await app().environment()).to.include(settings);
    });

    it('has what two connections need, until the last of them goes', async () => {
      const other = {
        connection: 'b',
        uid: '11111111-0000-4000-8000-00000000000b',
        mark: { cluster: '00000000000000c1', connection: '00000000000000bb' },
      };
      await bring();
      await bringAbout(app(), request(other), { settings: { B_HOST: 'b' } });
      expect((await planNow(app(), request(), { settings })).steps).to.deep.equal([]);
      expect(await app().environment()).to.include({ ...settings, B_HOST: 'b' });
      const clash = { connection: 'c', uid: '11111111-0000-4000-8000-00000000000c', output: { adopt: true } };
      const third = request({ ...clash, mark: { cluster: '00000000000000c1', connection: '00000000000000cc' } });
      expect(await refusalOf(bringAbout(app(), third, { settings: { B_HOST: 'c' } }))).to.match(
        /^waiting SettingNotOwned: .*B_HOST, written by another PasswordlessConnection/,
      );
      await app().kind.release(third, { signal });
      await release();
      expect(await app().environment()).to.deep.equal({ LEVEL: 'info', B_HOST: 'b' });
      expect(app().identity().userAssigned).to.deep.equal([ids.shopIdentity]);
      await release(other);
      expect(await app().environment()).to.deep.equal({ LEVEL: 'info' });
      expect(app().identity().userAssigned).to.deep.equal([]);
    });

    it('is left for another one when the spec names that', async () => {
      await bring();
      const formerWorkload = app().kind.describe(app().spec);
      const moved = request({ formerWorkload, spec: app().missing });
      await app().kind.release(moved, { signal });
      expect(await app().environment()).to.deep.equal({ LEVEL: 'info' });
    });

    it('is waited for while another operation holds it', async () => {
      app().hold(true);
      expect(await refusalOf(attempt(app(), settings))).to.match(/^retry (WorkloadBusy|AzureError): /);
      app().hold(false);
      await bring();
      expect(await app().environment()).to.include(settings);
    });

    it('is not written while it is locked, and the lock is named', async () => {
      app().azure.world.locks.push({ scope: app().resourceId, level: 'ReadOnly' });
      expect(await refusalOf(attempt(app(), settings))).to.match(/^stalled AzureError: .*\(ScopeLocked\)/);
    });

    it('waits for an identity that Azure does not know everywhere yet', async () => {
      app().azure.world.identities.splice(1, 1);
      expect(await refusalOf(attempt(app(), settings))).to.match(/^retry AzureError: .*\(FailedIdentityOperation\)/);
    });

    it('needs each action of the role, and a refusal names the one that is missing', async () => {
      const { world } = app().azure;
      const refused: string[] = [];
      for (const missing of app().actions) {
        await app().reset();
        world.operatorActions = app().actions.filter((action) => action !== missing);
        try {
          await attempt(app(), settings);
          // what only a secret needs
          await attempt(app(), settings);
        } catch (error) {
          expect(`${(error as Error).message}`, missing).to.include(missing);
          expect(error, missing).to.include({ kind: 'waiting', reason: 'AzureAccessDenied' });
          refused.push(missing);
        }
      }
      const unneeded = ['Microsoft.ManagedIdentity/userAssignedIdentities/read', 'Microsoft.App/containerApps/listSecrets/action'];
      expect(refused).to.deep.equal(app().actions.filter((action) => !unneeded.includes(action)));
    });

    it('has an identity of its own switched on, which stays on', async () => {
      const { arm } = app().azure;
      const identities = createSystemAssigned({
        hosts: new Map([[app().kind.type, app().kind]]),
        readSystemIdentity: (scope, options) => readSystemIdentity(arm, scope, options),
      });
      const asked: IdentityRequest = {
        spec: { type: 'SystemAssigned' },
        workload: app().spec,
        namespace: 'shop',
        owner: { ...request().mark, uid: request().uid },
        federation: undefined,
        shared: false,
        identityShared: false,
        former: [],
      };
      give(app(), { system: false, user: [others.resourceId] });
      expect(await identities.resolve(asked, { signal })).to.equal(undefined);
      const { steps } = identities.planMissing(asked);
      expect(steps.map(({ summary }) => summary)).to.deep.equal([
        `PATCH ${app().kind.scopeOf(app().spec)}: switch the system-assigned identity on`,
      ]);
      await identities.apply(steps, asked, { beforeStep: () => {}, signal });
      const resolved = await identities.resolve(asked, { signal });
      const { systemAssigned, userAssigned } = app().identity();
      expect(userAssigned).to.deep.equal([others.resourceId]);
      expect(resolved).to.deep.equal({
        resourceId: undefined,
        clientId: systemAssigned?.clientId,
        principalId: systemAssigned?.principalId,
        tenantId: ids.tenant,
      });
      await bring({}, resolved);
      expect(app().identity().userAssigned, 'no other one is attached').to.deep.equal([others.resourceId]);
      await release();
      expect(app().identity().systemAssigned).to.equal(systemAssigned);
    });
  });

/** Cuts the nth write off, and no other one. */
function cutOff({ azure: { faults } }: ContractApp, method: string, nth: number, drop: 'before' | 'after'): ContractApp['azure']['faults'] {
  // a fault that does nothing takes the writes before it
  if (nth > 1) faults.add({ match: { kind: 'arm', method, path: 'orders' }, respond: { delayMs: 0 }, times: nth - 1 });
  faults.add({ match: { kind: 'arm', method, path: 'orders' }, respond: { drop }, times: 1 });
  return faults;
}

/** Does it, once more where that fails, and as often as the app is busy with the last try. */
async function untilDone(act: () => Promise<unknown>): Promise<void> {
  let failures = 0;
  for (;;) {
    try {
      await act();
      return;
    } catch (error) {
      if ((error as ConnectionError).reason !== 'WorkloadBusy' && !/InProgress|Conflict/.test((error as Error).message)) failures += 1;
      if (failures > 2) throw error;
      await systemClock.sleep(5, signal);
    }
  }
}

/** One look and what it asks for, without a second try. */
async function attempt(app: ContractApp, wanted: Readonly<Record<string, string>>): Promise<void> {
  const request = requestOf(app);
  const { steps } = await planNow(app, request, { settings: wanted });
  const context = { identity: shopIdentity, settings: wanted, secretNames: new Set<string>() };
  await app.kind.apply(steps, request, context, { beforeStep: () => {}, signal });
}

/** Gives the app identities by hand. */
function give(app: ContractApp, { system, user }: { readonly system: boolean; readonly user: readonly string[] }): void {
  app.setIdentity({
    systemAssigned: system ? { resourceId: app.resourceId, clientId: ids.operatorClient, principalId: ids.operatorPrincipal } : undefined,
    userAssigned: user,
  });
}
