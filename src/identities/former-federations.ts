import type { Step } from '../api/step.ts';
import type { FederatedCredential } from '../azure/federated-credentials.ts';
import type { AzureCalls } from '../azure/reads.ts';
import { type ResourceId, resourcePath, sameResource } from '../azure/resource-id.ts';
import type { Cancellable } from '../targets/target.ts';
import { isOurCredential } from './federated-credential.ts';
import type { FormerFederation } from './identity.ts';

/** The calls to Azure that it takes to end federations. */
export type FederationCalls = Pick<AzureCalls, 'listFederatedCredentials' | 'deleteFederatedCredential'>;

export type FederationDeletion = Step & {
  readonly kind: 'delete-federated-credential';
  readonly identity: ResourceId;
  readonly credential: string;
};

/** A credential of ours, and the identity that it is on. */
export interface FoundFederation {
  readonly identity: ResourceId;
  readonly credential: FederatedCredential;
}

/** The credentials of ours that are left of these federations. */
export async function findFederations(
  calls: FederationCalls,
  federations: readonly FormerFederation[],
  { signal }: Cancellable,
): Promise<readonly FoundFederation[]> {
  const found = await Promise.all(
    federations.map(async ({ identity, federation }) => {
      const credentials = await calls.listFederatedCredentials(identity, { signal });
      return credentials.filter((credential) => isOurCredential(credential, federation)).map((credential) => ({ identity, credential }));
    }),
  );
  return found.flat();
}

/** Ends these federations as far as they are there. */
export async function endFederations(
  calls: FederationCalls,
  federations: readonly FormerFederation[],
  { signal }: Cancellable,
): Promise<void> {
  for (const { identity, credential } of await findFederations(calls, federations, { signal }))
    await calls.deleteFederatedCredential(identity, credential.name, { signal });
}

export function federationDeletion({ identity, credential: { name } }: FoundFederation): FederationDeletion {
  const summary = `DELETE ${resourcePath(identity)}/federatedIdentityCredentials/${name}`;
  return { stage: 'identity', kind: 'delete-federated-credential', identity, credential: name, summary };
}

/** Whether both are the same credential of the same identity. */
export function isSameFederation(a: FormerFederation, b: FormerFederation): boolean {
  return sameResource(a.identity, b.identity) && a.federation.subject === b.federation.subject;
}
