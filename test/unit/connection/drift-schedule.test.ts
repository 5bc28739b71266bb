import { expect } from 'chai';
import { requiredResourceId } from '../../../src/azure/required-resource-id.ts';
import { DriftSchedule } from '../../../src/connection/drift-schedule.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { serverId } from './workbench.ts';

const intervalInMs = 600_000;
const shop = requiredResourceId(serverId('shop-pg'), 'postgresServer');
const other = requiredResourceId(serverId('other-pg'), 'postgresServer');

describe('the passes over a server', () => {
  let clock: FakeClock;
  let chances: number[];
  let schedule: DriftSchedule;

  beforeEach(() => {
    clock = new FakeClock();
    chances = [];
    schedule = new DriftSchedule({ intervalInMs, clock, random: () => chances.shift() ?? 0.5 });
  });

  /** The time of the next pass, from the beginning. */
  const startedAt = new FakeClock().now();
  const nextPass = (id = shop) => clock.now() - startedAt + schedule.untilNext(id);

  it('are none before a time that somebody wanted, and go on after it; those over other servers are as ever', async () => {
    chances = [0.25, 0.25];
    schedule.postpone(shop, startedAt + 3_600_000);
    expect(nextPass()).to.equal(3_600_000);
    expect(nextPass(other)).to.equal(150_000);
    await clock.advance(3_600_000);
    expect(nextPass() - 3_600_000).to.be.within(0, 1.1 * intervalInMs);
  });

  it('are the same for all its connections, whenever they ask', async () => {
    chances = [0.25];
    expect(nextPass()).to.equal(150_000);
    await clock.advance(149_999);
    expect(nextPass()).to.equal(150_000);
    await clock.advance(1);
    const following = nextPass();
    expect(following).to.equal(750_000);
    await clock.advance(30_000);
    expect(nextPass(), 'one that took half a minute').to.equal(following);
    await clock.advance(569_999);
    expect(nextPass(), 'one that came about just before it').to.equal(following);
  });

  it('are never told of twice: who has just been looked at waits for the next one', async () => {
    for (let pass = 0; pass < 100; pass += 1) {
      chances = [pass / 100];
      await clock.advance(schedule.untilNext(shop));
      expect(schedule.untilNext(shop)).to.be.within(0.9 * intervalInMs, 1.1 * intervalInMs);
    }
  });

  it('are an interval apart, and a tenth of it by chance', async () => {
    chances = [0, 0, 0.999_999];
    expect(schedule.untilNext(shop)).to.equal(0);
    expect(schedule.untilNext(shop)).to.equal(540_000);
    await clock.advance(540_000);
    expect(schedule.untilNext(shop)).to.be.closeTo(660_000, 1);
  });

  it('are spread by chance among those over other servers', () => {
    chances = [0.1, 0.7];
    expect([nextPass(shop), nextPass(other)]).to.deep.equal([60_000, 420_000]);
  });

  it('are those of one server, however its id is written', () => {
    chances = [0.1, 0.7];
    const shouted = requiredResourceId(serverId('SHOP-PG').replace('resourceGroups', 'RESOURCEGROUPS'), 'postgresServer');
    expect(nextPass(shouted)).to.equal(nextPass(shop));
  });

  it('are never further off than 1.1 intervals, also when the clock is put back', () => {
    let now = 100 * intervalInMs;
    const own = new DriftSchedule({ intervalInMs, clock: { now: () => now, sleep: async () => {} }, random: () => 0.5 });
    own.untilNext(shop);
    now -= 50 * intervalInMs;
    expect(own.untilNext(shop)).to.be.within(0, 1.1 * intervalInMs);
  });

  it('take a place by chance again after a time in which nobody asked', async () => {
    schedule.untilNext(shop);
    await clock.advance(10 * intervalInMs);
    chances = [0.5, 0.2];
    expect(schedule.untilNext(shop)).to.equal(0.2 * intervalInMs);
  });
});
