import { expect } from 'chai';
import fc from 'fast-check';
import type { ConnectionSpec } from '../../../src/api/spec.ts';
import type { Policy } from '../../../src/policy/verdict.ts';
import { allowed, judge, policy, refused, shop, spec } from './given.ts';

describe('the policy, given what has no sense,', () => {
  it('says nothing but no, and never throws', () => {
    const odd = fc.anything({ maxDepth: 3, withNullPrototype: true });
    const oddSpec = fc.record(
      { workload: odd, identity: odd, target: odd, access: odd, databaseUser: odd, output: odd, deletionPolicy: odd },
      { requiredKeys: [] },
    );
    const oddPolicy = fc.oneof(
      odd,
      fc.record({ metadata: odd, spec: odd }),
      fc.record({
        metadata: fc.constant({ name: 'x' }),
        spec: fc.record({ namespaces: odd, targets: odd, workloads: odd, identities: odd, limits: odd }),
      }),
    );
    fc.assert(
      fc.property(oddSpec, fc.array(oddPolicy, { maxLength: 3 }), (connection, policies) => {
        expect(judge({ spec: connection as ConnectionSpec }, [...(policies as Policy[]), policy()]).allowed).to.equal(false);
        expect(judge({ spec: spec() }, policies as Policy[]).allowed).to.equal(false);
        expect(judge({ spec: spec() }, [...(policies as Policy[]), policy()]).allowed).to.equal(true);
      }),
      { numRuns: 500 },
    );
  });

  it('takes no number for a name', () => {
    const workload = { type: 'ServiceAccount', serviceAccount: { name: 5 } } as unknown as ConnectionSpec['workload'];
    expect(refused(judge({ spec: spec({ workload }) }, [policy()])).part).to.equal('workload');
  });

  it('changes nothing that it is given', () => {
    const frozen = deepFreeze([policy('b'), policy('a')]);
    allowed(judge(deepFreeze({ spec: spec() }), frozen, deepFreeze({ ...shop })));
    expect(frozen.map(({ metadata }) => metadata.name)).to.deep.equal(['b', 'a']);
  });
});

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const each of Object.values(Object.freeze(value))) deepFreeze(each);
  return value;
}
