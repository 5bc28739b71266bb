import { isDeepStrictEqual } from 'node:util';
import type { KubernetesObject } from '../../../src/api/object-meta.ts';
import type { PatchOperation } from '../../../src/runtime/kube-calls.ts';
import { carryOut } from './json-patch.ts';

/** A request as the API server sees it. */
export interface ApiRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly body?: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

export type ApiObject = KubernetesObject & { readonly [field: string]: unknown };

/** What happened to an object, for those who watch. */
export interface ApiChange {
  readonly plural: string;
  readonly object: ApiObject;
  readonly gone: boolean;
}

/** Where an object is, or the collection when the name is left out. */
interface Place {
  readonly plural: string;
  readonly collection: string;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

/**
 * An API server in memory: objects by path, with uids, resource versions, generations, finalizers, label selectors, preconditions and JSON patches as the real one has them
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/). It knows no schemas and no permissions.
 */
export class MemoryKubernetes {
  readonly #objects = new Map<string, ApiObject>();
  readonly #watchers = new Set<(change: ApiChange) => void>();
  readonly #now: () => number;
  #version = 0;

  /** `now`: milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Told of every change from now on, until what is answered is called. */
  watch(watcher: (change: ApiChange) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** All objects, by path. */
  get objects(): ReadonlyMap<string, ApiObject> {
    return this.#objects;
  }

  list(plural: string): readonly ApiObject[] {
    return [...this.#objects].filter(([path]) => placeOf(path).plural === plural).map(([, object]) => object);
  }

  answer({ method, path, body = '{}' }: ApiRequest): ApiAnswer {
    const [bare = '', query] = path.split('?');
    const place = placeOf(bare);
    const object = place.name === undefined ? undefined : this.#objects.get(`${place.collection}/${place.name}`);
    const sent = JSON.parse(body);
    if (method === 'POST') return this.#create(place, sent);
    if (place.name === undefined) return this.#list(place, new URLSearchParams(query));
    if (!object) return failure(404, 'NotFound');
    switch (method) {
      case 'GET':
        return { status: 200, body: object };
      case 'PUT':
        return this.#replace(place, object, sent);
      case 'PATCH':
        return this.#patch(place, object, sent);
      case 'DELETE':
        return this.#delete(place, object, sent.preconditions ?? {});
      default:
        return failure(405, 'MethodNotAllowed');
    }
  }

  #list({ collection }: Place, query: URLSearchParams): ApiAnswer {
    const selector = (query.get('labelSelector') ?? '').split(',').filter(Boolean);
    const fits = ({ metadata: { labels = {} } }: ApiObject) =>
      selector.every((each) => labels[each.split('=')[0] ?? ''] === each.split('=')[1]);
    const items = [...this.#objects].filter(([path]) => path.startsWith(`${collection}/`)).map(([, object]) => object);
    return { status: 200, body: { metadata: { resourceVersion: String(this.#version) }, items: items.filter(fits) } };
  }

  #create(place: Place, sent: ApiObject): ApiAnswer {
    const path = `${place.collection}/${sent.metadata.name}`;
    if (this.#objects.has(path)) return failure(409, 'AlreadyExists');
    const next = this.#version + 1;
    const made = {
      uid: `00000000-0000-4000-8000-${String(next).padStart(12, '0')}`,
      generation: 1,
      creationTimestamp: new Date(this.#now()).toISOString(),
    };
    return this.#store(placeOf(path), { ...sent, metadata: { ...sent.metadata, ...made } }, 201);
  }

  #replace(place: Place, found: ApiObject, sent: ApiObject): ApiAnswer {
    const { uid, resourceVersion } = sent.metadata;
    if (uid !== undefined && uid !== found.metadata.uid) return failure(409, 'Conflict');
    if (resourceVersion !== undefined && resourceVersion !== found.metadata.resourceVersion) return failure(409, 'Conflict');
    const metadata = { ...sent.metadata, uid: found.metadata.uid, generation: found.metadata.generation };
    return this.#store(place, { ...sent, metadata });
  }

  #patch(place: Place, found: ApiObject, operations: readonly PatchOperation[]): ApiAnswer {
    const patched = structuredClone(found) as ApiObject & { status?: unknown };
    for (const operation of operations) if (!carryOut(operation, patched)) return failure(422, 'Invalid');
    if (place.subresource === 'status') return this.#store(place, { ...found, status: patched.status });
    return this.#store(place, { ...patched, status: found['status'] });
  }

  #delete(place: Place, found: ApiObject, wanted: { readonly uid?: string; readonly resourceVersion?: string }): ApiAnswer {
    const { uid, resourceVersion, finalizers = [], deletionTimestamp } = found.metadata;
    if ((wanted.uid ?? uid) !== uid || (wanted.resourceVersion ?? resourceVersion) !== resourceVersion) return failure(409, 'Conflict');
    if (finalizers.length === 0) return this.#remove(place, found);
    if (deletionTimestamp !== undefined) return { status: 200, body: found };
    return this.#store(place, { ...found, metadata: { ...found.metadata, deletionTimestamp: new Date(this.#now()).toISOString() } });
  }

  #store(place: Place, object: ApiObject, status = 200): ApiAnswer {
    const { deletionTimestamp, finalizers = [] } = object.metadata;
    if (deletionTimestamp !== undefined && finalizers.length === 0) return this.#remove(place, object);
    const path = `${place.collection}/${place.name}`;
    const before = this.#objects.get(path);
    // as at the real one, a write that changes nothing is none
    if (before && isDeepStrictEqual(withoutVersion(before), withoutVersion(object))) return { status, body: before };
    const ageOf = ({ metadata: { generation = 1 } }: ApiObject) => generation;
    const isNew = before && !isDeepStrictEqual([before['spec'], before.metadata.deletionTimestamp], [object['spec'], deletionTimestamp]);
    this.#version += 1;
    const stamp = { resourceVersion: String(this.#version), generation: isNew ? ageOf(before) + 1 : ageOf(object) };
    const stored = JSON.parse(JSON.stringify({ ...object, metadata: { ...object.metadata, ...stamp } }), withoutEmpty) as ApiObject;
    this.#objects.set(path, stored);
    this.#tell({ plural: place.plural, object: stored, gone: false });
    return { status, body: stored };
  }

  #remove({ collection, name, plural }: Place, object: ApiObject): ApiAnswer {
    this.#version += 1;
    this.#objects.delete(`${collection}/${name}`);
    this.#tell({ plural, object, gone: true });
    return { status: 200, body: object };
  }

  #tell(change: ApiChange): void {
    for (const watcher of this.#watchers) watcher(change);
  }
}

/** Takes a path of the API apart: /api/v1 or /apis/<group>/<version>, a namespace where there is one, plural, name, subresource. */
function placeOf(path: string): Place {
  const [, root = '', namespace = '', plural = '', , name, , subresource] =
    /^(\/api\/[^/]+|\/apis\/[^/]+\/[^/]+)(\/namespaces\/[^/]+(?=\/))?\/([^/]+)(\/([^/]+))?(\/([^/]+))?$/.exec(path) ?? [];
  return { plural, collection: `${root}${namespace}/${plural}`, name: name, subresource };
}

function failure(status: number, reason: string): ApiAnswer {
  return { status, body: { kind: 'Status', code: status, reason, message: `the request is refused: ${reason}` } };
}

/** The real one leaves empty maps and lists of the metadata out. */
function withoutEmpty(key: string, value: unknown): unknown {
  const isEmpty = ['annotations', 'labels', 'finalizers', 'ownerReferences'].includes(key) && Object.keys(value as object).length === 0;
  return isEmpty ? undefined : value;
}

function withoutVersion({ metadata: { resourceVersion: _, ...metadata }, ...rest }: ApiObject): unknown {
  return JSON.parse(JSON.stringify({ ...rest, metadata }));
}
