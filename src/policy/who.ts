import type { ConnectionSpec, PolicySpec } from '../api/spec.ts';
import { isGuid, type ResourceId } from '../azure/resource-id.ts';
import { matchesPattern } from './pattern.ts';
import type { Request } from './request.ts';
import { matchesAnyResource } from './resource-pattern.ts';
import { isSubscriptionIn } from './subscriptions.ts';

/** Every service account of the namespaces, and nothing else: what the CRD puts for workloads that are left out. */
const defaultWorkloads: NonNullable<PolicySpec['workloads']> = { serviceAccounts: ['*'] };

/** What in the workload a policy doesn't allow, after "but"; undefined when it allows it. */
export function refuseWorkload({ spec: { workload }, app }: Request, policy: PolicySpec, namespace: string): string | undefined {
  const { serviceAccounts, resourceIds } = policy.workloads ?? defaultWorkloads;
  if (app)
    return matchesAnyResource(resourceIds, app, namespace) ? undefined : `spec.workload.${app.kind}.resourceId is not among its workloads`;
  const name = workload.serviceAccount?.name;
  if (name !== undefined && serviceAccounts?.some((pattern) => allowsServiceAccount(pattern, name, namespace))) return undefined;
  const hint = name === 'default' ? ' ("*" doesn\'t mean default)' : '';
  return `spec.workload.serviceAccount.name ${JSON.stringify(name)} is not among its service accounts${hint}`;
}

/** What in the identity a policy doesn't allow, after "but"; undefined when it allows it. A system-assigned identity goes with its workload. */
export function refuseIdentity(request: Request, policy: PolicySpec, namespace: string): string | undefined {
  const { spec } = request;
  switch (spec.identity.type) {
    case 'SystemAssigned':
      return spec.workload.type === 'ServiceAccount' ? 'a Kubernetes service account has no system-assigned identity' : undefined;
    case 'UserAssigned':
      return refuseUserAssigned(request, policy, namespace);
    case 'ServicePrincipal':
      return refuseServicePrincipal(spec.identity.servicePrincipal, policy);
    default:
      spec.identity.type satisfies never;
      return 'spec.identity.type is none that a policy can allow';
  }
}

function refuseUserAssigned(request: Request, policy: PolicySpec, namespace: string): string | undefined {
  const named = request.spec.identity.userAssigned;
  const patterns = policy.identities?.userAssigned;
  if (request.identity) {
    if (!matchesAnyResource(patterns, request.identity, namespace))
      return 'spec.identity.userAssigned.resourceId is not among its identities';
    return named?.create && policy.identities?.create !== 'Allow'
      ? 'it does not allow an identity to be made, as spec.identity.userAssigned.create asks'
      : undefined;
  }
  if (!isGuid(named?.clientId) || !isGuid(named.subscriptionId)) return 'spec.identity.userAssigned names no identity';
  return allowsClientId(request.resolvedIdentity, named.subscriptionId, patterns, namespace)
    ? undefined
    : 'spec.identity.userAssigned.clientId is not that of one of its identities';
}

/** Until it is known which identity a client id means, a policy allows as much as a look for it in a subscription that the policy names. */
function allowsClientId(
  resolved: Request['resolvedIdentity'],
  subscriptionId: string,
  patterns: readonly string[] | undefined,
  namespace: string,
): boolean {
  if (resolved === undefined) return isSubscriptionIn(patterns, subscriptionId);
  if (resolved === 'absent') return false;
  return resolved.kind === 'userAssignedIdentity' && isIn(resolved, subscriptionId) && matchesAnyResource(patterns, resolved, namespace);
}

function isIn(id: ResourceId, subscriptionId: string): boolean {
  return id.subscriptionId.toLowerCase() === subscriptionId.toLowerCase();
}

function refuseServicePrincipal(named: ConnectionSpec['identity']['servicePrincipal'], policy: PolicySpec): string | undefined {
  const listed = policy.identities?.servicePrincipals?.some(
    ({ clientId, objectId }) => isSameGuid(clientId, named?.clientId) && isSameGuid(objectId, named?.objectId),
  );
  if (!listed) return 'spec.identity.servicePrincipal is not among its service principals (clientId and objectId are compared)';
  return policy.secretReferences === 'Allow' ? undefined : 'it does not allow spec.identity.servicePrincipal.clientSecretRef';
}

/** `default` is the account of every pod that names none, so that a policy must write it out. */
function allowsServiceAccount(pattern: string, name: string, namespace: string): boolean {
  return name === 'default' ? pattern === name : matchesPattern(pattern, name, namespace);
}

function isSameGuid(a: unknown, b: unknown): boolean {
  return isGuid(a) && isGuid(b) && a.toLowerCase() === b.toLowerCase();
}
