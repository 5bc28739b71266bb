import { ConnectionError } from '../api/connection-error.ts';
import { clientIdAnnotation, tenantIdAnnotation, writtenClientIdAnnotation } from '../api/names.ts';
import type { KubernetesObject } from '../api/object-meta.ts';
import { inSync, type StagePlan, type Step } from '../api/step.ts';
import type { ResolvedIdentity } from '../identities/identity.ts';
import type { WorkloadRequest } from './workload.ts';

export type ServiceAccount = KubernetesObject;

export type ServiceAccountStep =
  | (Step & { readonly kind: 'create-service-account' | 'clear-service-account'; readonly name: string })
  | (Step & { readonly kind: 'annotate-service-account'; readonly name: string; readonly clientId: string; readonly tenantId: string });

/** What is to be done so that pods of the service account get this identity. Throws WorkloadNotFound and ServiceAccountNotOwned. */
export function planAccount(
  request: WorkloadRequest,
  identity: ResolvedIdentity,
  account: ServiceAccount | undefined,
): StagePlan<ServiceAccountStep> {
  const name = accountName(request);
  const { clientId, tenantId } = identity;
  if (!account) {
    if (!request.spec.serviceAccount?.createIfMissing) {
      throw new ConnectionError(
        'waiting',
        'WorkloadNotFound',
        `there is no service account "${name}" in this namespace: create it, or set spec.workload.serviceAccount.createIfMissing`,
      );
    }
    return {
      steps: [{ stage: 'identity', kind: 'create-service-account', name, summary: `create ServiceAccount ${request.namespace}/${name}` }],
      findings: [],
    };
  }
  if (identity.clientSecret) return planClearing(request, account);
  const { annotations = {} } = account.metadata;
  const found = annotations[clientIdAnnotation]?.toLowerCase();
  const foundTenant = annotations[tenantIdAnnotation]?.toLowerCase();
  const written = annotations[writtenClientIdAnnotation];
  if (written === undefined && found === clientId && (foundTenant ?? tenantId) === tenantId) return inSync;
  if (written === clientId && found === clientId && foundTenant === tenantId) return inSync;
  const foreign = written === undefined && found !== undefined;
  const contested = written !== undefined && written !== clientId && request.sharedWith === 'other-identity';
  if (foreign || contested) {
    throw new ConnectionError(
      'waiting',
      'ServiceAccountNotOwned',
      `service account "${name}" stands for another identity (annotation ${clientIdAnnotation}): remove the annotation, or use another service account`,
    );
  }
  const summary = `annotate ServiceAccount ${request.namespace}/${name}: ${clientIdAnnotation}=${clientId}, ${tenantIdAnnotation}=${tenantId}`;
  return { steps: [{ stage: 'identity', kind: 'annotate-service-account', name, clientId, tenantId, summary }], findings: [] };
}

/** Who signs in with a secret needs no federation, nor the annotations that we wrote for one. */
function planClearing({ namespace, sharedWith }: WorkloadRequest, { metadata }: ServiceAccount): StagePlan<ServiceAccountStep> {
  const { name, annotations = {} } = metadata;
  const written = annotations[writtenClientIdAnnotation];
  const isOurs = written !== undefined && annotations[clientIdAnnotation]?.toLowerCase() === written;
  if (!isOurs || sharedWith !== 'nobody') return inSync;
  const summary = `take ${clientIdAnnotation} and ${tenantIdAnnotation} off ServiceAccount ${namespace}/${name}`;
  return { steps: [{ stage: 'identity', kind: 'clear-service-account', name, summary }], findings: [] };
}

/** Name of a connection's service account. */
export function accountName(request: WorkloadRequest): string {
  const name = request.spec.serviceAccount?.name;
  if (name === undefined) throw new Error('a ServiceAccount workload without serviceAccount passed the API server');
  return name;
}
