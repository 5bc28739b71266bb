import { expect } from 'chai';
import { type Covered, coverageOf } from '../../../src/policy/coverage.ts';
import type { Policy } from '../../../src/policy/verdict.ts';

const root = '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/shop/providers';
const serverId = `${root}/Microsoft.DBforPostgreSQL/flexibleServers/shop-pg`;
const identityId = `${root}/Microsoft.ManagedIdentity/userAssignedIdentities/orders`;

function policy(name: string, namespaces: string[]): Policy {
  const targets = [{ servers: [serverId], databases: ['orders'], profiles: ['ReadOnly' as const] }];
  return {
    metadata: { name },
    spec: { namespaces: { names: namespaces }, workloads: { serviceAccounts: ['*'] }, identities: { userAssigned: [identityId] }, targets },
  };
}

function connection(namespace: string, database = 'orders'): Covered {
  return {
    namespace: { name: namespace, labels: {} },
    facts: {
      spec: {
        workload: { type: 'ServiceAccount', serviceAccount: { name: 'app' } },
        identity: { type: 'UserAssigned', userAssigned: { resourceId: identityId } },
        target: { type: 'PostgreSQL', serverId, database },
        access: { profile: 'ReadOnly' },
      },
      defaultUserName: 'aad_x',
    },
  };
}

const namespaces = ['shop', 'shop-eu', 'other', 'kube-system'].map((name) => ({ name, labels: {} }));

function coverage(of: Policy, all: readonly Policy[], connections: readonly Covered[]) {
  return coverageOf(of, all, namespaces, connections, { operatorNamespace: 'passwordless-system' });
}

describe('what a policy amounts to', () => {
  const shop = policy('shop', ['shop*']);

  it('counts the namespaces that it selects, never those of Kubernetes', () => {
    expect(coverage(shop, [shop], [])).to.deep.equal({ namespaces: 2, connections: 0 });
    const all = policy('all', ['*']);
    expect(coverage(all, [all], []).namespaces).to.equal(3);
  });

  it('counts the connections that it allows', () => {
    expect(coverage(shop, [shop], [connection('shop'), connection('shop', 'billing'), connection('other')]).connections).to.equal(1);
  });

  it('does not count those that another policy allows as well', () => {
    const both = policy('both', ['shop']);
    const connections = [connection('shop'), connection('shop-eu')];
    expect(coverage(shop, [shop, both], connections).connections).to.equal(1);
    expect(coverage(both, [shop, both], connections).connections).to.equal(0);
  });
});
