import { expect } from 'chai';
import { Agent, fetch, type Response } from 'undici';
import { type Arm, type ArmOptions, startArm } from '../../sandbox/azure/arm.ts';
import { azureBudget } from '../../sandbox/azure/arm-budget.ts';
import { createTokenSigner, type TokenSigner } from '../../sandbox/azure/token-signer.ts';
import type { World } from '../../sandbox/azure/world.ts';
import { type Authority, type Certificate, createAuthority } from '../../sandbox/certificates.ts';
import { Faults } from '../../sandbox/controls/faults.ts';
import { Journal } from '../../sandbox/controls/journal.ts';
import { TestClock } from './test-clock.ts';
import { ids, newCredential, newWorld } from './world.ts';

const audience = 'https://management.azure.com';
const msi = '2024-11-30';
const pg = '2025-08-01';
const credentials = `${ids.shopIdentity}/federatedIdentityCredentials`;

interface Call {
  readonly method?: string;
  readonly apiVersion?: string | undefined;
  readonly query?: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly authorization?: string | undefined;
}

interface Page {
  readonly value: readonly { readonly id: string; readonly name: string }[];
  readonly nextLink?: string;
}

describe('Azure Resource Manager of the sandbox', () => {
  let authority: Authority;
  let certificate: Certificate;
  let agent: Agent;
  const end = new AbortController();

  let world: World;
  let clock: TestClock;
  let signer: TokenSigner;
  let journal: Journal;
  let faults: Faults;
  let arm: Arm;
  let token: string;

  before(async () => {
    authority = await createAuthority();
    certificate = await authority.issue({ commonName: 'sandbox', ipAddresses: ['127.0.0.1'] });
    agent = new Agent({ connect: { ca: authority.pem } });
  });

  after(async () => {
    end.abort();
    await agent.destroy();
  });

  beforeEach(async () => {
    clock = new TestClock();
    world = newWorld();
    journal = new Journal();
    faults = new Faults();
    signer = await createTokenSigner({ tenantId: ids.tenant, clock });
    token = await signer.issue(world.identities[0]!, audience, { expiresIn: 3600 });
    arm = await start();
  });

  afterEach(() => arm.stop());

  function start(options: Partial<ArmOptions> = {}): Promise<Arm> {
    const { verify } = signer;
    const listen = { host: '127.0.0.1' };
    return startArm({ world, certificate, journal, faults, verify, listen, clock, credentialWriteMs: 0, signal: end.signal, ...options });
  }

  async function restart(options: Partial<ArmOptions>): Promise<void> {
    await arm.stop();
    arm = await start(options);
  }

  async function call(
    path: string,
    { method = 'GET', apiVersion = msi, query = '', body, contentType, ...rest }: Call = {},
  ): Promise<Response> {
    const version = apiVersion === '' ? '' : `api-version=${apiVersion}`;
    const headers: Record<string, string> = {};
    const authorization = 'authorization' in rest ? rest.authorization : `Bearer ${token}`;
    if (authorization !== undefined) headers['authorization'] = authorization;
    if (body !== undefined) headers['content-type'] = contentType ?? 'application/json';
    return fetch(`${arm.endpoint}${path}?${version}${query}`, {
      method,
      headers,
      body: typeof body === 'string' || body === undefined ? (body ?? null) : JSON.stringify(body),
      dispatcher: agent,
    });
  }

  async function refusalOf(path: string, options?: Call): Promise<{ status: number; code: string; message: string }> {
    const response = await call(path, options);
    const { error } = (await response.json()) as { readonly error: { readonly code: string; readonly message: string } };
    expect(response.headers.get('x-ms-error-code')).to.equal(error.code);
    return { status: response.status, ...error };
  }

  const put = (name: string, properties: object, options: Call = {}) =>
    ({ path: `${credentials}/${name}`, options: { method: 'PUT', body: { properties }, ...options } }) as const;
  const federated = (changes: object = {}) => ({
    issuer: 'https://issuer.invalid',
    subject: 'system:serviceaccount:shop:orders',
    audiences: ['api://AzureADTokenExchange'],
    ...changes,
  });

  describe('asks who calls', () => {
    const table: readonly (readonly [string, string, () => Promise<string | undefined>])[] = [
      ['without a token', 'AuthenticationFailed', async () => undefined],
      ['with something else than a token', 'InvalidAuthenticationToken', async () => 'Basic YTpi'],
      ['with a token that is no JWT', 'InvalidAuthenticationToken', async () => 'Bearer nonsense'],
      [
        'with a token of another issuer',
        'InvalidAuthenticationToken',
        async () => {
          const other = await createTokenSigner({ tenantId: ids.tenant, clock });
          return `Bearer ${await other.issue(world.identities[0]!, audience, { expiresIn: 60 })}`;
        },
      ],
      [
        'with a token for another resource',
        'InvalidAuthenticationTokenAudience',
        async () => `Bearer ${await signer.issue(world.identities[0]!, 'https://database.windows.net', { expiresIn: 60 })}`,
      ],
      [
        'with an expired token',
        'ExpiredAuthenticationToken',
        async () => `Bearer ${await signer.issue(world.identities[0]!, audience, { expiresIn: -1 })}`,
      ],
    ];
    for (const [what, code, authorization] of table) {
      it(`and refuses a caller ${what}`, async () => {
        const response = await call(ids.shopIdentity, { authorization: await authorization() });
        expect(response.status).to.equal(401);
        expect(response.headers.get('www-authenticate')).to.match(/^Bearer authorization_uri=/);
        expect(((await response.json()) as { readonly error: { readonly code: string } }).error.code).to.equal(code);
        expect(journal.list()).to.have.length(1);
        expect(journal.list()[0]).to.include({ kind: 'arm', by: '', status: 401, method: 'GET', path: ids.shopIdentity, apiVersion: msi });
      });
    }

    it('and takes the audience with a slash as well', async () => {
      token = await signer.issue(world.identities[0]!, `${audience}/`, { expiresIn: 60 });
      expect((await call(ids.shopIdentity)).status).to.equal(200);
    });

    it('and allows nothing to other identities', async () => {
      token = await signer.issue(world.identities[1]!, audience, { expiresIn: 60 });
      expect(await refusalOf(ids.shopIdentity)).to.include({ status: 403, code: 'AuthorizationFailed' });
      expect(journal.list()[0]).to.include({ by: ids.shopClient, status: 403 });
    });

    it('and allows the operator what its role lists, telling action, client and scope of the rest', async () => {
      world.operatorActions = ['microsoft.managedidentity/userassignedidentities/READ', 'Microsoft.DBforPostgreSQL/*/read'];
      expect((await call(ids.shopIdentity)).status).to.equal(200);
      expect((await call(`${ids.server}/databases`, { apiVersion: pg })).status).to.equal(200);
      const { path, options } = put('cluster-orders', federated());
      const refusal = await refusalOf(path, options);
      expect(refusal).to.include({ status: 403, code: 'AuthorizationFailed' });
      expect(refusal.message).to.contain(`The client '${ids.operatorClient}' with object id '${ids.operatorPrincipal}'`);
      expect(refusal.message).to.contain("'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write'");
      expect(refusal.message).to.contain(`over scope '${path}'`);
      const listing = await refusalOf(credentials);
      expect(listing.message).to.contain(`over scope '${ids.shopIdentity}'`);
      expect(world.identities[1]!.federatedCredentials).to.deep.equal([]);
    });
  });

  describe('understands addresses', () => {
    const table: readonly (readonly [string, string, Call, number, string])[] = [
      ['no api-version', ids.shopIdentity, { apiVersion: '' }, 400, 'MissingApiVersionParameter'],
      ['an api-version that is no date', ids.shopIdentity, { apiVersion: 'latest' }, 400, 'InvalidApiVersionParameter'],
      ['an api-version of another time', ids.shopIdentity, { apiVersion: '2018-11-30' }, 400, 'NoRegisteredProviderFound'],
      ['the api-version of another provider', ids.server, { apiVersion: msi }, 400, 'NoRegisteredProviderFound'],
      ['another query parameter', ids.shopIdentity, { query: '&$expand=all' }, 400, 'InvalidQueryParameter'],
      ['a doubled query parameter', ids.shopIdentity, { query: `&api-version=${msi}` }, 400, 'InvalidQueryParameter'],
      ['another subscription', ids.shopIdentity.replace(ids.subscription, ids.tenant), {}, 404, 'SubscriptionNotFound'],
      ['another group', ids.shopIdentity.replace('/sandbox/', '/elsewhere/'), {}, 404, 'ResourceGroupNotFound'],
      ['another identity', `${ids.shopIdentity}-2`, {}, 404, 'ResourceNotFound'],
      ['a credential of another identity', `${ids.shopIdentity}-2/federatedIdentityCredentials/one`, {}, 404, 'ParentResourceNotFound'],
      ['another credential', `${credentials}/one`, {}, 404, 'ResourceNotFound'],
      ['another server', `${ids.server}-2`, { apiVersion: pg }, 404, 'ResourceNotFound'],
      ['databases of another server', `${ids.server}-2/databases`, { apiVersion: pg }, 404, 'ParentResourceNotFound'],
      ['another database', `${ids.server}/databases/Orders`, { apiVersion: pg }, 404, 'ResourceNotFound'],
      ['another type', `${ids.server}/backups`, { apiVersion: pg }, 404, 'InvalidResourceType'],
      ['another provider', ids.server.replace('DBforPostgreSQL', 'DBforOracle'), { apiVersion: pg }, 404, 'InvalidResourceType'],
      ['another method', ids.server, { apiVersion: pg, method: 'DELETE' }, 405, 'MethodNotAllowed'],
      ['an encoded slash', ids.shopIdentity.replace('shop-orders', 'shop%2Forders'), {}, 400, 'InvalidRequestUri'],
      ['a backslash', ids.shopIdentity.replace('shop-orders', 'shop%5Corders'), {}, 400, 'InvalidRequestUri'],
      ['an empty segment', ids.shopIdentity.replace('/sandbox/', '//'), {}, 400, 'InvalidRequestUri'],
      ['a broken encoding', ids.shopIdentity.replace('shop-orders', 'shop%zz'), {}, 400, 'InvalidRequestUri'],
    ];
    for (const [what, path, options, status, code] of table) {
      it(`and refuses ${what} (${code})`, async () => {
        expect(await refusalOf(path, options)).to.include({ status, code });
        expect(journal.list()[0]).to.include({ by: ids.operatorClient, status, path, method: options.method ?? 'GET' });
      });
    }

    it('without regard to case, and answers with a casing of its own', async () => {
      const response = await call(ids.shopIdentity.toUpperCase());
      expect(response.status).to.equal(200);
      const identity = (await response.json()) as { readonly id: string; readonly properties: object };
      expect(identity.id).to.equal(ids.shopIdentity.replace('resourceGroups', 'resourcegroups'));
      expect(identity.properties).to.include({ clientId: ids.shopClient, principalId: ids.shopPrincipal, tenantId: ids.tenant });
    });
  });

  describe('keeps federated credentials', () => {
    it('that it answers 201 for when new, 200 when changed, 204 when gone', async () => {
      const statuses: number[] = [];
      for (const [method, body] of [
        ['PUT', { properties: federated() }],
        ['PUT', { properties: federated({ subject: 'system:serviceaccount:shop:web' }) }],
        ['GET', undefined],
        ['DELETE', undefined],
        ['DELETE', undefined],
      ] as const) {
        const pending = call(`${credentials}/Cluster-Orders`, { method, body });
        if (method !== 'GET') {
          await clock.asleep(1);
          clock.advance(0);
        }
        statuses.push((await pending).status);
      }
      expect(statuses).to.deep.equal([201, 200, 200, 200, 204]);
    });

    async function write(name: string, properties: object): Promise<Response> {
      const { path, options } = put(name, properties);
      const pending = call(path, options);
      await Promise.race([pending, clock.asleep(1)]);
      clock.advance(0);
      return pending;
    }

    it('that become effective after the propagation, anew with each change', async () => {
      world.propagationSeconds = 30;
      await write('cluster-orders', federated());
      const first = world.identities[1]!.federatedCredentials[0]!;
      expect(first.effectiveAt).to.equal(clock.now() + 30_000);
      clock.advance(5_000);
      await write('cluster-orders', federated());
      expect(world.identities[1]!.federatedCredentials[0]!.effectiveAt).to.equal(first.effectiveAt);
      await write('cluster-orders', federated({ subject: 'other' }));
      expect(world.identities[1]!.federatedCredentials[0]!.effectiveAt).to.equal(clock.now() + 30_000);
    });

    const bodies: readonly (readonly [string, unknown, number, string])[] = [
      ['an unknown member', { properties: federated(), tags: {} }, 400, 'InvalidRequestContent'],
      ['an unknown property', { properties: federated({ claimsMatchingExpression: {} }) }, 400, 'InvalidRequestContent'],
      ['no object', [1], 400, 'InvalidRequestContent'],
      ['no JSON', '{', 400, 'InvalidRequestContent'],
      ['no properties', {}, 400, 'BadRequest'],
      ['no subject', { properties: federated({ subject: undefined }) }, 400, 'BadRequest'],
      ['two audiences', { properties: federated({ audiences: ['a', 'b'] }) }, 400, 'BadRequest'],
      ['no audience', { properties: federated({ audiences: [] }) }, 400, 'BadRequest'],
      ['a subject of 601 letters', { properties: federated({ subject: 'x'.repeat(601) }) }, 400, 'BadRequest'],
      ['an issuer without TLS', { properties: federated({ issuer: 'http://issuer.invalid' }) }, 400, 'BadRequest'],
    ];
    for (const [what, body, status, code] of bodies) {
      it(`and refuses a body with ${what}`, async () => {
        expect(await refusalOf(`${credentials}/cluster-orders`, { method: 'PUT', body })).to.include({ status, code });
        expect(world.identities[1]!.federatedCredentials).to.deep.equal([]);
      });
    }

    it('and refuses a body that is not JSON by its type', async () => {
      const options = { method: 'PUT', body: { properties: federated() }, contentType: 'text/plain' };
      expect(await refusalOf(`${credentials}/cluster-orders`, options)).to.include({ status: 415, code: 'UnsupportedMediaType' });
    });

    for (const name of ['ab', '-abc', 'a'.repeat(121), 'a.b.c', 'über']) {
      it(`and refuses the name ${name.slice(0, 10)}`, async () => {
        const { path, options } = put(encodeURIComponent(name), federated());
        expect(await refusalOf(path, options)).to.include({ status: 400, code: 'BadRequest' });
      });
    }

    it('and refuses the same issuer and subject under a second name', async () => {
      world.identities[1]!.federatedCredentials.push(newCredential({ name: 'first' }));
      const response = await write('second', federated());
      expect(response.status).to.equal(400);
      expect(await response.text()).to.contain('Issuer and subject combination already exists for this Managed Identity.');
    });

    it('and refuses the twenty-first, while the twentieth can still change', async () => {
      for (let index = 0; index < 20; index++) {
        world.identities[1]!.federatedCredentials.push(newCredential({ name: `number-${index}`, subject: `s${index}` }));
      }
      const response = await write('number-20', federated());
      expect(response.status).to.equal(400);
      expect(await response.text()).to.contain('Too many Federated Identity Credentials');
      expect((await write('number-19', federated({ subject: 'changed' }))).status).to.equal(200);
    });

    it('and refuses to write two of one identity at the same time', async () => {
      await restart({ credentialWriteMs: 100 });
      const first = put('one', federated());
      const pending = call(first.path, first.options);
      await clock.asleep(1);
      const second = put('two', federated({ subject: 'other' }));
      const refusal = { status: 409, code: 'ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity' };
      expect(await refusalOf(second.path, second.options)).to.include(refusal);
      expect(await refusalOf(second.path, { method: 'DELETE' })).to.include(refusal);
      clock.advance(100);
      expect((await pending).status).to.equal(201);
      expect(world.identities[1]!.federatedCredentials.map(({ name }) => name)).to.deep.equal(['one']);
    });
  });

  it('cuts lists into pages whose links lead to itself', async () => {
    world.identities.push({ ...world.identities[1]!, name: 'third', resourceId: `${ids.shopIdentity}-3` });
    const path = `/subscriptions/${ids.subscription}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;
    const first = (await (await call(path)).json()) as Page;
    expect(first.value.map(({ name }) => name)).to.deep.equal(['operator', 'shop-orders']);
    expect(first.nextLink?.startsWith(`${arm.endpoint}${path}?api-version=${msi}&`)).to.equal(true);
    const response = await fetch(first.nextLink ?? '', { headers: { authorization: `Bearer ${token}` }, dispatcher: agent });
    const second = (await response.json()) as Page;
    expect(second.value.map(({ name }) => name)).to.deep.equal(['third']);
    expect(second).not.to.have.property('nextLink');
    expect(await refusalOf(path, { query: '&$skiptoken=AAAA' })).to.include({ status: 400, code: 'InvalidSkipToken' });
  });

  it("names every request, and keeps the caller's correlation id", async () => {
    const response = await fetch(`${arm.endpoint}${ids.shopIdentity}?api-version=${msi}`, {
      headers: { authorization: `Bearer ${token}`, 'x-ms-correlation-request-id': 'mine' },
      dispatcher: agent,
    });
    expect(response.headers.get('x-ms-request-id')).to.match(/^[0-9a-f-]{36}$/);
    expect(response.headers.get('x-ms-correlation-request-id')).to.equal('mine');
  });

  describe('has a budget', () => {
    const small = { ...azureBudget, read: { capacity: 3, perSecond: 1 } };
    const remaining = 'x-ms-ratelimit-remaining-subscription-reads';

    it('that shrinks with each request and grows with time', async () => {
      await restart({ budget: small });
      const seen: (string | null)[] = [];
      for (let index = 0; index < 3; index++) seen.push((await call(ids.shopIdentity)).headers.get(remaining));
      expect(seen).to.deep.equal(['2', '1', '0']);
      const refused = await call(ids.shopIdentity);
      expect(refused.status).to.equal(429);
      expect(refused.headers.get('retry-after')).to.equal('1');
      expect(await refused.text()).to.contain('SubscriptionRequestsThrottled');
      expect(journal.list().at(-1)).to.include({ status: 429 });
      clock.advance(1_000);
      expect((await call(ids.shopIdentity)).status).to.equal(200);
    });

    it('and can leave out when to come back', async () => {
      await restart({ budget: small, sendsRetryAfter: () => false });
      for (let index = 0; index < 3; index++) await call(ids.shopIdentity);
      const refused = await call(ids.shopIdentity);
      expect(refused.status).to.equal(429);
      expect(refused.headers.get('retry-after')).to.equal(null);
    });

    it("of Azure's size, apart for reads, writes and deletes", async () => {
      expect((await call(ids.shopIdentity)).headers.get(remaining)).to.equal('249');
      const pending = call(`${credentials}/none`, { method: 'DELETE' });
      await clock.asleep(1);
      clock.advance(0);
      expect((await pending).headers.get('x-ms-ratelimit-remaining-subscription-deletes')).to.equal('199');
    });
  });

  describe('fails as faults order it', () => {
    it('with a status, a code and a time to come back', async () => {
      faults.add({
        match: { kind: 'arm', method: 'GET', path: 'shop-orders$' },
        respond: { status: 429, code: 'TooManyRequests', retryAfter: 3 },
        times: 1,
      });
      const response = await call(ids.shopIdentity);
      expect(response.status).to.equal(429);
      expect(response.headers.get('retry-after')).to.equal('3');
      expect(journal.list()[0]).to.include({ by: ids.operatorClient, status: 429 });
      expect((await call(ids.shopIdentity)).status).to.equal(200);
    });

    it('with words of its own', async () => {
      faults.add({ match: { kind: 'arm' }, respond: { status: 409, code: 'ServerBusy', message: 'Try again.' }, times: 1 });
      expect(await (await call(ids.shopIdentity)).json()).to.deep.equal({ error: { code: 'ServerBusy', message: 'Try again.' } });
    });

    it('with a body that is no JSON', async () => {
      faults.add({ match: { kind: 'arm' }, respond: { body: '{"id":' }, times: 1 });
      const response = await call(ids.shopIdentity);
      expect(response.status).to.equal(200);
      expect(response.headers.get('content-type')).to.match(/^application\/json/);
      expect(await response.text()).to.equal('{"id":');
    });

    it('with a line that is cut after the work is done', async () => {
      faults.add({ match: { kind: 'arm', method: 'DELETE' }, respond: { drop: 'after' } });
      world.identities[1]!.federatedCredentials.push(newCredential({}));
      let failure: unknown;
      const pending = call(`${credentials}/cluster-orders`, { method: 'DELETE' }).catch((error: unknown) => {
        failure = error;
      });
      await clock.asleep(1);
      clock.advance(0);
      await pending;
      expect(failure).to.be.instanceOf(TypeError);
      expect(world.identities[1]!.federatedCredentials).to.deep.equal([]);
      expect(journal.list()[0]).to.include({ status: 'dropped' });
    });

    it('late', async () => {
      faults.add({ match: { kind: 'arm' }, respond: { delayMs: 5_000 } });
      const pending = call(ids.shopIdentity);
      await clock.asleep(1);
      expect(journal.list()).to.deep.equal([]);
      clock.advance(5_000);
      expect((await pending).status).to.equal(200);
    });
  });
});
