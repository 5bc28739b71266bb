import { ManagedIdentityCredential } from '@azure/identity';
import { expect } from 'chai';
import { fetch } from 'undici';
import { type ContainerApp, newContainerApp } from '../../../sandbox/azure/hosts/container-app.ts';
import type { IdentityEndpoint } from '../../../sandbox/azure/hosts/identity-endpoint.ts';
import { ids } from '../world.ts';
import { groupId, startAzure, type TestAzure } from './test-azure.ts';

const resource = 'https://ossrdbms-aad.database.windows.net';
const own = { clientId: '0a99c000-0000-4000-8000-000000000001', principalId: '0a99c000-0000-4000-8000-000000000002' };

describe("The identity endpoint of a sandbox's app", () => {
  let azure: TestAzure;
  let app: ContainerApp;
  let endpoint: IdentityEndpoint;

  before(async () => {
    azure = await startAzure();
  });

  after(() => azure.stop());

  beforeEach(async () => {
    azure.reset();
    app = newContainerApp({ name: 'orders', groupId, location: 'westeurope' });
    app.identity = { systemAssigned: { ...own, resourceId: app.resourceId }, userAssigned: [ids.shopIdentity] };
    endpoint = await azure.openEndpoint(app);
  });

  afterEach(() => endpoint.stop());

  interface Ask {
    readonly query?: Readonly<Record<string, string>>;
    readonly header?: string | undefined;
    readonly method?: string;
    readonly path?: string;
  }

  async function ask({ query = {}, method = 'GET', path = '', ...rest }: Ask = {}) {
    const header = 'header' in rest ? rest.header : endpoint.identityHeader;
    const parameters = new URLSearchParams({ 'api-version': '2019-08-01', resource, ...query });
    const response = await fetch(`${endpoint.identityEndpoint}${path}?${parameters}`, {
      method,
      headers: header === undefined ? {} : { 'X-IDENTITY-HEADER': header },
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Readonly<Record<string, string>> };
  }

  it('gives a signed token of the identity that the app has by itself', async () => {
    const { status, body } = await ask();
    expect(status).to.equal(200);
    const claims = await azure.entra.verify(body['access_token'] ?? '', resource);
    expect(claims).to.include({ aud: resource, oid: own.principalId, appid: own.clientId, tid: ids.tenant });
    expect(body).to.include({ resource, token_type: 'Bearer', expires_on: String(claims.exp) });
    expect(claims.exp - claims.iat).to.equal(86_400);
    expect(azure.journal.list('token').at(-1)).to.include({ by: own.clientId, status: 200, scope: resource });
  });

  const names: readonly (readonly [string, string])[] = [
    ['client_id', ids.shopClient],
    ['client_id', ids.shopClient.toUpperCase()],
    ['principal_id', ids.shopPrincipal],
    ['object_id', ids.shopPrincipal],
    ['mi_res_id', ids.shopIdentity.toLowerCase()],
  ];
  for (const [name, value] of names) {
    it(`gives one of an assigned identity, named by ${name} ${value.slice(0, 14)}`, async () => {
      const { body } = await ask({ query: { [name]: value } });
      expect(await azure.entra.verify(body['access_token'] ?? '', resource)).to.include({ oid: ids.shopPrincipal, appid: ids.shopClient });
    });
  }

  it('gives what it gives to the credential that Azure publishes', async () => {
    const before = { ...process.env };
    Object.assign(process.env, { IDENTITY_ENDPOINT: endpoint.identityEndpoint, IDENTITY_HEADER: endpoint.identityHeader });
    try {
      const { token } = await new ManagedIdentityCredential(ids.shopClient).getToken(`${resource}/.default`);
      expect(await azure.entra.verify(token, resource)).to.include({ appid: ids.shopClient });
    } finally {
      process.env = before;
    }
  });

  const refused: readonly (readonly [string, Ask, number])[] = [
    ['an identity that the app has not', { query: { client_id: ids.operatorClient } }, 400],
    ['a caller without the header', { header: undefined }, 401],
    ['a caller with another header', { header: 'guessed' }, 401],
    ['another api-version', { query: { 'api-version': '2017-09-01' } }, 400],
    ['another resource', { query: { resource: 'https://vault.azure.net' } }, 400],
    ['no resource', { query: { resource: '' } }, 400],
    ['another method', { method: 'POST' }, 405],
    ['another path', { path: '/more' }, 404],
  ];
  for (const [what, request, status] of refused) {
    it(`refuses ${what}`, async () => {
      const answer = await ask(request);
      expect(answer.status).to.equal(status);
      expect(answer.body).not.to.have.property('access_token');
    });
  }

  it('follows the app: no token of an identity that was taken away', async () => {
    app.identity = { systemAssigned: undefined, userAssigned: [] };
    const answers = [await ask(), await ask({ query: { client_id: ids.shopClient } })];
    expect(answers.map(({ status, body }) => [status, body['message']])).to.deep.equal([
      [400, 'Unable to load the proper Managed Identity.'],
      [400, 'No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.'],
    ]);
  });

  it('does not know an identity before the rest of Azure does', async () => {
    app.identity = { systemAssigned: { ...own, resourceId: app.resourceId, effectiveAt: Date.now() + 3_600_000 }, userAssigned: [] };
    expect((await ask()).status).to.equal(400);
  });

  it('fails as faults order it', async () => {
    azure.faults.add({ match: { kind: 'token' }, respond: { status: 500, message: 'Not now.' }, times: 1 });
    expect(await ask()).to.deep.include({ status: 500 });
    expect((await ask()).status).to.equal(200);
  });
});
