/** A part of what the operator can do in Azure, with every permission that it takes. Each is a role of its own, to be assigned where it is needed and nowhere else. */
export interface Capability {
  /** What it is for, in one line. */
  readonly title: string;
  /** Where the role is best assigned. */
  readonly scope: string;
  /** The reason for each action. */
  readonly actions: Readonly<Record<string, string>>;
}

const groupOfIdentities = 'resource groups that hold nothing but application identities';
const servers = 'the servers, or resource groups that hold them';
const poll = 'waiting for the end of a change: without it the change is made, and its end never seen';

/**
 * All permissions that the operator can need (https://learn.microsoft.com/azure/role-based-access-control/resource-provider-operations). A call can only name one that stands here.
 */
export const capabilities = {
  identities: {
    title: 'Service accounts become user-assigned identities',
    scope: `${groupOfIdentities}: whoever may write federated credentials can act as the identity`,
    actions: {
      'Microsoft.ManagedIdentity/userAssignedIdentities/read': 'finding the ids by which databases bind an identity',
      'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read':
        'seeing whether a service account is federated, and never touching the credentials of others',
      'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write': 'federating a service account',
      'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/delete': 'ending that with the last connection',
    },
  },
  'identities-create': {
    title: 'Identities are made for connections that ask for it (identities.create)',
    scope: groupOfIdentities,
    actions: {
      'Microsoft.ManagedIdentity/userAssignedIdentities/write': 'making an identity',
      'Microsoft.ManagedIdentity/userAssignedIdentities/delete': 'removing one that was made so',
    },
  },
  postgresql: {
    title: 'Connections to PostgreSQL Flexible Server',
    scope: servers,
    actions: {
      'Microsoft.DBforPostgreSQL/flexibleServers/read': 'finding host, state and network of a server',
      'Microsoft.DBforPostgreSQL/flexibleServers/administrators/read':
        'knowing as whom to log in, and that no workload becomes an administrator',
    },
  },
  'postgresql-authentication': {
    title: 'Entra authentication is switched on at PostgreSQL servers (setup.entraAuthentication: Enable)',
    scope: servers,
    actions: {
      'Microsoft.DBforPostgreSQL/flexibleServers/write': 'switching Entra authentication on',
      'Microsoft.DBforPostgreSQL/locations/azureAsyncOperation/read': poll,
    },
  },
  'postgresql-administrator': {
    title: 'The operator makes itself Entra administrator of PostgreSQL servers (setup.entraAdministrator)',
    scope: servers,
    actions: {
      'Microsoft.DBforPostgreSQL/flexibleServers/administrators/write': 'adding the operator beside other administrators',
      'Microsoft.DBforPostgreSQL/locations/administratorAzureAsyncOperation/read': poll,
    },
  },
  'postgresql-firewall': {
    title: 'The firewall of PostgreSQL servers is opened while a session lasts (setup.temporaryFirewallRule: Allow)',
    scope: servers,
    actions: {
      'Microsoft.DBforPostgreSQL/flexibleServers/firewallRules/read': 'finding rules that a crash left, and seeing that they are gone',
      'Microsoft.DBforPostgreSQL/flexibleServers/firewallRules/write': "making a rule for the operator's one address",
      'Microsoft.DBforPostgreSQL/flexibleServers/firewallRules/delete': 'removing it: tried before one is made',
      'Microsoft.DBforPostgreSQL/locations/azureAsyncOperation/read': poll,
    },
  },
  mysql: {
    title: 'Connections to MySQL Flexible Server',
    scope: servers,
    actions: {
      'Microsoft.DBforMySQL/flexibleServers/read': 'finding host, state, network and identities of a server',
      'Microsoft.DBforMySQL/flexibleServers/administrators/read':
        'knowing as whom to log in, and that no workload becomes an administrator',
    },
  },
  'mysql-administrator': {
    title: 'The operator makes itself the Entra administrator of MySQL servers (setup.entraAdministrator)',
    scope: servers,
    actions: {
      'Microsoft.DBforMySQL/flexibleServers/administrators/write': 'setting the one administrator; another is replaced only with TakeOver',
      'Microsoft.DBforMySQL/locations/administratorAzureAsyncOperation/read': poll,
    },
  },
  'mysql-identity': {
    title: 'MySQL servers get the identity that looks administrators up (setup.mysqlServerIdentityId)',
    scope: `${servers}; assign/action on that identity`,
    actions: {
      'Microsoft.DBforMySQL/flexibleServers/write': 'assigning the identity to the server',
      'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action': 'being let to assign it: Azure checks this on the identity',
      'Microsoft.DBforMySQL/locations/azureAsyncOperation/read': poll,
    },
  },
  'mysql-firewall': {
    title: 'The firewall of MySQL servers is opened while a session lasts (setup.temporaryFirewallRule: Allow)',
    scope: servers,
    actions: {
      'Microsoft.DBforMySQL/flexibleServers/firewallRules/read': 'finding rules that a crash left, and seeing that they are gone',
      'Microsoft.DBforMySQL/flexibleServers/firewallRules/write': "making a rule for the operator's one address",
      'Microsoft.DBforMySQL/flexibleServers/firewallRules/delete': 'removing it: tried before one is made',
      'Microsoft.DBforMySQL/locations/azureAsyncOperation/read': poll,
    },
  },
  'azure-sql': {
    title: 'Connections to Azure SQL Database',
    scope: servers,
    actions: {
      'Microsoft.Sql/servers/read': 'finding host and state of a server',
      'Microsoft.Sql/servers/administrators/read': 'knowing whether the operator can log in, and that no workload becomes an administrator',
      'Microsoft.Sql/servers/databases/read': 'not waking a database that is paused',
    },
  },
  'azure-sql-administrator': {
    title: 'The operator makes itself the Entra administrator of Azure SQL servers (setup.entraAdministrator)',
    scope: servers,
    actions: {
      'Microsoft.Sql/servers/administrators/write': 'setting the one administrator; another is replaced only with TakeOver',
      'Microsoft.Sql/locations/serverAdministratorAzureAsyncOperation/read': poll,
      'Microsoft.Sql/locations/serverAdministratorOperationResults/read': poll,
    },
  },
  'azure-sql-firewall': {
    title: 'The firewall of Azure SQL servers is opened while a session lasts (setup.temporaryFirewallRule: Allow)',
    scope: servers,
    actions: {
      'Microsoft.Sql/servers/firewallRules/read': 'finding rules that a crash left, and seeing that they are gone',
      'Microsoft.Sql/servers/firewallRules/write': "making a rule for the operator's one address",
      'Microsoft.Sql/servers/firewallRules/delete': 'removing it: tried before one is made',
    },
  },
  'system-assigned-identities': {
    title: 'Apps log in with an identity of their own',
    scope: 'the apps, or resource groups that hold them',
    actions: {
      'Microsoft.ManagedIdentity/identities/read': 'finding the client id of a system-assigned identity',
    },
  },
  'container-apps': {
    title: 'Connections of Container Apps',
    scope: 'the apps and their environment, or resource groups that hold them; assign/action on the identities',
    actions: {
      'Microsoft.App/containerApps/read': 'finding identity, containers and state of an app',
      'Microsoft.App/containerApps/write': 'enabling or assigning the identity, and writing environment variables',
      'Microsoft.App/containerApps/listSecrets/action': 'sending all secrets again when one of them is written, as Azure wants',
      'Microsoft.App/managedEnvironments/join/action': 'writing an app at all: Azure checks this on its environment',
      'Microsoft.App/locations/containerappOperationStatuses/read': poll,
      'Microsoft.App/locations/containerappOperationResults/read': poll,
      'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action':
        'assigning an identity to an app: Azure checks this on the identity',
    },
  },
  'web-apps': {
    title: 'Connections of web and function apps, and of their slots',
    scope: 'the apps, or resource groups that hold them; assign/action on the identities',
    actions: {
      'Microsoft.Web/sites/read': 'finding identity and state of an app',
      'Microsoft.Web/sites/write': 'enabling or assigning the identity',
      'Microsoft.Web/sites/config/list/action': 'reading the app settings, so that none is lost',
      'Microsoft.Web/sites/config/write': 'writing them',
      'Microsoft.Web/sites/slots/read': 'the same for a slot',
      'Microsoft.Web/sites/slots/write': 'the same for a slot',
      'Microsoft.Web/sites/slots/config/list/action': 'the same for a slot',
      'Microsoft.Web/sites/slots/config/write': 'the same for a slot',
      'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action':
        'assigning an identity to an app: Azure checks this on the identity',
    },
  },
  'spring-apps': {
    title: 'Connections of Azure Spring Apps',
    scope: 'the apps, or resource groups that hold them; assign/action on the identities',
    actions: {
      'Microsoft.AppPlatform/Spring/apps/read': 'finding identity and state of an app',
      'Microsoft.AppPlatform/Spring/apps/write': 'enabling or assigning the identity',
      'Microsoft.AppPlatform/Spring/apps/deployments/read': 'reading environment variables, so that none is lost',
      'Microsoft.AppPlatform/Spring/apps/deployments/write': 'writing them',
      'Microsoft.AppPlatform/locations/operationStatus/operationId/read': poll,
      'Microsoft.AppPlatform/locations/operationResults/Spring/read': poll,
      'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action':
        'assigning an identity to an app: Azure checks this on the identity',
    },
  },
} as const satisfies Readonly<Record<string, Capability>>;

export type CapabilityName = keyof typeof capabilities;

type ActionsOf<T> = T extends { readonly actions: infer A } ? keyof A & string : never;

/** A permission of one of the roles. */
export type AzureAction = ActionsOf<(typeof capabilities)[CapabilityName]>;

const actions: ReadonlySet<string> = new Set(Object.values(capabilities).flatMap((each) => Object.keys(each.actions)));

/** The permission of that name. Throws TypeError when no role has it. */
export function requireAction(text: string): AzureAction {
  if (!actions.has(text)) throw new TypeError(`no role of the operator has ${text}`);
  return text as AzureAction;
}

export const capabilityNames = Object.keys(capabilities) as readonly CapabilityName[];

/** A custom role as `az role definition create` takes it. `scopes`: where it may be assigned. */
export function roleDefinition(name: string, of: readonly CapabilityName[], scopes: readonly string[]) {
  const all: readonly Capability[] = of.map((each) => capabilities[each]);
  return {
    Name: name,
    IsCustom: true,
    Description: `${all.map(({ title }) => title).join('. ')}.`.slice(0, 1024),
    Actions: [...new Set(all.flatMap(({ actions }) => Object.keys(actions)))],
    NotActions: [],
    DataActions: [],
    NotDataActions: [],
    AssignableScopes: scopes,
  };
}
