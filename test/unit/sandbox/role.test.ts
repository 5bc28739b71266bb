import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { isGranted } from '../../sandbox/azure/arm-caller.ts';
import { managedIdentityOperations } from '../../sandbox/azure/managed-identity.ts';
import { mysqlOperations } from '../../sandbox/azure/mysql-servers.ts';
import { postgresOperations } from '../../sandbox/azure/postgres-servers.ts';
import { roleActions } from '../../sandbox/azure/role.ts';
import { sqlOperations } from '../../sandbox/azure/sql-servers.ts';

describe('The role of the operator', () => {
  it('lists every action that the sandbox serves and no other, each spelt out', () => {
    const served = new Set(
      [...managedIdentityOperations({ writeMs: 0 }), ...postgresOperations, ...mysqlOperations, ...sqlOperations].map(
        ({ action }) => action,
      ),
    );
    expect([...roleActions]).to.have.members([...served]);
    expect(roleActions.filter((action) => action.includes('*'))).to.deep.equal([]);
  });

  it('is a custom role as `az role definition create` takes it', async () => {
    const role = JSON.parse(await readFile(new URL('../../../deploy/azure-role.json', import.meta.url), 'utf8')) as object;
    expect(role).to.have.all.keys(
      'Name',
      'IsCustom',
      'Description',
      'Actions',
      'NotActions',
      'DataActions',
      'NotDataActions',
      'AssignableScopes',
    );
    expect(role).to.deep.include({ IsCustom: true, NotActions: [], DataActions: [], NotDataActions: [] });
  });

  it('covers an action by its name or by a star, and nothing that only looks like it', () => {
    expect(isGranted('Microsoft.Sql/servers/read', ['microsoft.sql/SERVERS/read'])).to.equal(true);
    expect(isGranted('Microsoft.Sql/servers/databases/read', ['Microsoft.Sql/*/read'])).to.equal(true);
    expect(isGranted('Microsoft.Sql/servers/read', ['*'])).to.equal(true);
    expect(isGranted('MicrosoftXSql/servers/read', ['Microsoft.Sql/servers/read'])).to.equal(false);
    expect(isGranted('Microsoft.Sql/servers/read/more', ['Microsoft.Sql/servers/read'])).to.equal(false);
    expect(isGranted('Microsoft.Sql/servers/write', [])).to.equal(false);
  });
});
