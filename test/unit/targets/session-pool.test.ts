import { expect } from 'chai';
import { ConnectionError } from '../../../src/api/connection-error.ts';
import { type ReusableSession, SessionPool } from '../../../src/targets/session-pool.ts';
import { rejection } from '../../support/eventually.ts';
import { FakeClock, settled } from '../../support/fake-clock.ts';

class FakeSession implements ReusableSession {
  isUsable = true;
  closed = 0;

  async close(): Promise<void> {
    this.isUsable = false;
    this.closed += 1;
  }
}

describe('a pool of sessions', () => {
  const { signal } = new AbortController();
  let clock: FakeClock;
  let opened: FakeSession[];
  let fails: Error | undefined;
  let pool: SessionPool<string, FakeSession>;

  beforeEach(() => {
    clock = new FakeClock();
    opened = [];
    fails = undefined;
    pool = new SessionPool({
      open: async () => {
        if (fails) throw fails;
        const session = new FakeSession();
        opened.push(session);
        return session;
      },
      keyOf: (database) => database,
      isSameServer: (a, b) => a[0] === b[0],
      idleInMs: 1_000,
      clock,
    });
  });

  /** Uses a session until `finish` is called. */
  function use(database: string, options = { signal }) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let session: FakeSession | undefined;
    const done = pool.use(
      database,
      async (given) => {
        session = given;
        await promise;
        return given;
      },
      options,
    );
    return { done, finish: resolve, fail: reject, session: () => session };
  }

  it('says when no session of some databases is left, neither in use nor kept', async () => {
    let isUnused = false;
    const watch = () => pool.whenUnused((database) => database === 'a', { signal });
    await watch();
    const first = use('a');
    const other = use('b');
    await settled();
    void watch().then(() => {
      isUnused = true;
    });
    first.finish();
    await first.done;
    await clock.advance(999);
    expect(isUnused).to.equal(false);
    await clock.advance(1);
    expect(isUnused).to.equal(true);
    other.finish();
    await other.done;
  });

  it('keeps no session of a server whose firewall refuses another, and those of other servers', async () => {
    for (const database of ['a1', 'a2', 'b1']) await pool.use(database, async () => {}, { signal });
    const inUse = use('a2');
    await settled();
    fails = new ConnectionError('waiting', 'Unreachable', 'no route');
    await rejection(pool.use('a3', async () => {}, { signal }));
    expect(opened.map(({ closed }) => closed)).to.deep.equal([0, 0, 0]);
    fails = new ConnectionError('waiting', 'FirewallDenied', 'no rule');
    await rejection(pool.use('a3', async () => {}, { signal }));
    expect(opened.map(({ closed }) => closed)).to.deep.equal([1, 0, 0]);
    inUse.finish();
    await inUse.done;
    fails = undefined;
    await pool.ensure('a1', { signal });
    expect(opened).to.have.length(4);
  });

  it('says so too when a session could not be opened, and tells who gives up waiting', async () => {
    fails = new Error('no route');
    await rejection(pool.use('a', async () => {}, { signal }));
    await pool.whenUnused(() => true, { signal });
    fails = undefined;
    await pool.use('a', async () => {}, { signal });
    const stop = new AbortController();
    const waiting = rejection(pool.whenUnused(() => true, { signal: stop.signal }));
    stop.abort(new Error('enough'));
    expect((await waiting).message).to.equal('enough');
  });

  it('opens one for each database and uses it again', async () => {
    for (const database of ['a', 'b', 'a', 'b']) await pool.use(database, async () => {}, { signal });
    expect(opened).to.have.length(2);
  });

  it('lets one user of a database in after the other, and those of another beside them', async () => {
    const [first, second, third] = [use('a'), use('a'), use('b')];
    await settled();
    expect([first.session(), second.session(), third.session()].map(Boolean)).to.deep.equal([true, false, true]);
    first.finish();
    await settled();
    expect(second.session()).to.equal(first.session());
    second.finish();
    third.finish();
    await Promise.all([first.done, second.done, third.done]);
  });

  it('closes one that nobody wanted for a while, and opens another then', async () => {
    await pool.use('a', async () => {}, { signal });
    await clock.advance(999);
    await pool.use('a', async () => {}, { signal });
    await clock.advance(999);
    expect(opened[0]?.closed).to.equal(0);
    await clock.advance(1);
    expect(opened[0]?.closed).to.equal(1);
    await pool.use('a', async () => {}, { signal });
    expect(opened).to.have.length(2);
  });

  it('never gives a broken one out again', async () => {
    const broken = new Error('broken');
    const failing = pool.use(
      'a',
      async (session) => {
        session.isUsable = false;
        throw broken;
      },
      { signal },
    );
    expect(await rejection(failing)).to.equal(broken);
    await pool.use('a', async () => {}, { signal });
    expect(opened).to.have.length(2);
    expect(opened[0]?.closed).to.equal(1);
  });

  it('opens another after one whose user failed, for it may be the session’s fault', async () => {
    await rejection(pool.use('a', () => Promise.reject(new Error('mine')), { signal }));
    await pool.use('a', async () => {}, { signal });
    expect(opened.map(({ closed }) => closed)).to.deep.equal([1, 0]);
  });

  it('opens another in the place of one that broke while idle', async () => {
    await pool.use('a', async () => {}, { signal });
    opened[0]!.isUsable = false;
    await pool.use('a', async () => {}, { signal });
    expect(opened).to.have.length(2);
  });

  it('lets the next one try when opening failed', async () => {
    fails = new Error('refused');
    expect(await rejection(pool.use('a', async () => {}, { signal }))).to.equal(fails);
    fails = undefined;
    await pool.use('a', async () => {}, { signal });
    expect(opened).to.have.length(1);
  });

  it('lets those behind in when one stops waiting', async () => {
    const controller = new AbortController();
    const [first, second, third] = [use('a'), use('a', { signal: controller.signal }), use('a')];
    await settled();
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await rejection(second.done)).to.equal(reason);
    await settled();
    expect(third.session()).to.equal(undefined);
    first.finish();
    await settled();
    expect(third.session()).to.equal(first.session());
    third.finish();
    await third.done;
  });

  it('closes the idle ones at the end, and the rest when they are given back', async () => {
    await pool.use('a', async () => {}, { signal });
    const busy = use('b');
    await settled();
    await pool.close();
    expect(opened.map(({ closed }) => closed)).to.deep.equal([1, 0]);
    busy.finish();
    await busy.done;
    await settled();
    expect(opened.map(({ closed }) => closed)).to.deep.equal([1, 1]);
    expect(clock.sleeping).to.equal(0);
  });
});
