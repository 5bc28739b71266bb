import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose';
import { Agent, fetch } from 'undici';

/** The issuer's discovery document or keys can't be had, or don't fit the issuer. */
export class IssuerUnreachable extends Error {
  override readonly name = 'IssuerUnreachable';
}

/** The signing keys of OpenID Connect issuers, found through their discovery documents. Holds connections until it is closed. */
export class IssuerKeys implements AsyncDisposable {
  readonly #agent: Agent;
  readonly #keys = new Map<string, JWTVerifyGetKey>();

  /** `ca` in PEM: whom to trust for the issuers' certificates, nobody else. */
  constructor(ca: string) {
    this.#agent = new Agent({ connect: { ca } });
  }

  /** What `jwtVerify` takes to check a token of the issuer. Throws IssuerUnreachable; keys that fail to load throw when they are used. */
  async of(issuer: string, { signal }: { readonly signal: AbortSignal }): Promise<JWTVerifyGetKey> {
    const known = this.#keys.get(issuer);
    if (known) return known;
    const url = await this.#keyUrl(issuer, signal);
    const keys = createRemoteJWKSet(url, {
      // A cluster that was set up anew under the same issuer has new keys, and its tokens must work at once.
      cooldownDuration: 0,
      [customFetch]: (target, init) =>
        fetch(target, {
          headers: Object.fromEntries(init.headers),
          redirect: 'error',
          signal: init.signal,
          dispatcher: this.#agent,
        }) as unknown as Promise<Response>,
    });
    this.#keys.set(issuer, keys);
    return keys;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }

  /** The document must name exactly the issuer: https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationValidation */
  async #keyUrl(issuer: string, signal: AbortSignal): Promise<URL> {
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    try {
      const response = await fetch(url, {
        redirect: 'error',
        signal: AbortSignal.any([signal, AbortSignal.timeout(5_000)]),
        dispatcher: this.#agent,
      });
      if (!response.ok) throw new Error(`${url} answered ${response.status}`);
      const document = (await response.json()) as { readonly issuer?: unknown; readonly jwks_uri?: unknown };
      if (document.issuer !== issuer) throw new Error(`${url} is the document of another issuer`);
      const keyUrl = new URL(String(document.jwks_uri));
      if (keyUrl.protocol !== 'https:') throw new Error(`${url} names a jwks_uri without TLS`);
      return keyUrl;
    } catch (cause) {
      throw new IssuerUnreachable(`No keys of ${issuer}`, { cause });
    }
  }
}
