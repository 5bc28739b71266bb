import { expect } from 'chai';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { Agent, fetch } from 'undici';
import { type Entra, startEntra } from '../../sandbox/azure/entra.ts';
import { TokenError } from '../../sandbox/azure/token-signer.ts';
import type { World } from '../../sandbox/azure/world.ts';
import { type Authority, type Certificate, createAuthority } from '../../sandbox/certificates.ts';
import { Faults } from '../../sandbox/controls/faults.ts';
import { Journal } from '../../sandbox/controls/journal.ts';
import { TestClock } from './test-clock.ts';
import { startTestIssuer, type TestIssuer } from './test-issuer.ts';
import { ids, newCredential, newWorld } from './world.ts';

const subject = 'system:serviceaccount:shop:orders';
const armScope = 'https://management.azure.com/.default';

interface EntraError {
  readonly error: string;
  readonly error_description: string;
  readonly error_codes: readonly number[];
  readonly timestamp: string;
  readonly trace_id: string;
  readonly correlation_id: string;
}

describe('Entra of the sandbox', () => {
  let authority: Authority;
  let certificate: Certificate;
  let issuer: TestIssuer;
  let agent: Agent;
  const end = new AbortController();

  let world: World;
  let entra: Entra;
  let clock: TestClock;
  let journal: Journal;
  let faults: Faults;

  before(async () => {
    authority = await createAuthority();
    certificate = await authority.issue({ commonName: 'sandbox', ipAddresses: ['127.0.0.1'] });
    issuer = await startTestIssuer({ certificate, signal: end.signal });
    agent = new Agent({ connect: { ca: authority.pem } });
  });

  after(async () => {
    end.abort();
    await issuer.stop();
    await agent.destroy();
  });

  beforeEach(async () => {
    clock = new TestClock();
    journal = new Journal();
    faults = new Faults();
    world = newWorld();
    issuer.asked.length = 0;
    world.identities[1]!.federatedCredentials.push(newCredential({ issuer: issuer.issuer, subject }));
    entra = await startEntra({
      world,
      certificate,
      journal,
      faults,
      issuerCa: authority.pem,
      listen: { host: '127.0.0.1' },
      clock,
      signal: end.signal,
    });
  });

  afterEach(() => entra.stop());

  const claims = (changes = {}) => {
    const now = Math.floor(clock.now() / 1000);
    return { sub: subject, aud: ['api://AzureADTokenExchange'], iat: now, nbf: now, exp: now + 3600, ...changes };
  };

  async function form(changes: Readonly<Record<string, string | undefined>> = {}): Promise<URLSearchParams> {
    const fields: Record<string, string | undefined> = {
      grant_type: 'client_credentials',
      client_id: ids.shopClient,
      scope: armScope,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: 'client_assertion' in changes ? changes['client_assertion'] : await issuer.sign(claims()),
      ...changes,
    };
    const sent = new URLSearchParams();
    for (const [name, value] of Object.entries(fields)) if (value !== undefined) sent.set(name, value);
    return sent;
  }

  const post = (body: URLSearchParams, tenant: string = ids.tenant) =>
    fetch(`${entra.authority}/${tenant}/oauth2/v2.0/token`, {
      method: 'POST',
      body: body.toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      dispatcher: agent,
    });

  async function refusalOf(body: URLSearchParams, tenant?: string): Promise<{ status: number; error: string; code: number | undefined }> {
    const response = await post(body, tenant);
    const json = (await response.json()) as EntraError;
    expect(json.error_description).to.match(
      /^AADSTS\d+: .+ Trace ID: [0-9a-f-]{36} Correlation ID: [0-9a-f-]{36} Timestamp: \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/s,
    );
    expect(json.error_description).to.contain(`AADSTS${json.error_codes[0]}:`);
    expect(json.error_description).to.contain(json.trace_id).and.to.contain(json.correlation_id).and.to.contain(json.timestamp);
    return { status: response.status, error: json.error, code: json.error_codes[0] };
  }

  it('gives a workload a token that says who it is', async () => {
    const response = await post(await form({ scope: 'https://ossrdbms-aad.database.windows.net/.default' }));
    expect(response.status).to.equal(200);
    const json = (await response.json()) as { readonly access_token: string; readonly expires_in: number; readonly token_type: string };
    expect(json).to.include({ token_type: 'Bearer', expires_in: 3600 });
    expect(await entra.verify(json.access_token, 'https://ossrdbms-aad.database.windows.net')).to.include({
      aud: 'https://ossrdbms-aad.database.windows.net',
      iss: `https://sts.windows.net/${ids.tenant}/`,
      tid: ids.tenant,
      oid: ids.shopPrincipal,
      sub: ids.shopPrincipal,
      appid: ids.shopClient,
      idtyp: 'app',
      ver: '1.0',
      iat: Math.floor(clock.now() / 1000),
      exp: Math.floor(clock.now() / 1000) + 3600,
    });
    expect(journal.list()).to.have.length(1);
    expect(journal.list()[0]).to.include({ kind: 'token', by: ids.shopClient, clientId: ids.shopClient, status: 200 });
  });

  it('keeps the slash of the resource in the audience', async () => {
    const response = await post(await form({ scope: 'https://management.azure.com//.default' }));
    const { access_token } = (await response.json()) as { readonly access_token: string };
    expect(decodeJwt(access_token).aud).to.equal('https://management.azure.com/');
  });

  it('passes over the scopes of OpenID Connect, which some clients add', async () => {
    const response = await post(await form({ scope: `${armScope} openid offline_access profile` }));
    const { access_token } = (await response.json()) as { readonly access_token: string };
    expect(decodeJwt(access_token).aud).to.equal('https://management.azure.com');
  });

  it('describes itself, with the keys that its tokens are signed with', async () => {
    const discovery = await fetch(`${entra.authority}/${ids.tenant}/v2.0/.well-known/openid-configuration`, { dispatcher: agent });
    const document = (await discovery.json()) as { readonly token_endpoint: string; readonly jwks_uri: string; readonly issuer: string };
    expect(document.issuer).to.equal(`${entra.authority}/${ids.tenant}/v2.0`);
    expect(document.token_endpoint).to.equal(`${entra.authority}/${ids.tenant}/oauth2/v2.0/token`);
    const keys = (await (await fetch(document.jwks_uri, { dispatcher: agent })).json()) as { readonly keys: readonly object[] };
    expect(keys.keys).to.have.length(1);
    expect(keys.keys[0]).to.include({ kty: 'RSA', use: 'sig' }).and.not.to.have.property('d');
  });

  it('describes what checks its tokens, which are of version 1.0', async () => {
    const discovery = await fetch(`${entra.authority}/${ids.tenant}/.well-known/openid-configuration`, { dispatcher: agent });
    const document = (await discovery.json()) as { readonly jwks_uri: string; readonly issuer: string };
    const token = await entra.issueFor(world.identities[1]!, 'a');
    expect(decodeJwt(token).iss).to.equal(document.issuer);
    const keys = (await (await fetch(document.jwks_uri, { dispatcher: agent })).json()) as { readonly keys: readonly object[] };
    expect(keys.keys.map((key) => (key as { kid?: string }).kid)).to.deep.equal([decodeProtectedHeader(token).kid]);
  });

  describe('refuses', () => {
    const table: readonly (readonly [string, Readonly<Record<string, string | undefined>>, number, string, number])[] = [
      ['an unknown client', { client_id: '00000000-0000-4000-8000-00000000dead' }, 400, 'unauthorized_client', 700016],
      ['an unknown resource', { scope: 'https://vault.azure.net/.default' }, 400, 'invalid_resource', 500011],
      ['a scope without .default', { scope: 'https://management.azure.com/user_impersonation' }, 400, 'invalid_scope', 1002012],
      ['a scope of OpenID Connect alone', { scope: 'openid' }, 400, 'invalid_scope', 1002012],
      ['two scopes', { scope: `${armScope} ${armScope}` }, 400, 'invalid_scope', 70011],
      ['another grant', { grant_type: 'password' }, 400, 'unsupported_grant_type', 70003],
      ['a request without grant', { grant_type: undefined }, 400, 'invalid_request', 900144],
      ['a request without client', { client_id: undefined }, 400, 'invalid_request', 900144],
      ['a request without scope', { scope: '' }, 400, 'invalid_request', 900144],
      ['an assertion without its type', { client_assertion_type: undefined }, 400, 'invalid_request', 900144],
      ['an assertion of another type', { client_assertion_type: 'saml' }, 400, 'invalid_request', 90013],
      ['a parameter that it does not understand', { password: 'x' }, 400, 'invalid_request', 90013],
      [
        'a secret, for managed identities have none',
        { client_assertion: undefined, client_secret: 's3cret' },
        401,
        'invalid_client',
        7000215,
      ],
      ['a request without any proof', { client_assertion: undefined }, 401, 'invalid_client', 7000218],
      ['an assertion that is no JWT', { client_assertion: 'not.a.jwt' }, 400, 'invalid_request', 50027],
    ];
    for (const [what, changes, status, error, code] of table) {
      it(`${what} (AADSTS${code})`, async () => {
        expect(await refusalOf(await form(changes))).to.deep.equal({ status, error, code });
        expect(journal.list()[0]).to.include({ kind: 'token', by: '', status });
      });
    }

    it('an unknown tenant (AADSTS90002)', async () => {
      const tenant = '00000000-0000-4000-8000-00000000beef';
      expect(await refusalOf(await form(), tenant)).to.deep.equal({ status: 400, error: 'invalid_request', code: 90002 });
      const discovery = await fetch(`${entra.authority}/${tenant}/v2.0/.well-known/openid-configuration`, { dispatcher: agent });
      expect(discovery.status).to.equal(400);
    });

    it('a GET of the token endpoint (AADSTS900561)', async () => {
      const response = await fetch(`${entra.authority}/${ids.tenant}/oauth2/v2.0/token`, { dispatcher: agent });
      expect(((await response.json()) as EntraError).error_codes).to.deep.equal([900561]);
    });

    const replaceCredential = (changes: object) => {
      world.identities[1]!.federatedCredentials.splice(0, 1, newCredential({ issuer: issuer.issuer, subject, ...changes }));
    };

    it('an assertion of an issuer that no credential names, without asking it (AADSTS700211)', async () => {
      replaceCredential({ issuer: `${issuer.issuer}/` });
      expect(await refusalOf(await form())).to.deep.equal({ status: 401, error: 'invalid_client', code: 700211 });
      expect(issuer.asked).to.deep.equal([]);
    });

    it('an assertion for another audience (AADSTS700212)', async () => {
      const client_assertion = await issuer.sign(claims({ aud: 'https://kubernetes.default.svc' }));
      expect(await refusalOf(await form({ client_assertion }))).to.include({ status: 401, code: 700212 });
      replaceCredential({ audiences: ['api://azureadtokenexchange'] });
      expect(await refusalOf(await form())).to.include({ status: 401, code: 700212 });
    });

    it("a subject that differs in one letter's case (AADSTS700213)", async () => {
      replaceCredential({ subject: 'system:serviceaccount:shop:Orders' });
      expect(await refusalOf(await form())).to.deep.equal({ status: 401, error: 'invalid_client', code: 700213 });
      expect(issuer.asked).to.deep.equal([]);
    });

    it('an identity without credentials (AADSTS70025)', async () => {
      world.identities[1]!.federatedCredentials.length = 0;
      expect(await refusalOf(await form())).to.deep.equal({ status: 401, error: 'invalid_client', code: 70025 });
    });

    it('a credential that is too new, and takes it afterwards (AADSTS70021)', async () => {
      replaceCredential({ effectiveAt: clock.now() + 10_000 });
      expect(await refusalOf(await form())).to.deep.equal({ status: 401, error: 'invalid_client', code: 70021 });
      clock.advance(10_000);
      expect((await post(await form())).status).to.equal(200);
    });

    it('an expired assertion, and one from the future (AADSTS700024)', async () => {
      const now = Math.floor(clock.now() / 1000);
      const expired = await issuer.sign(claims({ iat: now - 20, nbf: now - 20, exp: now - 10 }));
      expect(await refusalOf(await form({ client_assertion: expired }))).to.deep.equal({
        status: 401,
        error: 'invalid_client',
        code: 700024,
      });
      const early = await issuer.sign(claims({ nbf: now + 60 }));
      expect(await refusalOf(await form({ client_assertion: early }))).to.include({ code: 700024 });
    });

    it('an assertion that somebody else signed (AADSTS50013)', async () => {
      const client_assertion = await issuer.forge(claims());
      expect(await refusalOf(await form({ client_assertion }))).to.deep.equal({ status: 401, error: 'invalid_client', code: 50013 });
    });

    it("an assertion whose issuer can't be reached (AADSTS90061)", async () => {
      const silent = 'https://127.0.0.1:1';
      replaceCredential({ issuer: silent });
      const client_assertion = await issuer.sign(claims({ iss: silent }));
      expect(await refusalOf(await form({ client_assertion }))).to.deep.equal({ status: 400, error: 'invalid_request', code: 90061 });
    });

    it("an issuer whose discovery document is another's (AADSTS90061)", async () => {
      const slashed = `${issuer.issuer}/`;
      replaceCredential({ issuer: slashed });
      const client_assertion = await issuer.sign(claims({ iss: slashed }));
      expect(await refusalOf(await form({ client_assertion }))).to.include({ code: 90061 });
    });
  });

  describe('checks tokens', () => {
    const reasonFor = async (token: string, audience: string): Promise<string> => {
      try {
        await entra.verify(token, audience);
        return 'accepted';
      } catch (error) {
        return error instanceof TokenError ? error.reason : String(error);
      }
    };

    it('and says why one is refused', async () => {
      const identity = world.identities[1]!;
      const good = await entra.issueFor(identity, 'https://database.windows.net');
      expect(await reasonFor(good, 'https://database.windows.net')).to.equal('accepted');
      expect(await reasonFor(good, 'https://management.azure.com')).to.equal('audience');
      expect(await reasonFor(await entra.issueFor(identity, 'a', { expiresIn: -1 }), 'a')).to.equal('expired');
      expect(await reasonFor(await issuer.sign({ aud: 'a', iss: `https://sts.windows.net/${ids.tenant}/` }), 'a')).to.equal('signature');
      expect(await reasonFor('secret', 'a')).to.equal('malformed');
    });

    it('until they expire', async () => {
      const token = await entra.issueFor(world.identities[1]!, 'a', { expiresIn: 60 });
      clock.advance(61_000);
      expect(await reasonFor(token, 'a')).to.equal('expired');
    });
  });

  it('fails as a fault orders it, by scope', async () => {
    faults.add({ match: { kind: 'token', path: 'management' }, respond: { status: 503, code: 90033, retryAfter: 7 }, times: 1 });
    const response = await post(await form());
    expect(response.status).to.equal(503);
    expect(response.headers.get('retry-after')).to.equal('7');
    expect(((await response.json()) as EntraError).error_codes).to.deep.equal([90033]);
    expect((await post(await form())).status).to.equal(200);
  });

  it('cuts the line as a fault orders it', async () => {
    faults.add({ match: { kind: 'token' }, respond: { drop: 'before' }, times: 1 });
    let failure: unknown;
    await post(await form()).catch((error: unknown) => {
      failure = error;
    });
    expect(failure).to.be.instanceOf(TypeError);
    expect(journal.list()[0]).to.include({ kind: 'token', by: '', status: 'dropped' });
  });

  it('listens on loopback only', async () => {
    let failure: unknown;
    await startEntra({
      world,
      certificate,
      journal,
      faults,
      issuerCa: authority.pem,
      listen: { host: '0.0.0.0' },
      signal: end.signal,
    }).catch((error: unknown) => {
      failure = error;
    });
    expect(failure).to.be.instanceOf(RangeError);
  });
});
