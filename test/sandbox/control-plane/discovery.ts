import type { KubernetesApi } from './kubernetes-api.ts';

/** A kind of object that the API server stores, in one of its versions. */
export interface ApiResource {
  /** Path of the version: /api/v1 or /apis/<group>/<version>. */
  readonly root: string;
  readonly group: string;
  readonly version: string;
  /** The plural in URLs. */
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

/** https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery */
interface GroupDiscovery {
  readonly metadata?: { readonly name?: string };
  readonly versions: readonly {
    readonly version: string;
    readonly resources?: readonly {
      readonly resource: string;
      readonly scope: 'Namespaced' | 'Cluster';
      readonly verbs: readonly string[];
      readonly responseKind?: { readonly kind: string };
    }[];
  }[];
}

const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** Everything that the API server serves now, in every version, the preferred one first. A new CRD appears here a moment after it is established. */
export async function discover(api: KubernetesApi, { signal }: { readonly signal: AbortSignal }): Promise<readonly ApiResource[]> {
  const lists = await Promise.all(['/api', '/apis'].map((path) => api.request('GET', path, { accept }, { signal })));
  return lists.flatMap((list) => (list.items as GroupDiscovery[]).flatMap(resourcesOf));
}

function resourcesOf(discovered: GroupDiscovery): ApiResource[] {
  const group = discovered.metadata?.name ?? '';
  return discovered.versions.flatMap(({ version, resources = [] }) =>
    resources.map((resource) => ({
      root: group === '' ? `/api/${version}` : `/apis/${group}/${version}`,
      group,
      version,
      name: resource.resource,
      kind: resource.responseKind?.kind ?? '',
      namespaced: resource.scope === 'Namespaced',
      verbs: resource.verbs,
    })),
  );
}

/** The path of all objects of a kind in a namespace, or of one of them; `namespace` is ignored for what has none. */
export function pathOf(resource: ApiResource, namespace: string | undefined, name?: string): string {
  const scope = resource.namespaced ? `/namespaces/${encodeURIComponent(namespace ?? 'default')}` : '';
  return `${resource.root}${scope}/${resource.name}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
}
