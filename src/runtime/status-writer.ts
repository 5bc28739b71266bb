import { isDeepStrictEqual } from 'node:util';
import type { KubernetesObject } from '../api/object-meta.ts';
import type { KubeClient } from './kube-client.ts';
import { keyOf, type Resource } from './resource.ts';
import { isInvalid, isNotFound } from './status-error.ts';
import type { Store } from './store.ts';

/**
 * Writes the status of this very object and of none that was made anew under its name: a JSON patch with a test of the uid, since server-side
 * apply and merge patches don't check it on /status (measured against kube-apiserver 1.36). At rest it writes nothing.
 */
export class StatusWriter<T extends KubernetesObject & { readonly status?: unknown }> {
  readonly #client: Pick<KubeClient, 'patchJson' | 'get'>;
  readonly #resource: Resource<T>;
  readonly #store: Pick<Store<T>, 'get'>;
  /** What was written over an object of the store, until the watch brings the next one. */
  readonly #written = new WeakMap<T, unknown>();

  constructor(options: {
    readonly client: Pick<KubeClient, 'patchJson' | 'get'>;
    readonly resource: Resource<T>;
    readonly store: Pick<Store<T>, 'get'>;
  }) {
    this.#client = options.client;
    this.#resource = options.resource;
    this.#store = options.store;
  }

  /**
   * Makes the status this one. `unchanged` means that no request was sent, `gone` that the object doesn't exist any more.
   *
   * @throws StatusError for everything else, invalid when the schema refuses the status
   */
  async write(
    object: T,
    status: NonNullable<T['status']>,
    options: { readonly signal: AbortSignal },
  ): Promise<'written' | 'unchanged' | 'gone'> {
    const key = keyOf(object);
    const stored = this.#store.get(key);
    const base = stored?.metadata.uid === object.metadata.uid ? stored : object;
    // as it comes back: JSON knows no undefined
    const wanted: unknown = JSON.parse(JSON.stringify(status));
    const known = this.#written.has(base) ? this.#written.get(base) : base.status;
    if (isDeepStrictEqual(known, wanted)) return 'unchanged';
    try {
      await this.#client.patchJson(
        this.#resource,
        key,
        [
          { op: 'test', path: '/metadata/uid', value: object.metadata.uid },
          { op: 'add', path: '/status', value: wanted },
        ],
        { subresource: 'status', signal: options.signal },
      );
    } catch (error) {
      if (isNotFound(error)) return 'gone';
      // the server doesn't tell a failing test from a refusing schema
      if (isInvalid(error) && !(await this.#exists(object, options))) return 'gone';
      throw error;
    }
    this.#written.set(base, wanted);
    return 'written';
  }

  async #exists(object: T, options: { readonly signal: AbortSignal }): Promise<boolean> {
    const current = await this.#client.get(this.#resource, keyOf(object), options);
    return current?.metadata.uid === object.metadata.uid;
  }
}
