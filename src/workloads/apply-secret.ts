import type { KubeClient } from '../runtime/kube-client.ts';
import type { Resource } from '../runtime/resource.ts';
import type { Cancellable } from '../targets/target.ts';
import { disowned, handedBack, isAdopted } from './adopted-secret.ts';
import { isOurSecret, planSecret, type Secret, type SecretObservation, type SecretStep, secretFor, secretName } from './secret.ts';
import type { Settings, WorkloadRequest } from './workload.ts';

export const secrets: Resource<Secret> = { apiVersion: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true };

/** Reads the Secrets that a connection may have settings in. */
export async function observeSecrets(client: KubeClient, request: WorkloadRequest, { signal }: Cancellable): Promise<SecretObservation> {
  const { namespace, formerSecret } = request;
  const name = secretName(request);
  const current = await client.get(secrets, { namespace, name }, { signal });
  const former =
    formerSecret && formerSecret !== name ? await client.get(secrets, { namespace, name: formerSecret }, { signal }) : undefined;
  return { current, former };
}

/** Carries out one step. Throws StatusError; a conflict when somebody changed the Secret at the same time. */
export async function applySecretStep(
  client: KubeClient,
  step: SecretStep,
  request: WorkloadRequest,
  settings: Settings,
  { signal }: Cancellable,
): Promise<void> {
  const { namespace } = request;
  switch (step.kind) {
    case 'create-secret':
      await client.create(secrets, secretFor(request, settings, undefined), { signal });
      break;
    case 'update-secret':
    case 'adopt-secret':
      await write(client, step.kind, request, settings, { signal });
      break;
    case 'delete-secret':
    case 'hand-back-secret':
      await letGo(client, { namespace, name: step.name }, request.uid, { signal });
      break;
    default:
      step satisfies never;
  }
}

/** Reads again and asks again, because a plan holds no values of the Secret and somebody may have put theirs in its place. */
async function write(
  client: KubeClient,
  kind: 'update-secret' | 'adopt-secret',
  request: WorkloadRequest,
  settings: Settings,
  { signal }: Cancellable,
): Promise<void> {
  const old = await client.get(secrets, { namespace: request.namespace, name: secretName(request) }, { signal });
  if (!old || !planSecret(request, settings, { current: old, former: undefined }).steps.some((step) => step.kind === kind)) return;
  await client.replace(secrets, secretFor(request, settings, old), { signal });
}

/** Deletes the Secrets that we made, and takes our settings out of those that were there before. */
export async function releaseSecrets(client: KubeClient, request: WorkloadRequest, { signal }: Cancellable): Promise<void> {
  const { namespace, uid, formerSecret } = request;
  for (const name of new Set([secretName(request), ...(formerSecret ? [formerSecret] : [])]))
    await letGo(client, { namespace, name }, uid, { signal });
}

async function letGo(
  client: KubeClient,
  key: { readonly namespace: string; readonly name: string },
  uid: string,
  { signal }: Cancellable,
): Promise<void> {
  const secret = await client.get(secrets, key, { signal });
  if (!secret || !isOurSecret(secret, uid)) return;
  if (isAdopted(secret)) await client.replace(secrets, handedBack(secret, uid), { signal });
  else await client.delete(secrets, key, { uid: secret.metadata.uid, signal });
}

/** Without what says that it is ours the Secret outlives the connection. */
export async function retainSecret(client: KubeClient, request: WorkloadRequest, { signal }: Cancellable): Promise<void> {
  const secret = await client.get(secrets, { namespace: request.namespace, name: secretName(request) }, { signal });
  if (!secret || !isOurSecret(secret, request.uid)) return;
  await client.replace(secrets, disowned(secret, request.uid), { signal });
}
