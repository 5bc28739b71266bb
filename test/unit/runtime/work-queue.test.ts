import { expect } from 'chai';
import fc from 'fast-check';
import { createRuntimeMetrics } from '../../../src/runtime/metrics.ts';
import { priorities, WorkQueue } from '../../../src/runtime/work-queue.ts';
import { FakeClock, settled } from '../../support/fake-clock.ts';

describe('A work queue', () => {
  const { signal } = new AbortController();
  let clock: FakeClock;
  let queue: WorkQueue;

  beforeEach(() => {
    clock = new FakeClock();
    queue = new WorkQueue({ name: 'test', clock, metrics: createRuntimeMetrics() });
  });

  /** Takes what can be taken now, without `done`. */
  async function takeReady(): Promise<string[]> {
    const keys: string[] = [];
    for (;;) {
      const stop = new AbortController();
      const taking = queue.take({ signal: stop.signal });
      await settled();
      stop.abort();
      const item = await taking;
      if (item === undefined) return keys;
      keys.push(item.key);
    }
  }

  it('merges a key that is added again', async () => {
    queue.add('shop/a');
    queue.add('shop/a');
    expect(queue.size).to.equal(1);
    expect(await takeReady()).to.deep.equal(['shop/a']);
  });

  it('hands out by priority, and within one first come, first served', async () => {
    queue.add('shop/a', { priority: priorities.background });
    queue.add('shop/b');
    queue.add('shop/c', { priority: 10 });
    queue.add('shop/d');
    expect(await takeReady()).to.deep.equal(['shop/c', 'shop/b', 'shop/d', 'shop/a']);
  });

  it('takes the higher priority of two, at the end of that priority', async () => {
    queue.add('shop/a', { priority: priorities.background });
    queue.add('shop/b');
    queue.add('shop/a');
    queue.add('shop/b', { priority: priorities.background });
    queue.add('shop/c', { priority: priorities.background });
    expect(await takeReady()).to.deep.equal(['shop/b', 'shop/a', 'shop/c']);
  });

  it('waits for the ready time, and orders by the moment of getting ready', async () => {
    queue.addAfter('shop/late', 2_000);
    queue.addAfter('shop/early', 1_000);
    expect(await takeReady()).to.deep.equal([]);
    await clock.advance(999);
    expect(await takeReady()).to.deep.equal([]);
    await clock.advance(1_001);
    expect(await takeReady()).to.deep.equal(['shop/early', 'shop/late']);
    expect(clock.sleeping).to.equal(0);
  });

  it('takes the earlier ready time of two, whichever came first', async () => {
    queue.addAfter('shop/a', 5_000);
    queue.addAfter('shop/a', 1_000);
    queue.addAfter('shop/b', 1_000);
    queue.addAfter('shop/b', 5_000);
    await clock.advance(1_000);
    expect(await takeReady()).to.deep.equal(['shop/a', 'shop/b']);
    await clock.advance(10_000);
    expect(await takeReady()).to.deep.equal([]);
  });

  it('lets an edit overtake a back-off', async () => {
    queue.addAfter('shop/a', 300_000, { priority: priorities.background });
    queue.add('shop/a');
    expect(await queue.take({ signal })).to.deep.equal({ key: 'shop/a', priority: 0 });
    queue.done('shop/a');
    await clock.advance(300_000);
    expect(await takeReady()).to.deep.equal([]);
  });

  it('holds a key that is in work and hands it out after done, once', async () => {
    queue.add('shop/a');
    await queue.take({ signal });
    queue.add('shop/a');
    queue.add('shop/a', { priority: 5 });
    expect(await takeReady()).to.deep.equal([]);
    queue.done('shop/a');
    expect(await queue.take({ signal })).to.deep.equal({ key: 'shop/a', priority: 5 });
    queue.done('shop/a');
    expect(await takeReady()).to.deep.equal([]);
  });

  it('keeps the earlier time of what was added during the work', async () => {
    queue.add('shop/a');
    await queue.take({ signal });
    queue.add('shop/a');
    queue.addAfter('shop/a', 600_000);
    queue.done('shop/a');
    expect(await takeReady()).to.deep.equal(['shop/a']);
  });

  it('lets namespaces take turns within a priority', async () => {
    for (let i = 0; i < 1_000; i += 1) queue.add(`noisy/${i}`);
    queue.add('quiet/a');
    queue.add('quiet/b');
    queue.add('other/a');
    const order: string[] = [];
    for (let i = 0; i < 6; i += 1) order.push((await queue.take({ signal }))?.key ?? '');
    expect(order).to.deep.equal(['noisy/0', 'quiet/a', 'other/a', 'noisy/1', 'quiet/b', 'noisy/2']);
  });

  it('wakes a taker that waits, one per key', async () => {
    const takers = [queue.take({ signal }), queue.take({ signal })];
    queue.add('shop/a');
    expect(await takers[0]).to.deep.equal({ key: 'shop/a', priority: 0 });
    queue.addAfter('shop/b', 1_000);
    await clock.advance(1_000);
    expect((await takers[1])?.key).to.equal('shop/b');
  });

  it('loses nothing when a taker gives up', async () => {
    const stop = new AbortController();
    const taking = queue.take({ signal: stop.signal });
    stop.abort();
    queue.add('shop/a');
    expect(await taking).to.equal(undefined);
    expect(await takeReady()).to.deep.equal(['shop/a']);
  });

  it('sends takers home when it is shut down, and takes nothing more', async () => {
    const taking = queue.take({ signal });
    queue.addAfter('shop/a', 1_000);
    queue.shutDown();
    queue.add('shop/b');
    expect(await taking).to.equal(undefined);
    expect(await queue.take({ signal })).to.equal(undefined);
    expect(queue.size).to.equal(1);
    expect(clock.sleeping).to.equal(0);
  });

  it('refuses done for a key that nobody took', () => {
    expect(() => queue.done('shop/a')).to.throw(RangeError);
  });

  it('measures depth by priority and unfinished work', async () => {
    const metrics = createRuntimeMetrics();
    queue = new WorkQueue({ name: 'test', clock, metrics });
    queue.add('shop/a');
    queue.add('shop/b', { priority: priorities.background });
    await queue.take({ signal });
    await clock.advance(3_000);
    queue.measure();
    const text = await metrics.registry.metrics();
    expect(text).to.include('workqueue_depth{name="test",controller="test",priority="0"} 0');
    expect(text).to.include('workqueue_depth{name="test",controller="test",priority="-100"} 1');
    expect(text).to.include('workqueue_unfinished_work_seconds{name="test",controller="test"} 3');
    expect(text).to.include('workqueue_adds_total{name="test",controller="test"} 2');
  });

  it('never hands a key to two workers, never before its time, and loses none', async function () {
    this.timeout(30_000);
    const key = fc.constantFrom('a/1', 'a/2', 'b/1', 'c/1');
    const move = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), key, afterInMs: fc.constantFrom(0, 0, 5, 20), priority: fc.constantFrom(0, -100, 7) }),
      fc.record({ kind: fc.constant('take' as const) }),
      fc.record({ kind: fc.constant('done' as const), key }),
      fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 30 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(move, { maxLength: 60 }), async (moves) => {
        const time = new FakeClock();
        const tested = new WorkQueue({ name: 'test', clock: time, metrics: createRuntimeMetrics() });
        const inWork = new Set<string>();
        /** Key → the earliest time that was asked for and not yet served. */
        const owed = new Map<string, number>();
        const stop = new AbortController();
        const take = () =>
          tested.take({ signal: stop.signal }).then((item) => {
            if (!item) return;
            if (inWork.has(item.key)) throw new Error(`${item.key} is in work twice`);
            const dueAt = owed.get(item.key);
            if (dueAt === undefined) throw new Error(`${item.key} was handed out without need`);
            if (dueAt > time.now()) throw new Error(`${item.key} was handed out too early`);
            owed.delete(item.key);
            inWork.add(item.key);
          });
        const taking: Promise<void>[] = [];
        for (const one of moves) {
          if (one.kind === 'add') {
            owed.set(one.key, Math.min(owed.get(one.key) ?? Number.POSITIVE_INFINITY, time.now() + one.afterInMs));
            tested.add(one.key, one);
          } else if (one.kind === 'take') taking.push(take());
          else if (one.kind === 'pass') await time.advance(one.ms);
          else if (inWork.delete(one.key)) tested.done(one.key);
          await settled();
        }
        for (let round = 0; owed.size > 0 && round < 20; round += 1) {
          for (const worked of inWork) tested.done(worked);
          inWork.clear();
          for (let i = 0; i < 4; i += 1) taking.push(take());
          await time.advance(30);
        }
        expect([...owed.keys()]).to.deep.equal([]);
        stop.abort();
        await Promise.all(taking);
      }),
      { numRuns: 150 },
    );
  });
});
