import type { Hosts } from './hosts/hosts.ts';
import type { Lock } from './hosts/lock.ts';
import type { ServerOperation } from './server-operation.ts';

/** The Azure that the sandbox pretends to be: plain state that Entra, ARM and the gateways share. */
export interface World {
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly identities: Identity[];
  readonly servers: Server[];
  readonly hosts: Hosts;
  readonly locks: Lock[];
  /** Applications of the tenant that log in with a secret. */
  readonly servicePrincipals: ServicePrincipal[];
  /** Client id of the operator's identity: the only caller that ARM serves, within `operatorActions`. */
  operatorClientId: string;
  /** Actions of the role that the operator holds, from deploy/; `*` stands for any run of characters. */
  operatorActions: string[];
  /** [U] azure-facts 4.7: seconds until Entra accepts a new federated credential. */
  propagationSeconds: number;
  /** [U] azure-facts 4.7: seconds until the rest of Azure knows a new principal. */
  principalSeconds: number;
}

/** Who can hold a token. */
export interface Principal {
  clientId: string;
  principalId: string;
  /** Milliseconds since 1970 from which on the rest of Azure knows it; left out for one that it has long known. */
  readonly effectiveAt?: number;
}

/** A managed identity. A system-assigned one has the resource id of its app. */
export interface ManagedPrincipal extends Principal {
  readonly resourceId: string;
}

/** Who can log in by itself, from outside of Azure too. */
export interface Application extends Principal {
  readonly name: string;
  readonly federatedCredentials: FederatedCredential[];
}

/** A user-assigned identity. */
export interface Identity extends Application {
  readonly resourceId: string;
  tags?: Readonly<Record<string, string>>;
}

export interface ServicePrincipal extends Application {
  /** Any of them is good. */
  secrets: readonly string[];
}

export interface FederatedCredential {
  readonly name: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audiences: readonly string[];
  /** Milliseconds since 1970; Entra refuses it until then. */
  readonly effectiveAt: number;
}

export interface Server {
  readonly name: string;
  readonly type: 'PostgreSQL' | 'MySQL' | 'AzureSQL';
  readonly resourceId: string;
  readonly host: string;
  readonly port: number;
  readonly databases: string[];
  readonly administrators: Administrator[];
  state: 'Ready' | 'Stopped' | 'Starting' | 'Stopping' | 'Updating' | 'Disabled' | 'Dropping';
  authConfig: { activeDirectoryAuth: 'Enabled' | 'Disabled'; passwordAuth: 'Enabled' | 'Disabled' };
  network: { publicNetworkAccess: 'Enabled' | 'Disabled' };
  /** Major version of the engine; 18 when left out. */
  readonly version?: string;
  /** Login of the administrator with a password. */
  readonly administratorLogin?: string;
  /** User-assigned identities of its own, by resource id. */
  identityIds?: readonly string[];
  /** Who may reach it; everybody when left out. */
  firewall?: Firewall;
  /** [U] azure-facts 2.3: by which id MySQL knows a service principal that is its administrator; by either when left out. */
  administratorsAreKnownBy?: 'objectId' | 'clientId';
  /** What changed it lately. */
  operations?: ServerOperation[];
  /** Lets the engine follow when administrators were changed. Rejects with the engine's error. */
  administratorsChanged?: () => Promise<void>;
  /** Ends all sessions, as a restart does. */
  restart?: () => Promise<void>;
  /** Azure's word for the state of a database, where its engine can pause one; Online when left out. */
  databaseStatus?: (name: string) => string | undefined;
}

/** A server's firewall, as far as its one client meets it. */
export interface Firewall {
  /** Where the operator and all workloads come from. */
  readonly clientAddress: string;
  rules: readonly FirewallRule[];
  /** azure-facts 9: how long a rule takes until it counts; Azure says up to five minutes. */
  effectSeconds: number;
}

export interface FirewallRule {
  readonly name: string;
  readonly start: string;
  readonly end: string;
  /** Milliseconds since 1970. */
  readonly effectiveAt: number;
}

/** An Entra administrator of a server, which is also a role in its engine. */
export interface Administrator {
  readonly objectId: string;
  readonly principalName: string;
  readonly principalType: 'User' | 'Group' | 'ServicePrincipal' | 'Unknown';
}
