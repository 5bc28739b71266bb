import type { PolicySpec } from '../api/spec.ts';
import { type ResourceKind, resourceKinds } from './resource-id.ts';
import { type CapabilityName, capabilityNames } from './roles.ts';

type Setup = NonNullable<PolicySpec['targets'][number]['setup']>;

/** The roles that each provider's servers take: to look after them, and for each word of a set-up. */
const ofServers: Readonly<
  Record<
    'postgresServer' | 'mysqlServer' | 'sqlServer',
    { readonly always: CapabilityName; readonly setup: (setup: Setup) => readonly CapabilityName[] }
  >
> = {
  postgresServer: {
    always: 'postgresql',
    setup: (setup) => [
      ...when(setup.entraAuthentication === 'Enable', 'postgresql-authentication'),
      ...when(setsAdministrator(setup), 'postgresql-administrator'),
      ...when(setup.temporaryFirewallRule === 'Allow', 'postgresql-firewall'),
    ],
  },
  mysqlServer: {
    always: 'mysql',
    setup: (setup) => [
      ...when(setsAdministrator(setup), 'mysql-administrator'),
      ...when(setsAdministrator(setup) && setup.mysqlServerIdentityId !== undefined, 'mysql-identity'),
      ...when(setup.temporaryFirewallRule === 'Allow', 'mysql-firewall'),
    ],
  },
  sqlServer: {
    always: 'azure-sql',
    setup: (setup) => [
      ...when(setsAdministrator(setup), 'azure-sql-administrator'),
      ...when(setup.temporaryFirewallRule === 'Allow', 'azure-sql-firewall'),
    ],
  },
};

const ofApps = {
  containerApp: 'container-apps',
  webApp: 'web-apps',
  springApp: 'spring-apps',
} as const satisfies Partial<Record<ResourceKind, CapabilityName>>;

/** The roles that the operator needs for what a policy allows, in the order of the list. Pure. */
export function neededRoles({ identities, targets, workloads }: PolicySpec): readonly CapabilityName[] {
  const needed = new Set<CapabilityName>();
  const add = (names: readonly CapabilityName[]) => {
    for (const name of names) needed.add(name);
  };
  add(when((identities?.userAssigned ?? []).length > 0 || identities?.create === 'Allow', 'identities'));
  add(when(identities?.create === 'Allow', 'identities-create'));
  for (const { servers, setup } of targets)
    for (const [kind, { always, setup: bySetup }] of Object.entries(ofServers))
      if (servers.some((each) => isOfKind(each, kind as ResourceKind))) add([always, ...bySetup(setup ?? {})]);
  for (const [kind, name] of Object.entries(ofApps))
    if ((workloads?.resourceIds ?? []).some((each) => isOfKind(each, kind as ResourceKind))) add([name, 'system-assigned-identities']);
  return capabilityNames.filter((name) => needed.has(name));
}

/** The scopes below which a policy's servers, identities and apps lie: whole resource groups, where its patterns name them in full, else subscriptions. Pure. */
export function scopesOf({ identities, targets, workloads }: PolicySpec): readonly string[] {
  const named = [...targets.flatMap(({ servers }) => servers), ...(identities?.userAssigned ?? []), ...(workloads?.resourceIds ?? [])];
  return [...new Set(named.map(scopeOf))].sort();
}

function scopeOf(pattern: string): string {
  const [, , subscription = '', , group = ''] = pattern.split('/');
  const whole = `/subscriptions/${subscription}`;
  return /[*$]/.test(group) ? whole : `${whole}/resourceGroups/${group}`;
}

function isOfKind(pattern: string, kind: ResourceKind): boolean {
  const [provider, type] = resourceKinds[kind];
  return pattern.toLowerCase().includes(`/providers/${provider}/${type}/`.toLowerCase());
}

function setsAdministrator({ entraAdministrator }: Setup): boolean {
  return entraAdministrator === 'AddIfNone' || entraAdministrator === 'TakeOver';
}

function when(condition: boolean, name: CapabilityName): readonly CapabilityName[] {
  return condition ? [name] : [];
}
