import { expect } from 'chai';
import { ready } from '../../../src/api/conditions.ts';
import type { ConnectionSpec } from '../../../src/api/spec.ts';
import type { Deps } from '../../../src/connection/deps.ts';
import type { Tombstone } from '../../../src/connection/ledger.ts';
import { reconcile } from '../../../src/connection/reconcile.ts';
import { failure, Workbench } from './workbench.ts';

const signal = new AbortController().signal;
const key = { namespace: 'shop', name: 'orders' };
const asked = { 'dbaccess.dev/abandon': 'true' };
const abandonAfterInMs = 300_000;

describe('a deleted connection whose server can’t be reached', () => {
  let bench: Workbench;
  let deps: Deps;
  beforeEach(() => {
    bench = new Workbench();
    deps = bench.deps();
  });

  /** Brings a connection about, then lets its server go away and deletes it. */
  async function deleted(over: Partial<ConnectionSpec> = {}, annotations: Record<string, string> = {}): Promise<void> {
    bench.connect('orders', over);
    await reconcile(key, deps, { signal });
    const { metadata, ...rest } = bench.connections.get(key)!;
    bench.change({ ...rest, metadata: { ...metadata, annotations, deletionTimestamp: '2026-01-01T00:01:00Z', generation: 2 } });
    bench.before = (call) => {
      if (call === 'end user' || call === 'release user') throw failure('Unreachable');
    };
  }

  function annotate(annotations: Record<string, string>): void {
    const { metadata, ...rest } = bench.connections.get(key)!;
    bench.change({ ...rest, metadata: { ...metadata, annotations } });
  }

  function allow(over: Record<string, string> = { abandon: 'Allow' }): void {
    const shop = bench.policies.list()[0]!;
    bench.policies.set({ ...shop, spec: { ...shop.spec, targets: shop.spec.targets.map((entry) => ({ ...entry, ...over })) } });
  }

  const pass = () => reconcile(key, deps, { signal });
  const isLetGo = () => bench.calls.some((call) => call.startsWith('PATCH passwordlessconnections'));
  const message = () => bench.statuses.at(-1)?.conditions?.find(({ type }) => type === ready)?.message;

  async function tombstones(): Promise<readonly Tombstone[]> {
    const found: Tombstone[] = [];
    for await (const entry of deps.ledger.entries({ signal })) found.push(...entry.tombstones);
    return found;
  }

  it('is let go where it asks for that, a policy allows it and the time is over', async () => {
    allow();
    await deleted({}, asked);
    await pass();
    expect(isLetGo()).to.equal(false);
    expect(message()).to.equal('it did not work; it is let go from 2026-01-01T00:05:00Z on, and its access ends when the server is back');
    await bench.clock.advance(abandonAfterInMs);
    await pass();
    expect(isLetGo()).to.equal(true);
    expect([...bench.credentials.values()].flat()).to.deep.equal([]);
    expect(bench.object('secrets', 'orders')).to.equal(undefined);
    expect((await tombstones()).map(({ request, keeps }) => [request.userName, keeps])).to.deep.equal([['aad_shop_orders', undefined]]);
    expect(bench.events.at(-1)).to.include({ type: 'Warning', reason: 'AccessAbandoned' });
  });

  it('has its tombstone before it is let go', async () => {
    allow();
    await deleted({}, asked);
    await pass();
    await bench.clock.advance(abandonAfterInMs);
    bench.calls.splice(0);
    await pass();
    const writes = bench.calls.filter((call) => /^(PUT configmaps|PATCH passwordlessconnections|wake)/.test(call));
    expect(writes.map((call) => call.split('/')[0])).to.deep.equal(['PUT configmaps', 'wake tombstones', 'PATCH passwordlessconnections']);
  });

  it('says what the annotation would do, and does nothing without it', async () => {
    allow();
    await deleted();
    await pass();
    await bench.clock.advance(abandonAfterInMs);
    await pass();
    expect(isLetGo()).to.equal(false);
    expect(message()).to.match(/annotate it with dbaccess.dev\/abandon: "true" to have it let go from 2026-01-01T00:05:00Z on/);
    annotate(asked);
    await pass();
    expect(isLetGo()).to.equal(true);
  });

  it('stays, and is told nothing of the annotation, where no policy allows that', async () => {
    await deleted({}, asked);
    await pass();
    await bench.clock.advance(abandonAfterInMs);
    await pass();
    expect(isLetGo()).to.equal(false);
    expect(message()).to.equal('it did not work');
    bench.policies.remove({ namespace: '', name: 'shop' });
    await pass();
    expect(isLetGo(), 'nor where none is left').to.equal(false);
  });

  it('stays for its time anew after a restart', async () => {
    allow();
    await deleted({}, asked);
    await pass();
    await bench.clock.advance(abandonAfterInMs);
    deps = bench.deps();
    await pass();
    expect(isLetGo()).to.equal(false);
  });

  it('stays while its federation can’t be ended', async () => {
    allow();
    await deleted({}, asked);
    await pass();
    await bench.clock.advance(abandonAfterInMs);
    const away = bench.before;
    bench.credentials.set('orders', [{ name: 'dbaccess-x', issuer: 'i', subject: 's', audiences: [] }]);
    bench.before = (call) => {
      if (call.startsWith('list credentials')) throw failure('AzureError');
      return away(call);
    };
    await pass();
    expect(isLetGo()).to.equal(false);
    expect(await tombstones()).to.deep.equal([]);
  });

  it('is ended as always when the server is back in time', async () => {
    allow();
    await deleted({}, asked);
    await pass();
    bench.before = () => {};
    await pass();
    expect(bench.events.at(-1)).to.include({ type: 'Normal', reason: 'AccessEnded' });
    expect(await tombstones()).to.deep.equal([]);
  });

  for (const deletionPolicy of ['Disable', 'Retain'] as const)
    it(`with ${deletionPolicy} loses its login and federation all the same, and keeps its rights`, async () => {
      allow({ abandon: 'Allow', retain: 'Allow' });
      await deleted({ deletionPolicy }, asked);
      await pass();
      await bench.clock.advance(abandonAfterInMs);
      await pass();
      expect(isLetGo()).to.equal(true);
      expect([...bench.credentials.values()].flat()).to.deep.equal([]);
      expect((await tombstones()).map(({ keeps }) => keeps)).to.deep.equal([true]);
    });
});
