import { expect } from 'chai';
import { RateBudget } from '../../../src/azure/rate-budget.ts';
import { SharedReads } from '../../../src/azure/shared-reads.ts';
import { Serial } from '../../../src/runtime/serial.ts';
import { FakeClock, settled } from './fake-clock.ts';

const signal = new AbortController().signal;

describe('shared reads', () => {
  let clock: FakeClock;
  let reads: SharedReads<number>;
  let loads: PromiseWithResolvers<number>[];
  let signals: AbortSignal[];

  beforeEach(() => {
    clock = new FakeClock();
    reads = new SharedReads(clock, { keepMs: 1000 });
    loads = [];
    signals = [];
  });

  function load(options: { readonly signal: AbortSignal }): Promise<number> {
    const resolvers = Promise.withResolvers<number>();
    loads.push(resolvers);
    signals.push(options.signal);
    return resolvers.promise;
  }

  it('ask once for all who want the same at the same time', async () => {
    const both = [reads.read('a', load, { signal }), reads.read('a', load, { signal })];
    const other = reads.read('b', load, { signal });
    expect(loads).to.have.length(2);
    loads[0]?.resolve(1);
    loads[1]?.resolve(2);
    expect(await Promise.all([...both, other])).to.deep.equal([1, 1, 2]);
  });

  it('keep the value for its time and no longer', async () => {
    const first = reads.read('a', load, { signal });
    loads[0]?.resolve(1);
    await first;
    await clock.advance(999);
    expect(await reads.read('a', load, { signal })).to.equal(1);
    await clock.advance(1);
    const second = reads.read('a', load, { signal });
    loads[1]?.resolve(2);
    expect(await second).to.equal(2);
  });

  it('keep no failure', async () => {
    const first = reads.read('a', load, { signal });
    loads[0]?.reject(new Error('no'));
    expect(await failure(first)).to.equal('no');
    const second = reads.read('a', load, { signal });
    loads[1]?.resolve(2);
    expect(await second).to.equal(2);
  });

  it('go on for the others when one leaves, and stop when all have left', async () => {
    const [one, two] = [new AbortController(), new AbortController()];
    const first = failure(reads.read('a', load, { signal: one.signal }));
    const second = failure(reads.read('a', load, { signal: two.signal }));
    one.abort(new Error('one left'));
    expect(await first).to.equal('one left');
    expect(signals[0]?.aborted).to.equal(false);
    two.abort(new Error('two left'));
    expect(await second).to.equal('two left');
    expect(signals[0]?.aborted).to.equal(true);
    const third = reads.read('a', load, { signal });
    loads[1]?.resolve(3);
    expect(await third).to.equal(3);
  });

  it('forget on demand, also a read that is under way', async () => {
    const before = reads.read('a', load, { signal });
    reads.invalidate('a');
    const after = reads.read('a', load, { signal });
    loads[0]?.resolve(1);
    loads[1]?.resolve(2);
    expect([await before, await after]).to.deep.equal([1, 2]);
    expect(await reads.read('a', load, { signal })).to.equal(2);
  });

  it('start nothing for who is gone already', async () => {
    expect(await failure(reads.read('a', load, { signal: AbortSignal.abort(new Error('gone')) }))).to.equal('gone');
    expect(loads).to.have.length(0);
  });
});

describe('the rate budget', () => {
  let clock: FakeClock;
  let budget: RateBudget;
  let served: string[];
  const rates = { read: { burst: 2, perSecond: 1 }, write: { burst: 1, perSecond: 10 }, delete: { burst: 1, perSecond: 10 } };

  beforeEach(() => {
    clock = new FakeClock();
    budget = new RateBudget(clock, rates);
    served = [];
  });

  function take(
    namespace: string,
    options: { kind?: 'read' | 'write'; subscriptionId?: string; signal?: AbortSignal } = {},
  ): Promise<void> {
    const { kind = 'read', subscriptionId = 's' } = options;
    return budget.take({ subscriptionId, kind, namespace }, { signal: options.signal ?? signal }).then(() => void served.push(namespace));
  }

  it('lets a burst through at once and the rest at the rate', async () => {
    const all = [1, 2, 3, 4].map(() => take('a'));
    await settled();
    expect(served).to.have.length(2);
    await clock.advance(999);
    expect(served).to.have.length(2);
    await clock.advance(1);
    expect(served).to.have.length(3);
    await clock.advance(1000);
    await Promise.all(all);
    expect(clock.sleeping).to.equal(0);
  });

  it('never saves up more than the burst', async () => {
    await take('a');
    served.length = 0;
    await clock.advance(60_000);
    for (let n = 0; n < 5; n += 1) void take('a');
    await settled();
    expect(served).to.have.length(2);
  });

  it('lets namespaces take turns, however long one’s line is', async () => {
    for (let n = 0; n < 100; n += 1) void take('noisy').catch(() => {});
    await settled();
    void take('quiet');
    await clock.advance(2000);
    expect(served).to.deep.equal(['noisy', 'noisy', 'noisy', 'quiet']);
  });

  it('counts kinds and subscriptions apart, whatever the case of the subscription', async () => {
    await Promise.all([take('a'), take('a'), take('a', { kind: 'write' }), take('a', { subscriptionId: 'other' })]);
    void take('late', { subscriptionId: 'S' });
    await settled();
    expect(served).not.to.include('late');
  });

  it('uses up nothing for who leaves the line', async () => {
    await Promise.all([take('a'), take('a')]);
    const leaver = new AbortController();
    const left = failure(take('leaver', { signal: leaver.signal }));
    void take('stays');
    leaver.abort(new Error('left'));
    expect(await left).to.equal('left');
    await clock.advance(1000);
    expect(served).to.deep.equal(['a', 'a', 'stays']);
  });

  it('leaves no timer behind when all have left, and serves who comes afterwards', async () => {
    await Promise.all([take('a'), take('a')]);
    const leaver = new AbortController();
    const left = failure(take('leaver', { signal: leaver.signal }));
    await settled();
    expect(clock.sleeping).to.equal(1);
    leaver.abort(new Error('left'));
    await left;
    expect(clock.sleeping).to.equal(0);
    void take('next');
    await clock.advance(1000);
    expect(served).to.deep.equal(['a', 'a', 'next']);
  });
});

describe('a serial', () => {
  it('runs tasks of one key in order, one at a time, and those of others beside', async () => {
    const serial = new Serial();
    const log: string[] = [];
    const gate = Promise.withResolvers<void>();
    const slow = serial.run(
      'a',
      async () => {
        log.push('first begins');
        await gate.promise;
        log.push('first ends');
      },
      { signal },
    );
    const second = serial.run('a', async () => void log.push('second'), { signal });
    await serial.run('b', async () => void log.push('other'), { signal });
    expect(log).to.deep.equal(['first begins', 'other']);
    gate.resolve();
    await Promise.all([slow, second]);
    expect(log).to.deep.equal(['first begins', 'other', 'first ends', 'second']);
  });

  it('goes on after a failure, and without those who left', async () => {
    const serial = new Serial();
    const log: string[] = [];
    const gate = Promise.withResolvers<void>();
    const first = failure(
      serial.run(
        'a',
        async () => {
          await gate.promise;
          throw new Error('failed');
        },
        { signal },
      ),
    );
    const leaver = new AbortController();
    const second = failure(serial.run('a', async () => void log.push('second'), { signal: leaver.signal }));
    const third = serial.run('a', async () => void log.push('third'), { signal });
    leaver.abort(new Error('left'));
    expect(await second).to.equal('left');
    expect(log).to.deep.equal([]);
    gate.resolve();
    expect(await first).to.equal('failed');
    await third;
    expect(log).to.deep.equal(['third']);
  });
});

async function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no failure',
    (error: Error) => error.message,
  );
}
