import { expect } from 'chai';
import { Backoff } from '../../../src/runtime/backoff.ts';
import { Controller, type Reconcile, type ReconcileContext, Stopped } from '../../../src/runtime/controller.ts';
import { isDeadlineExceeded } from '../../../src/runtime/deadline.ts';
import { createRuntimeMetrics, type RuntimeMetrics } from '../../../src/runtime/metrics.ts';
import { keyText } from '../../../src/runtime/resource.ts';
import { WorkQueue } from '../../../src/runtime/work-queue.ts';
import { collectingLogger } from '../../support/collecting-logger.ts';
import { FakeClock, settled } from '../../support/fake-clock.ts';

describe('A controller', () => {
  let clock: FakeClock;
  let queue: WorkQueue;
  let metrics: RuntimeMetrics;
  let stop: AbortController;
  let log: ReturnType<typeof collectingLogger>;
  let running: Promise<void>;

  beforeEach(() => {
    clock = new FakeClock();
    metrics = createRuntimeMetrics();
    queue = new WorkQueue({ name: 'test', clock, metrics });
    stop = new AbortController();
    log = collectingLogger();
    running = Promise.resolve();
  });

  afterEach(async () => {
    stop.abort();
    await running;
  });

  function start(reconcile: Reconcile, options: { readonly workers?: number } = {}): void {
    let ids = 0;
    const controller = new Controller({
      name: 'test',
      queue,
      reconcile,
      workers: options.workers ?? 1,
      deadlineInMs: 60_000,
      drainInMs: 20_000,
      backoff: new Backoff({ baseInMs: 1_000, maxInMs: 60_000, random: () => 0.5 }),
      clock,
      logger: log.logger,
      metrics,
      newId: () => {
        ids += 1;
        return `id-${ids}`;
      },
    });
    running = controller.run({ signal: stop.signal });
  }

  const count = async (name: string, labels = '') => {
    const line = (await metrics.registry.metrics()).split('\n').find((text) => text.startsWith(`${name}{controller="test"${labels}}`));
    return Number(line?.split(' ').at(-1));
  };

  /** Until the signal of the reconcile is aborted; rejects with its reason. */
  const untilAborted = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

  it('gives each reconcile its key and a logger with an id', async () => {
    start(async (key, { logger, reconcileId }) => {
      logger.info('here', { seen: keyText(key), reconcileId });
      return { kind: 'done' };
    });
    queue.add('shop/a');
    queue.add('cluster-scoped');
    await settled();
    expect(
      log.entries().map(({ seen, namespace, name, reconcileId, controller }) => ({ seen, namespace, name, reconcileId, controller })),
    ).to.deep.equal([
      { seen: 'shop/a', namespace: 'shop', name: 'a', reconcileId: 'id-1', controller: 'test' },
      { seen: 'cluster-scoped', namespace: '', name: 'cluster-scoped', reconcileId: 'id-2', controller: 'test' },
    ]);
    expect(await count('controller_runtime_reconcile_total', ',result="success"')).to.equal(2);
  });

  it('looks again after the time that a reconcile asks for', async () => {
    const at: number[] = [];
    const startedAt = clock.now();
    start(async () => {
      at.push(clock.now() - startedAt);
      return { kind: 'after', ms: 10_000 };
    });
    queue.add('shop/a');
    await clock.advance(25_000);
    expect(at).to.deep.equal([0, 10_000, 20_000]);
  });

  it('backs off longer after each failure, and forgets after a success, also one that asks for another look', async () => {
    const at: number[] = [];
    const startedAt = clock.now();
    const results = [
      { kind: 'backoff' },
      { kind: 'backoff' },
      { kind: 'backoff' },
      { kind: 'after', ms: 100 },
      { kind: 'backoff' },
    ] as const;
    start(async () => {
      at.push(clock.now() - startedAt);
      return results[at.length - 1] ?? { kind: 'done' };
    });
    queue.add('shop/a');
    await clock.advance(60_000);
    expect(at).to.deep.equal([0, 1_000, 3_000, 7_000, 7_100, 8_100]);
    expect(await count('controller_runtime_reconcile_errors_total')).to.equal(4);
    expect(await count('controller_runtime_reconcile_panics_total')).to.equal(0);
  });

  it('forgets failures also after a success that asks for nothing more', async () => {
    const at: number[] = [];
    const startedAt = clock.now();
    const results = [{ kind: 'backoff' }, { kind: 'backoff' }, { kind: 'done' }, { kind: 'backoff' }] as const;
    start(async () => {
      at.push(clock.now() - startedAt);
      return results[at.length - 1] ?? { kind: 'done' };
    });
    queue.add('shop/a');
    await clock.advance(60_000);
    queue.add('shop/a');
    await clock.advance(60_000);
    expect(at).to.deep.equal([0, 1_000, 3_000, 60_000, 61_000]);
  });

  it('does not come back before the time that a failure names', async () => {
    const at: number[] = [];
    const startedAt = clock.now();
    start(async () => {
      at.push(clock.now() - startedAt);
      return at.length === 1 ? { kind: 'backoff', notBeforeInMs: 17_000 } : { kind: 'done' };
    });
    queue.add('shop/a');
    await clock.advance(60_000);
    expect(at).to.deep.equal([0, 17_000]);
  });

  it('counts, logs and tries again what throws, and goes on with other keys', async () => {
    const seen: string[] = [];
    start(async (key) => {
      seen.push(key.name);
      if (seen.length === 1) throw new TypeError('a fault with eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln');
      return { kind: 'done' };
    });
    queue.add('shop/a');
    queue.add('shop/b');
    await clock.advance(1_000);
    expect(seen).to.deep.equal(['a', 'b', 'a']);
    expect(await count('controller_runtime_reconcile_panics_total')).to.equal(1);
    const entry = log.entries().find(({ level }) => level === 'error');
    expect(entry).to.include({ name: 'a', reconcileId: 'id-1' });
    expect(entry?.['error']).to.include({ name: 'TypeError', message: 'a fault with [redacted]' });
  });

  it('counts a reconcile that throws before it returns a promise', async () => {
    start(() => {
      throw new Error('at once');
    });
    queue.add('shop/a');
    await settled();
    expect(await count('controller_runtime_reconcile_panics_total')).to.equal(1);
  });

  it('aborts a reconcile that takes too long with a cause of its own, and tries again', async () => {
    const reasons: unknown[] = [];
    start(async (_, { signal }) => {
      if (reasons.length > 0) return { kind: 'done' };
      await untilAborted(signal).catch((reason) => reasons.push(reason));
      throw new Error('whatever the abort became on its way up');
    });
    queue.add('shop/a');
    await clock.advance(60_000);
    expect(reasons).to.have.length(1);
    expect(isDeadlineExceeded(reasons[0])).to.equal(true);
    expect(await count('controller_runtime_reconcile_timeouts_total')).to.equal(1);
    expect(await count('controller_runtime_reconcile_panics_total')).to.equal(0);
    await clock.advance(1_000);
    expect(await count('controller_runtime_reconcile_total', ',result="success"')).to.equal(1);
  });

  it('leaves no timer behind after a reconcile', async () => {
    start(async () => ({ kind: 'done' }));
    queue.add('shop/a');
    await settled();
    expect(clock.sleeping).to.equal(0);
  });

  it('works on several keys at once, never on one twice', async () => {
    const inWork = new Map<string, () => void>();
    let most = 0;
    start(
      (key) =>
        new Promise((resolve) => {
          expect(inWork.has(key.name)).to.equal(false);
          inWork.set(key.name, () => {
            inWork.delete(key.name);
            resolve({ kind: 'done' });
          });
          most = Math.max(most, inWork.size);
        }),
      { workers: 3 },
    );
    for (const name of ['a', 'b', 'a', 'c', 'd']) queue.add(`shop/${name}`);
    await settled();
    queue.add('shop/a');
    await settled();
    expect([...inWork.keys()]).to.deep.equal(['a', 'b', 'c']);
    while (inWork.size > 0) {
      for (const finish of [...inWork.values()]) finish();
      await settled();
    }
    expect(most).to.equal(3);
    expect(await count('controller_runtime_reconcile_total', ',result="success"')).to.equal(5);
    expect(await count('controller_runtime_active_workers')).to.equal(0);
  });

  it('at the stop takes nothing more and waits for the work under way', async () => {
    const contexts: ReconcileContext[] = [];
    const finish = Promise.withResolvers<void>();
    start(async (_, context) => {
      contexts.push(context);
      await finish.promise;
      return { kind: 'done' };
    });
    let over = false;
    void running.then(() => {
      over = true;
    });
    queue.add('shop/a');
    queue.add('shop/b');
    await settled();
    stop.abort();
    await clock.advance(19_999);
    expect(over).to.equal(false);
    expect(contexts[0]?.signal.aborted).to.equal(false);
    finish.resolve();
    await running;
    expect(contexts).to.have.length(1);
    expect(clock.sleeping).to.equal(0);
  });

  it('at the stop aborts work that goes on for too long', async () => {
    let reason: unknown;
    start(async (_, { signal }) => {
      await untilAborted(signal).catch((why) => {
        reason = why;
      });
      throw new Error('aborted');
    });
    queue.add('shop/a');
    await settled();
    stop.abort();
    await clock.advance(20_000);
    await running;
    expect(reason).to.be.instanceOf(Stopped);
    expect(await count('controller_runtime_reconcile_panics_total')).to.equal(0);
  });
});
