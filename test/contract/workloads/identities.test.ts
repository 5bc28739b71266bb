import { expect } from 'chai';
import { idsByClientSecret } from '../../../src/azure/client-secret.ts';
import { createAzureCalls } from '../../../src/azure/reads.ts';
import type { IdentityKind, IdentityRequest } from '../../../src/identities/identity.ts';
import { createServicePrincipal } from '../../../src/identities/service-principal.ts';
import { createUserAssigned } from '../../../src/identities/user-assigned.ts';
import type { KubeClient } from '../../../src/runtime/kube-client.ts';
import { ids } from '../../unit/sandbox/world.ts';
import { type ContractAzure, groupId, startContractAzure } from './contract-azure.ts';
import { refusalOf } from './contract-workload.ts';

const { signal } = new AbortController();
const options = { beforeStep: () => {}, signal };

const request: IdentityRequest = {
  spec: { type: 'UserAssigned' },
  workload: { type: 'ServiceAccount', serviceAccount: { name: 'app' } },
  namespace: 'shop',
  owner: { cluster: '00000000000000c1', connection: '00000000000000a1', uid: '11111111-0000-4000-8000-000000000001' },
  federation: undefined,
  shared: false,
  identityShared: false,
  former: [],
};
const neighbour = {
  ...request,
  owner: { cluster: '00000000000000c1', connection: '00000000000000a2', uid: '11111111-0000-4000-8000-000000000002' },
};

describe('identities beside those that are there', function () {
  this.timeout(20_000);
  let azure: ContractAzure;

  before(async () => {
    azure = await startContractAzure();
  });
  after(() => azure.stop());
  beforeEach(() => azure.reset());

  describe('a user-assigned identity that the spec asks to be made', () => {
    const resourceId = `${groupId}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/made`;
    const spec: IdentityRequest['spec'] = { type: 'UserAssigned', userAssigned: { resourceId, create: { location: 'westeurope' } } };
    let kind: IdentityKind;
    const found = () => azure.world.identities.find(({ name }) => name === 'made');
    const make = async (asked = { ...request, spec }) => {
      const missing = kind.planMissing(asked);
      await kind.apply(missing.steps, asked, options);
      return missing.steps.map(({ summary }) => summary);
    };

    beforeEach(() => {
      kind = createUserAssigned(createAzureCalls(azure.arm, azure.clock));
    });

    it('is made where it is missing, and not otherwise', async () => {
      const asked = { ...request, spec };
      expect(await kind.resolve(asked, { signal })).to.equal(undefined);
      expect(await make()).to.deep.equal([`PUT ${resourceId} (location westeurope)`]);
      expect((await kind.resolve(asked, { signal }))?.clientId).to.equal(found()?.clientId);
      const [clientId, tags] = [found()?.clientId, found()?.tags];
      await make({ ...neighbour, spec });
      expect([found()?.clientId, found()?.tags], 'a second one who makes it changes nothing').to.deep.equal([clientId, tags]);
    });

    it('is not made without being asked for', () => {
      expect(kind.planMissing({ ...request, spec: { type: 'UserAssigned', userAssigned: { resourceId } } }).steps).to.deep.equal([]);
    });

    it('goes with the connection that made it, unless another one needs it', async () => {
      await make();
      await kind.discard({ ...neighbour, spec }, { signal });
      expect(found(), 'another connection made nothing').not.to.equal(undefined);
      await kind.discard({ ...request, spec, identityShared: true }, { signal });
      expect(found(), 'a neighbour needs it').not.to.equal(undefined);
      for (let time = 0; time < 2; time += 1) await kind.discard({ ...request, spec }, { signal });
      expect(found()).to.equal(undefined);
    });

    it('stays when a person made it, or when somebody forged our tag', async () => {
      await make({ ...request, spec, owner: { ...request.owner, uid: 'guessed' } });
      await kind.discard({ ...request, spec }, { signal });
      expect(found()).not.to.equal(undefined);
    });

    it('is refused to a second connection that would make it too', async () => {
      await make();
      azure.skip();
      expect(await refusalOf(kind.resolve({ ...neighbour, spec }, { signal }))).to.match(
        /^stalled IdentityNotOwned: identity "made" was made for another/,
      );
      const shared: IdentityRequest = { ...neighbour, spec: { type: 'UserAssigned', userAssigned: { resourceId } } };
      expect((await kind.resolve(shared, { signal }))?.clientId).to.equal(found()?.clientId);
    });

    it('needs the action that makes it', async () => {
      azure.world.operatorActions = ['Microsoft.ManagedIdentity/userAssignedIdentities/read'];
      expect(await refusalOf(make())).to.match(
        /^waiting AzureAccessDenied: .* the action Microsoft\.ManagedIdentity\/userAssignedIdentities\/write for identity "made"/,
      );
    });
  });

  describe('a service principal with a client secret', () => {
    const spn = { clientId: '5409c000-0000-4000-8000-0000000000e1', principalId: '5409c000-0000-4000-8000-0000000000e2' };
    const named = {
      tenantId: ids.tenant.toUpperCase(),
      clientId: spn.clientId,
      objectId: spn.principalId,
      clientSecretRef: { name: 'orders-secret', key: 'secret' },
    };
    interface StoredSecret {
      readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
      readonly data?: Readonly<Record<string, string>>;
    }
    const stored = (value: string, labels: Readonly<Record<string, string>> = { 'dbaccess.dev/referable': 'true' }): StoredSecret => ({
      metadata: { labels },
      data: { secret: Buffer.from(value).toString('base64') },
    });
    let secret: StoredSecret | undefined;
    let asked: string[];
    let kind: IdentityKind;
    const resolve = (changes: Partial<typeof named> = {}) =>
      kind.resolve({ ...request, spec: { type: 'ServicePrincipal', servicePrincipal: { ...named, ...changes } } }, { signal });
    const tokens = () => azure.journal.list('token').length;

    beforeEach(() => {
      azure.world.servicePrincipals.push({ name: 'orders', ...spn, federatedCredentials: [], secrets: ['first', 'second'] });
      secret = stored('first\n');
      asked = [];
      const client = {
        get: async (_resource: unknown, { namespace, name }: { readonly namespace: string; readonly name: string }) => {
          asked.push(`${namespace}/${name}`);
          return secret;
        },
      } as unknown as KubeClient;
      kind = createServicePrincipal({
        client,
        calls: createAzureCalls(azure.arm, azure.clock),
        tenantId: ids.tenant,
        idsOf: (clientId, clientSecret, o) => idsByClientSecret({ tenantId: ids.tenant, clientId, secret: clientSecret }, azure.cloud, o),
        clock: azure.clock,
      });
    });

    it('is who a token made with its secret says that it is', async () => {
      const found = await resolve();
      expect(found).to.include({ clientId: spn.clientId, principalId: spn.principalId, tenantId: ids.tenant, resourceId: undefined });
      expect(found?.clientSecret?.reveal()).to.equal('first');
      expect(JSON.stringify(found)).not.to.include('first');
      expect(asked).to.deep.equal(['shop/orders-secret']);
    });

    it('is not proved anew while its secret stays the same, for an hour', async () => {
      await resolve();
      const once = tokens();
      await resolve();
      expect(tokens()).to.equal(once);
      for (let minutes = 0; minutes <= 60; minutes += 1) azure.skip();
      await resolve();
      expect(tokens()).to.be.greaterThan(once);
    });

    it('follows a secret that was changed', async () => {
      await resolve();
      secret = stored('second');
      expect((await resolve())?.clientSecret?.reveal()).to.equal('second');
      secret = stored('none of its secrets');
      expect(await refusalOf(resolve())).to.match(
        /^waiting TokenRefused: .*client secret or certificate is wrong or has expired: renew it/,
      );
    });

    const refused: Readonly<Record<string, readonly [() => Promise<unknown>, RegExp]>> = {
      'with the object id of somebody else': [
        () => resolve({ objectId: ids.shopPrincipal }),
        /^stalled IdentityMismatch: .* objectId is that of the Enterprise application/,
      ],
      'with a text that is no id': [
        () => resolve({ objectId: `${spn.principalId},type=user,admin` }),
        /^stalled IdentityMismatch: .* GUIDs/,
      ],
      'of another tenant': [
        () => resolve({ tenantId: ids.subscription }),
        /^stalled IdentityMismatch: .*tenantId is not the tenant of the operator/,
      ],
      'whose Secret is not there': [
        () => {
          secret = undefined;
          return resolve();
        },
        /^waiting ClientSecretNotFound: Secret "orders-secret" .* is not in this namespace: create it/,
      ],
      'whose Secret lacks the label': [
        () => {
          secret = stored('first', {});
          return resolve();
        },
        /^waiting ClientSecretNotFound: .* lacks the label dbaccess\.dev\/referable: "true"/,
      ],
      'whose Secret lacks the key': [
        () => resolve({ clientSecretRef: { name: 'orders-secret', key: 'constructor' } }),
        /^waiting ClientSecretNotFound: .* has nothing under the key "constructor"/,
      ],
      'whose Secret is empty': [
        () => {
          secret = stored(' \n');
          return resolve();
        },
        /^waiting ClientSecretNotFound: .* has nothing under the key "secret"/,
      ],
      'whose Secret is said to be in another namespace': [
        () => resolve({ clientSecretRef: { name: '../payments/secrets/root', key: 'secret' } }),
        /^waiting ClientSecretNotFound: .* can have no such name/,
      ],
    };
    for (const [what, [act, message]] of Object.entries(refused))
      it(`is refused ${what}`, async () => {
        expect(await refusalOf(act())).to.match(message);
        // only a secret that may be used is shown to Entra
        expect(tokens()).to.equal(what === 'with the object id of somebody else' ? 1 : 0);
      });
  });
});
