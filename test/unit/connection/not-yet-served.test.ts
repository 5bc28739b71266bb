import { expect } from 'chai';
import type { ConnectionSpec } from '../../../src/api/spec.ts';
import type { Deps } from '../../../src/connection/deps.ts';
import { unservedPart } from '../../../src/connection/not-yet-served.ts';

type Served = Pick<Deps, 'targets' | 'identities' | 'workloads'>;

const spec: ConnectionSpec = {
  workload: { type: 'ServiceAccount', serviceAccount: { name: 'app' } },
  identity: { type: 'UserAssigned', userAssigned: { resourceId: '/x' } },
  target: { type: 'MySQL', serverId: '/y', database: 'orders' },
  access: { profile: 'ReadWrite' },
};

function served(changes: Partial<Record<keyof Served, string>> = {}): Served {
  const { targets = 'MySQL', identities = 'UserAssigned', workloads = 'ServiceAccount' } = changes;
  const registry = (key: string) => new Map([[key, {}]]);
  return { targets: registry(targets), identities: registry(identities), workloads: registry(workloads) } as unknown as Served;
}

describe('the part of a spec that is not served', () => {
  it('is none where every kind is in its registry', () => {
    expect(unservedPart(spec, served())).to.equal(undefined);
  });

  const missing: readonly [keyof Served, string, string][] = [
    ['targets', 'PostgreSQL', 'spec.target.type MySQL'],
    ['identities', 'ServicePrincipal', 'spec.identity.type UserAssigned'],
    ['workloads', 'WebApp', 'spec.workload.type ServiceAccount'],
  ];
  for (const [registry, other, part] of missing) {
    it(`is ${part} where ${registry} has only ${other}`, () => {
      expect(unservedPart(spec, served({ [registry]: other }))).to.equal(part);
    });
  }
});
