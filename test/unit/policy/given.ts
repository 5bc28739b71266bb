import type { ConnectionSpec, PolicyEntry, PolicySpec } from '../../../src/api/spec.ts';
import { parseResourceId, type ResourceId, type ResourceKind } from '../../../src/azure/resource-id.ts';
import { evaluate } from '../../../src/policy/evaluate.ts';
import type { NamespaceFacts } from '../../../src/policy/namespaces.ts';
import type { Allowed, ConnectionFacts, Policy, Refused, Verdict } from '../../../src/policy/verdict.ts';

export const subscription = '00000000-0000-0000-0000-000000000001';
export const otherSubscription = '00000000-0000-0000-0000-000000000002';

export function serverId(name = 'shared', group = 'data'): string {
  return `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.DBforPostgreSQL/flexibleServers/${name}`;
}

export function identityId(name = 'orders', group = 'rg-shop', inSubscription = subscription): string {
  return `/subscriptions/${inSubscription}/resourceGroups/${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
}

export function containerAppId(name = 'api'): string {
  return `/subscriptions/${subscription}/resourceGroups/shop/providers/Microsoft.App/containerApps/${name}`;
}

export function id(text: string, kind: ResourceKind): ResourceId {
  const parsed = parseResourceId(text, kind);
  if (!parsed.ok) throw new Error(parsed.why);
  return parsed.id;
}

export const shop: NamespaceFacts = { name: 'shop', labels: { team: 'shop', 'kubernetes.io/metadata.name': 'shop' } };

/** A connection that `policy()` allows; the fields given are put over it. */
export function spec(over: Partial<ConnectionSpec> = {}): ConnectionSpec {
  return {
    workload: { type: 'ServiceAccount', serviceAccount: { name: 'orders' } },
    identity: { type: 'UserAssigned', userAssigned: { resourceId: identityId() } },
    target: { type: 'PostgreSQL', serverId: serverId(), database: 'shop' },
    access: { profile: 'ReadWrite' },
    ...over,
  };
}

export function entry(over: Partial<PolicyEntry> = {}): PolicyEntry {
  return { servers: [serverId()], databases: ['shop'], profiles: ['ReadOnly', 'ReadWrite'], ...over };
}

export function policy(name = 'shop', over: Partial<PolicySpec> = {}): Policy {
  return {
    metadata: { name },
    spec: { namespaces: { names: ['shop'] }, identities: { userAssigned: [identityId('*')] }, targets: [entry()], ...over },
  };
}

export function judge(
  connection: Partial<ConnectionFacts> & Pick<ConnectionFacts, 'spec'>,
  policies: readonly Policy[],
  namespace: NamespaceFacts = shop,
): Verdict {
  const facts = { defaultUserName: `aad_${namespace.name}_orders`, ...connection };
  return evaluate(facts, policies, namespace, { operatorNamespace: 'passwordless-system' });
}

export function allowed(verdict: Verdict): Allowed {
  if (!verdict.allowed) throw new Error(`refused: ${verdict.message}`);
  return verdict;
}

export function refused(verdict: Verdict): Refused {
  if (verdict.allowed) throw new Error(`allowed by ${verdict.policy}`);
  return verdict;
}

export const clientId = '11111111-1111-1111-1111-111111111111';
export const objectId = '33333333-3333-3333-3333-333333333333';
export const servicePrincipal: ConnectionSpec['identity'] = {
  type: 'ServicePrincipal',
  servicePrincipal: { tenantId: subscription, clientId, objectId, clientSecretRef: { name: 's', key: 'k' } },
};
export const containerApp: ConnectionSpec['workload'] = { type: 'ContainerApp', containerApp: { resourceId: containerAppId() } };
export const byClientId: ConnectionSpec['identity'] = { type: 'UserAssigned', userAssigned: { clientId, subscriptionId: subscription } };
export const azureSql: ConnectionSpec['target'] = {
  type: 'AzureSQL',
  serverId: `/subscriptions/${subscription}/resourceGroups/data/providers/Microsoft.Sql/servers/reports`,
  database: 'sales',
};
export const mysql: ConnectionSpec['target'] = {
  type: 'MySQL',
  serverId: `/subscriptions/${subscription}/resourceGroups/data/providers/Microsoft.DBforMySQL/flexibleServers/m`,
  database: 'shop',
};

export function account(name: string): Partial<ConnectionSpec> {
  return { workload: { type: 'ServiceAccount', serviceAccount: { name } } };
}

export function database(name: string): Partial<ConnectionSpec> {
  return { target: { ...spec().target, database: name } };
}

export function access(over: Partial<ConnectionSpec['access']>): Pick<ConnectionSpec, 'access'> {
  return { access: { profile: 'ReadWrite', ...over } };
}

export function sql(over: Partial<PolicyEntry> = {}): Partial<PolicyEntry> {
  return { servers: [azureSql.serverId], databases: ['sales'], ...over };
}
