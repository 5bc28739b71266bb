/** The resources for which the sandbox's Entra issues tokens. Names of the public cloud: azure-cli core/cloud.py. */
export const resources = {
  arm: 'https://management.azure.com',
  ossrdbms: 'https://ossrdbms-aad.database.windows.net',
  sql: 'https://database.windows.net',
} as const;

export type Resource = (typeof resources)[keyof typeof resources];

const suffix = '/.default';

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
  if (scope.trim().includes(' ')) return { kind: 'several' };
  if (!scope.endsWith(suffix)) return { kind: 'not-default' };
  const audience = scope.slice(0, -suffix.length);
  const known = (Object.values(resources) as string[]).includes(audience.replace(/\/$/, ''));
  return known ? { kind: 'audience', audience } : { kind: 'unknown-resource', resource: audience };
}
