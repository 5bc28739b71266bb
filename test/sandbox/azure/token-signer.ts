import { calculateJwkThumbprint, createLocalJWKSet, errors, exportJWK, generateKeyPair, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import type { Clock } from '../../../src/runtime/clock.ts';
import type { ManagedPrincipal, Principal } from './world.ts';

/** The claims of an app-only token that Azure's services look at: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference */
export interface TokenClaims {
  readonly aud: string;
  readonly iss: string;
  readonly tid: string;
  /** The principal id, for PostgreSQL. */
  readonly oid: string;
  readonly sub: string;
  /** The client id, for MySQL and Azure SQL. */
  readonly appid: string;
  readonly idtyp: 'app';
  readonly iat: number;
  readonly nbf: number;
  readonly exp: number;
}

/** Why a token was refused, so that each service can say so in its own words. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
  readonly reason: 'malformed' | 'signature' | 'issuer' | 'audience' | 'expired';

  constructor(reason: TokenError['reason'], options?: { readonly cause: unknown }) {
    super(`The access token was refused: ${reason}`, options);
    this.reason = reason;
  }
}

export interface TokenSigner {
  /** For the key endpoint. */
  readonly jwks: { readonly keys: readonly object[] };
  /** Signs a version 1.0 token; `audience` goes into it as given, `expiresIn` is in seconds. */
  issue(principal: Principal | ManagedPrincipal, audience: string, options: { readonly expiresIn: number }): Promise<string>;
  /** The claims of a token that this signer issued for one of the audiences. Throws TokenError. */
  verify(token: string, audience: string | readonly string[]): Promise<TokenClaims>;
}

/** Who issues version 1.0 tokens of a tenant: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference */
export function issuerV1(tenantId: string): string {
  return `https://sts.windows.net/${tenantId}/`;
}

/** Makes a signer with a new RSA key, which never leaves the process. */
export async function createTokenSigner({ tenantId, clock }: { readonly tenantId: string; readonly clock: Clock }): Promise<TokenSigner> {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  const jwks = { keys: [{ ...jwk, kid, use: 'sig', alg: 'RS256' }] };
  const keys = createLocalJWKSet(jwks);
  const issuer = issuerV1(tenantId);

  return {
    jwks,
    issue: (principal, audience, { expiresIn }) => {
      const now = Math.floor(clock.now() / 1000);
      const claims = {
        aud: audience,
        iss: issuer,
        iat: now,
        nbf: now,
        exp: now + expiresIn,
        appid: principal.clientId,
        // a managed identity logs in by certificate, an application here by secret
        appidacr: 'resourceId' in principal ? '2' : '1',
        idp: issuer,
        idtyp: 'app',
        oid: principal.principalId,
        sub: principal.principalId,
        tid: tenantId,
        ver: '1.0',
        ...('resourceId' in principal && { xms_mirid: principal.resourceId }),
      };
      return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid }).sign(privateKey);
    },
    verify: async (token, audience) => {
      try {
        const { payload } = await jwtVerify(token, keys, {
          algorithms: ['RS256'],
          issuer,
          audience: typeof audience === 'string' ? audience : [...audience],
          currentDate: new Date(clock.now()),
          requiredClaims: ['exp', 'oid', 'appid', 'tid'],
        });
        return claimsOf(payload);
      } catch (error) {
        throw new TokenError(reasonOf(error), { cause: error });
      }
    },
  };
}

/** The signature vouches for the shape: nobody else has the key. */
function claimsOf(payload: JWTPayload): TokenClaims {
  return payload as unknown as TokenClaims;
}

function reasonOf(error: unknown): TokenError['reason'] {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud') return 'audience';
    return error.claim === 'iss' ? 'issuer' : 'expired';
  }
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey) return 'signature';
  return 'malformed';
}
