import type { KubernetesObject } from '../api/object-meta.ts';

declare const objectType: unique symbol;

/** How the API server calls a kind of object. `T` is what its objects look like as plain JSON. */
export interface Resource<T extends KubernetesObject = KubernetesObject> {
  readonly apiVersion: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly [objectType]?: T;
}

/** Which object of a resource is meant. The namespace of a cluster-scoped object is ''. */
export interface ObjectKey {
  readonly namespace: string;
  readonly name: string;
}

export function keyOf(object: { readonly metadata: { readonly namespace?: string; readonly name: string } }): ObjectKey {
  return { namespace: object.metadata.namespace ?? '', name: object.metadata.name };
}

/** The key as `namespace/name`, or just `name` for a cluster-scoped object. Neither part can hold a slash. */
export function keyText(key: ObjectKey): string {
  return key.namespace === '' ? key.name : `${key.namespace}/${key.name}`;
}

/** The inverse of keyText. */
export function parseKey(text: string): ObjectKey {
  const slash = text.indexOf('/');
  return slash < 0 ? { namespace: '', name: text } : { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}

/**
 * The path of a resource, of one object when `name` is given, of a part of it when `subresource` is given too.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
 *
 * @throws TypeError when a namespaced object is named without its namespace
 */
export function resourcePath(
  resource: Resource,
  part: { readonly namespace?: string; readonly name?: string; readonly subresource?: string } = {},
): string {
  const root = resource.apiVersion.includes('/') ? `/apis/${resource.apiVersion}` : `/api/${resource.apiVersion}`;
  if (resource.namespaced && part.name !== undefined && !part.namespace) throw new TypeError(`${resource.kind} needs a namespace`);
  const namespace = resource.namespaced && part.namespace ? `/namespaces/${encodeURIComponent(part.namespace)}` : '';
  const name = part.name === undefined ? '' : `/${encodeURIComponent(part.name)}`;
  const subresource = part.subresource === undefined ? '' : `/${part.subresource}`;
  return `${root}${namespace}/${resource.plural}${name}${subresource}`;
}
