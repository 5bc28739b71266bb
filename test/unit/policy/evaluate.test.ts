import { expect } from 'chai';
import type { ConnectionSpec, PolicyEntry, PolicySpec } from '../../../src/api/spec.ts';
import type { Part } from '../../../src/policy/verdict.ts';
import {
  access,
  account,
  allowed,
  azureSql,
  clientId,
  containerApp,
  containerAppId,
  database,
  entry,
  identityId,
  judge,
  mysql,
  objectId,
  otherSubscription,
  policy,
  refused,
  serverId,
  servicePrincipal,
  spec,
  sql,
  subscription,
} from './given.ts';

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
      {
        when: 'functions by name, where all routines are not allowed',
        ask: access({ profile: 'Custom', grants: [{ objectType: 'Function', schema: 'public', names: ['f'], privileges: ['EXECUTE'] }] }),
        give: { profiles: ['Custom'], customPrivileges: ['EXECUTE'] },
      },
      {
        when: 'all functions of a schema, where all routines are allowed',
        ask: access({ profile: 'Custom', grants: [{ objectType: 'Function', schema: 'app', names: ['*'], privileges: ['EXECUTE'] }] }),
        give: { profiles: ['Custom'], customPrivileges: ['EXECUTE'], schemas: ['app'], routines: 'Allow' },
      },
      { when: 'roles by a wildcard', ask: access({ profile: 'ReadOnly', roles: ['team_a'] }), give: { roles: ['team_*'] } },
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
        when: 'a schema in grants beside one that is listed',
        ask: access({
          profile: 'ReadWrite',
          grants: [{ objectType: 'Table', schema: 'payments', names: ['t'], privileges: ['SELECT'] }],
        }),
        give: { profiles: ['ReadWrite', 'Custom'], customPrivileges: ['*'], schemas: ['public', 'shop'] },
        part: 'schemas',
        says: 'schema "payments"',
      },
      {
        when: 'a grant without schema, which would be public, where other schemas are listed',
        ask: access({ profile: 'Custom', grants: [{ objectType: 'Table', names: ['t'], privileges: ['SELECT'] }] }),
        give: { profiles: ['Custom'], customPrivileges: ['*'], schemas: ['app'] },
        part: 'schemas',
        says: 'schema "public"',
      },
      {
        when: 'all functions of a schema by a grant',
        ask: access({ profile: 'Custom', grants: [{ objectType: 'Function', schema: 'public', names: ['*'], privileges: ['EXECUTE'] }] }),
        give: { profiles: ['Custom'], customPrivileges: ['*'] },
        part: 'routines',
        says: 'name functions there',
      },
      {
        when: 'EXECUTE on a schema of Azure SQL',
        ask: {
          target: azureSql,
          ...access({ profile: 'Custom', grants: [{ objectType: 'Schema', schema: 'dbo', privileges: ['EXECUTE'] }] }),
        },
        give: sql({ profiles: ['Custom'], customPrivileges: ['*'] }),
        part: 'routines',
        says: 'name functions there',
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
      {
        when: 'one role of several',
        ask: access({ profile: 'ReadWrite', roles: ['reporting', 'payments'] }),
        give: { roles: ['reporting'] },
        part: 'roles',
        says: 'role "payments"',
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
});
