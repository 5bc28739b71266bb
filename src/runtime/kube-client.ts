import type { Dispatcher } from 'undici';
import type { KubernetesObject } from '../api/object-meta.ts';
import type { Clock } from './clock.ts';
import { Deadline, isDeadlineExceeded } from './deadline.ts';
import { jsonLines } from './json-lines.ts';
import type { CallOptions, DeleteOptions, ListOptions, ListPage, PatchOperation, Unsaved, WatchEvent, WatchOptions } from './kube-calls.ts';
import type { KubeTransport, TransportRequest } from './kube-transport.ts';
import type { RuntimeMetrics } from './metrics.ts';
import { keyOf, type ObjectKey, type Resource, resourcePath } from './resource.ts';
import { isNotFound, isStatusError, StatusError, statusErrorFromAnswer, statusErrorFromEvent } from './status-error.ts';
import { Watchdog } from './watchdog.ts';

const defaultDeadlineInMs = 30_000;
const defaultPageSize = 500;

/**
 * The Kubernetes API as plain JSON in and out. Nothing is tried again here: waiting is the queue's and the reflector's business.
 * Every call throws StatusError, or the signal's reason when the caller gave up. Objects of a list carry apiVersion and kind like all others.
 * Paths, verbs and parameters: https://kubernetes.io/docs/reference/using-api/api-concepts/
 */
export class KubeClient {
  readonly #transport: KubeTransport;
  readonly #clock: Clock;
  readonly #metrics: RuntimeMetrics;

  constructor(options: { readonly transport: KubeTransport; readonly clock: Clock; readonly metrics: RuntimeMetrics }) {
    this.#transport = options.transport;
    this.#clock = options.clock;
    this.#metrics = options.metrics;
  }

  /** The object, or undefined when it isn't there. */
  async get<T extends KubernetesObject>(resource: Resource<T>, key: ObjectKey, options: CallOptions): Promise<T | undefined> {
    try {
      return (await this.#json({ method: 'GET', path: resourcePath(resource, key) }, options)) as T;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** All objects, page by page; the deadline is for each page. Throws an expired StatusError when a later page comes too late: list anew. */
  async *listPages<T extends KubernetesObject>(resource: Resource<T>, options: ListOptions): AsyncGenerator<ListPage<T>, void, undefined> {
    let next: string | undefined;
    do {
      const query = new URLSearchParams({ limit: String(options.limit ?? defaultPageSize), ...selectors(options) });
      if (next !== undefined) query.set('continue', next);
      const answer = await this.#json({ method: 'GET', path: `${resourcePath(resource, namespaceOf(options))}?${query}` }, options);
      const page = asList<T>(answer);
      next = page.metadata.continue || undefined;
      const { apiVersion, kind } = resource;
      yield { items: page.items.map((item) => ({ ...item, apiVersion, kind })), resourceVersion: page.metadata.resourceVersion };
    } while (next !== undefined);
  }

  /**
   * What happens after a resource version, bookmarks included; ends when the server ends it.
   *
   * @throws StatusError also for an ERROR event in the stream, `DeadlineExceeded` when nothing was heard for too long
   */
  async *watch<T extends KubernetesObject>(resource: Resource<T>, options: WatchOptions): AsyncGenerator<WatchEvent<T>, void, undefined> {
    using watchdog = new Watchdog({ clock: this.#clock, limitInMs: options.inactivityInMs, parent: options.signal });
    const query = new URLSearchParams({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: options.resourceVersion,
      timeoutSeconds: String(options.timeoutInSeconds),
      ...selectors(options),
    });
    const path = `${resourcePath(resource, namespaceOf(options))}?${query}`;
    const answer = await this.#send({ method: 'GET', path, signal: watchdog.signal }, 'WATCH', options.signal);
    try {
      for await (const line of jsonLines(answer.body, () => watchdog.heard())) yield this.#eventOf<T>(line);
    } catch (error) {
      throw this.#unanswered(error, options.signal, watchdog.signal);
    } finally {
      answer.body.destroy();
    }
  }

  async create<T extends KubernetesObject>(resource: Resource<T>, object: Unsaved<T>, options: CallOptions): Promise<T> {
    const path = resourcePath(resource, namespaceOf(object.metadata));
    return (await this.#json({ method: 'POST', path, contentType: 'application/json', body: JSON.stringify(object) }, options)) as T;
  }

  /** Replaces the whole object; the server refuses a resourceVersion that isn't the last one. */
  async replace<T extends KubernetesObject>(resource: Resource<T>, object: T, options: CallOptions): Promise<T> {
    const path = resourcePath(resource, keyOf(object));
    return (await this.#json({ method: 'PUT', path, contentType: 'application/json', body: JSON.stringify(object) }, options)) as T;
  }

  /** All operations or none: a `test` that doesn't hold makes it fail with an invalid StatusError. */
  async patchJson<T extends KubernetesObject>(
    resource: Resource<T>,
    key: ObjectKey,
    operations: readonly PatchOperation[],
    options: CallOptions & { readonly subresource?: string },
  ): Promise<T> {
    const path = resourcePath(resource, { ...key, ...(options.subresource === undefined ? {} : { subresource: options.subresource }) });
    const body = JSON.stringify(operations);
    return (await this.#json({ method: 'PATCH', path, contentType: 'application/json-patch+json', body }, options)) as T;
  }

  /**
   * Server-side apply. It creates a missing object, unless `metadata.uid` is given, and then also refuses one that was made anew.
   * Write a Secret's `data`: keys of `stringData` that are left out later would stay.
   * https://kubernetes.io/docs/reference/using-api/server-side-apply/
   */
  async apply<T extends KubernetesObject>(
    resource: Resource<T>,
    object: Unsaved<T>,
    options: CallOptions & { readonly fieldManager: string; readonly force?: boolean },
  ): Promise<T> {
    const query = new URLSearchParams({ fieldManager: options.fieldManager, force: String(options.force ?? false) });
    const path = `${resourcePath(resource, { namespace: object.metadata.namespace ?? '', name: object.metadata.name })}?${query}`;
    return (await this.#json(
      { method: 'PATCH', path, contentType: 'application/apply-patch+yaml', body: JSON.stringify(object) },
      options,
    )) as T;
  }

  /** Succeeds when the object isn't there. @throws StatusError a conflict when a precondition doesn't hold */
  async delete(resource: Resource, key: ObjectKey, options: DeleteOptions): Promise<void> {
    const preconditions = {
      ...(options.uid === undefined ? {} : { uid: options.uid }),
      ...(options.resourceVersion === undefined ? {} : { resourceVersion: options.resourceVersion }),
    };
    const body = JSON.stringify({ apiVersion: 'v1', kind: 'DeleteOptions', preconditions, propagationPolicy: 'Background' });
    try {
      await this.#json({ method: 'DELETE', path: resourcePath(resource, key), contentType: 'application/json', body }, options);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** The JSON of any path, for what isn't an object: discovery documents, versions. */
  async raw(path: string, options: CallOptions): Promise<unknown> {
    return this.#json({ method: 'GET', path }, options);
  }

  async #json(request: Omit<TransportRequest, 'signal'>, options: CallOptions): Promise<unknown> {
    const afterInMs = options.deadlineInMs ?? defaultDeadlineInMs;
    using deadline = new Deadline({
      clock: this.#clock,
      afterInMs,
      parent: options.signal,
      what: `${request.method} ${pathOnly(request.path)}`,
    });
    const answer = await this.#send({ ...request, signal: deadline.signal }, request.method, options.signal);
    try {
      return await answer.body.json();
    } catch (error) {
      if (error instanceof SyntaxError) throw malformed();
      throw this.#unanswered(error, options.signal, deadline.signal);
    }
  }

  /** An answer whose status says that it went well. */
  async #send(request: TransportRequest, verb: string, caller: AbortSignal): Promise<Dispatcher.ResponseData> {
    caller.throwIfAborted();
    const startedAt = this.#clock.now();
    const { host } = this.#transport;
    let answer: Dispatcher.ResponseData;
    try {
      answer = await this.#transport.send(request);
    } catch (error) {
      this.#metrics.requests.inc({ code: '<error>', method: request.method, host });
      throw this.#unanswered(error, caller, request.signal);
    }
    this.#metrics.requests.inc({ code: String(answer.statusCode), method: request.method, host });
    this.#metrics.requestSeconds.observe({ verb, host }, (this.#clock.now() - startedAt) / 1000);
    if (answer.statusCode >= 200 && answer.statusCode < 300) return answer;
    const header = answer.headers['retry-after'];
    const body = await answer.body.json().catch(() => undefined);
    const retryAfter = Array.isArray(header) ? header[0] : header;
    throw statusErrorFromAnswer({ status: answer.statusCode, retryAfter, body, now: this.#clock.now() });
  }

  /** What to throw for a call that ended without an answer. */
  #unanswered(error: unknown, caller: AbortSignal, own: AbortSignal): unknown {
    if (caller.aborted) return caller.reason;
    if (isStatusError(error)) return error;
    if (isDeadlineExceeded(own.reason)) return new StatusError(0, 'DeadlineExceeded', own.reason.message, { cause: own.reason });
    if (error instanceof SyntaxError) return malformed();
    const code = (error as NodeJS.ErrnoException).code ?? (error as Error).name;
    return new StatusError(0, 'Unreachable', `no answer from the API server at ${this.#transport.host} (${code})`, { cause: error });
  }

  #eventOf<T>(line: unknown): WatchEvent<T> {
    const { type, object } = line as { readonly type?: string; readonly object?: unknown };
    switch (type) {
      case 'ADDED':
      case 'MODIFIED':
      case 'DELETED':
        return { type, object: object as T };
      case 'BOOKMARK':
        return { type, resourceVersion: (object as KubernetesObject).metadata.resourceVersion };
      case 'ERROR':
        throw statusErrorFromEvent(object, this.#clock.now());
      default:
        throw malformed();
    }
  }
}

interface List<T> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly T[];
}

function asList<T>(answer: unknown): List<T> {
  const list = answer as Partial<List<T>> | null;
  // an empty list may come as null
  const items = list?.items ?? [];
  if (typeof list?.metadata?.resourceVersion !== 'string' || !Array.isArray(items)) throw malformed();
  return { metadata: list.metadata, items };
}

function malformed(): StatusError {
  return new StatusError(0, 'MalformedAnswer', 'the API server answered with something that it should not');
}

function namespaceOf(options: { readonly namespace?: string | undefined }): { readonly namespace?: string } {
  return options.namespace ? { namespace: options.namespace } : {};
}

function selectors(options: { readonly labelSelector?: string; readonly fieldSelector?: string }): Record<string, string> {
  return {
    ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
    ...(options.fieldSelector === undefined ? {} : { fieldSelector: options.fieldSelector }),
  };
}

const pathOnly = (path: string) => path.split('?', 1)[0] ?? path;
