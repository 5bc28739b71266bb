import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import type { ConnectionSpec, PolicyEntry } from '../../../src/api/spec.ts';
import type { Policy } from '../../../src/policy/verdict.ts';
import {
  access,
  allowed,
  azureSql,
  byClientId,
  containerApp,
  containerAppId,
  database,
  entry,
  id,
  identityId,
  judge,
  otherSubscription,
  policy,
  refused,
  serverId,
  servicePrincipal,
  spec,
  subscription,
} from './given.ts';

describe('policies together', () => {
  describe('for an identity named by client id', () => {
    const one = policy('one', { identities: { userAssigned: [identityId('*')] } });
    const two = policy('two', { identities: { userAssigned: [identityId('*', 'rg-two')] }, targets: [entry({ databases: ['other'] })] });
    const verdict = (resolvedIdentity?: 'absent' | ReturnType<typeof id>) =>
      judge({ spec: spec({ identity: byClientId }), ...(resolvedIdentity === undefined ? {} : { resolvedIdentity }) }, [one, two]);

    it('allows a look where a policy names the subscription, and the identity that is found where its id is allowed', () => {
      allowed(verdict());
      allowed(verdict(id(identityId('Orders'), 'userAssignedIdentity')));
    });

    it('refuses what is forbidden and what is not there with the same words', () => {
      const absent = refused(verdict('absent'));
      expect(absent.part).to.equal('identity');
      for (const elsewhere of [
        identityId('xyz', 'rg-other'),
        identityId('xyz', 'rg-two'),
        identityId('xyz', 'rg-shop', otherSubscription),
      ]) {
        expect(verdict(id(elsewhere, 'userAssignedIdentity'))).to.deep.equal(absent);
      }
    });

    it('takes no resource of another kind for an identity', () => {
      expect(verdict(id(serverId(), 'postgresServer')).allowed).to.equal(false);
    });
  });

  describe('of more than one policy', () => {
    it('never puts halves together', () => {
      const halves = [
        policy('a', { targets: [entry({ databases: ['other'] }), entry({ profiles: ['ReadOnly'] })] }),
        policy('b', { identities: {} }),
        policy('c', { targets: [entry({ servers: [serverId('other')] })] }),
      ];
      const verdict = refused(judge({ spec: spec() }, halves));
      expect(verdict).to.include({ part: 'profile', nearestPolicy: 'a' });
    });

    it('names the one that comes nearest, the first by name of these, in whatever order they stand', () => {
      const policies = [
        policy('z', { targets: [entry({ databases: ['x'] })] }),
        policy('b', { targets: [entry({ databases: ['y'] })] }),
        policy('a', { identities: {} }),
      ];
      expect(refused(judge({ spec: spec() }, policies))).to.include({ nearestPolicy: 'b', part: 'database' });
      expect(judge({ spec: spec() }, policies.toReversed())).to.deep.equal(judge({ spec: spec() }, policies));
    });

    it('gives the set-up of entries that allow the connection, and of no others', () => {
      const verdict = judge({ spec: spec() }, [
        policy('a', {
          targets: [entry({ databases: ['other'], setup: { entraAdministrator: 'TakeOver', temporaryFirewallRule: 'Allow' } })],
        }),
        policy('b', { targets: [entry({ setup: { entraAdministrator: 'AddIfNone', knownTriggers: ['t2', 't1'] } })] }),
        policy('c', { targets: [entry({ setup: { knownTriggers: ['t1', 't3'], retiredOwner: 'keeper' } })] }),
      ]);
      expect(allowed(verdict).setup).to.include({
        entraAdministrator: 'AddIfNone',
        temporaryFirewallRule: 'Never',
        retiredOwner: 'keeper',
      });
      expect(allowed(verdict).setup.knownTriggers).to.deep.equal(['t1', 't2', 't3']);
    });

    it('lets a written Never win for its server, from whichever policy, and for no other server', () => {
      const giving = policy('a', {
        targets: [
          entry({
            setup: {
              entraAdministrator: 'TakeOver',
              entraAuthentication: 'Enable',
              temporaryFirewallRule: 'Allow',
              publicConnect: 'Revoke',
            },
          }),
        ],
      });
      const setup = (other: Policy) => allowed(judge({ spec: spec() }, [giving, other])).setup;
      const never = {
        entraAdministrator: 'Never',
        entraAuthentication: 'Never',
        temporaryFirewallRule: 'Never',
        publicConnect: 'Keep',
      } as const;
      const elsewhere = { namespaces: { names: ['payments'] } };
      expect(setup(policy('b', { ...elsewhere, targets: [entry({ databases: ['x'], setup: never })] }))).to.include(never);
      expect(
        setup(policy('b', { ...elsewhere, targets: [entry({ servers: [serverId('sha*')], setup: { entraAdministrator: 'Never' } })] })),
      ).to.include({
        entraAdministrator: 'Never',
        entraAuthentication: 'Enable',
      });
      expect(setup(policy('b', { ...elsewhere, targets: [entry({ servers: [serverId('other')], setup: never })] }))).to.include({
        entraAdministrator: 'TakeOver',
        publicConnect: 'Revoke',
      });
      expect(setup(policy('b', { targets: [entry({ setup: {} })] }))).to.include({ entraAdministrator: 'TakeOver' });
    });

    it('lets a connection be abandoned where any entry that allows it says so', () => {
      const policies = [policy('a'), policy('b', { targets: [entry({ abandon: 'Allow' })] })];
      expect(allowed(judge({ spec: spec() }, policies)).mayAbandon).to.equal(true);
      expect(
        allowed(judge({ spec: spec() }, [policy('a'), policy('b', { targets: [entry({ abandon: 'Allow', databases: ['x'] })] })]))
          .mayAbandon,
      ).to.equal(false);
    });
  });

  describe('bounds', () => {
    const bounded = policy('shop', { limits: { connectionsPerNamespace: 2, serviceAccountsPerIdentity: 3 } });
    const usage = (connections: number, serviceAccountsOnIdentity = 0) => ({
      connections: (name: string) => (name === 'shop' ? connections : 0),
      serviceAccountsOnIdentity,
    });

    it('the connections of a namespace', () => {
      allowed(judge({ spec: spec() }, [bounded]));
      allowed(judge({ spec: spec(), usage: usage(1) }, [bounded]));
      expect(refused(judge({ spec: spec(), usage: usage(2) }, [bounded]))).to.include({ part: 'limits' });
    });

    it('the service accounts of a namespace on one identity, but not apps', () => {
      expect(refused(judge({ spec: spec(), usage: usage(0, 3) }, [bounded])).message).to.contain('3 service accounts on the identity');
      const apps = policy('shop', { workloads: { resourceIds: [containerAppId()] }, limits: { serviceAccountsPerIdentity: 1 } });
      allowed(judge({ spec: spec({ workload: containerApp }), usage: usage(0, 3) }, [apps]));
    });

    it('only what that policy allows: another one may still allow it', () => {
      const verdict = judge({ spec: spec(), usage: usage(2) }, [bounded, policy('other')]);
      expect(allowed(verdict).policy).to.equal('other');
    });
  });

  it('reads the examples of the API as their comments say', async () => {
    const { parseAllDocuments } = await import('yaml');
    const file = new URL('../../../test/unit/policy/example-policies.yaml', import.meta.url);
    const [own, team] = parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS() as Policy);
    const both = [own!, team!];
    const inShop = (over: Partial<ConnectionSpec>, labels = {}) => judge({ spec: spec(over) }, both, { name: 'shop', labels });

    expect(allowed(inShop({})).policy).to.equal('own-database');
    expect(allowed(inShop(database('shop_eu'))).policy).to.equal('own-database');
    expect(inShop(database('shop-eu')).allowed).to.equal(false);
    expect(inShop(database('payments')).allowed).to.equal(false);
    expect(inShop({ identity: { type: 'UserAssigned', userAssigned: { resourceId: identityId('xyz', 'rg-payments') } } }).allowed).to.equal(
      false,
    );

    const onShopServer: Partial<ConnectionSpec> = {
      identity: { type: 'UserAssigned', userAssigned: { resourceId: identityId('xyz', 'shop') } },
      target: {
        type: 'MySQL',
        serverId: `/subscriptions/${subscription}/resourceGroups/shop/providers/Microsoft.DBforMySQL/flexibleServers/shop-1`,
        database: 'orders',
      },
    };
    expect(inShop(onShopServer).allowed).to.equal(false);
    const verdict = allowed(inShop(onShopServer, { team: 'shop' }));
    expect(verdict.policy).to.equal('shop');
    expect(verdict.setup).to.include({ entraAdministrator: 'AddIfNone', temporaryFirewallRule: 'Never' });
    expect(verdict.setup.mysqlServerIdentityId?.names).to.deep.equal(['mysql-directory-reader']);
    expect(inShop({ ...onShopServer, identity: servicePrincipal }, { team: 'shop' }).allowed).to.equal(true);
    expect(
      inShop({ ...onShopServer, target: { ...azureSql, database: 'sales' }, ...access({ profile: 'ReadOnly' }) }, { team: 'shop' }).allowed,
    ).to.equal(true);
    expect(inShop({ ...onShopServer, target: { ...azureSql, database: 'sales' } }, { team: 'shop' }).allowed).to.equal(false);
  });

  it('takes nothing away by one policy more, but for a written Never', () => {
    const some = <T>(...values: readonly T[]) => fc.subarray([...values], { minLength: 1 });
    const arbitraryEntry: fc.Arbitrary<PolicyEntry> = fc.record({
      servers: some(serverId(), serverId('*'), serverId('other')),
      databases: some('shop', '*', '${namespace}', 'other'),
      profiles: some('ReadOnly' as const, 'ReadWrite' as const),
      abandon: fc.constantFrom('Allow' as const, 'Never' as const),
      setup: fc.record(
        {
          entraAdministrator: fc.constantFrom('AddIfNone' as const, 'TakeOver' as const, 'Never' as const),
          temporaryFirewallRule: fc.constantFrom('Allow' as const, 'Never' as const),
        },
        { requiredKeys: [] },
      ),
    });
    const arbitraryPolicy: fc.Arbitrary<Policy> = fc.record({
      metadata: fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd') }),
      spec: fc.record({
        namespaces: fc.record({ names: some('shop', '*', 'x') }),
        identities: fc.record({ userAssigned: some(identityId(), identityId('*'), identityId('x')) }),
        workloads: fc.record({ serviceAccounts: some('*', 'orders', 'x') }),
        targets: fc.array(arbitraryEntry, { minLength: 1, maxLength: 3 }),
      }),
    });
    const adminOrder = ['Never', 'AddIfNone', 'TakeOver'];
    fc.assert(
      fc.property(fc.array(arbitraryPolicy, { maxLength: 3 }), arbitraryPolicy, (policies, added) => {
        const before = judge({ spec: spec() }, policies);
        const after = judge({ spec: spec() }, [...policies, added]);
        if (!before.allowed) return;
        const more = allowed(after);
        expect(more.mayAbandon || !before.mayAbandon).to.equal(true);
        const written = added.spec.targets.some(({ setup }) => Object.values(setup ?? {}).includes('Never'));
        if (written) return;
        expect(adminOrder.indexOf(more.setup.entraAdministrator)).to.be.at.least(adminOrder.indexOf(before.setup.entraAdministrator));
        if (before.setup.temporaryFirewallRule === 'Allow') expect(more.setup.temporaryFirewallRule).to.equal('Allow');
      }),
      { numRuns: 2000 },
    );
  });
});
