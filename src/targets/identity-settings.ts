import { ConnectionError } from '../api/connection-error.ts';
import type { SettingsInput } from './target.ts';

type Settings = Readonly<Record<string, string>>;
type IdentityInput = Pick<SettingsInput, 'identityType' | 'clientId' | 'tenantId' | 'clientSecret'>;

/** What tells a client which identity it is, by the names that Service Connector puts after the prefix. A system-assigned identity needs no telling. */
export function identitySettings(input: IdentityInput): Settings {
  const { identityType, clientId, tenantId } = input;
  switch (identityType) {
    case 'SystemAssigned':
      return {};
    case 'UserAssigned':
      return { CLIENTID: clientId };
    case 'ServicePrincipal':
      return { CLIENTID: clientId, CLIENTSECRET: revealedSecret(input), TENANTID: tenantId };
    default:
      return identityType satisfies never;
  }
}

/**
 * The same as properties of Spring Cloud Azure. Service Connector writes two names that Spring does not know; what Spring reads stands beside them:
 * credential.managed-identity-enabled and profile.tenant-id
 * (Azure/azure-sdk-for-java, sdk/spring/spring-cloud-azure-core, AzureTokenCredentialResolver.java).
 */
export function springIdentitySettings(input: IdentityInput): Settings {
  const { identityType, clientId, tenantId } = input;
  const credential = 'spring.cloud.azure.credential';
  switch (identityType) {
    case 'SystemAssigned':
      return {};
    case 'UserAssigned':
      return {
        [`${credential}.client-id`]: clientId,
        [`${credential}.client-managed-identity-enabled`]: 'true',
        [`${credential}.managed-identity-enabled`]: 'true',
      };
    case 'ServicePrincipal':
      return {
        [`${credential}.client-id`]: clientId,
        [`${credential}.client-secret`]: springValue('the client secret', revealedSecret(input)),
        [`${credential}.tenant-id`]: tenantId,
        'spring.cloud.azure.profile.tenant-id': tenantId,
      };
    default:
      return identityType satisfies never;
  }
}

/**
 * The same as entries of a service binding. servicebinding.io names none for an identity, and azure-workload-identity injects the ids of a managed one;
 * a service principal has no other way to its secret. Entries are lower case with dashes: https://servicebinding.io/spec/core/1.1.0/#workload-projection.
 */
export function bindingIdentitySettings(input: IdentityInput): Settings {
  if (input.identityType !== 'ServicePrincipal') return {};
  return { 'client-id': input.clientId, 'client-secret': revealedSecret(input), 'tenant-id': input.tenantId };
}

/** A value that Spring takes as it is. Spring puts another property's value in place of ${…}, and has no escape for it before 6.2. Throws SettingNotAllowed. */
export function springValue(what: string, value: string): string {
  if (!value.includes('${')) return value;
  throw new ConnectionError(
    'stalled',
    'SettingNotAllowed',
    `${what} contains "\${", which Spring would replace: choose another one, or another spec.output.clientType`,
  );
}

/** The secret of a service principal. */
export function revealedSecret({ clientSecret }: Pick<SettingsInput, 'clientSecret'>): string {
  if (!clientSecret) throw new Error('the settings of a service principal need its client secret');
  return clientSecret.reveal();
}
