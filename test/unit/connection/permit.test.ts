import { expect } from 'chai';
import type { Deps } from '../../../src/connection/deps.ts';
import { permission, verdictText } from '../../../src/connection/permit.ts';
import { account } from '../policy/given.ts';
import { Workbench } from './workbench.ts';

describe('the limits of a policy', () => {
  let bench: Workbench;
  beforeEach(() => {
    bench = new Workbench();
    limitTo(2);
  });

  function limitTo(connectionsPerNamespace: number): void {
    const [policy] = bench.policies.list();
    if (!policy) throw new Error('the workbench has no policy');
    bench.policies.set({ ...policy, spec: { ...policy.spec, limits: { connectionsPerNamespace } } });
  }

  it('leave their places to those that came first', () => {
    const all = ['a', 'b', 'c', 'd'].map((name) => bench.connect(name, account(name)));
    expect(all.map((each) => permission(each, bench.deps()).allowed)).to.deep.equal([true, true, false, false]);
  });

  it('give the place of one that is being deleted to the next', () => {
    const [first, , third] = ['a', 'b', 'c'].map((name) => bench.connect(name, account(name)));
    bench.change({ ...first!, metadata: { ...first!.metadata, deletionTimestamp: '2026-01-01T00:01:00Z' } });
    expect(permission(third!, bench.deps()).allowed).to.equal(true);
  });

  it('are not counted against when a changed policy asks about all connections at once', () => {
    const connection = bench.connect();
    let lists = 0;
    const connections = {
      get: bench.connections.get.bind(bench.connections),
      list: () => {
        lists += 1;
        return [];
      },
    };
    const deps = { ...bench.deps(), connections } as unknown as Deps;
    const before = verdictText(connection, deps);
    expect(lists).to.equal(0);
    limitTo(3);
    expect(verdictText(connection, deps)).not.to.equal(before);
  });
});
