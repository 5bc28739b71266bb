import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import { type Clock, systemClock } from '../../../src/runtime/clock.ts';
import { type ApiResource, discover, pathOf } from './discovery.ts';
import type { ApiAnswer, KubernetesApi } from './kubernetes-api.ts';

/** An object as somebody wrote it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

const fieldManager = 'sandbox';
const servedWithinInMs = 10_000;
const servedCheckInMs = 50;

/** The objects of a YAML file. Throws YAMLParseError for one that is none. */
export async function readManifests(path: string | URL, { signal }: { readonly signal: AbortSignal }): Promise<readonly Manifest[]> {
  return parseAllDocuments(await readFile(path, { encoding: 'utf8', signal })).flatMap((document) => {
    if (document.errors[0]) throw document.errors[0];
    return (document.toJS() as Manifest | null) ?? [];
  });
}

/** Applies manifests one after the other with what the API server knew when this was made, as `kubectl apply --server-side --validate=strict` does: a field that is left out now is removed. */
export class Applier {
  readonly #api: KubernetesApi;
  readonly #resources: readonly ApiResource[];

  private constructor(api: KubernetesApi, resources: readonly ApiResource[]) {
    this.#api = api;
    this.#resources = resources;
  }

  static async create(api: KubernetesApi, { signal }: { readonly signal: AbortSignal }): Promise<Applier> {
    return new Applier(api, await discover(api, { signal }));
  }

  /** Where the object is. Throws an Error for a kind that is not served. */
  pathOf(manifest: Manifest): string {
    const resource = resourceOf(this.#resources, manifest);
    if (!resource) throw new Error(`The API server has no ${manifest.apiVersion} ${manifest.kind}.`);
    return pathOf(resource, manifest.metadata.namespace, manifest.metadata.name);
  }

  /** What the API server says to it. */
  async tryToApply(manifest: Manifest, { signal }: { readonly signal: AbortSignal }): Promise<ApiAnswer> {
    const path = `${this.pathOf(manifest)}?fieldManager=${fieldManager}&force=true&fieldValidation=Strict`;
    return this.#api.answer('PATCH', path, { body: manifest, contentType: 'application/apply-patch+yaml' }, { signal });
  }

  /** The object as it is stored then. Throws an Error with the API server's words when it refuses. */
  // biome-ignore lint/suspicious/noExplicitAny: as in ApiAnswer.
  async apply(manifest: Manifest, { signal }: { readonly signal: AbortSignal }): Promise<any> {
    const answer = await this.tryToApply(manifest, { signal });
    if (answer.status < 300) return answer.body;
    throw new Error(`${manifest.kind} ${manifest.metadata.name} was refused: ${answer.body?.message ?? answer.status}`);
  }
}

/** Applies CustomResourceDefinitions and waits until their kinds are served. Throws an Error when one is not within 10 s. */
export async function applyCrds(
  api: KubernetesApi,
  manifests: readonly Manifest[],
  { clock = systemClock, signal }: { readonly clock?: Clock; readonly signal: AbortSignal },
): Promise<void> {
  const applier = await Applier.create(api, { signal });
  const wanted: { group: string; kind: string; path: string }[] = [];
  for (const manifest of manifests) {
    const { spec } = await applier.apply(manifest, { signal });
    wanted.push({
      group: spec.group,
      kind: spec.names.kind,
      path: `/apis/${spec.group}/${spec.versions[0].name}/${spec.names.plural}?limit=1`,
    });
  }
  const giveUpAt = clock.now() + servedWithinInMs;
  for (;;) {
    const resources = await discover(api, { signal });
    const answers = await Promise.all(wanted.map(({ path }) => api.answer('GET', path, {}, { signal })));
    const missing = wanted.filter(
      ({ group, kind }, index) =>
        answers[index]?.status !== 200 || !resources.some((resource) => resource.group === group && resource.kind === kind),
    );
    if (missing.length === 0) return;
    if (clock.now() >= giveUpAt) throw new Error(`After 10 s the API server does not serve ${missing.map(({ kind }) => kind).join(', ')}.`);
    await clock.sleep(servedCheckInMs, signal);
  }
}

function resourceOf(resources: readonly ApiResource[], manifest: Manifest): ApiResource | undefined {
  const [version, group] = manifest.apiVersion.split('/').reverse() as [string, string?];
  return resources.find(
    (resource) =>
      resource.group === (group ?? '') &&
      resource.version === version &&
      resource.kind === manifest.kind &&
      resource.verbs.includes('patch'),
  );
}
