import {
  clientIdAnnotation,
  createdAnnotation,
  managedByLabel,
  operatorName,
  tenantIdAnnotation,
  writtenClientIdAnnotation,
} from '../api/names.ts';
import type { ConnectionSpec } from '../api/spec.ts';
import type { StagePlan, Step } from '../api/step.ts';
import type { ResolvedIdentity } from '../identities/identity.ts';
import type { KubeClient } from '../runtime/kube-client.ts';
import type { Resource } from '../runtime/resource.ts';
import { Serial } from '../runtime/serial.ts';
import type { ApplyOptions, Cancellable } from '../targets/target.ts';
import { applySecretStep, observeSecrets, releaseSecrets, retainSecret } from './apply-secret.ts';
import { accountName, planAccount, type ServiceAccount, type ServiceAccountStep } from './plan-service-account.ts';
import { planSecret, type SecretObservation, type SecretStep } from './secret.ts';
import type { Settings, WorkloadContext, WorkloadKind, WorkloadRequest } from './workload.ts';

const serviceAccounts: Resource<ServiceAccount> = { apiVersion: 'v1', kind: 'ServiceAccount', plural: 'serviceaccounts', namespaced: true };

/** Kubernetes service accounts: annotated for azure-workload-identity, with their settings in a Secret. */
export function createServiceAccountWorkload(client: KubeClient): WorkloadKind {
  /** Connections of one service account write the same at the same time. */
  const writers = new Serial();
  return { type: 'ServiceAccount', describe, observeIdentity, planIdentity, observeSettings, planSettings, apply, detach, release, retain };

  async function observeIdentity(request: WorkloadRequest, { signal }: Cancellable): Promise<ServiceAccount | undefined> {
    return await client.get(serviceAccounts, { namespace: request.namespace, name: accountName(request) }, { signal });
  }

  async function observeSettings(request: WorkloadRequest, { signal }: Cancellable): Promise<SecretObservation> {
    return await observeSecrets(client, request, { signal });
  }

  async function apply(
    steps: readonly Step[],
    request: WorkloadRequest,
    { identity, settings }: WorkloadContext,
    { beforeStep, signal }: ApplyOptions,
  ): Promise<void> {
    for (const step of steps as readonly (ServiceAccountStep | SecretStep)[]) {
      beforeStep(step);
      switch (step.kind) {
        case 'create-service-account':
          await writers.run(keyOf(request), () => createAccount(request, identity, { signal }), { signal });
          break;
        case 'annotate-service-account':
          await writers.run(keyOf(request), () => annotate(request, identity, step, { signal }), { signal });
          break;
        case 'clear-service-account':
          await writers.run(keyOf(request), () => clear(request, identity, { signal }), { signal });
          break;
        default:
          await applySecretStep(client, step, request, settings, { signal });
      }
    }
  }

  /** Another connection of the service account may have been first. */
  async function createAccount(request: WorkloadRequest, identity: ResolvedIdentity, { signal }: Cancellable): Promise<void> {
    if (!(await observeIdentity(request, { signal }))) await client.create(serviceAccounts, newAccount(request, identity), { signal });
  }

  /** Reads again and asks again, because somebody may have put another identity there meanwhile. */
  async function annotate(
    request: WorkloadRequest,
    identity: ResolvedIdentity,
    step: ServiceAccountStep & { kind: 'annotate-service-account' },
    { signal }: Cancellable,
  ): Promise<void> {
    const account = await client.get(serviceAccounts, { namespace: request.namespace, name: step.name }, { signal });
    if (!account || planAccount(request, identity, account).steps.length === 0) return;
    const annotations = { ...account.metadata.annotations, ...identityAnnotations(step) };
    await client.replace(serviceAccounts, { ...account, metadata: { ...account.metadata, annotations } }, { signal });
  }

  /** A service account's way to its identity is the federation, which is not on the account. */
  async function detach(): Promise<void> {}

  /** Reads again and asks again, as above. */
  async function clear(request: WorkloadRequest, identity: ResolvedIdentity, { signal }: Cancellable): Promise<void> {
    const account = await observeIdentity(request, { signal });
    if (!account || planAccount(request, identity, account).steps.length === 0) return;
    const isMade = account.metadata.annotations?.[createdAnnotation] === 'true';
    const kept = Object.entries(account.metadata.annotations ?? {}).filter(
      ([key]) => (isMade && (key === createdAnnotation || key === writtenClientIdAnnotation)) || !isOurAnnotation(key, true),
    );
    const metadata = { ...account.metadata, annotations: Object.fromEntries(kept) };
    await client.replace(serviceAccounts, { ...account, metadata }, { signal });
  }

  async function release(request: WorkloadRequest, { signal }: Cancellable): Promise<void> {
    await releaseSecrets(client, request, { signal });
    if (request.sharedWith === 'nobody') await releaseAccount(request, { signal });
  }

  async function retain(request: WorkloadRequest, { signal }: Cancellable): Promise<void> {
    await retainSecret(client, request, { signal });
  }

  async function releaseAccount(request: WorkloadRequest, { signal }: Cancellable): Promise<void> {
    const { namespace } = request;
    const account = await client.get(serviceAccounts, { namespace, name: accountName(request) }, { signal });
    const { annotations = {} } = account?.metadata ?? {};
    if (!account || annotations[writtenClientIdAnnotation] === undefined) return;
    if (annotations[createdAnnotation] === 'true') {
      await client.delete(serviceAccounts, { namespace, name: account.metadata.name }, { uid: account.metadata.uid, signal });
      return;
    }
    const ours = annotations[clientIdAnnotation] === annotations[writtenClientIdAnnotation];
    const left = Object.fromEntries(Object.entries(annotations).filter(([key]) => !isOurAnnotation(key, ours)));
    await client.replace(serviceAccounts, { ...account, metadata: { ...account.metadata, annotations: left } }, { signal });
  }
}

function keyOf(request: WorkloadRequest): string {
  return `${request.namespace}/${accountName(request)}`;
}

function planIdentity(request: WorkloadRequest, identity: ResolvedIdentity, observation: unknown): StagePlan<ServiceAccountStep> {
  return planAccount(request, identity, observation as ServiceAccount | undefined);
}

function describe(spec: ConnectionSpec['workload']): string {
  return `ServiceAccount/${spec.serviceAccount?.name}`;
}

function planSettings(request: WorkloadRequest, settings: Settings, observation: unknown): StagePlan<SecretStep> {
  return planSecret(request, settings, observation as SecretObservation);
}

function newAccount(request: WorkloadRequest, identity: ResolvedIdentity): ServiceAccount {
  const annotations = {
    ...(identity.clientSecret ? { [writtenClientIdAnnotation]: identity.clientId } : identityAnnotations(identity)),
    [createdAnnotation]: 'true',
  };
  const metadata = { name: accountName(request), namespace: request.namespace, labels: { [managedByLabel]: operatorName }, annotations };
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata as unknown as ServiceAccount['metadata'] };
}

function identityAnnotations({ clientId, tenantId }: Pick<ResolvedIdentity, 'clientId' | 'tenantId'>): Record<string, string> {
  return { [clientIdAnnotation]: clientId, [tenantIdAnnotation]: tenantId, [writtenClientIdAnnotation]: clientId };
}

function isOurAnnotation(key: string, clientIdIsOurs: boolean): boolean {
  return (
    key === writtenClientIdAnnotation ||
    key === createdAnnotation ||
    (clientIdIsOurs && (key === clientIdAnnotation || key === tenantIdAnnotation))
  );
}
