import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import type { ConnectionSpec, PolicyEntry, PolicySpec } from '../../../src/api/spec.ts';
import type { Part, Policy } from '../../../src/policy/verdict.ts';
import {
  allowed,
  containerAppId,
  entry,
  id,
  identityId,
  judge,
  otherSubscription,
  policy,
  refused,
  serverId,
  shop,
  spec,
  subscription,
} from './given.ts';

const clientId = '11111111-1111-1111-1111-111111111111';
const objectId = '33333333-3333-3333-3333-333333333333';
const servicePrincipal: ConnectionSpec['identity'] = {
  type: 'ServicePrincipal',
  servicePrincipal: { tenantId: subscription, clientId, objectId, clientSecretRef: { name: 's', key: 'k' } },
};
const containerApp: ConnectionSpec['workload'] = { type: 'ContainerApp', containerApp: { resourceId: containerAppId() } };
const byClientId: ConnectionSpec['identity'] = { type: 'UserAssigned', userAssigned: { clientId, subscriptionId: subscription } };
const azureSql: ConnectionSpec['target'] = {
  type: 'AzureSQL',
  serverId: `/subscriptions/${subscription}/resourceGroups/data/providers/Microsoft.Sql/servers/reports`,
  database: 'sales',
};
const mysql: ConnectionSpec['target'] = {
  type: 'MySQL',
  serverId: `/subscriptions/${subscription}/resourceGroups/data/providers/Microsoft.DBforMySQL/flexibleServers/m`,
  database: 'shop',
};

/** A connection, and the policy for its namespace with one entry that differs from the plain one. */
interface Case {
  readonly when: string;
  readonly ask?: Partial<ConnectionSpec>;
  readonly give?: Partial<PolicyEntry>;
  readonly policy?: Partial<PolicySpec>;
}

describe('the policy', () => {
  it('allows a connection that one entry allows whole', () => {
    const verdict = allowed(judge({ spec: spec() }, [policy()]));
    expect(verdict.policy).to.equal('shop');
    expect(verdict.entry).to.deep.equal(entry());
    expect(verdict.mayAbandon).to.equal(false);
    expect(verdict.setup).to.deep.equal({
      entraAuthentication: 'Never',
      entraAdministrator: 'Never',
      temporaryFirewallRule: 'Never',
      publicConnect: 'Keep',
      ownerCredentialsSecretName: undefined,
      retiredOwner: undefined,
      knownTriggers: [],
      mysqlServerIdentityId: undefined,
    });
  });

  it('is closed while there is none', () => {
    expect(refused(judge({ spec: spec() }, []))).to.deep.equal({
      allowed: false,
      part: 'namespace',
      message: 'no ConnectionPolicy is for namespace "shop": ask the platform team for one',
    });
  });

  it('tells no namespace of the policies of others', () => {
    const verdict = refused(judge({ spec: spec() }, [policy('payments', { namespaces: { names: ['payments'] } })]));
    expect(JSON.stringify(verdict)).not.to.contain('payments');
  });

  describe('allows', () => {
    const cases: readonly Case[] = [
      { when: 'ids in another case', ask: { target: { ...spec().target, serverId: serverId().toUpperCase() } } },
      { when: 'a pattern in another case', give: { servers: [serverId('SHAR*').replace('resourceGroups', 'RESOURCEGROUPS')] } },
      { when: 'the namespace in an id', give: { servers: [serverId('shared', 'd${namespace}*').replace('d${namespace}*', 'data')] } },
      { when: 'the namespace for the database', give: { databases: ['${namespace}'] } },
      { when: 'a service account that is named', ask: account('default'), policy: { workloads: { serviceAccounts: ['default'] } } },
      {
        when: 'the namespace in a service account',
        ask: account('shop-api'),
        policy: { workloads: { serviceAccounts: ['${namespace}-api'] } },
      },
      {
        when: 'an app with its own identity',
        ask: { workload: containerApp, identity: { type: 'SystemAssigned' } },
        policy: { workloads: { resourceIds: [containerAppId('*')] }, identities: {} },
      },
      {
        when: 'a service principal by both ids, in either case',
        ask: { identity: servicePrincipal },
        policy: { identities: { servicePrincipals: [{ clientId, objectId: objectId.toUpperCase() }] }, secretReferences: 'Allow' },
      },
      {
        when: 'an identity to be made',
        ask: { identity: { type: 'UserAssigned', userAssigned: { resourceId: identityId(), create: { location: 'x' } } } },
        policy: { identities: { userAssigned: [identityId()], create: 'Allow' } },
      },
      { when: 'postgres named in full', ask: database('postgres'), give: { databases: ['*', 'postgres'] } },
      {
        when: 'a database named postgres on MySQL',
        ask: { target: { ...mysql, database: 'postgres' } },
        give: { servers: [mysql.serverId], databases: ['*'] },
      },
      { when: 'public, where the policy leaves schemas out', ask: access({ schemas: ['public'] }) },
      { when: 'a schema that is listed', ask: access({ schemas: ['app_1'] }), give: { schemas: ['app_*'] } },
      { when: 'all schemas, where "*" is listed', ask: access({ schemas: ['*'] }), give: { schemas: ['*'] } },
      { when: 'any schema, where "*" is listed', ask: access({ schemas: ['Any'] }), give: { schemas: ['*'] } },
      {
        when: 'grants with the privileges that are listed',
        ask: access({ profile: 'Custom', grants: [{ objectType: 'Table', schema: 'public', names: ['*'], privileges: ['SELECT'] }] }),
        give: { profiles: ['Custom'], customPrivileges: ['SELECT'] },
      },
      {
        when: 'grants beside a profile, where Custom is listed too',
        ask: access({ profile: 'ReadOnly', grants: [{ objectType: 'Database', privileges: ['CREATE'] }] }),
        give: { profiles: ['ReadOnly', 'Custom'], customPrivileges: ['*'] },
      },
      {
        when: 'Custom without public, when it doesn’t ask for public',
        ask: access({ profile: 'Custom', roles: ['r'] }),
        give: { profiles: ['Custom'], customPrivileges: ['SELECT'], schemas: ['app'], roles: ['r'] },
      },
      { when: 'roles that are listed', ask: access({ profile: 'ReadWrite', roles: ['reporting'] }), give: { roles: ['reporting'] } },
      { when: 'routines', ask: access({ profile: 'ReadWrite', routines: 'All' }), give: { routines: 'Allow' } },
      { when: 'the default name of the user, written down', ask: { databaseUser: { name: 'aad_shop_orders' } } },
      { when: 'a user’s name that is listed', ask: { databaseUser: { name: 'aad_x' } }, give: { users: ['aad_*'] } },
      { when: 'adoption', ask: { databaseUser: { adopt: true }, output: { adopt: true } }, give: { adoption: 'Allow' } },
      { when: 'Retain', ask: { deletionPolicy: 'Retain' }, give: { retain: 'Allow' } },
      { when: 'the whole database of Azure SQL, where schemas are left out', ask: { target: azureSql }, give: sql() },
      { when: 'a part of Azure SQL, where schemas are left out', ask: { target: azureSql, ...access({ schemas: ['a'] }) }, give: sql() },
      { when: 'a listed schema of Azure SQL', ask: { target: azureSql, ...access({ schemas: ['a'] }) }, give: sql({ schemas: ['a'] }) },
      {
        when: 'CONNECT on Azure SQL beside listed schemas',
        ask: { target: azureSql, ...access({ profile: 'Custom', grants: [{ objectType: 'Database', privileges: ['CONNECT'] }] }) },
        give: sql({ schemas: ['a'], profiles: ['Custom'], customPrivileges: ['CONNECT'] }),
      },
    ];
    for (const each of cases) {
      it(each.when, () => {
        allowed(judge({ spec: spec(each.ask) }, [policy('shop', { targets: [entry(each.give)], ...each.policy })]));
      });
    }
  });

  describe('refuses, naming the part,', () => {
    const cases: readonly (Case & { readonly part: Part; readonly says: string })[] = [
      {
        when: 'a service account that is not listed',
        policy: { workloads: { serviceAccounts: ['api'] } },
        part: 'workload',
        says: '"orders" is not among its service accounts',
      },
      { when: 'default, where it is not named', ask: account('default'), part: 'workload', says: '"*" doesn\'t mean default' },
      {
        when: 'default, where a wildcard fits',
        ask: account('default'),
        policy: { workloads: { serviceAccounts: ['def*'] } },
        part: 'workload',
        says: 'default',
      },
      {
        when: 'every service account, where only apps are listed',
        policy: { workloads: { resourceIds: [containerAppId()] } },
        part: 'workload',
        says: 'service accounts',
      },
      {
        when: 'an app, where workloads are left out',
        ask: { workload: containerApp, identity: { type: 'SystemAssigned' } },
        part: 'workload',
        says: 'spec.workload.containerApp.resourceId',
      },
      {
        when: 'another app',
        ask: { workload: containerApp, identity: { type: 'SystemAssigned' } },
        policy: { workloads: { resourceIds: [containerAppId('other')] } },
        part: 'workload',
        says: 'not among its workloads',
      },
      {
        when: 'an identity, where none is listed',
        policy: { identities: {} },
        part: 'identity',
        says: 'spec.identity.userAssigned.resourceId is not among its identities',
      },
      {
        when: 'an identity of another group',
        ask: { identity: { type: 'UserAssigned', userAssigned: { resourceId: identityId('orders', 'rg-payments') } } },
        part: 'identity',
        says: 'not among its identities',
      },
      {
        when: 'an identity of another subscription',
        ask: { identity: { type: 'UserAssigned', userAssigned: { resourceId: identityId('orders', 'rg-shop', otherSubscription) } } },
        part: 'identity',
        says: 'not among its identities',
      },
      {
        when: 'an identity to be made, where that is not allowed',
        ask: { identity: { type: 'UserAssigned', userAssigned: { resourceId: identityId(), create: { location: 'x' } } } },
        part: 'identity',
        says: 'create',
      },
      {
        when: 'an identity that is not named at all',
        ask: { identity: { type: 'UserAssigned', userAssigned: {} } },
        part: 'identity',
        says: 'names no identity',
      },
      {
        when: 'a client id in a subscription that no pattern names',
        ask: { identity: { type: 'UserAssigned', userAssigned: { clientId, subscriptionId: otherSubscription } } },
        part: 'identity',
        says: 'clientId',
      },
      {
        when: 'a service principal with another object id',
        ask: { identity: servicePrincipal },
        policy: { identities: { servicePrincipals: [{ clientId, objectId: clientId }] }, secretReferences: 'Allow' },
        part: 'identity',
        says: 'service principals',
      },
      {
        when: 'a service principal’s secret',
        ask: { identity: servicePrincipal },
        policy: { identities: { servicePrincipals: [{ clientId, objectId }] } },
        part: 'identity',
        says: 'clientSecretRef',
      },
      {
        when: 'a system-assigned identity of a service account',
        ask: { identity: { type: 'SystemAssigned' } },
        part: 'identity',
        says: 'no system-assigned identity',
      },
      {
        when: 'another server',
        give: { servers: [serverId('other')] },
        part: 'server',
        says: 'spec.target.serverId is not among its servers',
      },
      {
        when: 'a server of another engine',
        give: { servers: [serverId('*').replace('PostgreSQL', 'MySQL')] },
        part: 'server',
        says: 'spec.target.serverId',
      },
      {
        when: 'a wildcard that stands for two names',
        give: { servers: [`/subscriptions/${subscription}/resourceGroups/*/flexibleServers/shared`] },
        part: 'server',
        says: 'spec.target.serverId',
      },
      {
        when: 'a wildcard in place of the subscription',
        give: { servers: [serverId().replace(subscription, '*')] },
        part: 'server',
        says: 'spec.target.serverId',
      },
      {
        when: 'another database',
        give: { databases: ['orders'] },
        part: 'database',
        says: 'spec.target.database "shop" is not among its databases',
      },
      { when: 'a database in another case', give: { databases: ['SHOP'] }, part: 'database', says: 'database' },
      {
        when: 'postgres by a wildcard',
        ask: database('postgres'),
        give: { databases: ['*', 'postgres*'] },
        part: 'database',
        says: '"postgres"',
      },
      { when: 'another profile', give: { profiles: ['ReadOnly'] }, part: 'profile', says: 'spec.access.profile "ReadWrite"' },
      { when: 'another schema than public', ask: access({ schemas: ['public', 'app'] }), part: 'schemas', says: 'schema "app"' },
      { when: 'public, where other schemas are listed', give: { schemas: ['app'] }, part: 'schemas', says: 'schema "public"' },
      {
        when: 'all schemas by a pattern',
        ask: access({ schemas: ['*'] }),
        give: { schemas: ['a*', '${namespace}'] },
        part: 'schemas',
        says: 'schema "*"',
      },
      {
        when: 'a schema in grants',
        ask: access({ profile: 'Custom', grants: [{ objectType: 'Schema', schema: 'audit', privileges: ['USAGE'] }] }),
        give: { profiles: ['Custom'], customPrivileges: ['*'] },
        part: 'schemas',
        says: 'schema "audit"',
      },
      {
        when: 'routines of public, where other schemas are listed',
        ask: access({ profile: 'Custom', roles: ['r'], routines: 'All' }),
        give: { profiles: ['Custom'], customPrivileges: ['*'], roles: ['r'], routines: 'Allow', schemas: ['app'] },
        part: 'schemas',
        says: 'schema "public"',
      },
      {
        when: 'a privilege that is not listed',
        ask: access({
          profile: 'Custom',
          grants: [{ objectType: 'Table', schema: 'public', names: ['t'], privileges: ['SELECT', 'TRUNCATE'] }],
        }),
        give: { profiles: ['Custom'], customPrivileges: ['SELECT'] },
        part: 'grants',
        says: 'privilege "TRUNCATE"',
      },
      {
        when: 'grants beside a profile, where Custom is not listed',
        ask: access({ profile: 'ReadWrite', grants: [{ objectType: 'Database', privileges: ['CONNECT'] }] }),
        part: 'grants',
        says: 'needs Custom',
      },
      { when: 'a role', ask: access({ profile: 'ReadWrite', roles: ['reporting'] }), part: 'roles', says: 'role "reporting"' },
      {
        when: 'a role in another case',
        ask: access({ profile: 'ReadWrite', roles: ['Reporting'] }),
        give: { roles: ['reporting'] },
        part: 'roles',
        says: 'role "Reporting"',
      },
      { when: 'routines', ask: access({ profile: 'ReadWrite', routines: 'All' }), part: 'routines', says: 'spec.access.routines' },
      {
        when: 'a user’s name',
        ask: { databaseUser: { name: 'aad_payments_orders' } },
        give: { users: ['aad_orders*'] },
        part: 'user',
        says: 'spec.databaseUser.name',
      },
      { when: 'adoption of a user', ask: { databaseUser: { adopt: true } }, part: 'adoption', says: 'spec.databaseUser.adopt' },
      { when: 'adoption of settings', ask: { output: { adopt: true } }, part: 'adoption', says: 'spec.output.adopt' },
      { when: 'Retain', ask: { deletionPolicy: 'Retain' }, part: 'retain', says: 'Retain' },
      {
        when: 'the whole of Azure SQL, where schemas are listed',
        ask: { target: azureSql },
        give: sql({ schemas: ['a'] }),
        part: 'schemas',
        says: 'the whole database',
      },
      {
        when: 'All on Azure SQL, where schemas are listed',
        ask: { target: azureSql, ...access({ profile: 'All', schemas: ['a'] }) },
        give: sql({ schemas: ['a'], profiles: ['All'] }),
        part: 'schemas',
        says: 'the whole database',
      },
      {
        when: 'a privilege on the database of Azure SQL, where schemas are listed',
        ask: { target: azureSql, ...access({ profile: 'Custom', grants: [{ objectType: 'Database', privileges: ['EXECUTE'] }] }) },
        give: sql({ schemas: ['a'], profiles: ['Custom'], customPrivileges: ['*'] }),
        part: 'schemas',
        says: 'the whole database',
      },
    ];
    for (const each of cases) {
      it(each.when, () => {
        const verdict = refused(judge({ spec: spec(each.ask) }, [policy('shop', { targets: [entry(each.give)], ...each.policy })]));
        expect(verdict.part).to.equal(each.part);
        expect(verdict.message).to.contain(each.says);
        expect(verdict.message).to.match(/^no ConnectionPolicy allows it: policy "shop" is nearest, but /);
        expect(verdict.nearestPolicy).to.equal('shop');
      });
    }
  });

  describe('never lifts the refusal of', () => {
    const everything = entry({
      databases: ['*', 'postgres', 'template1', 'azure_sys', 'mysql', 'master'],
      profiles: ['ReadOnly', 'ReadWrite', 'ReadWriteDDL', 'All', 'Custom'],
      customPrivileges: ['*'],
      servers: [serverId('*'), mysql.serverId, azureSql.serverId],
      schemas: ['*', 'pg_catalog', 'information_schema', 'sys'],
      roles: ['*', 'azure_pg_admin', 'pg_read_all_data'],
      routines: 'Allow',
    });
    const all = policy('all', { namespaces: { names: ['*'] }, targets: [everything], workloads: { serviceAccounts: ['*', 'default'] } });

    for (const namespace of ['kube-system', 'kube-public', 'kube-node-lease', 'kube-x', 'passwordless-system']) {
      it(`namespace ${namespace}`, () => {
        expect(refused(judge({ spec: spec() }, [all], { name: namespace, labels: {} })).part).to.equal('namespace');
      });
    }

    for (const target of [
      ...['template0', 'template1', 'azure_sys', 'azure_maintenance'].map((name) => ({ ...spec().target, database: name })),
      ...['mysql', 'SYS', 'information_schema', 'performance_schema', '\uff53ys'].map((name) => ({ ...mysql, database: name })),
      ...['master', 'MASTER', 'tempdb', 'model', 'msdb', 'msdb '].map((name) => ({ ...azureSql, database: name })),
    ]) {
      it(`database ${JSON.stringify(target.database)} of ${target.type}`, () => {
        const verdict = refused(judge({ spec: spec({ target }) }, [all]));
        expect(verdict.part).to.equal('database');
        expect(verdict.message).to.contain('is a system database');
        expect(verdict).not.to.have.property('nearestPolicy');
      });
    }

    for (const [target, schema] of [
      [spec().target, 'pg_catalog'],
      [spec().target, 'pg_toast'],
      [spec().target, 'information_schema'],
      [azureSql, 'sys'],
      [azureSql, 'INFORMATION_SCHEMA'],
    ] as const) {
      it(`schema ${schema} of ${target.type}`, () => {
        const grants = [{ objectType: 'Schema' as const, schema, privileges: ['USAGE'] }];
        for (const asked of [access({ schemas: [schema] }), access({ profile: 'Custom', grants })]) {
          expect(refused(judge({ spec: spec({ target, ...asked }) }, [all])).message).to.contain('is a system schema');
        }
      });
    }

    for (const role of [
      'azure_pg_admin',
      'azuresu',
      'AZURE_PG_ADMIN',
      'pg_read_all_data',
      'pg_execute_server_program',
      'db_owner',
      'Db_SecurityAdmin',
      'db_ddladmin',
      'rds_superuser',
    ]) {
      it(`role ${role}`, () => {
        expect(refused(judge({ spec: spec(access({ profile: 'ReadWrite', roles: [role] })) }, [all])).message).to.contain(
          'is a privileged role',
        );
      });
    }

    for (const trick of [
      serverId('shop-x\\..\\..\\pay'),
      serverId('x', '%2e%2e'),
      serverId('x', '..'),
      serverId('x?'),
      serverId('x#'),
      serverId('\u212a'),
      `${serverId()}/`,
      serverId('a\tb'),
      '',
    ]) {
      it(`server id ${JSON.stringify(trick)}`, () => {
        const verdict = refused(judge({ spec: spec({ target: { ...spec().target, serverId: trick } }) }, [all]));
        expect(verdict.part).to.equal('server');
        expect(verdict).not.to.have.property('nearestPolicy');
      });
    }

    it('the id of an app or identity that is none', () => {
      const app: ConnectionSpec['workload'] = { type: 'ContainerApp', containerApp: { resourceId: `${containerAppId()}/..` } };
      const identity: ConnectionSpec['identity'] = { type: 'UserAssigned', userAssigned: { resourceId: identityId('a%2fb') } };
      expect(refused(judge({ spec: spec({ workload: app }) }, [all]))).to.include({
        part: 'workload',
        message: 'spec.workload.containerApp.resourceId has two dots in a row',
      });
      expect(refused(judge({ spec: spec({ identity }) }, [all]))).to.include({
        part: 'identity',
        message: 'spec.identity.userAssigned.resourceId has a name that Azure does not allow',
      });
    });

    it('a database that is only the namespace’s name and happens to be postgres', () => {
      const own = policy('own', { namespaces: { names: ['*'] }, targets: [entry({ databases: ['${namespace}'] })] });
      expect(refused(judge({ spec: spec(database('postgres')) }, [own], { name: 'postgres', labels: {} })).part).to.equal('database');
    });
  });

  describe('asks of namespaces', () => {
    const asked: readonly [string, PolicySpec['namespaces'], boolean][] = [
      ['a name', { names: ['shop'] }, true],
      ['a pattern', { names: ['sh*'] }, true],
      ['another name', { names: ['shop-eu'] }, false],
      ['labels', { selector: { matchLabels: { team: 'shop' } } }, true],
      ['another value of a label', { selector: { matchLabels: { team: 'other' } } }, false],
      ['a label that is not there', { selector: { matchLabels: { tier: 'x' } } }, false],
      ['a label by a name that objects inherit', { selector: { matchExpressions: [{ key: 'constructor', operator: 'Exists' }] } }, false],
      ['name and labels, both met', { names: ['sh*'], selector: { matchLabels: { team: 'shop' } } }, true],
      ['name and labels, only the name met', { names: ['sh*'], selector: { matchLabels: { team: 'other' } } }, false],
      ['name and labels, only the labels met', { names: ['x'], selector: { matchLabels: { team: 'shop' } } }, false],
      ['In', { selector: { matchExpressions: [{ key: 'team', operator: 'In', values: ['a', 'shop'] }] } }, true],
      ['In without it', { selector: { matchExpressions: [{ key: 'team', operator: 'In', values: ['a'] }] } }, false],
      ['NotIn', { selector: { matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['a'] }] } }, true],
      ['NotIn with it', { selector: { matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['shop'] }] } }, false],
      ['NotIn of a label that is not there', { selector: { matchExpressions: [{ key: 'x', operator: 'NotIn', values: ['a'] }] } }, true],
      ['Exists', { selector: { matchExpressions: [{ key: 'team', operator: 'Exists' }] } }, true],
      ['DoesNotExist', { selector: { matchExpressions: [{ key: 'team', operator: 'DoesNotExist' }] } }, false],
      [
        'two expressions, one met',
        {
          selector: {
            matchExpressions: [
              { key: 'team', operator: 'Exists' },
              { key: 'x', operator: 'Exists' },
            ],
          },
        },
        false,
      ],
      ['nothing', {}, false],
      ['an empty selector', { selector: {} }, false],
      ['an unknown operator', { selector: { matchExpressions: [{ key: 'team', operator: 'Gt' as 'In', values: ['a'] }] } }, false],
    ];
    for (const [what, namespaces, expected] of asked) {
      it(`${what}: ${expected ? 'met' : 'not met'}`, () => {
        expect(judge({ spec: spec() }, [policy('shop', { namespaces })]).allowed).to.equal(expected);
      });
    }
  });

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

  it('says nothing but no to what has no sense, and never throws', () => {
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

  it('changes nothing that it is given', () => {
    const frozen = deepFreeze([policy('b'), policy('a')]);
    allowed(judge(deepFreeze({ spec: spec() }), frozen, deepFreeze({ ...shop })));
    expect(frozen.map(({ metadata }) => metadata.name)).to.deep.equal(['b', 'a']);
  });
});

function account(name: string): Partial<ConnectionSpec> {
  return { workload: { type: 'ServiceAccount', serviceAccount: { name } } };
}

function database(name: string): Partial<ConnectionSpec> {
  return { target: { ...spec().target, database: name } };
}

function access(over: Partial<ConnectionSpec['access']>): Pick<ConnectionSpec, 'access'> {
  return { access: { profile: 'ReadWrite', ...over } };
}

function sql(over: Partial<PolicyEntry> = {}): Partial<PolicyEntry> {
  return { servers: [azureSql.serverId], databases: ['sales'], ...over };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const each of Object.values(Object.freeze(value))) deepFreeze(each);
  return value;
}
