import { ClientSecretCredential } from '@azure/identity';
import type { Environment } from './workload.ts';

/** What an app's identity endpoint answered in place of a token. */
export class EndpointRefusal extends Error {
  override readonly name = 'EndpointRefusal';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * A token from the endpoint that an app finds in its environment: https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference.
 * Of the user-assigned identity with the client id, else of the app's own. Throws EndpointRefusal.
 */
export async function identityToken(
  environment: Environment,
  { scope, clientId, signal }: { readonly scope: string; readonly clientId?: string | undefined; readonly signal: AbortSignal },
): Promise<string> {
  const { IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER: header } = environment;
  if (endpoint === undefined || header === undefined) throw new EndpointRefusal(0, 'the app has no identity, and so no identity endpoint');
  const query = new URLSearchParams({
    'api-version': '2019-08-01',
    resource: scope.replace(/\/\.default$/, ''),
    ...(clientId !== undefined && { client_id: clientId }),
  });
  const answer = await fetch(`${endpoint}?${query}`, { headers: { 'x-identity-header': header }, signal });
  const { access_token: token, message } = (await answer.json()) as { readonly access_token?: string; readonly message?: string };
  if (!answer.ok || token === undefined) throw new EndpointRefusal(answer.status, message ?? '');
  return token;
}

/** A token of a service principal, by the library that applications use. `prefix`: that of the settings which say who it is. */
export async function principalToken(
  settings: Environment,
  {
    prefix,
    authority,
    scope,
    signal,
  }: { readonly prefix: string; readonly authority: string; readonly scope: string; readonly signal: AbortSignal },
): Promise<string> {
  const [tenantId, clientId, secret] = ['TENANTID', 'CLIENTID', 'CLIENTSECRET'].map((name) => settings[`${prefix}_${name}`] ?? '');
  const credential = new ClientSecretCredential(tenantId ?? '', clientId ?? '', secret ?? '', {
    authorityHost: authority,
    disableInstanceDiscovery: true,
    retryOptions: { maxRetries: 0 },
  });
  return (await credential.getToken(scope, { abortSignal: signal })).token;
}
