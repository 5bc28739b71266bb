import { type Clock, systemClock } from '../../src/runtime/clock.ts';
import type { Log } from './cache.ts';
import { type ApiResource, discover, pathOf } from './control-plane/discovery.ts';
import { ApiError, type KubernetesApi } from './control-plane/kubernetes-api.ts';

interface Options {
  readonly api: KubernetesApi;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

interface Metadata {
  readonly name: string;
  readonly uid: string;
  readonly deletionTimestamp?: string;
}

interface Namespace {
  readonly metadata: Metadata;
  readonly spec: { readonly finalizers?: readonly string[] };
}

const emptyCheckInMs = 250;
const retryInMs = 1000;

/**
 * Does the namespace controller's part, since the control plane has none: until the signal is aborted it empties each namespace that is being deleted, waits for the objects whose finalizers belong to others,
 * and lets the namespace go (https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/). Resolves on abort; what fails is logged and tried again.
 */
export async function finalizeNamespaces({ api, log, signal, clock = systemClock }: Options): Promise<void> {
  const atWork = new Map<string, Promise<void>>();
  const take = (namespace: Namespace) => {
    const { name, uid, deletionTimestamp } = namespace.metadata;
    if (!deletionTimestamp || atWork.has(uid)) return;
    const work = untilDone(`ending namespace ${name}`, () => finalize(name, { api, clock, signal }), { clock, log, signal });
    atWork.set(
      uid,
      work.finally(() => atWork.delete(uid)),
    );
  };
  await untilDone('watching namespaces', () => watchNamespaces(take, { api, signal }), { clock, log, signal });
  await Promise.all(atWork.values());
}

/** Runs an effect until it succeeds or the signal is aborted. */
async function untilDone(
  doing: string,
  effect: () => Promise<void>,
  { clock, log, signal }: { readonly clock: Clock; readonly log: Log; readonly signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    try {
      return await effect();
    } catch (error) {
      if (signal.aborted) return;
      log(`${doing}: ${(error as Error).message}; trying again`);
      await clock.sleep(retryInMs, signal).catch(() => undefined);
    }
  }
}

/** Hands every namespace to `take`, now and when it changes. Only ends by throwing. */
async function watchNamespaces(
  take: (namespace: Namespace) => void,
  { api, signal }: { readonly api: KubernetesApi; readonly signal: AbortSignal },
): Promise<void> {
  for (;;) {
    const list = await api.request('GET', '/api/v1/namespaces', {}, { signal });
    for (const namespace of list.items) take(namespace);
    for await (const event of api.watch(`/api/v1/namespaces?watch=true&resourceVersion=${list.metadata.resourceVersion}`, { signal })) {
      if (event.type === 'ERROR') break; // too old: list anew
      if (event.type === 'ADDED' || event.type === 'MODIFIED') take(event.object);
    }
  }
}

async function finalize(
  name: string,
  { api, clock, signal }: { readonly api: KubernetesApi; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  const contents = (await discover(api, { signal })).filter(
    ({ namespaced, verbs }) => namespaced && verbs.includes('list') && verbs.includes('delete'),
  );
  for (;;) {
    const left = await Promise.all(contents.map((resource) => deleteAll(resource, name, { api, signal })));
    if (left.every((count) => count === 0)) break;
    await clock.sleep(emptyCheckInMs, signal);
  }
  const path = `/api/v1/namespaces/${encodeURIComponent(name)}`;
  const { status, body: namespace } = await api.answer('GET', path, {}, { signal });
  if (status === 404) return;
  const finalizers = ((namespace as Namespace).spec.finalizers ?? []).filter((each) => each !== 'kubernetes');
  await api.request('PUT', `${path}/finalize`, { body: { ...namespace, spec: { ...namespace.spec, finalizers } } }, { signal });
}

/** Asks for the deletion of what has not been asked for yet, and counts the objects that are still there. */
async function deleteAll(
  resource: ApiResource,
  namespace: string,
  { api, signal }: { readonly api: KubernetesApi; readonly signal: AbortSignal },
): Promise<number> {
  const list = await api.request('GET', pathOf(resource, namespace), { accept: metadataOnly }, { signal });
  const objects: readonly { readonly metadata: Metadata }[] = list.items ?? []; // null when there are none
  for (const { metadata } of objects) {
    if (metadata.deletionTimestamp) continue;
    const path = pathOf(resource, namespace, metadata.name);
    // There is no kubelet that could end a pod gracefully.
    const answer = await api.answer('DELETE', path, { body: { gracePeriodSeconds: 0, propagationPolicy: 'Background' } }, { signal });
    if (answer.status >= 300 && answer.status !== 404) throw new ApiError('DELETE', path, answer);
  }
  return objects.length;
}

const metadataOnly = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
