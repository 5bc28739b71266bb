import type { KubernetesObject } from '../api/object-meta.ts';
import { keyOf, keyText, type ObjectKey } from './resource.ts';

/** The last known objects of a resource. They belong to everybody: nobody may change them. */
export interface Store<T extends KubernetesObject> {
  get(key: ObjectKey): T | undefined;
  /** All objects, or those of one namespace. */
  list(namespace?: string): readonly T[];
  /** The objects for which the index of this name answered this value. @throws RangeError when there is no such index */
  byIndex(name: string, value: string): readonly T[];
  readonly size: number;
  readonly isSynced: boolean;
  /** Resolves after the first complete list; never rejects. */
  readonly synced: Promise<void>;
  /** How many lists came through whole. A list that failed on the way doesn't count. */
  readonly completeLists: number;
  /** When the last complete list was done, in milliseconds since 1970. */
  readonly lastCompleteListAt: number | undefined;
}

/** Which values an object is found under. */
export type IndexFunction<T> = (object: T) => readonly string[];

/** A store as its reflector sees it. */
export class ObjectStore<T extends KubernetesObject> implements Store<T> {
  readonly synced: Promise<void>;
  readonly #objects = new Map<string, T>();
  readonly #indexes: ReadonlyMap<string, { readonly valuesOf: IndexFunction<T>; readonly keys: Map<string, Set<string>> }>;
  readonly #namespaces = new Map<string, Set<string>>();
  readonly #resolveSynced: () => void;
  #completeLists = 0;
  #lastCompleteListAt: number | undefined;

  constructor(options: { readonly indexes?: Readonly<Record<string, IndexFunction<T>>> } = {}) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.synced = promise;
    this.#resolveSynced = resolve;
    this.#indexes = new Map(Object.entries(options.indexes ?? {}).map(([name, valuesOf]) => [name, { valuesOf, keys: new Map() }]));
  }

  get(key: ObjectKey): T | undefined {
    return this.#objects.get(keyText(key));
  }

  list(namespace?: string): readonly T[] {
    return namespace === undefined ? [...this.#objects.values()] : this.#resolve(this.#namespaces.get(namespace));
  }

  byIndex(name: string, value: string): readonly T[] {
    const index = this.#indexes.get(name);
    if (index === undefined) throw new RangeError(`there is no index ${name}`);
    return this.#resolve(index.keys.get(value));
  }

  get size(): number {
    return this.#objects.size;
  }

  get isSynced(): boolean {
    return this.#completeLists > 0;
  }

  get completeLists(): number {
    return this.#completeLists;
  }

  get lastCompleteListAt(): number | undefined {
    return this.#lastCompleteListAt;
  }

  /** Puts the object in place and answers the one that was there. */
  set(object: T): T | undefined {
    const text = keyText(keyOf(object));
    const old = this.#objects.get(text);
    if (old !== undefined) this.#unlink(text, old);
    this.#objects.set(text, object);
    addTo(this.#namespaces, object.metadata.namespace ?? '', text);
    for (const { valuesOf, keys } of this.#indexes.values()) for (const value of valuesOf(object)) addTo(keys, value, text);
    return old;
  }

  /** Takes the object away and answers it. */
  remove(key: ObjectKey): T | undefined {
    const text = keyText(key);
    const old = this.#objects.get(text);
    if (old === undefined) return undefined;
    this.#unlink(text, old);
    this.#objects.delete(text);
    return old;
  }

  markListed(now: number): void {
    this.#completeLists += 1;
    this.#lastCompleteListAt = now;
    this.#resolveSynced();
  }

  #unlink(text: string, object: T): void {
    removeFrom(this.#namespaces, object.metadata.namespace ?? '', text);
    for (const { valuesOf, keys } of this.#indexes.values()) for (const value of valuesOf(object)) removeFrom(keys, value, text);
  }

  #resolve(keys: ReadonlySet<string> | undefined): readonly T[] {
    return [...(keys ?? [])].flatMap((text) => this.#objects.get(text) ?? []);
  }
}

function addTo(index: Map<string, Set<string>>, value: string, text: string): void {
  const keys = index.get(value);
  if (keys) keys.add(text);
  else index.set(value, new Set([text]));
}

function removeFrom(index: Map<string, Set<string>>, value: string, text: string): void {
  const keys = index.get(value);
  if (keys?.delete(text) && keys.size === 0) index.delete(value);
}
