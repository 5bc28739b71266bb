import { expect } from 'chai';
import type { ConnectionSpec } from '../../../src/api/spec.ts';
import { access, azureSql, containerAppId, database, entry, identityId, judge, mysql, policy, refused, serverId, spec } from './given.ts';

describe('the policy', () => {
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
      'azureadministrators',
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
});
