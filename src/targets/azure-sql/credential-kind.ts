import type { SettingsInput } from '../target.ts';

/** Where a workload's token comes from. */
export type CredentialKind =
  /** The host's managed identity endpoint. */
  | 'ManagedIdentity'
  /** A Kubernetes token, exchanged. */
  | 'Federated'
  /** A client secret. */
  | 'Secret';

/**
 * The drivers' words for a managed identity ask an endpoint that pods with azure-workload-identity don't have
 * (https://github.com/Azure/azure-workload-identity/issues/976 and 1157); there they need the word that reads AZURE_FEDERATED_TOKEN_FILE. Pure.
 */
export function credentialKind({ identityType, workloadType }: Pick<SettingsInput, 'identityType' | 'workloadType'>): CredentialKind {
  if (identityType === 'ServicePrincipal') return 'Secret';
  switch (workloadType) {
    case 'ServiceAccount':
      return 'Federated';
    case 'ContainerApp':
    case 'WebApp':
    case 'SpringApp':
      return 'ManagedIdentity';
    default:
      return workloadType satisfies never;
  }
}
