import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { startService } from '../../sandbox/azure/service.ts';
import type { Certificate } from '../../sandbox/certificates.ts';

/** An OpenID Connect issuer such as a cluster's, with what it was asked. */
export interface TestIssuer {
  readonly issuer: string;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
  /** Signs claims as given, besides `iss` where it is left out. */
  sign(claims: JWTPayload): Promise<string>;
  /** Signs with a key of the same id that the issuer doesn't publish. */
  forge(claims: JWTPayload): Promise<string>;
  stop(): Promise<void>;
}

export async function startTestIssuer({
  certificate,
  signal,
}: {
  readonly certificate: Certificate;
  readonly signal: AbortSignal;
}): Promise<TestIssuer> {
  const own = await generateKeyPair('RS256');
  const foreign = await generateKeyPair('RS256');
  const jwks = { keys: [{ ...(await exportJWK(own.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }] };
  const asked: string[] = [];
  const service = await startService({
    host: '127.0.0.1',
    certificate,
    signal,
    answer: async ({ target }) => {
      asked.push(target);
      if (target === '/.well-known/openid-configuration')
        return { status: 200, json: { issuer: service.origin, jwks_uri: `${service.origin}/keys` } };
      return target === '/keys' ? { status: 200, json: jwks } : { status: 404 };
    },
  });
  const sign = (claims: JWTPayload, key: CryptoKey) =>
    new SignJWT({ iss: service.origin, ...claims }).setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(key);
  return {
    issuer: service.origin,
    asked,
    sign: (claims) => sign(claims, own.privateKey),
    forge: (claims) => sign(claims, foreign.privateKey),
    stop: service.stop,
  };
}
