import { expect } from 'chai';
import { ConnectionError } from '../../../src/api/connection-error.ts';
import { nextLook } from '../../../src/connection/next-look.ts';
import type { Outcome } from '../../../src/connection/outcome.ts';
import { priorities } from '../../../src/runtime/work-queue.ts';
import { Workbench } from './workbench.ts';

const inSync: Outcome = { kind: 'in-sync', facts: {}, findings: [], applied: [] };
const reported: Outcome = { kind: 'reported', facts: {}, findings: [], steps: [], afterwards: [] };
const blocking = { reason: 'TablesNotOwned', message: 'somebody else must', blocking: true } as const;

function failed(kind: 'retry' | 'waiting', retryAfterInMs?: number): Outcome {
  const failure = new ConnectionError(kind, 'AzureError', 'no', { retryAfterInMs });
  return { kind: 'failed', stage: undefined, inSync: [], failure, facts: {}, applied: [], deleting: false };
}

describe('the next look at a connection', () => {
  const bench = new Workbench();
  const deps = bench.deps();
  const connection = bench.connect();

  it('is at the same time for all connections of a server that have nothing to be done, whenever their pass ended', async () => {
    const first = nextLook(connection, inSync, deps);
    expect(first).to.deep.equal({ kind: 'after', ms: 300_000, priority: priorities.background });
    await bench.clock.advance(1_000);
    const second = nextLook(bench.connect('reports'), reported, deps);
    expect(second).to.deep.equal({ kind: 'after', ms: 299_000, priority: priorities.background });
  });

  const others: readonly (readonly [string, Outcome, object])[] = [
    ['comes later each time, but not soon, when a person must act', { ...inSync, findings: [blocking] }, { notBeforeInMs: 5_000 }],
    ['comes later each time when it failed', failed('retry'), { notBeforeInMs: 0 }],
    ['comes not before Azure wants to be asked again', failed('retry', 7_000), { notBeforeInMs: 7_000 }],
    ['comes not soon when it waits for somebody', failed('waiting'), { notBeforeInMs: 5_000 }],
  ];
  for (const [what, outcome, expected] of others)
    it(what, () => {
      expect(nextLook(connection, outcome, deps)).to.deep.equal({ kind: 'backoff', ...expected });
    });

  it('comes when something changes once access has ended', () => {
    expect(nextLook(connection, { kind: 'withdrawn', message: '' }, deps)).to.deep.equal({ kind: 'done' });
  });
});
