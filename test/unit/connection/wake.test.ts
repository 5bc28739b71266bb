import { expect } from 'chai';
import type { PasswordlessConnection } from '../../../src/api/connection.generated.ts';
import type { ConnectionPolicy } from '../../../src/api/policy.generated.ts';
import { Waker } from '../../../src/connection/wake.ts';
import type { AddOptions, WorkQueue } from '../../../src/runtime/work-queue.ts';
import { account } from '../policy/given.ts';
import { Workbench } from './workbench.ts';

describe('who is woken', () => {
  let bench: Workbench;
  let waker: Waker;
  let added: { readonly key: string; readonly afterInMs: number }[];
  let verdict: string;
  beforeEach(() => {
    bench = new Workbench();
    added = [];
    verdict = 'allowed';
    const queue = { add: (key: string, { afterInMs = 0 }: AddOptions = {}) => void added.push({ key, afterInMs }) };
    waker = new Waker({ queue: queue as WorkQueue, connections: bench.connections, clock: bench.clock, verdictOf: () => verdict });
  });

  const policy = (generation: number) => ({ metadata: { name: 'p', uid: 'p', generation } }) as ConnectionPolicy;
  const keys = () => added.splice(0).map(({ key }) => key);

  function withReady(connection: PasswordlessConnection, reason: string): void {
    bench.connections.set({
      ...connection,
      status: { conditions: [{ type: 'Ready', status: 'False', reason }] },
    } as PasswordlessConnection);
  }

  function generation(connection: PasswordlessConnection, value: number): PasswordlessConnection {
    return { ...connection, metadata: { ...connection.metadata, generation: value } };
  }

  it('is nobody by a policy that says the same as before', () => {
    bench.connect();
    waker.policies.upsert(undefined, policy(1), 'watch');
    expect(keys()).to.deep.equal(['shop/orders']);
    waker.policies.upsert(policy(1), policy(2), 'watch');
    expect(keys()).to.deep.equal([]);
  });

  it('is one whose spec changed since policies were asked, though they now say what they said of the old spec', () => {
    const before = bench.connect();
    waker.policies.upsert(undefined, policy(1), 'watch');
    waker.connections.upsert(before, generation(before, 2), 'watch');
    keys();
    waker.policies.upsert(policy(1), policy(2), 'watch');
    expect(keys()).to.deep.equal(['shop/orders']);
  });

  it('is one that was refused, when another of its namespace goes and may leave its place to it', () => {
    const gone = bench.connect('gone', account('a'));
    withReady(bench.connect('refused', account('b')), 'NotPermitted');
    withReady(bench.connect('ready', account('c')), 'InSync');
    bench.connections.remove({ namespace: 'shop', name: 'gone' });
    waker.connections.delete(gone);
    expect(keys()).to.deep.equal(['shop/gone', 'shop/refused']);
  });

  it('is one of the same service account, when the other goes and may have taken along what both needed', () => {
    const gone = bench.connect('gone', account('a'));
    bench.connect('neighbour', account('a'));
    bench.connect('going too', account('a'), { deletionTimestamp: '2026-01-01T00:00:00Z' });
    waker.connections.delete(gone);
    expect(keys()).to.deep.equal(['shop/gone', 'shop/neighbour']);
  });

  it('is one that was asked for, at most once in 30 s', async () => {
    const connection = bench.connect();
    const asked = (value: string) => ({
      ...connection,
      metadata: { ...connection.metadata, annotations: { 'dbaccess.dev/requestedAt': value } },
    });
    waker.connections.upsert(connection, asked('1'), 'watch');
    await bench.clock.advance(10_000);
    waker.connections.upsert(asked('1'), asked('2'), 'watch');
    waker.connections.upsert(asked('2'), asked('3'), 'watch');
    expect(added.map(({ afterInMs }) => afterInMs)).to.deep.equal([0, 20_000, 20_000]);
  });

  it('is a deleted one that is to be abandoned, and no living one', () => {
    const annotations = { 'dbaccess.dev/abandon': 'true' };
    for (const [name, metadata, woken] of [
      ['deleted', { deletionTimestamp: '2026-01-01T00:00:00Z' }, ['shop/deleted']],
      ['alive', {}, []],
    ] as const) {
      const connection = bench.connect(name, {}, metadata);
      waker.connections.upsert(connection, { ...connection, metadata: { ...connection.metadata, annotations } }, 'watch');
      expect(keys()).to.deep.equal(woken);
    }
  });
});
