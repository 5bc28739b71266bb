import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import type { ConnectionError } from '../../../src/api/connection-error.ts';
import { Arm } from '../../../src/azure/arm.ts';
import { customCloud } from '../../../src/azure/cloud.ts';
import { deleteFederatedCredential, listFederatedCredentials, putFederatedCredential } from '../../../src/azure/federated-credentials.ts';
import { findIdentityByClientId, readIdentity } from '../../../src/azure/identities.ts';
import * as mysqlServers from '../../../src/azure/mysql-servers.ts';
import { listAdministrators, readServer } from '../../../src/azure/postgres-servers.ts';
import { RateBudget } from '../../../src/azure/rate-budget.ts';
import { createAzureCalls } from '../../../src/azure/reads.ts';
import { parseResourceId, type ResourceId, type ResourceKind } from '../../../src/azure/resource-id.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { FakeClock } from './fake-clock.ts';
import { type Answer, startHttpsServer, type TestServer } from './https-server.ts';

const subscription = '00000000-0000-0000-0000-000000000001';
const identityText = `/subscriptions/${subscription}/resourcegroups/rg-shop/providers/Microsoft.ManagedIdentity/userAssignedIdentities/orders`;
const guids = {
  clientId: '11111111-1111-1111-1111-11111111111A',
  principalId: '22222222-2222-2222-2222-222222222222',
  tenantId: '33333333-3333-3333-3333-333333333333',
};

describe('the way to Azure Resource Manager', () => {
  let server: TestServer;
  let other: TestServer;
  let scopes: string[];
  let requests: { action: string; status: string }[];

  before(async () => {
    server = await startHttpsServer();
    other = await startHttpsServer();
  });
  after(async () => {
    await other[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    server.seen.length = 0;
    other.seen.length = 0;
    scopes = [];
    requests = [];
    other.answer = () => ({ body: { value: [] } });
  });

  const signal = new AbortController().signal;
  const identity = id(identityText, 'userAssignedIdentity');
  const postgres = id(
    `/subscriptions/${subscription}/resourceGroups/data/providers/Microsoft.DBforPostgreSQL/flexibleServers/shared`,
    'postgresServer',
  );

  function arm(settings: { deadlineMs?: number; budget?: RateBudget } = {}): Arm {
    return new Arm({
      cloud: customCloud({
        authority: 'https://127.0.0.1:1',
        armEndpoint: server.origin,
        armScope: 'https://management.azure.com/.default',
        ossrdbmsScope: 'https://ossrdbms-aad.database.windows.net/.default',
        sqlScope: 'https://database.windows.net/.default',
        suffixes: { PostgreSQL: '127.0.46.0/24', MySQL: '127.0.46.0/24', AzureSQL: '127.0.46.0/24' },
      }),
      credential: {
        getToken: async (scope) => {
          scopes.push(String(scope));
          return { token: 'the-token', expiresOnTimestamp: Date.now() + 3_600_000 };
        },
      },
      budget: settings.budget ?? new RateBudget(systemClock),
      ...(settings.deadlineMs === undefined ? {} : { deadlineMs: settings.deadlineMs }),
      onRequest: (request) => requests.push(request),
    });
  }

  function answers(...list: readonly Answer[]): void {
    const left = [...list];
    server.answer = () => left.shift() ?? { status: 500, body: { error: { code: 'Unexpected', message: 'no more answers' } } };
  }

  it('reads an identity with the operator’s token for ARM’s own scope', async () => {
    answers({ body: { id: identityText, location: 'westeurope', properties: guids } });
    expect(await readIdentity(arm(), identity, { signal })).to.deep.equal({
      resourceId: identity,
      clientId: guids.clientId.toLowerCase(),
      principalId: guids.principalId,
      tenantId: guids.tenantId,
      tags: {},
    });
    expect(server.seen).to.have.length(1);
    expect(server.seen[0]?.url).to.equal(
      `/subscriptions/${subscription}/resourceGroups/rg-shop/providers/Microsoft.ManagedIdentity/userAssignedIdentities/orders?api-version=2024-11-30`,
    );
    expect(server.seen[0]?.authorization).to.equal('Bearer the-token');
    expect(scopes).to.deep.equal(['https://management.azure.com/.default']);
    expect(requests).to.deep.equal([{ action: 'Microsoft.ManagedIdentity/userAssignedIdentities/read', status: '200' }]);
  });

  it('finds nothing where there is nothing', async () => {
    for (const code of ['ResourceNotFound', 'ResourceGroupNotFound', 'ParentResourceNotFound']) {
      answers({ status: 404, body: { error: { code, message: 'not there' } } });
      expect(await readIdentity(arm(), identity, { signal })).to.equal(undefined);
    }
    answers({ status: 404, body: { error: { code: 'NoRegisteredProviderFound', message: 'wrong api-version' } } });
    expect(await refusal(readIdentity(arm(), identity, { signal }))).to.include({ kind: 'stalled', reason: 'AzureError' });
  });

  it('does not believe an identity without ids', async () => {
    answers({ body: { id: identityText, properties: { ...guids, principalId: 'type=user,admin' } } });
    expect(await refusal(readIdentity(arm(), identity, { signal }))).to.include({ kind: 'retry', reason: 'AzureError' });
  });

  it('never retries and passes on how long to wait', async () => {
    answers({ status: 429, headers: { 'retry-after': '17' }, body: { error: { code: 'TooManyRequests', message: 'slow down' } } });
    const error = await refusal(readIdentity(arm(), identity, { signal }));
    expect(error).to.include({ kind: 'retry', reason: 'Throttled', retryAfterInMs: 17_000 });
    expect(server.seen).to.have.length(1);
  });

  it('names the action that Azure refuses', async () => {
    const message =
      "The client 'x' with object id 'y' does not have authorization to perform action 'Microsoft.ManagedIdentity/userAssignedIdentities/read' over scope '/subscriptions/s'.";
    answers({ status: 403, body: { error: { code: 'AuthorizationFailed', message } } });
    const error = await refusal(readIdentity(arm(), identity, { signal }));
    expect(error).to.include({ kind: 'waiting', reason: 'AzureAccessDenied' });
    expect(error.message).to.contain('Microsoft.ManagedIdentity/userAssignedIdentities/read for identity "orders"');
  });

  it('finds an identity by its client id on a later page', async () => {
    server.answer = ({ url }) =>
      url.includes('page=2')
        ? { body: { value: [{ id: identityText, properties: guids }] } }
        : { body: { value: [], nextLink: `${server.origin}/subscriptions/${subscription}/x?page=2` } };
    const found = await findIdentityByClientId(arm(), subscription, guids.clientId.toUpperCase(), { signal });
    expect(found?.resourceId).to.deep.equal(identity);
    expect(requests).to.have.length(2);
  });

  it('finds no identity that is said to be in another subscription', async () => {
    const elsewhere = identityText.replace(subscription, subscription.replace('1', '2'));
    answers({ body: { value: [{ id: elsewhere, properties: guids }] } });
    expect(await findIdentityByClientId(arm(), subscription, guids.clientId, { signal })).to.equal(undefined);
  });

  it('follows no link to another host, so that nobody else sees the token', async () => {
    answers({ body: { value: [], nextLink: `${other.origin}/next` } });
    const error = await refusal(findIdentityByClientId(arm(), subscription, guids.clientId, { signal }));
    expect(error).to.include({ kind: 'waiting', reason: 'AzureError' });
    expect(other.seen).to.deep.equal([]);
  });

  it('follows no redirect, neither to another host nor to its own', async () => {
    for (const location of [`${other.origin}/x`, '/subscriptions/elsewhere']) {
      answers({ status: 307, headers: { location } }, { body: { id: identityText, properties: guids } });
      server.seen.length = 0;
      expect((await refusal(readIdentity(arm(), identity, { signal }))).reason).to.equal('AzureError');
      expect(other.seen).to.deep.equal([]);
      expect(server.seen).to.have.length(1);
    }
  });

  it('reads no list without end', async () => {
    server.answer = () => ({ body: { value: [], nextLink: `${server.origin}/again` } });
    const error = await refusal(findIdentityByClientId(arm({ budget: budgetWithoutEnd() }), subscription, guids.clientId, { signal }));
    expect(error.message).to.contain('more than 200 pages');
    expect(server.seen).to.have.length(201);
  });

  it('reads no answer of more than 4 MiB, also when it is compressed', async () => {
    const large = `"${'x'.repeat(5 * 1024 * 1024)}"`;
    for (const answer of [{ raw: large }, { raw: gzipSync(large), headers: { 'content-encoding': 'gzip' } }]) {
      answers(answer);
      expect((await refusal(readIdentity(arm(), identity, { signal }))).message).to.contain('more than 4 MiB');
    }
  });

  it('gives up on an answer that does not come, and says so', async () => {
    answers({ silent: true });
    const error = await refusal(readIdentity(arm({ deadlineMs: 50 }), identity, { signal }));
    expect(error).to.include({ kind: 'retry', reason: 'AzureError' });
    expect(error.message).to.contain('did not answer within 0.05 s');
  });

  it('reads once more when the connection is closed as it is used, and writes only once', async () => {
    answers({ cut: true }, { body: { id: identityText, properties: guids } });
    expect((await readIdentity(arm(), identity, { signal }))?.resourceId).to.deep.equal(identity);
    answers({ cut: true }, { cut: true });
    expect(await refusal(readIdentity(arm(), identity, { signal }))).to.include({ kind: 'retry', reason: 'AzureError' });
    server.seen.length = 0;
    answers({ cut: true });
    const credential = { name: 'dbaccess-1', issuer: 'https://issuer', subject: 'system:serviceaccount:shop:app', audiences: ['api://a'] };
    expect(await refusal(putFederatedCredential(arm(), identity, credential, { signal }))).to.include({ kind: 'retry' });
    expect(server.seen).to.have.length(1);
  });

  it('believes no answer that is no JSON, or JSON of another shape', async () => {
    for (const answer of [
      { raw: '{"id":' },
      { raw: '<html>a proxy</html>' },
      { raw: '[]' },
      { raw: 'null' },
      { body: { id: 7, properties: 'none' } },
    ]) {
      answers(answer);
      expect((await refusal(readIdentity(arm(), identity, { signal }))).reason, JSON.stringify(answer)).to.equal('AzureError');
    }
    for (const value of [{}, 'a list', [null], [{ id: identityText, properties: null }]]) {
      answers({ body: { value } });
      const found = findIdentityByClientId(arm(), subscription, guids.clientId, { signal });
      expect(
        await found.then(
          (each) => each === undefined,
          (error: ConnectionError) => error.reason === 'AzureError',
        ),
        JSON.stringify(value),
      ).to.equal(true);
    }
  });

  it('throws the reason of a caller who leaves', async () => {
    const caller = new AbortController();
    server.answer = () => {
      caller.abort(new Error('gone'));
      return { silent: true };
    };
    expect(await refusal(readIdentity(arm(), identity, { signal: caller.signal }))).to.have.property('message', 'gone');
  });

  it('reports a server that cannot be reached as something to try again', async () => {
    const closed = await startHttpsServer();
    const origin = closed.origin;
    await closed[Symbol.asyncDispose]();
    const lost = new Arm({
      cloud: { ...arm().cloud, armEndpoint: origin },
      credential: { getToken: async () => ({ token: 't', expiresOnTimestamp: Date.now() + 3_600_000 }) },
      budget: new RateBudget(systemClock),
      onRequest: (request) => requests.push(request),
    });
    expect(await refusal(readIdentity(lost, identity, { signal }))).to.include({ kind: 'retry', reason: 'AzureError' });
    expect(requests.map(({ status }) => status)).to.deep.equal(['error']);
  });

  it('takes each request out of the subscription’s budget', async () => {
    const clock = new FakeClock();
    const rate = { burst: 1, perSecond: 1 };
    const slow = arm({ budget: new RateBudget(clock, { read: rate, write: rate, delete: rate }) });
    server.answer = () => ({ body: { id: identityText, properties: guids } });
    await readIdentity(slow, identity, { signal });
    const second = readIdentity(slow, identity, { signal });
    await waitUntil(() => clock.sleeping === 1);
    expect(server.seen).to.have.length(1);
    await clock.advance(1000);
    await second;
    expect(server.seen).to.have.length(2);
  });

  describe('federated credentials', () => {
    const credential = {
      name: 'dbaccess-0123',
      issuer: 'https://issuer.example/',
      subject: 'system:serviceaccount:shop:orders',
      audiences: ['api://AzureADTokenExchange'],
    };

    it('are listed as they are', async () => {
      const { name, ...properties } = credential;
      answers({ body: { value: [{ name, properties }] } });
      expect(await listFederatedCredentials(arm(), identity, { signal })).to.deep.equal([credential]);
      answers({ status: 404, body: { error: { code: 'ResourceNotFound', message: 'x' } } });
      expect(await listFederatedCredentials(arm(), identity, { signal })).to.equal(undefined);
    });

    it('are written one after the other for one identity, and are in its list then without another look', async () => {
      const gate = Promise.withResolvers<void>();
      server.answer = async ({ method }) => {
        if (method === 'PUT') await gate.promise;
        return { body: method === 'PUT' ? { name: 'x', properties: credential } : { value: [] } };
      };
      const calls = createAzureCalls(arm(), new FakeClock());
      const spelt = id(identityText.toUpperCase(), 'userAssignedIdentity');
      await calls.listFederatedCredentials(identity, { signal });
      const writes = [1, 2, 3, 4].map((n) =>
        calls.putFederatedCredential(n % 2 ? identity : spelt, { ...credential, name: `name-${n}` }, { signal }),
      );
      const requests = (kind: string) => server.seen.filter(({ method }) => method === kind);
      // reads that began later have been answered, so whatever was going to be sent at once has been
      for (let n = 0; n < 3; n += 1) await listFederatedCredentials(arm(), identity, { signal });
      expect(requests('PUT')).to.have.length(1);
      gate.resolve();
      await Promise.all(writes);
      expect(requests('PUT')).to.have.length(4);
      expect(JSON.parse(requests('PUT')[0]?.body ?? '')).to.deep.equal({
        properties: { issuer: credential.issuer, subject: credential.subject, audiences: credential.audiences },
      });
      const names = (await calls.listFederatedCredentials(identity, { signal })).map(({ name }) => name);
      expect(names).to.deep.equal(['name-1', 'name-2', 'name-3', 'name-4']);
      expect(requests('GET')).to.have.length(4);
    });

    it('are written once when several want the same, and read anew after a write that failed', async () => {
      const { name, ...properties } = credential;
      server.answer = async ({ method }) => ({ body: method === 'PUT' ? { name, properties } : { value: [] } });
      const calls = createAzureCalls(arm(), new FakeClock());
      await Promise.all([1, 2, 3].map(() => calls.putFederatedCredential(identity, credential, { signal })));
      expect(server.seen.map(({ method }) => method)).to.deep.equal(['GET', 'PUT']);
      server.answer = async ({ method }) => (method === 'PUT' ? { status: 500, body: {} } : { body: { value: [] } });
      await refusal(calls.putFederatedCredential(identity, { ...credential, name: 'other-name' }, { signal }));
      expect(await calls.listFederatedCredentials(identity, { signal })).to.deep.equal([]);
    });

    it('say whether the identity is full or the credential is there under another name', async () => {
      for (const [message, reason] of [
        ['Issuer and subject combination already exists for this Managed Identity.', 'FederatedCredentialConflict'],
        ['Too many Federated Identity Credentials. The maximum is 20.', 'FederatedCredentialLimit'],
        ['The issuer is not a URL.', 'AzureError'],
      ] as const) {
        answers({ status: 400, body: { error: { code: 'BadRequest', message } } });
        expect((await refusal(putFederatedCredential(arm(), identity, credential, { signal }))).reason).to.equal(reason);
      }
    });

    it('may be gone already when they are removed', async () => {
      answers({ status: 404, body: { error: { code: 'ResourceNotFound', message: 'x' } } });
      await deleteFederatedCredential(arm(), identity, credential.name, { signal });
      expect(server.seen.map(({ method }) => method)).to.deep.equal(['DELETE']);
    });

    it('are not asked for under a name that would be another path', async () => {
      expect(await refusal(deleteFederatedCredential(arm(), identity, '../x', { signal }))).to.be.instanceOf(TypeError);
      expect(server.seen).to.deep.equal([]);
    });
  });

  describe('PostgreSQL servers', () => {
    const properties = {
      fullyQualifiedDomainName: '127.0.46.7',
      state: 'Ready',
      version: '17',
      authConfig: { activeDirectoryAuth: 'Enabled', passwordAuth: 'Disabled' },
      network: { publicNetworkAccess: 'Enabled' },
    };

    it('are read with what matters for a login', async () => {
      answers({ body: { properties } });
      expect(await readServer(arm(), postgres, { signal })).to.deep.equal({
        id: postgres,
        host: '127.0.46.7',
        state: 'Ready',
        version: '17',
        entraAuthentication: 'Enabled',
        publicNetworkAccess: 'Enabled',
        inVirtualNetwork: false,
        privateDnsZoneId: undefined,
      });
    });

    it('are not believed to be on another host than the cloud’s', async () => {
      for (const host of ['evil.example', '127.0.47.1', 'shared.postgres.database.azure.com', '127.0.46.7.evil.example']) {
        answers({ body: { properties: { ...properties, fullyQualifiedDomainName: host } } });
        expect((await refusal(readServer(arm(), postgres, { signal }))).message).to.contain('nothing is sent there');
      }
    });

    it('have no host while Azure gives them none', async () => {
      answers({ body: { properties: { state: 'Provisioning' } } });
      expect(await readServer(arm(), postgres, { signal })).to.include({
        host: undefined,
        state: 'Provisioning',
        entraAuthentication: 'Disabled',
      });
    });

    it('have administrators, whose ids are compared in lower case', async () => {
      const administrator = {
        objectId: guids.clientId,
        principalName: 'Operator',
        principalType: 'ServicePrincipal',
        tenantId: guids.tenantId,
      };
      answers({ body: { value: [{ name: guids.clientId, properties: administrator }] } });
      expect(await listAdministrators(arm(), postgres, { signal })).to.deep.equal([
        { objectId: guids.clientId.toLowerCase(), principalName: 'Operator', principalType: 'ServicePrincipal' },
      ]);
      answers({ body: { value: [{ name: 'x', properties: {} }] } });
      expect((await refusal(listAdministrators(arm(), postgres, { signal }))).reason).to.equal('AzureError');
    });
  });

  describe('MySQL servers', () => {
    const mysql = id(
      `/subscriptions/${subscription}/resourceGroups/data/providers/Microsoft.DBforMySQL/flexibleServers/shared`,
      'mysqlServer',
    );
    const properties = {
      fullyQualifiedDomainName: '127.0.46.8',
      state: 'Ready',
      version: '8.0.21',
      network: { publicNetworkAccess: 'Disabled', delegatedSubnetResourceId: '/subnet', privateDnsZoneResourceId: '/zone' },
    };

    it('are read with what matters for a login', async () => {
      answers({ body: { properties } });
      expect(await mysqlServers.readServer(arm(), mysql, { signal })).to.deep.equal({
        id: mysql,
        host: '127.0.46.8',
        state: 'Ready',
        version: '8.0.21',
        publicNetworkAccess: 'Disabled',
        inVirtualNetwork: true,
        privateDnsZoneId: '/zone',
        identityIds: [],
      });
      expect(requests).to.deep.equal([{ action: 'Microsoft.DBforMySQL/flexibleServers/read', status: '200' }]);
    });

    it('are not believed to be on another host than the cloud’s', async () => {
      answers({ body: { properties: { ...properties, fullyQualifiedDomainName: 'evil.example' } } });
      expect((await refusal(mysqlServers.readServer(arm(), mysql, { signal }))).message).to.contain('nothing is sent there');
    });

    it('have at most one administrator, whose id is compared in lower case', async () => {
      const administrator = { administratorType: 'ActiveDirectory', login: 'Operator', sid: guids.clientId, tenantId: guids.tenantId };
      answers({ body: { value: [{ name: 'ActiveDirectory', properties: administrator }] } });
      expect(await mysqlServers.listAdministrators(arm(), mysql, { signal })).to.deep.equal([
        { sid: guids.clientId.toLowerCase(), login: 'Operator' },
      ]);
      for (const odd of [{}, { ...administrator, sid: 'operator' }, { ...administrator, login: '' }, { ...administrator, login: 'a\0b' }]) {
        answers({ body: { value: [{ name: 'ActiveDirectory', properties: odd }] } });
        expect((await refusal(mysqlServers.listAdministrators(arm(), mysql, { signal }))).reason).to.equal('AzureError');
      }
    });

    it('that are not there have neither host nor administrators', async () => {
      const gone = { status: 404, body: { error: { code: 'ResourceNotFound', message: 'x' } } };
      answers(gone, gone);
      expect(await mysqlServers.readServer(arm(), mysql, { signal })).to.equal(undefined);
      expect(await mysqlServers.listAdministrators(arm(), mysql, { signal })).to.equal(undefined);
    });
  });
});

function id(text: string, kind: ResourceKind): ResourceId {
  const parsed = parseResourceId(text, kind);
  if (!parsed.ok) throw new Error(parsed.why);
  return { ...parsed.id, resourceGroup: parsed.id.resourceGroup };
}

function budgetWithoutEnd(): RateBudget {
  const rate = { burst: 1000, perSecond: 1000 };
  return new RateBudget(systemClock, { read: rate, write: rate, delete: rate });
}

async function refusal(promise: Promise<unknown>): Promise<ConnectionError> {
  try {
    await promise;
  } catch (error) {
    return error as ConnectionError;
  }
  throw new Error('there was no refusal');
}

async function waitUntil(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
