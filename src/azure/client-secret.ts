import type { SecretText } from '../runtime/secret-text.ts';
import type { Cloud } from './cloud.ts';
import { idsInToken, type TokenIds } from './credential.ts';
import { tokenFailure } from './token-errors.ts';

/**
 * Whose token Entra gives for an application and its secret. The token itself is forgotten: it is asked for databases, and nothing is done with it.
 * Throws ConnectionError TokenRefused, or the signal's reason.
 */
export async function idsByClientSecret(
  { tenantId, clientId, secret }: { readonly tenantId: string; readonly clientId: string; readonly secret: SecretText },
  cloud: Pick<Cloud, 'name' | 'authority' | 'ossrdbmsScope'>,
  { signal }: { readonly signal: AbortSignal },
): Promise<TokenIds> {
  const { ClientSecretCredential } = await import('@azure/identity');
  const credential = new ClientSecretCredential(tenantId, clientId, secret.reveal(), {
    authorityHost: cloud.authority,
    // Only Microsoft's public login host could confirm an authority, and it knows no custom one.
    disableInstanceDiscovery: cloud.name === 'custom',
    retryOptions: { maxRetries: 0 },
  });
  try {
    return idsInToken((await credential.getToken(cloud.ossrdbmsScope, { abortSignal: signal })).token, 'the service principal');
  } catch (error) {
    signal.throwIfAborted();
    throw tokenFailure(error);
  }
}
