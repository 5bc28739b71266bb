import type { Clock } from '../../../../src/runtime/clock.ts';
import type { Faults } from '../../controls/faults.ts';
import type { Journal } from '../../controls/journal.ts';
import { statusOf, underFault } from '../../controls/under-fault.ts';
import type { Entra } from '../entra.ts';
import { type Answer, type Outcome, type ServiceRequest, startService } from '../service.ts';
import { readScope } from '../token-resource.ts';
import type { ManagedPrincipal, Principal, World } from '../world.ts';
import { isKnown, isSameId } from './host-identity.ts';
import type { HostedApp } from './hosts.ts';

/** Where an app gets tokens of its identities; the values of its variables IDENTITY_ENDPOINT and IDENTITY_HEADER. */
export interface IdentityEndpoint {
  readonly identityEndpoint: string;
  readonly identityHeader: string;
  stop(): Promise<void>;
}

export interface IdentityEndpointOptions {
  readonly app: HostedApp;
  readonly world: World;
  readonly issueFor: Entra['issueFor'];
  readonly journal: Journal;
  readonly faults: Faults;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Stops the endpoint as well. */
  readonly signal: AbortSignal;
}

const apiVersion = '2019-08-01';
/** Azure gives tokens of managed identities for 24 hours. */
const lifetimeInSeconds = 86_400;
/** How a caller names one of several identities, and by which of its ids. */
const selectors = { client_id: 'clientId', principal_id: 'principalId', object_id: 'principalId', mi_res_id: 'resourceId' } as const;

/** Starts the token endpoint of one app: https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference */
export async function startIdentityEndpoint(options: IdentityEndpointOptions): Promise<IdentityEndpoint> {
  const { world, issueFor, journal, faults, clock, newId, signal } = options;
  const identityHeader = newId();

  async function answer(request: ServiceRequest): Promise<Outcome> {
    const [path, queryText] = request.target.split('?');
    const query = new URLSearchParams(queryText);
    const scope = query.get('resource') ?? '';
    if (path?.replace(/\/$/, '') !== '/msi/token') return { status: 404 };
    if (request.method !== 'GET') return { status: 405, headers: { Allow: 'GET' } };
    let by = '';
    const outcome = await underFault(
      faults.strike('token', request.method, scope),
      {
        run: async () => {
          if (request.headers['x-identity-header'] !== identityHeader)
            return refusal(401, 'The X-IDENTITY-HEADER is missing or wrong.', newId());
          if (query.get('api-version') !== apiVersion) return refusal(400, `The api-version must be ${apiVersion}.`, newId());
          const principal = selected(options, query);
          if (typeof principal === 'string') return refusal(400, principal, newId());
          const reading = readScope(`${scope}/.default`);
          if (reading.kind !== 'audience') {
            return refusal(
              400,
              `AADSTS500011: The resource principal named ${scope} was not found in the tenant named ${world.tenantId}.`,
              newId(),
            );
          }
          by = principal.clientId;
          const token = await issueFor(principal, reading.audience, { expiresIn: lifetimeInSeconds });
          return tokenAnswer(token, principal, scope, Math.floor(clock.now() / 1000));
        },
        refuse: (fault) => refusal(statusOf(fault), fault.message ?? 'An injected fault.', newId()),
      },
      { clock, signal: request.signal },
    );
    journal.record({
      kind: 'token',
      by,
      status: outcome === 'cut' ? 'dropped' : outcome.status,
      clientId: query.get('client_id') ?? '',
      scope,
    });
    return outcome;
  }

  const service = await startService({ host: '127.0.0.1', answer, signal });
  return { identityEndpoint: `${service.origin}/msi/token`, identityHeader, stop: service.stop };
}

/** The identity that a request asks for, the system-assigned one where it names none; or why there is none. */
function selected({ app, world, clock }: IdentityEndpointOptions, query: URLSearchParams): ManagedPrincipal | string {
  const { systemAssigned, userAssigned } = app.identity;
  const attached = world.identities.filter(({ resourceId }) => userAssigned.some((id) => isSameId(id, resourceId)));
  const asked = Object.entries(selectors).flatMap(([name, member]) => (query.has(name) ? [{ member, value: query.get(name) ?? '' }] : []));
  const [selector] = asked;
  const found = selector
    ? [...attached, ...(systemAssigned ? [systemAssigned] : [])].find((each) => isSameId(each[selector.member], selector.value))
    : systemAssigned;
  if (found && isKnown(found, clock.now())) return found;
  return selector
    ? 'No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.'
    : 'Unable to load the proper Managed Identity.';
}

function tokenAnswer(token: string, { clientId }: Principal, resource: string, now: number): Answer {
  return {
    status: 200,
    json: {
      access_token: token,
      client_id: clientId.toUpperCase(),
      expires_on: String(now + lifetimeInSeconds),
      not_before: String(now),
      resource,
      token_type: 'Bearer',
    },
  };
}

function refusal(statusCode: number, message: string, correlationId: string): Answer {
  return { status: statusCode, json: { statusCode, message, correlationId } };
}
