/** The resources for which the sandbox's Entra issues tokens. Names of the public cloud: azure-cli core/cloud.py. */
export const resources = {
  arm: 'https://management.azure.com',
  ossrdbms: 'https://ossrdbms-aad.database.windows.net',
  sql: 'https://database.windows.net',
} as const;

export type Resource = (typeof resources)[keyof typeof resources];

const suffix = '/.default';

/** Scopes of OpenID Connect, which MSAL for Go adds to every request: apps/internal/oauth/ops/accesstokens of AzureAD/microsoft-authentication-library-for-go. They say nothing about the resource. */
const ofOpenId = new Set(['openid', 'profile', 'offline_access', 'email']);

export type ScopeReading =
  | { readonly kind: 'audience'; readonly audience: string }
  | { readonly kind: 'not-default' }
  | { readonly kind: 'several' }
  | { readonly kind: 'unknown-resource'; readonly resource: string };

/**
 * What a scope of the client credentials flow asks for. The audience is the resource as the caller spells it, thus with a slash at the end where the scope has two before
 * `.default`: https://learn.microsoft.com/entra/identity-platform/scopes-oidc#trailing-slash-and-default
 */
export function readScope(scope: string): ScopeReading {
  const [asked = '', ...others] = scope.split(' ').filter((each) => each !== '' && !ofOpenId.has(each));
  if (others.length > 0) return { kind: 'several' };
  if (!asked.endsWith(suffix)) return { kind: 'not-default' };
  const audience = asked.slice(0, -suffix.length);
  const known = (Object.values(resources) as string[]).includes(audience.replace(/\/$/, ''));
  return known ? { kind: 'audience', audience } : { kind: 'unknown-resource', resource: audience };
}
