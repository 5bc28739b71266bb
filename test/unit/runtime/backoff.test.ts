import { expect } from 'chai';
import { Backoff, jittered, TokenBucket } from '../../../src/runtime/backoff.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('A back-off', () => {
  const middle = () => 0.5;

  it('doubles per failure of the key up to its maximum, and starts anew when forgotten', () => {
    const backoff = new Backoff({ baseInMs: 1_000, maxInMs: 6_000, random: middle });
    expect([1, 2, 3, 4, 5].map(() => backoff.next('a'))).to.deep.equal([1_000, 2_000, 4_000, 6_000, 6_000]);
    expect(backoff.next('b')).to.equal(1_000);
    expect(backoff.failures('a')).to.equal(5);
    backoff.forget('a');
    expect(backoff.failures('a')).to.equal(0);
    expect(backoff.next('a')).to.equal(1_000);
  });

  it('stays a number after thousands of failures', () => {
    const backoff = new Backoff({ baseInMs: 5, maxInMs: 1_000_000, random: () => 0 });
    let last = 0;
    for (let i = 0; i < 2_000; i += 1) last = backoff.next('a');
    expect(last).to.equal(800_000);
  });

  it('is moved at random by its jitter, never above the maximum', () => {
    const least = new Backoff({ baseInMs: 1_000, maxInMs: 1_100, jitter: 0.2, random: () => 0 });
    const most = new Backoff({ baseInMs: 1_000, maxInMs: 1_100, jitter: 0.2, random: () => 0.999_999 });
    expect(least.next('a')).to.equal(800);
    expect(most.next('a')).to.equal(1_100);
  });

  it('waits for the bucket that all keys share', () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket({ perSecond: 1, burst: 2, clock });
    const backoff = new Backoff({ baseInMs: 10, maxInMs: 1_000, random: middle, bucket });
    expect(['a', 'b', 'c', 'd'].map((key) => backoff.next(key))).to.deep.equal([10, 10, 1_000, 2_000]);
  });
});

describe('A token bucket', () => {
  it('gives its burst at once, and then so many per second', async () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket({ perSecond: 2, burst: 3, clock });
    expect([1, 2, 3, 4].map(() => bucket.tryTake())).to.deep.equal([true, true, true, false]);
    await clock.advance(499);
    expect(bucket.tryTake()).to.equal(false);
    await clock.advance(1);
    expect(bucket.tryTake()).to.equal(true);
    expect(bucket.isFull()).to.equal(false);
    await clock.advance(60_000);
    expect(bucket.isFull()).to.equal(true);
    expect([1, 2, 3, 4].map(() => bucket.tryTake())).to.deep.equal([true, true, true, false]);
  });
});

describe('A jittered time', () => {
  it('lies within its fraction on both sides', () => {
    expect(jittered(600_000, 0.1, () => 0)).to.equal(540_000);
    expect(jittered(600_000, 0.1, () => 0.5)).to.equal(600_000);
    expect(jittered(600_000, 0.1, () => 0.999_999_999)).to.be.closeTo(660_000, 1);
  });
});
