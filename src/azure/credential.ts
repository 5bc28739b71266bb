import type { AccessToken, GetTokenOptions, TokenCredential } from '@azure/identity';
import { ConnectionError } from '../api/connection-error.ts';
import { reasons } from '../api/reasons.ts';
import type { Cloud } from './cloud.ts';
import { isGuid } from './resource-id.ts';

/** How the operator signs in: with the projected token of its service account, as azure-workload-identity sets it up. */
export interface SignIn {
  readonly tenantId: string;
  readonly clientId: string;
  readonly tokenFilePath: string;
}

/**
 * The operator's credential. Everything is explicit: nothing is read from the environment, and no other kind of credential is tried. The library is loaded with
 * the first token, which it caches for each scope; a credential made anew has no such cache.
 */
export function operatorCredential({ tenantId, clientId, tokenFilePath }: SignIn, cloud: Cloud): TokenCredential {
  let loading: Promise<TokenCredential> | undefined;
  return {
    async getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken | null> {
      loading ??= load();
      return (await loading).getToken(scopes, options);
    },
  };

  async function load(): Promise<TokenCredential> {
    const { WorkloadIdentityCredential } = await import('@azure/identity');
    return new WorkloadIdentityCredential({
      tenantId,
      clientId,
      tokenFilePath,
      authorityHost: cloud.authority,
      // Only Microsoft's public login host could confirm an authority, and it knows no custom one.
      disableInstanceDiscovery: cloud.name === 'custom',
      retryOptions: { maxRetries: 0 },
    });
  }
}

/** Who somebody is in Entra. */
export interface TokenIds {
  /** Of its service principal. */
  readonly objectId: string;
  readonly clientId: string;
  readonly tenantId: string;
}

/** The operator's ids from a token of its own. Throws as idsInToken does. */
export function operatorIds(token: string): TokenIds {
  return idsInToken(token, 'the operator');
}

/**
 * The ids of whom a token is for, in lower case; `whose` in the words of a message. The token's signature isn't checked: it came from Entra over TLS and proves nothing to anybody here.
 * Claims: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference (appid in version 1 tokens, azp in version 2).
 * Throws ConnectionError TokenRefused for a token that doesn't name them.
 */
export function idsInToken(token: string, whose: string): TokenIds {
  const claims = claimsOf(token);
  const objectId = claims['oid'];
  const clientId = claims['appid'] ?? claims['azp'];
  const tenantId = claims['tid'];
  if (!isGuid(objectId) || !isGuid(clientId) || !isGuid(tenantId)) {
    throw new ConnectionError('waiting', reasons.TokenRefused, `Entra's token does not say who ${whose} is: it lacks oid, appid or tid`);
  }
  return { objectId: objectId.toLowerCase(), clientId: clientId.toLowerCase(), tenantId: tenantId.toLowerCase() };
}

function claimsOf(token: string): Readonly<Record<string, unknown>> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null ? (claims as Record<string, unknown>) : {};
  } catch {
    // No JSON web token: the same as one without claims.
    return {};
  }
}
