import type { Answer } from './service.ts';

/** Why Entra gives no token. The number is Entra's own: https://learn.microsoft.com/entra/identity-platform/reference-error-codes */
export interface StsRefusal {
  readonly status: 400 | 401 | 429 | 500 | 503;
  readonly error: string;
  readonly code: number;
  readonly text: string;
}

const federationHint =
  'Check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation';

/** Every refusal that the sandbox's Entra knows, one function for each AADSTS number. */
export const stsRefusals = {
  tenantNotFound: (tenant: string) =>
    refusal(
      400,
      'invalid_request',
      90002,
      `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.`,
    ),
  postOnly: (method: string) =>
    refusal(400, 'invalid_request', 900561, `The endpoint only accepts POST requests. Received a ${method} request.`),
  parameterMissing: (name: string) =>
    refusal(400, 'invalid_request', 900144, `The request body must contain the following parameter: '${name}'.`),
  /** Entra's word for input that it can't use; here also for parameters that the sandbox doesn't understand. */
  inputInvalid: (why: string) => refusal(400, 'invalid_request', 90013, `Invalid input received from the user. ${why}`),
  grantTypeUnsupported: (grantType: string) =>
    refusal(400, 'unsupported_grant_type', 70003, `The app requested an unsupported grant type '${grantType}'.`),
  scopeInvalid: (scope: string) =>
    refusal(
      400,
      'invalid_scope',
      70011,
      `The provided request must include a valid 'scope' input parameter. The scope ${scope} is not valid.`,
    ),
  scopeNotDefault: (scope: string) =>
    refusal(
      400,
      'invalid_scope',
      1002012,
      `The provided value for scope ${scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`,
    ),
  resourceNotFound: (resource: string, tenant: string) =>
    refusal(400, 'invalid_resource', 500011, `The resource principal named ${resource} was not found in the tenant named ${tenant}.`),
  applicationNotFound: (clientId: string, tenant: string) =>
    refusal(400, 'unauthorized_client', 700016, `Application with identifier '${clientId}' was not found in the directory '${tenant}'.`),
  credentialMissing: () =>
    refusal(
      401,
      'invalid_client',
      7000218,
      "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    ),
  secretInvalid: (clientId: string) =>
    refusal(
      401,
      'invalid_client',
      7000215,
      `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${clientId}'.`,
    ),
  assertionMalformed: (why: string) => refusal(400, 'invalid_request', 50027, `JWT token is invalid or malformed. ${why}`),
  assertionOutOfTime: (now: string, from: string, until: string) =>
    refusal(
      401,
      'invalid_client',
      700024,
      `Client assertion is not within its valid time range. Current time: ${now}, assertion valid from ${from}, expiry time of assertion ${until}.`,
    ),
  assertionUnsigned: (why: string) => refusal(401, 'invalid_client', 50013, `Assertion failed signature validation. [Reason - ${why}]`),
  issuerUnreachable: () => refusal(400, 'invalid_request', 90061, 'Request to External OIDC endpoint failed.'),
  noCredentials: (clientId: string, name: string) =>
    refusal(401, 'invalid_client', 70025, `The client '${clientId}'(${name}) has no configured federated identity credentials.`),
  credentialNotKnownYet: (issuer: string, subject: string, audience: string) =>
    refusal(
      401,
      'invalid_client',
      70021,
      `No matching federated identity record found for presented assertion. Assertion Issuer: '${issuer}'. Assertion Subject: '${subject}'. Assertion Audience: '${audience}'.`,
    ),
  issuerUnmatched: (issuer: string) =>
    refusal(
      401,
      'invalid_client',
      700211,
      `No matching federated identity record found for presented assertion issuer '${issuer}'. ${federationHint}`,
    ),
  audienceUnmatched: (audience: string) =>
    refusal(
      401,
      'invalid_client',
      700212,
      `No matching federated identity record found for presented assertion audience '${audience}'. ${federationHint}`,
    ),
  subjectUnmatched: (subject: string) =>
    refusal(
      401,
      'invalid_client',
      700213,
      `No matching federated identity record found for presented assertion subject '${subject}'. ${federationHint}`,
    ),
} as const;

function refusal(status: StsRefusal['status'], error: string, code: number, text: string): StsRefusal {
  return { status, error, code, text };
}

/** Entra's JSON for a refusal, as in https://learn.microsoft.com/entra/identity-platform/reference-error-codes#handling-error-codes-in-your-application */
export function renderRefusal(
  { status, error, code, text }: StsRefusal,
  { now, traceId, correlationId }: { readonly now: number; readonly traceId: string; readonly correlationId: string },
): Answer {
  const timestamp = `${new Date(now).toISOString().slice(0, 19).replace('T', ' ')}Z`;
  return {
    status,
    headers: { 'x-ms-request-id': traceId, 'client-request-id': correlationId },
    json: {
      error,
      error_description: `AADSTS${code}: ${text} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
      error_codes: [code],
      timestamp,
      trace_id: traceId,
      correlation_id: correlationId,
      error_uri: `https://login.microsoftonline.com/error?code=${code}`,
    },
  };
}
