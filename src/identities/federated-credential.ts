import { createHash } from 'node:crypto';
import { ConnectionError } from '../api/connection-error.ts';
import { inSync, type StagePlan, type Step } from '../api/step.ts';
import { type FederatedCredential, federatedCredentialLimit } from '../azure/federated-credentials.ts';
import { type ResourceId, resourcePath } from '../azure/resource-id.ts';
import type { Federation } from './identity.ts';

/** The audience of the tokens that azure-workload-identity projects, in every cloud (azure-workload-identity pkg/webhook/consts.go). */
export const tokenExchangeAudience = 'api://AzureADTokenExchange';

export type FederationStep = Step & { readonly identity: ResourceId; readonly credential: string } & (
    | { readonly kind: 'put-federated-credential'; readonly federation: Federation }
    | { readonly kind: 'delete-federated-credential' }
  );

/** The name under which we keep the credential of a service account: always the same, so that it is also the mark. */
export function credentialName(federation: Federation): string {
  const hash = createHash('sha256').update(`${federation.issuer}\n${federation.subject}`).digest('hex').slice(0, 24);
  return `dbaccess-${hash}`;
}

/** Whether a credential lets tokens of this federation in, whoever made it. Entra compares byte for byte. */
export function admits(credential: FederatedCredential, federation: Federation): boolean {
  return (
    credential.issuer === federation.issuer &&
    credential.subject === federation.subject &&
    credential.audiences.length === 1 &&
    credential.audiences[0] === tokenExchangeAudience
  );
}

/**
 * The credential that is ours to change: it has our name, and is for this service account or was made by hand into something that it can't have been by us.
 * A credential of that name for another subject of another issuer can only be a forgery or a collision, and is left alone.
 */
export function isOurCredential(credential: FederatedCredential, federation: Federation): boolean {
  return credential.name === credentialName(federation) && credential.subject === federation.subject;
}

/** What is to be done so that the identity accepts tokens of this federation. Throws FederatedCredentialLimit and FederatedCredentialConflict. */
export function planFederation(
  identity: ResourceId,
  credentials: readonly FederatedCredential[],
  federation: Federation,
): StagePlan<FederationStep> {
  if (credentials.some((credential) => admits(credential, federation))) return inSync;
  const name = credentialName(federation);
  const holder = credentials.find((credential) => credential.name === name);
  if (holder && !isOurCredential(holder, federation)) {
    throw new ConnectionError(
      'waiting',
      'FederatedCredentialConflict',
      `the federated credential "${name}" of the identity is for another subject: remove it, then the operator makes it anew`,
    );
  }
  if (!holder && credentials.length >= federatedCredentialLimit) {
    throw new ConnectionError(
      'waiting',
      'FederatedCredentialLimit',
      `the identity has ${credentials.length} federated credentials, and Azure allows ${federatedCredentialLimit}: remove one, or use another identity`,
    );
  }
  const summary = `PUT ${resourcePath(identity)}/federatedIdentityCredentials/${name} (subject ${federation.subject})`;
  return {
    steps: [{ stage: 'identity', kind: 'put-federated-credential', identity, credential: name, federation, summary }],
    findings: [],
  };
}
