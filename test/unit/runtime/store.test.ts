import { expect } from 'chai';
import type { KubernetesObject } from '../../../src/api/object-meta.ts';
import { keyOf, keyText, parseKey } from '../../../src/runtime/resource.ts';
import { ObjectStore } from '../../../src/runtime/store.ts';

interface Thing extends KubernetesObject {
  readonly spec: { readonly servers: readonly string[] };
}

describe('A store', () => {
  const thing = (key: string, ...servers: string[]): Thing => {
    const { namespace, name } = parseKey(key);
    const metadata = { namespace, name, uid: key, resourceVersion: '1', generation: 1, creationTimestamp: '' };
    return { apiVersion: 'v1', kind: 'Thing', metadata, spec: { servers } };
  };
  const keys = (things: readonly Thing[]) => things.map((one) => keyText(keyOf(one)));

  it('finds objects by key, namespace and index, as they are now', () => {
    const store = new ObjectStore<Thing>({ indexes: { server: ({ spec }) => spec.servers } });
    store.set(thing('shop/a', 'x', 'y'));
    store.set(thing('shop/b', 'x'));
    store.set(thing('pay/a', 'y'));
    expect(store.get(parseKey('shop/b'))?.metadata.uid).to.equal('shop/b');
    expect(keys(store.list('shop'))).to.deep.equal(['shop/a', 'shop/b']);
    expect(keys(store.list())).to.have.length(3);
    expect(keys(store.byIndex('server', 'x'))).to.deep.equal(['shop/a', 'shop/b']);
    store.set(thing('shop/a', 'y'));
    expect(keys(store.byIndex('server', 'x'))).to.deep.equal(['shop/b']);
    expect(keys(store.byIndex('server', 'y')).toSorted()).to.deep.equal(['pay/a', 'shop/a']);
    store.remove(parseKey('shop/a'));
    expect(keys(store.byIndex('server', 'y'))).to.deep.equal(['pay/a']);
    expect(keys(store.list('shop'))).to.deep.equal(['shop/b']);
    expect(store.byIndex('server', 'nobody')).to.deep.equal([]);
    expect(store.size).to.equal(2);
    expect(() => store.byIndex('typo', 'x')).to.throw(RangeError);
  });

  it('answers what was there before', () => {
    const store = new ObjectStore<Thing>();
    const [first, second] = [thing('shop/a'), thing('shop/a')];
    expect(store.set(first)).to.equal(undefined);
    expect(store.set(second)).to.equal(first);
    expect(store.remove(parseKey('shop/a'))).to.equal(second);
    expect(store.remove(parseKey('shop/a'))).to.equal(undefined);
  });

  it('is synced after the first complete list', async () => {
    const store = new ObjectStore<Thing>();
    expect(store.isSynced).to.equal(false);
    expect(store.lastCompleteListAt).to.equal(undefined);
    store.markListed(5);
    await store.synced;
    store.markListed(7);
    expect([store.isSynced, store.completeLists, store.lastCompleteListAt]).to.deep.equal([true, 2, 7]);
  });
});
