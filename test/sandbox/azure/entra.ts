import { randomUUID } from 'node:crypto';
import { type Clock, systemClock } from '../../../src/runtime/clock.ts';
import type { Certificate } from '../certificates.ts';
import type { FaultResponse, Faults } from '../controls/faults.ts';
import type { Journal } from '../controls/journal.ts';
import { retryAfterHeader, statusOf, underFault } from '../controls/under-fault.ts';
import { refusalOfAssertion } from './assertion.ts';
import { isKnown } from './hosts/host-identity.ts';
import { IssuerKeys } from './issuer-keys.ts';
import { type Answer, type Outcome, type ServiceRequest, startService } from './service.ts';
import { renderRefusal, type StsRefusal, stsRefusals } from './sts-refusal.ts';
import { parseTokenRequest, type TokenRequest } from './token-request.ts';
import { readScope } from './token-resource.ts';
import { createTokenSigner, issuerV1, type TokenClaims } from './token-signer.ts';
import type { Principal, World } from './world.ts';

export interface EntraOptions {
  readonly world: World;
  readonly certificate: Certificate;
  readonly journal: Journal;
  readonly faults: Faults;
  /** In PEM: whom to trust when an issuer of assertions is asked for its keys. */
  readonly issuerCa: string;
  readonly listen: { readonly host: string; readonly port?: number };
  /** How long a token is good, in seconds. Entra itself gives managed identities up to 24 hours. */
  readonly tokenLifetime?: number;
  readonly clock?: Clock;
  readonly newId?: () => string;
  /** Stops Entra as well. */
  readonly signal: AbortSignal;
}

export interface Entra {
  /** Without a slash at the end; the tenant's endpoints are below it. */
  readonly authority: string;
  /** The claims of a token issued here for one of the audiences, which are compared letter for letter. Throws TokenError. */
  verify(token: string, audience: string | readonly string[]): Promise<TokenClaims>;
  /** A token without any proof, for what stands for a metadata service; `expiresIn` is in seconds and may be negative. */
  issueFor(principal: Principal, audience: string, options?: { readonly expiresIn?: number }): Promise<string>;
  stop(): Promise<void>;
}

const tokenEndpoint = 'oauth2/v2.0/token';
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Starts a token service with one tenant: OpenID discovery, its keys, and client credentials with a federated assertion or a secret. */
export async function startEntra({
  world,
  certificate,
  journal,
  faults,
  issuerCa,
  listen,
  tokenLifetime = 3600,
  clock = systemClock,
  newId = randomUUID,
  signal,
}: EntraOptions): Promise<Entra> {
  const signer = await createTokenSigner({ tenantId: world.tenantId, clock });
  const issuerKeys = new IssuerKeys(issuerCa);
  const refuse = (refusal: StsRefusal, request: ServiceRequest) =>
    renderRefusal(refusal, { now: clock.now(), traceId: newId(), correlationId: correlationIdOf(request) ?? newId() });

  async function answer(request: ServiceRequest): Promise<Outcome> {
    const [path = ''] = request.target.split('?');
    const [, tenant = '', endpoint = ''] = /^\/([^/]+)\/(.+)$/.exec(path) ?? [];
    if (endpoint !== tokenEndpoint && request.method !== 'GET') return { status: 405, headers: { Allow: 'GET' } };
    const isTenant = tenant.toLowerCase() === world.tenantId.toLowerCase();
    switch (endpoint) {
      case 'v2.0/.well-known/openid-configuration':
        return isTenant
          ? { status: 200, json: discoveryDocument(service.origin, world.tenantId) }
          : refuse(stsRefusals.tenantNotFound(tenant), request);
      case '.well-known/openid-configuration':
        return isTenant
          ? { status: 200, json: discoveryDocumentV1(service.origin, world.tenantId) }
          : refuse(stsRefusals.tenantNotFound(tenant), request);
      case 'discovery/keys':
      case 'discovery/v2.0/keys':
        return isTenant ? { status: 200, json: signer.jwks } : refuse(stsRefusals.tenantNotFound(tenant), request);
      case tokenEndpoint:
        if (request.method !== 'POST') return refuse(stsRefusals.postOnly(request.method), request);
        return isTenant ? token(request) : refuse(stsRefusals.tenantNotFound(tenant), request);
      default:
        return { status: 404 };
    }
  }

  async function token(request: ServiceRequest): Promise<Outcome> {
    const parsed = parseTokenRequest(await request.body());
    const { clientId, scope } = parsed.kind === 'ok' ? parsed.value : { clientId: '', scope: '' };
    let by = '';
    const outcome = await underFault(
      faults.strike('token', request.method, scope),
      {
        run: async () => {
          if (parsed.kind === 'refused') return refuse(parsed.refusal, request);
          const granted = await grant(parsed.value, request.signal);
          if ('refusal' in granted) return refuse(granted.refusal, request);
          by = granted.principal.clientId;
          return tokenAnswer(await signer.issue(granted.principal, granted.audience, { expiresIn: tokenLifetime }), tokenLifetime);
        },
        refuse: (fault) => faultAnswer(fault, (refusal) => refuse(refusal, request)),
      },
      { clock, signal: request.signal },
    );
    journal.record({ kind: 'token', by, status: outcome === 'cut' ? 'dropped' : outcome.status, clientId, scope });
    return outcome;
  }

  async function grant(
    { clientId, scope, credential }: TokenRequest,
    requestSignal: AbortSignal,
  ): Promise<{ readonly principal: Principal; readonly audience: string } | { readonly refusal: StsRefusal }> {
    const applications = [...world.identities, ...world.servicePrincipals];
    const principal = applications.find((each) => each.clientId.toLowerCase() === clientId.toLowerCase() && isKnown(each, clock.now()));
    if (!principal) return { refusal: stsRefusals.applicationNotFound(clientId, world.tenantId) };
    const reading = readScope(scope);
    if (reading.kind === 'several') return { refusal: stsRefusals.scopeInvalid(scope) };
    if (reading.kind === 'not-default') return { refusal: stsRefusals.scopeNotDefault(scope) };
    if (reading.kind === 'unknown-resource') return { refusal: stsRefusals.resourceNotFound(reading.resource, world.tenantId) };
    if (credential.kind === 'none') return { refusal: stsRefusals.credentialMissing() };
    // A managed identity has no secrets, so that none can be right.
    if (credential.kind === 'secret') {
      const isRight = 'secrets' in principal && principal.secrets.includes(credential.secret);
      return isRight ? { principal, audience: reading.audience } : { refusal: stsRefusals.secretInvalid(clientId) };
    }
    const refusal = await refusalOfAssertion(credential.assertion, principal, { keys: issuerKeys, clock, signal: requestSignal });
    return refusal ? { refusal } : { principal, audience: reading.audience };
  }

  const service = await startService({
    host: listen.host,
    ...(listen.port !== undefined && { port: listen.port }),
    certificate,
    answer,
    signal,
  });
  const stop = async () => {
    signal.removeEventListener('abort', stop);
    await service.stop();
    await issuerKeys[Symbol.asyncDispose]();
  };
  signal.addEventListener('abort', stop, { once: true });
  return {
    authority: service.origin,
    verify: signer.verify,
    issueFor: (principal, audience, { expiresIn = tokenLifetime } = {}) => signer.issue(principal, audience, { expiresIn }),
    stop,
  };
}

function tokenAnswer(accessToken: string, expiresIn: number): Answer {
  return { status: 200, json: { token_type: 'Bearer', expires_in: expiresIn, ext_expires_in: expiresIn, access_token: accessToken } };
}

function faultAnswer(fault: FaultResponse, refuse: (refusal: StsRefusal) => Answer): Answer {
  const status = statusOf(fault);
  const answer = refuse({
    status: 503,
    error: status >= 500 || status === 429 ? 'temporarily_unavailable' : 'invalid_client',
    code: Number(fault.code ?? 90033),
    text: 'A transient error has occurred. Please try again.',
  });
  return { ...answer, status, headers: { ...answer.headers, ...retryAfterHeader(fault) } };
}

function correlationIdOf({ target, headers }: ServiceRequest): string | undefined {
  const [, query] = target.split('?');
  const sent = new URLSearchParams(query).get('client-request-id') ?? headers['client-request-id'];
  return typeof sent === 'string' && guid.test(sent) ? sent : undefined;
}

function discoveryDocument(authority: string, tenantId: string): Readonly<Record<string, unknown>> {
  const tenant = `${authority}/${tenantId}`;
  return {
    issuer: `${tenant}/v2.0`,
    authorization_endpoint: `${tenant}/oauth2/v2.0/authorize`,
    token_endpoint: `${tenant}/oauth2/v2.0/token`,
    jwks_uri: `${tenant}/discovery/v2.0/keys`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt'],
    response_types_supported: ['code', 'id_token'],
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: ['openid'],
    claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'nbf', 'oid', 'tid', 'appid', 'idtyp', 'ver'],
    tenant_region_scope: null,
  };
}

/**
 * Whoever checks a version 1.0 token, as those of Azure's own resources are, takes issuer and keys from the document of that version:
 * https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-tokens
 */
function discoveryDocumentV1(authority: string, tenantId: string): Readonly<Record<string, unknown>> {
  return {
    ...discoveryDocument(authority, tenantId),
    issuer: issuerV1(tenantId),
    jwks_uri: `${authority}/${tenantId}/discovery/keys`,
  };
}
