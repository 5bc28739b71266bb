import type { KubernetesObject } from '../api/object-meta.ts';
import { Backoff, jittered } from './backoff.ts';
import type { Clock } from './clock.ts';
import type { KubeClient } from './kube-client.ts';
import type { Logger } from './logger.ts';
import type { RuntimeMetrics } from './metrics.ts';
import { keyOf, keyText, parseKey, type Resource } from './resource.ts';
import { isExpired, isForbidden, isStatusError, isThrottled, isUnanswered, isUnauthorized } from './status-error.ts';
import type { ObjectStore } from './store.ts';

/** Called after the store has changed. Handlers only put keys in queues: they are quick, synchronous and don't throw. */
export interface Handlers<T> {
  /** `origin` tells what a user just did (`watch`) from what was merely seen again (`list`). */
  upsert(old: T | undefined, current: T, origin: 'list' | 'watch'): void;
  delete(last: T): void;
}

export interface ReflectorOptions<T extends KubernetesObject> {
  readonly client: Pick<KubeClient, 'listPages' | 'watch'>;
  readonly resource: Resource<T>;
  readonly store: ObjectStore<T>;
  readonly handlers: Handlers<T>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: RuntimeMetrics;
  readonly namespace?: string;
  readonly labelSelector?: string;
  /** What is kept of an object; without managedFields unless told. */
  readonly transform?: (object: T) => T;
  readonly pageSize?: number;
  /** 290 ± 5 % unless told: below the five minutes after which many proxies cut a request. */
  readonly watchTimeoutInSeconds?: number;
  /** 100 s unless told. Bookmarks come about each minute, so less than 75 s would cut healthy watches. */
  readonly inactivityInMs?: number;
}

/** A watch that the server ended sooner than this, without an event, was refused rather than served. */
const shortWatchInMs = 1_000;
/** A failing watch that lived for so long was a healthy one before; less could also be a connection that can't be made. */
const longWatchInMs = 30_000;

/**
 * Keeps a store as the API server has the objects, by list and watch, until its signal. It resumes where it was after a dropped or silent watch, lists
 * anew when the server has forgotten that point, waits longer after each failure, and then reports also what was deleted in the meantime.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
export class Reflector<T extends KubernetesObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #backoff: Backoff;
  readonly #logger: Logger;
  /** Where to resume; undefined means to list anew. */
  #resourceVersion: string | undefined;
  #relist = new AbortController();

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#logger = options.logger.child({ reflector: options.resource.kind });
    this.#backoff = new Backoff({ baseInMs: 800, maxInMs: 30_000, jitter: 0.5, random: options.random });
  }

  /** Asks for one more complete list, soon. It counts in the store's completeLists when it came through. */
  relist(): void {
    this.#resourceVersion = undefined;
    this.#relist.abort(new Error('a new list was asked for'));
  }

  /** Resolves when the signal is aborted, and not before. */
  async run(options: { readonly signal: AbortSignal }): Promise<void> {
    const { clock } = this.#options;
    while (!options.signal.aborted) {
      const startedAt = clock.now();
      const relist = new AbortController();
      this.#relist = relist;
      const heard = { any: false };
      let failure: { readonly error: unknown } | undefined;
      try {
        this.#resourceVersion ??= await this.#list(options.signal);
        await this.#watch(this.#resourceVersion, heard, AbortSignal.any([options.signal, relist.signal]));
      } catch (error) {
        failure = { error };
      }
      if (options.signal.aborted) return;
      if (relist.signal.aborted) {
        this.#resourceVersion = undefined;
        continue;
      }
      const livedInMs = clock.now() - startedAt;
      if (heard.any || livedInMs >= (failure ? longWatchInMs : shortWatchInMs)) this.#backoff.forget('');
      if (failure) await this.#recover(failure.error, options.signal);
      else await this.#end(livedInMs, heard.any, options.signal);
    }
  }

  /** The server ended the watch as it was asked to. One that ends each watch at once must not be asked in a loop. */
  async #end(livedInMs: number, heardAny: boolean, signal: AbortSignal): Promise<void> {
    this.#count('ended');
    if (!heardAny && livedInMs < shortWatchInMs) await this.#pause(this.#backoff.next(''), signal);
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    this.#count(isStatusError(error) ? error.reason : 'Unknown');
    if (!canResume(error)) this.#resourceVersion = undefined;
    const retryAfterInMs = isStatusError(error) ? error.retryAfterInMs : undefined;
    const waitInMs = Math.max(this.#backoff.next(''), retryAfterInMs ?? 0);
    const relisting = this.#resourceVersion === undefined;
    const level = isExpired(error) ? 'info' : 'warn';
    this.#logger.log(level, 'list and watch was interrupted', { error, waitInMs, relisting });
    await this.#pause(waitInMs, signal);
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    // aborted is told by the loop's condition
    await this.#options.clock.sleep(ms, signal).catch(() => {});
  }

  /** Takes a whole list into the store and answers its resource version. What isn't in it was deleted. */
  async #list(signal: AbortSignal): Promise<string> {
    const { client, resource, store, metrics, clock } = this.#options;
    const { namespace, labelSelector, pageSize } = this.#options;
    const seen = new Set<string>();
    let resourceVersion = '';
    try {
      const pages = client.listPages(resource, {
        signal,
        ...(namespace === undefined ? {} : { namespace }),
        ...(labelSelector === undefined ? {} : { labelSelector }),
        ...(pageSize === undefined ? {} : { limit: pageSize }),
      });
      for await (const page of pages) {
        resourceVersion = page.resourceVersion;
        for (const item of page.items) {
          seen.add(keyText(keyOf(item)));
          this.#upsert(item, 'list');
        }
      }
    } catch (error) {
      metrics.lists.inc({ kind: resource.kind, result: 'error' });
      throw error;
    }
    const vanished = store.list(namespace).map((object) => keyText(keyOf(object)));
    for (const text of vanished) if (!seen.has(text)) this.#remove(text);
    store.markListed(clock.now());
    metrics.lists.inc({ kind: resource.kind, result: 'success' });
    metrics.storedObjects.set({ kind: resource.kind }, store.size);
    return resourceVersion;
  }

  async #watch(resourceVersion: string, heard: { any: boolean }, signal: AbortSignal): Promise<void> {
    const { client, resource, metrics, store, random, namespace, labelSelector } = this.#options;
    const events = client.watch(resource, {
      signal,
      resourceVersion,
      timeoutInSeconds: Math.round(jittered(this.#options.watchTimeoutInSeconds ?? 290, 0.05, random)),
      inactivityInMs: this.#options.inactivityInMs ?? 100_000,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
    });
    for await (const event of events) {
      // a list was asked for while this event was on its way: it must not look as if that list had been done
      if (signal.aborted) return;
      heard.any = true;
      switch (event.type) {
        case 'ADDED':
        case 'MODIFIED':
          this.#upsert(event.object, 'watch');
          this.#resourceVersion = event.object.metadata.resourceVersion;
          break;
        case 'DELETED':
          this.#remove(keyText(keyOf(event.object)), event.object);
          this.#resourceVersion = event.object.metadata.resourceVersion;
          break;
        case 'BOOKMARK':
          this.#resourceVersion = event.resourceVersion;
          break;
        default:
          event satisfies never;
      }
      metrics.storedObjects.set({ kind: resource.kind }, store.size);
    }
  }

  #upsert(object: T, origin: 'list' | 'watch'): void {
    const { store, handlers, transform = withoutManagedFields } = this.#options;
    const current = transform(object);
    const known = store.get(keyOf(current));
    // a new list shows mostly what is known; telling it again would be work for nothing
    if (known?.metadata.uid === current.metadata.uid && known.metadata.resourceVersion === current.metadata.resourceVersion) return;
    // deleted and made anew during a gap: who looks after the old one must hear of its end
    if (known !== undefined && known.metadata.uid !== current.metadata.uid) this.#remove(keyText(keyOf(known)));
    const old = store.set(current);
    this.#guarded(() => handlers.upsert(old, current, origin));
  }

  #remove(text: string, last?: T): void {
    const { store, handlers, transform = withoutManagedFields } = this.#options;
    const removed = store.remove(parseKey(text));
    if (removed === undefined) return;
    this.#guarded(() => handlers.delete(last === undefined ? removed : transform(last)));
  }

  /** A fault of a handler must not cost other objects their events. */
  #guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#logger.error('a handler threw', { error });
    }
  }

  #count(cause: string): void {
    this.#options.metrics.watchRestarts.inc({ kind: this.#options.resource.kind, cause });
  }
}

/**
 * Whether a failure says nothing about what was seen so far. All others, as 410 (too old) or 404 (the definition was deleted, perhaps to be made
 * anew with all objects gone), need a new list.
 */
function canResume(error: unknown): boolean {
  if (isStatusError(error) && error.reason === 'MalformedAnswer') return false;
  if (isUnanswered(error) || isThrottled(error) || isUnauthorized(error) || isForbidden(error)) return true;
  return isStatusError(error) && error.status >= 500;
}

function withoutManagedFields<T extends KubernetesObject>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata as T['metadata'] & { managedFields?: unknown };
  return { ...object, metadata };
}
