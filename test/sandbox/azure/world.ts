/** The Azure that the sandbox pretends to be: plain state that Entra, ARM and the gateways share. */
export interface World {
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly identities: Identity[];
  readonly servers: Server[];
  /** Client id of the operator's identity: the only caller that ARM serves, within `operatorActions`. */
  operatorClientId: string;
  /** Actions of the role that the operator holds, from deploy/; `*` stands for any run of characters. */
  operatorActions: string[];
  /** [U] azure-facts 4.7: seconds until Entra accepts a new federated credential. */
  propagationSeconds: number;
}

/** A user-assigned identity. */
export interface Identity {
  readonly name: string;
  readonly resourceId: string;
  clientId: string;
  principalId: string;
  readonly federatedCredentials: FederatedCredential[];
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
}

/** An Entra administrator of a server, which is also a role in its engine. */
export interface Administrator {
  readonly objectId: string;
  readonly principalName: string;
  readonly principalType: 'User' | 'Group' | 'ServicePrincipal' | 'Unknown';
}
