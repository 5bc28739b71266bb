import type { TargetType } from '../api/spec.ts';

/** Kinds of Azure resource that a connection or policy may name, by provider and types. */
export const resourceKinds = {
  userAssignedIdentity: ['Microsoft.ManagedIdentity', 'userAssignedIdentities'],
  postgresServer: ['Microsoft.DBforPostgreSQL', 'flexibleServers'],
  mysqlServer: ['Microsoft.DBforMySQL', 'flexibleServers'],
  sqlServer: ['Microsoft.Sql', 'servers'],
  containerApp: ['Microsoft.App', 'containerApps'],
  webApp: ['Microsoft.Web', 'sites'],
  springApp: ['Microsoft.AppPlatform', 'Spring', 'apps'],
} as const satisfies Readonly<Record<string, readonly [string, ...string[]]>>;

export type ResourceKind = keyof typeof resourceKinds;

/** The kind of server that each type of target is on. */
export const serverKinds = {
  PostgreSQL: 'postgresServer',
  MySQL: 'mysqlServer',
  AzureSQL: 'sqlServer',
} as const satisfies Readonly<Record<TargetType, ResourceKind>>;

/** A resource id taken apart. Every URL and comparison is built from the parts, never from the text they came from. */
export interface ResourceId {
  readonly kind: ResourceKind;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  /** One name for each type of the kind. */
  readonly names: readonly [string, ...string[]];
}

/** What a text is as a resource id; `why` is for the person who wrote the text and doesn't repeat it. */
export type ParsedResourceId = { readonly ok: true; readonly id: ResourceId } | { readonly ok: false; readonly why: string };

/** Longer than any id that Azure gives; the CRD has the same bound. */
const maximumLength = 512;

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const resourceGroup = /^[A-Za-z0-9_.()-]{0,89}[A-Za-z0-9_()-]$/;
const serverName = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
const springName = /^[A-Za-z][A-Za-z0-9-]{0,30}[A-Za-z0-9]$/;

/** Names by kind: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules, but in either case, as ARM takes them. */
const nameRules: Readonly<Record<ResourceKind, readonly RegExp[]>> = {
  userAssignedIdentity: [/^[A-Za-z0-9][A-Za-z0-9_-]{2,127}$/],
  postgresServer: [serverName],
  mysqlServer: [serverName],
  sqlServer: [serverName],
  containerApp: [/^[A-Za-z]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?$/],
  webApp: [/^[A-Za-z0-9]([A-Za-z0-9-]{0,58}[A-Za-z0-9])?$/],
  springApp: [springName, springName],
};

const skeletons = Object.fromEntries(
  Object.entries(resourceKinds).map(([kind, [provider, ...types]]) => [
    kind,
    ['', 'subscriptions', undefined, 'resourceGroups', undefined, 'providers', provider, ...types.flatMap((type) => [type, undefined])],
  ]),
) as unknown as Readonly<Record<ResourceKind, readonly (string | undefined)[]>>;

/**
 * Takes a resource id apart, strictly: printable ASCII, this kind's provider and types, and in each part only the characters that Azure allows there.
 * So no accepted id means another resource once it is part of a URL (threat-model D14). The subscription comes out in lower case, names as written.
 */
export function parseResourceId(text: unknown, kind: ResourceKind): ParsedResourceId {
  if (typeof text !== 'string') return refused('is not a text');
  if (text.length > maximumLength) return refused(`is longer than ${maximumLength} characters`);
  // Only after this check may anything be lower-cased: U+212A (Kelvin) would become a k.
  if (!/^[\x21-\x7e]*$/.test(text)) return refused('has characters other than printable ASCII');
  if (text.includes('..')) return refused('has two dots in a row');

  const segments = text.split('/');
  const expected = skeleton(kind);
  if (segments.length !== expected.length) return refused(`is not of the form ${form(kind)}`);
  const values: string[] = [];
  for (const [index, literal] of expected.entries()) {
    const segment = segments[index]!;
    if (literal === undefined) values.push(segment);
    else if (segment.toLowerCase() !== literal.toLowerCase()) return refused(`is not of the form ${form(kind)}`);
  }

  const [subscriptionId, group, ...names] = values as [string, string, string, ...string[]];
  if (!guid.test(subscriptionId)) return refused('has a subscription that is not a GUID');
  if (!resourceGroup.test(group)) return refused('has a resource group with a name that Azure does not allow');
  if (!nameRules[kind].every((rule, index) => rule.test(names[index]!))) return refused('has a name that Azure does not allow');
  return {
    ok: true,
    id: { kind, subscriptionId: subscriptionId.toLowerCase(), resourceGroup: group, names: names as [string, ...string[]] },
  };
}

/** The path of the resource in ARM, in the provider's own casing. It needs no escaping. */
export function resourcePath(id: ResourceId): string {
  const values = [id.subscriptionId, id.resourceGroup, ...id.names];
  let next = 0;
  return skeleton(id.kind)
    .map((literal) => literal ?? values[next++]!)
    .join('/');
}

/** A text that is equal for equal resources and for no others: ARM doesn't look at case. */
export function resourceKey(id: ResourceId): string {
  return resourcePath(id).toLowerCase();
}

/** Whether both mean the same resource. */
export function sameResource(a: ResourceId, b: ResourceId): boolean {
  return resourceKey(a) === resourceKey(b);
}

/** The resource's own name: the last part of its id. */
export function resourceName(id: ResourceId): string {
  return id.names.at(-1)!;
}

/** Whether a text is a GUID, in either case. */
export function isGuid(text: unknown): text is string {
  return typeof text === 'string' && guid.test(text);
}

/** The segments between slashes of an id of this kind; undefined where a value stands: subscription, group, then one name for each type. */
export function skeleton(kind: ResourceKind): readonly (string | undefined)[] {
  return skeletons[kind];
}

function form(kind: ResourceKind): string {
  return skeleton(kind)
    .map((literal) => literal ?? '…')
    .join('/');
}

function refused(why: string): ParsedResourceId {
  return { ok: false, why };
}
