import type { KubernetesObject } from '../api/object-meta.ts';
import type { PatchOperation } from './kube-calls.ts';
import type { KubeClient } from './kube-client.ts';
import { keyOf, type Resource } from './resource.ts';
import { isInvalid, isNotFound } from './status-error.ts';

type Client = Pick<KubeClient, 'patchJson' | 'get'>;

export function hasFinalizer(object: KubernetesObject, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) ?? false;
}

/**
 * The patch that adds a finalizer to an object as it was seen: it fails when the list has changed since, so that it neither replaces the
 * finalizer of another controller nor puts ours in twice.
 */
export function addFinalizerPatch(object: KubernetesObject, finalizer: string): readonly PatchOperation[] {
  const { uid, finalizers } = object.metadata;
  return [
    { op: 'test', path: '/metadata/uid', value: uid },
    // a member that isn't there equals null: https://github.com/evanphx/json-patch (v4 Patch.test)
    { op: 'test', path: '/metadata/finalizers', value: finalizers ?? null },
    { op: 'add', path: '/metadata/finalizers', value: [...(finalizers ?? []), finalizer] },
  ];
}

/** The patch that takes a finalizer away from where it was seen: it fails when anything else stands there by now. Undefined when it isn't there. */
export function removeFinalizerPatch(object: KubernetesObject, finalizer: string): readonly PatchOperation[] | undefined {
  const index = object.metadata.finalizers?.indexOf(finalizer) ?? -1;
  if (index < 0) return undefined;
  const path = `/metadata/finalizers/${index}`;
  return [
    { op: 'test', path: '/metadata/uid', value: object.metadata.uid },
    { op: 'test', path, value: finalizer },
    { op: 'remove', path },
  ];
}

/**
 * Adds the finalizer, and answers the object as it is then; undefined when that very object is gone or being deleted, which allows no more finalizers.
 *
 * @throws StatusError when the server refuses it, or when others change the list faster than we can read it
 */
export async function addFinalizer<T extends KubernetesObject>(
  client: Client,
  resource: Resource<T>,
  object: T,
  finalizer: string,
  options: { readonly signal: AbortSignal },
): Promise<T | undefined> {
  return patchAsSeen(client, resource, object, options, (seen) => {
    if (hasFinalizer(seen, finalizer)) return 'settled';
    return seen.metadata.deletionTimestamp === undefined ? addFinalizerPatch(seen, finalizer) : 'impossible';
  });
}

/**
 * Removes the finalizer, and nobody else's. Succeeds when it, or that very object, isn't there.
 *
 * @throws StatusError when the server refuses it, or when others change the list faster than we can read it
 */
export async function removeFinalizer<T extends KubernetesObject>(
  client: Client,
  resource: Resource<T>,
  object: T,
  finalizer: string,
  options: { readonly signal: AbortSignal },
): Promise<void> {
  await patchAsSeen(client, resource, object, options, (seen) => removeFinalizerPatch(seen, finalizer) ?? 'settled');
}

const attempts = 3;

/** Sends the patch made from the object as it was seen; when it doesn't fit any more, from the object as it is now. */
async function patchAsSeen<T extends KubernetesObject>(
  client: Client,
  resource: Resource<T>,
  object: T,
  options: { readonly signal: AbortSignal },
  patchOf: (seen: T) => readonly PatchOperation[] | 'settled' | 'impossible',
): Promise<T | undefined> {
  const key = keyOf(object);
  let seen = object;
  for (let attempt = 1; ; attempt += 1) {
    const patch = patchOf(seen);
    if (patch === 'settled') return seen;
    if (patch === 'impossible') return undefined;
    try {
      return await client.patchJson(resource, key, patch, options);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      if (!isInvalid(error) || attempt === attempts) throw error;
    }
    const current = await client.get(resource, key, options);
    if (current?.metadata.uid !== object.metadata.uid) return undefined;
    seen = current;
  }
}
