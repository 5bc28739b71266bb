import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { ApiAnswer, KubernetesApi } from '../sandbox/control-plane/kubernetes-api.ts';
import { Applier, applyCrds, type Manifest, readManifests } from '../sandbox/control-plane/manifests.ts';
import { controlPlane, startTimeout } from './support.ts';

const root = new URL('../../', import.meta.url);
const samples = new URL('test/fixtures/samples/', root);
const files = readdirSync(samples).toSorted();

interface Sample {
  readonly file: string;
  readonly verdict: 'accept' | 'reject';
  readonly about: string;
}

/** What the first two lines of the file say. */
function sampleOf(file: string): Sample {
  const header = /^# expect: (accept|reject)\n# about: (.+)\n/.exec(readFileSync(new URL(file, samples), 'utf8'));
  if (!header) throw new Error(`${file} does not begin with "# expect: accept" or "# expect: reject" and "# about: …"`);
  return { file, verdict: header[1] as Sample['verdict'], about: header[2] ?? '' };
}

describe('The API', function () {
  this.timeout(20_000); // the first object of a kind waits until its rules are compiled
  const signal = AbortSignal.timeout(startTimeout);
  let api: KubernetesApi;
  let applier: Applier;

  before(async function () {
    this.timeout(startTimeout);
    ({ api } = await controlPlane());
    await applyCrds(api, await readManifests(new URL('crds/passwordlessconnections.yaml', root), { signal }), { signal });
    await applyCrds(api, await readManifests(new URL('crds/connectionpolicies.yaml', root), { signal }), { signal });
    applier = await Applier.create(api, { signal });
    await applier.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }, { signal });
  });

  /** As `kubectl replace --validate=strict`, or `create` when there is none yet: what is left out goes. (Server-side apply answers 500 to fields that do not exist.) */
  async function createOrReplace(manifest: Manifest): Promise<ApiAnswer> {
    const path = applier.pathOf(manifest);
    const current = await api.answer('GET', path, {}, { signal });
    if (current.status === 404)
      return api.answer('POST', `${path.slice(0, path.lastIndexOf('/'))}?fieldValidation=Strict`, { body: manifest }, { signal });
    const { resourceVersion } = current.body.metadata;
    const body = { ...manifest, metadata: { ...manifest.metadata, resourceVersion } };
    return api.answer('PUT', `${path}?fieldValidation=Strict`, { body }, { signal });
  }

  describe('answers to samples, applied in order', () => {
    it('of which there are 89', () => {
      expect(files).to.have.length(89);
    });

    for (const { file, verdict, about } of files.map(sampleOf)) {
      it(`${verdict}s ${file}: ${about}`, async () => {
        const [manifest, ...others] = await readManifests(new URL(file, samples), { signal });
        if (!manifest || others.length > 0) throw new Error(`${file} must hold one object`);
        const { status, body } = await createOrReplace(manifest);
        switch (verdict) {
          case 'accept':
            return expect(status, body.message).to.be.oneOf([200, 201]);
          case 'reject':
            // A value that is not allowed, or a field that there is not.
            return expect([status, body.reason], body.message).to.deep.be.oneOf([
              [422, 'Invalid'],
              [400, 'BadRequest'],
            ]);
          default:
            return verdict satisfies never;
        }
      });
    }
  });

  describe('starts every connection', () => {
    it('as one that the operator has not looked at', async () => {
      const path = '/apis/dbaccess.dev/v1alpha1/namespaces/shop/passwordlessconnections/orders-db';
      const { status } = await api.request('GET', path, {}, { signal });
      expect(status.observedGeneration).to.equal(-1);
      expect(status.conditions).to.have.length(1);
      expect(status.conditions[0]).to.include({
        type: 'Ready',
        status: 'Unknown',
        reason: 'Pending',
        lastTransitionTime: '1970-01-01T00:00:00Z',
      });
    });
  });

  describe('accepts the examples of the documentation:', () => {
    for (const name of ['connection.yaml', 'policy.yaml']) {
      it(`deploy/samples/${name}`, async () => {
        const manifests = await readManifests(new URL(`deploy/samples/${name}`, root), { signal });
        expect(manifests).not.to.be.empty;
        for (const { metadata, ...manifest } of manifests) {
          const { status, body } = await createOrReplace({
            ...manifest,
            metadata: { ...metadata, name: `example-${metadata.name}` },
          } as Manifest);
          expect(status, body.message).to.equal(201);
        }
      });
    }
  });
});
