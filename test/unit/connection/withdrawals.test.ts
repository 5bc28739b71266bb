import { expect } from 'chai';
import type { PasswordlessConnection } from '../../../src/api/connection.generated.ts';
import { Withdrawals } from '../../../src/connection/withdrawals.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const graceInMs = 600_000;

function lost(uid: string, status: PasswordlessConnection['status'] = {}): PasswordlessConnection {
  const connection = { metadata: { uid, name: uid, namespace: 'shop', generation: 1 }, status } as unknown as PasswordlessConnection;
  there.set(uid, connection);
  return connection;
}

/** The connections of the cache, by uid. */
const there = new Map<string, PasswordlessConnection>();

describe('the withdrawal of a connection that no policy allows', () => {
  let clock: FakeClock;
  let completeLists: number;
  let relists: number;
  let annotations: Record<string, string>;
  let withdrawals: Withdrawals;

  beforeEach(() => {
    clock = new FakeClock();
    completeLists = 1;
    relists = 0;
    annotations = {};
    there.clear();
    withdrawals = new Withdrawals({
      clock,
      graceInMs,
      maximum: 2,
      policies: {
        list: () => [{ metadata: { annotations } }] as never,
        get completeLists() {
          return completeLists;
        },
      },
      connections: { list: () => [...there.values()] },
      relist: () => {
        relists += 1;
      },
    });
  });

  async function afterGrace(): Promise<void> {
    await clock.advance(graceInMs);
  }

  /** Looks again and again, with a list coming through between two looks. */
  function whenListed(connection: PasswordlessConnection): string {
    withdrawals.consider(connection);
    completeLists += 1;
    withdrawals.consider(connection);
    completeLists += 1;
    return withdrawals.consider(connection).kind;
  }

  it('waits out the grace period, and says when it ends', async () => {
    const endsAt = clock.now() + graceInMs;
    expect(withdrawals.consider(lost('a'))).to.deep.equal({ kind: 'waiting', endsAt, lookAgainInMs: graceInMs });
    await clock.advance(60_000);
    expect(withdrawals.consider(lost('a'))).to.deep.equal({ kind: 'waiting', endsAt, lookAgainInMs: graceInMs - 60_000 });
    expect(relists).to.equal(0);
  });

  it('counts only after two complete lists that came after the grace period', async () => {
    withdrawals.consider(lost('a'));
    completeLists += 5;
    await afterGrace();
    expect(withdrawals.consider(lost('a')).kind).to.equal('waiting');
    completeLists += 1;
    expect(withdrawals.consider(lost('a')).kind).to.equal('waiting');
    completeLists += 1;
    expect(withdrawals.consider(lost('a'))).to.deep.equal({ kind: 'due' });
    expect(relists).to.equal(2);
  });

  it('never counts while no list comes through, and asks for one only once', async () => {
    withdrawals.consider(lost('a'));
    await afterGrace();
    for (let look = 0; look < 10; look += 1) expect(withdrawals.consider(lost('a')).kind).to.equal('waiting');
    expect(relists).to.equal(1);
  });

  it('begins anew when a policy came back in between', async () => {
    withdrawals.consider(lost('a'));
    await clock.advance(graceInMs - 1);
    withdrawals.permitted(lost('a'));
    expect(withdrawals.consider(lost('a'))).to.include({ kind: 'waiting', lookAgainInMs: graceInMs });
  });

  it('goes on where it was after a restart, and nobody can put it off by writing a later time into status', () => {
    const soon = new Date(clock.now() + 1_000).toISOString();
    const late = new Date(clock.now() + 10 * graceInMs).toISOString();
    expect(withdrawals.consider(lost('a', { accessEndsAt: soon }))).to.include({ lookAgainInMs: 1_000 });
    expect(withdrawals.consider(lost('b', { accessEndsAt: late }))).to.include({ lookAgainInMs: graceInMs });
    expect(withdrawals.consider(lost('c', { accessEndsAt: 'nonsense' }))).to.include({ lookAgainInMs: graceInMs });
  });

  it('is stopped for all when more than the maximum lost their policy at once', async () => {
    for (const uid of ['a', 'b', 'c']) withdrawals.consider(lost(uid));
    await afterGrace();
    expect(whenListed(lost('a'))).to.equal('braked');
    expect(withdrawals.consider(lost('a'))).to.include({ pending: 3 });
    withdrawals.forget('c');
    expect(withdrawals.consider(lost('a')).kind).to.equal('due');
  });

  it('does not count those that went without the operator, nor those that are on their way out', async () => {
    for (const uid of ['a', 'b', 'c', 'd']) withdrawals.consider(lost(uid));
    await afterGrace();
    expect(whenListed(lost('a'))).to.equal('braked');
    there.delete('c');
    expect(withdrawals.consider(lost('a'))).to.include({ kind: 'braked', pending: 3 });
    const { metadata, ...rest } = lost('d');
    there.set('d', { ...rest, metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:01:00Z' } });
    expect(withdrawals.consider(lost('a')).kind).to.equal('due');
  });

  it('does not count those that were edited into something that no policy allows, so that nobody can hold up the others', async () => {
    for (const uid of ['a', 'b', 'c']) {
      withdrawals.permitted(lost(uid));
      const edited = lost(uid);
      Object.assign(edited.metadata, { generation: 2 });
      withdrawals.consider(edited);
    }
    const innocent = lost('d');
    withdrawals.permitted(innocent);
    withdrawals.consider(innocent);
    await afterGrace();
    expect(whenListed(innocent)).to.equal('due');
  });

  it('goes on though many were lost when somebody releases it on a policy', async () => {
    for (const uid of ['a', 'b', 'c']) withdrawals.consider(lost(uid));
    await afterGrace();
    expect(whenListed(lost('a'))).to.equal('braked');
    annotations = { 'dbaccess.dev/releaseWithdrawals': 'true' };
    expect(withdrawals.consider(lost('a')).kind).to.equal('due');
  });

  it('does not count those that were withdrawn before a restart among the many', () => {
    const accessEndsAt = new Date(clock.now() - 1).toISOString();
    const conditions = [{ type: 'Ready', status: 'False' as const, reason: 'Withdrawn', message: '', lastTransitionTime: '' }];
    const before = ['a', 'b', 'c', 'd'].map((uid) => lost(uid, { accessEndsAt, conditions }));
    for (const connection of before) withdrawals.consider(connection);
    expect(whenListed(lost('e', { accessEndsAt }))).to.equal('due');
    expect(whenListed(before[0]!)).to.equal('due');
  });
});
