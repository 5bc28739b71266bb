import { expect } from 'chai';
import type { KubernetesApi } from '../../sandbox/control-plane/kubernetes-api.ts';
import { Applier } from '../../sandbox/control-plane/manifests.ts';
import { finalizeNamespaces } from '../../sandbox/namespaces.ts';
import { controlPlane, eventually, startTimeout } from '../support.ts';

describe('A namespace of the sandbox that is deleted', function () {
  this.timeout(30_000);
  const signal = AbortSignal.timeout(startTimeout);
  const end = new AbortController();
  let api: KubernetesApi;
  let finalizing: Promise<void>;
  const said: string[] = [];

  before(async function () {
    this.timeout(startTimeout);
    ({ api } = await controlPlane());
    const applier = await Applier.create(api, { signal });
    await applier.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ended-before' } }, { signal });
    await api.request('DELETE', '/api/v1/namespaces/ended-before', {}, { signal });
    for (const name of ['plain', 'held']) {
      await applier.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, { signal });
      for (const kind of ['ConfigMap', 'Secret', 'ServiceAccount'])
        await applier.apply({ apiVersion: 'v1', kind, metadata: { name: 'content', namespace: name } }, { signal });
    }
    finalizing = finalizeNamespaces({ api, log: (line) => said.push(line), signal: end.signal });
  });

  after(async () => {
    end.abort();
    await finalizing;
  });

  async function statusOf(path: string): Promise<number> {
    return (await api.answer('GET', path, {}, { signal })).status;
  }

  it('goes even when that was asked for earlier', async () => {
    await eventually('namespace ended-before is gone', async () => (await statusOf('/api/v1/namespaces/ended-before')) === 404);
  });

  it('goes with all that is in it', async () => {
    await api.request('DELETE', '/api/v1/namespaces/plain', {}, { signal });
    await eventually('namespace plain is gone', async () => (await statusOf('/api/v1/namespaces/plain')) === 404);
    for (const resource of ['configmaps', 'secrets', 'serviceaccounts'])
      expect(await statusOf(`/api/v1/namespaces/plain/${resource}/content`), resource).to.equal(404);
  });

  it('stays as long as a finalizer holds something in it', async () => {
    const held = '/api/v1/namespaces/held/configmaps/content';
    const patch = (finalizers: readonly string[]) =>
      api.request('PATCH', held, { body: { metadata: { finalizers } }, contentType: 'application/merge-patch+json' }, { signal });
    await patch(['example.com/hold']);
    await api.request('DELETE', '/api/v1/namespaces/held', {}, { signal });
    await eventually('the rest is gone', async () => (await statusOf('/api/v1/namespaces/held/secrets/content')) === 404);
    expect(await statusOf('/api/v1/namespaces/held')).to.equal(200);
    expect((await api.request('GET', held, {}, { signal })).metadata).to.have.property('deletionTimestamp');

    await patch([]);
    await eventually('namespace held is gone', async () => (await statusOf('/api/v1/namespaces/held')) === 404);
  });

  it('causes no failed request', () => {
    expect(said).to.deep.equal([]);
  });
});
