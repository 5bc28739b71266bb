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

/** A resource id taken apart. Every URL and comparison is built from the parts, never from the text they came from. */
export interface ResourceId {
  readonly kind: ResourceKind;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  /** One name for each type of the kind. */
  readonly names: readonly [string, ...string[]];
}
