import type { PolicyEntry } from '../api/spec.ts';
import { parseResourceId, type ResourceId } from '../azure/resource-id.ts';
import { matchesAnyResource } from './resource-pattern.ts';
import type { Policy } from './verdict.ts';

type SetupSpec = NonNullable<PolicyEntry['setup']>;

/** What the operator may change on a server, every word settled. */
export interface Setup {
  readonly entraAuthentication: 'Enable' | 'Never';
  readonly entraAdministrator: 'AddIfNone' | 'TakeOver' | 'Never';
  readonly temporaryFirewallRule: 'Allow' | 'Never';
  readonly publicConnect: 'Revoke' | 'Keep';
  readonly ownerCredentialsSecretName: string | undefined;
  readonly retiredOwner: string | undefined;
  readonly knownTriggers: readonly string[];
  readonly mysqlServerIdentityId: ResourceId | undefined;
}

/** The set-up words that forbid, by field. Left out they forbid too, but only written down they win over other policies. */
const forbidding = {
  entraAuthentication: 'Never',
  entraAdministrator: 'Never',
  temporaryFirewallRule: 'Never',
  publicConnect: 'Keep',
} as const;
type Forbiddable = keyof typeof forbidding;

/**
 * The set-up for a server. Only entries that allow the whole connection give; the largest of what they give counts. What any entry of any policy forbids for
 * this server is forbidden, also when that policy is for other namespaces. Of names, the first counts.
 */
export function effectiveSetup(
  allowing: readonly PolicyEntry[],
  policies: readonly Policy[],
  server: ResourceId,
  namespace: string,
): Setup {
  const given = allowing.flatMap((entry) => entry.setup ?? []);
  const forbidden = forbiddenFields(policies, server, namespace);
  const says = <F extends Forbiddable>(field: F, word: SetupSpec[F]): boolean =>
    !forbidden.has(field) && given.some((setup) => setup[field] === word);
  const identity = parseResourceId(given.find((setup) => setup.mysqlServerIdentityId)?.mysqlServerIdentityId, 'userAssignedIdentity');
  return {
    entraAuthentication: says('entraAuthentication', 'Enable') ? 'Enable' : 'Never',
    entraAdministrator: says('entraAdministrator', 'TakeOver')
      ? 'TakeOver'
      : says('entraAdministrator', 'AddIfNone')
        ? 'AddIfNone'
        : 'Never',
    temporaryFirewallRule: says('temporaryFirewallRule', 'Allow') ? 'Allow' : 'Never',
    publicConnect: says('publicConnect', 'Revoke') ? 'Revoke' : 'Keep',
    ownerCredentialsSecretName: given.find((setup) => setup.ownerCredentialsSecretName)?.ownerCredentialsSecretName,
    retiredOwner: given.find((setup) => setup.retiredOwner)?.retiredOwner,
    knownTriggers: [...new Set(given.flatMap((setup) => setup.knownTriggers ?? []))].sort(),
    mysqlServerIdentityId: identity.ok ? identity.id : undefined,
  };
}

function forbiddenFields(policies: readonly Policy[], server: ResourceId, namespace: string): ReadonlySet<Forbiddable> {
  const fields = Object.keys(forbidding) as Forbiddable[];
  const found = new Set<Forbiddable>();
  for (const entry of policies.flatMap((policy) => policy.spec.targets)) {
    const written = fields.filter((field) => entry.setup?.[field] === forbidding[field]);
    if (written.length > 0 && matchesAnyResource(entry.servers, server, namespace)) for (const field of written) found.add(field);
  }
  return found;
}
