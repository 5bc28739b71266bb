import type { FederatedIdentityCredential } from '@azure/arm-msi';
import { ConnectionError } from '../api/connection-error.ts';
import { reasons } from '../api/reasons.ts';
import type { Arm, ArmCall, ArmOptions } from './arm.ts';
import { collectPages } from './arm-pipeline.ts';
import { described } from './identities.ts';
import type { ResourceId } from './resource-id.ts';

/** Whose tokens an identity takes for its own. Issuer and subject are compared byte for byte by Entra. */
export interface FederatedCredential {
  readonly name: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audiences: readonly string[];
}

/** How many an identity can have: https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations */
export const federatedCredentialLimit = 20;

const namePattern = /^[A-Za-z0-9][A-Za-z0-9_-]{2,119}$/;

/** All credentials of an identity, or undefined when the identity isn't there. Throws ConnectionError. */
export async function listFederatedCredentials(
  arm: Arm,
  id: ResourceId,
  options: ArmOptions,
): Promise<readonly FederatedCredential[] | undefined> {
  const client = await arm.identities(id.subscriptionId);
  const all = await arm.find(
    call(id, 'read'),
    (callOptions) => collectPages(client.federatedIdentityCredentials.list(id.resourceGroup, id.names[0], callOptions).byPage()),
    options,
  );
  return all?.map((credential) => checked(id, credential));
}

/**
 * Makes the credential, or changes the one of its name. Azure refuses writes to one identity side by side.
 * Throws ConnectionError: FederatedCredentialLimit when the identity is full, FederatedCredentialConflict when a credential of another name has the issuer and subject.
 */
export async function putFederatedCredential(
  arm: Arm,
  id: ResourceId,
  credential: FederatedCredential,
  options: ArmOptions,
): Promise<void> {
  demandName(credential.name);
  const { issuer, subject, audiences } = credential;
  const client = await arm.identities(id.subscriptionId);
  try {
    await arm.call(
      call(id, 'write'),
      (callOptions) =>
        client.federatedIdentityCredentials.createOrUpdate(
          id.resourceGroup,
          id.names[0],
          credential.name,
          { issuer, subject, audiences: [...audiences] },
          callOptions,
        ),
      options,
    );
  } catch (error) {
    throw reasonedRefusal(error, id) ?? error;
  }
}

/** Removes the credential of this name; one that isn't there is no error. Throws ConnectionError. */
export async function deleteFederatedCredential(arm: Arm, id: ResourceId, name: string, options: ArmOptions): Promise<void> {
  demandName(name);
  const client = await arm.identities(id.subscriptionId);
  await arm.find(
    call(id, 'delete'),
    (callOptions) => client.federatedIdentityCredentials.delete(id.resourceGroup, id.names[0], name, callOptions),
    options,
  );
}

function call(id: ResourceId, verb: 'read' | 'write' | 'delete'): ArmCall {
  const action = `Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/${verb}` as const;
  return { action, what: described(id), subscriptionId: id.subscriptionId };
}

function demandName(name: string): void {
  if (!namePattern.test(name)) throw new TypeError('a federated credential is named by 3 to 120 letters, digits, dashes and underscores');
}

function checked(id: ResourceId, { name, issuer, subject, audiences }: FederatedIdentityCredential): FederatedCredential {
  if (
    typeof name !== 'string' ||
    typeof issuer !== 'string' ||
    !Array.isArray(audiences) ||
    !audiences.every((each) => typeof each === 'string')
  ) {
    throw new ConnectionError(
      'waiting',
      reasons.AzureError,
      `Azure describes a federated credential of ${described(id)} in a way that is not understood`,
    );
  }
  // A credential with a matching expression has no subject: https://learn.microsoft.com/entra/workload-id/workload-identities-flexible-federated-identity-credentials
  return { name, issuer, subject: typeof subject === 'string' ? subject : '', audiences };
}

/** Azure has one status and no certain code for what is wrong with a credential, so that the text decides (azure-facts 4.2). */
function reasonedRefusal(error: unknown, id: ResourceId): ConnectionError | undefined {
  if (!(error instanceof ConnectionError)) return undefined;
  const { statusCode, message = '' } = (error.cause ?? {}) as { readonly statusCode?: number; readonly message?: string };
  if (statusCode !== 400) return undefined;
  if (/issuer and subject combination already exists/i.test(message)) {
    const text = `${described(id)} has a federated credential of another name for this service account: remove it`;
    return new ConnectionError('waiting', reasons.FederatedCredentialConflict, text, { cause: error.cause });
  }
  if (/(maximum|limit|quota|exceed|too many)/i.test(message)) {
    const text = `${described(id)} has all ${federatedCredentialLimit} federated credentials that Azure allows: remove one, or use another identity`;
    return new ConnectionError('waiting', reasons.FederatedCredentialLimit, text, { cause: error.cause });
  }
  return undefined;
}
