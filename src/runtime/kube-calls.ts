import type { KubernetesObject } from '../api/object-meta.ts';

export interface CallOptions {
  readonly signal: AbortSignal;
  /** For the whole call; 30 s unless told. */
  readonly deadlineInMs?: number;
}

export interface ListOptions extends CallOptions {
  /** Only this namespace; without it all of them. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Objects per page, 500 unless told. */
  readonly limit?: number;
}

export interface ListPage<T> {
  readonly items: readonly T[];
  /** Of the whole list: every page shows the state at this version. */
  readonly resourceVersion: string;
}

export interface WatchOptions extends Omit<ListOptions, 'limit' | 'deadlineInMs'> {
  readonly resourceVersion: string;
  /** After which the server is asked to end the watch. */
  readonly timeoutInSeconds: number;
  /** The watch is given up when nothing came for so long. Servers send a bookmark about each minute. */
  readonly inactivityInMs: number;
}

export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

/** An operation of a JSON patch: https://www.rfc-editor.org/rfc/rfc6902#section-4 */
export type PatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

export interface DeleteOptions extends CallOptions {
  /** Delete only this very object, not one that was made anew under its name. */
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/** An object as it is sent to be created or applied: without what the server adds. */
export type Unsaved<T extends KubernetesObject> = Omit<T, 'metadata'> & {
  readonly metadata: Partial<T['metadata']> & { readonly name: string };
};
