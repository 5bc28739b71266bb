import { expect } from 'chai';
import { isGranted } from '../../sandbox/azure/arm-caller.ts';
import { hostOperations } from '../../sandbox/azure/hosts/host-operations.ts';
import { managedIdentityOperations } from '../../sandbox/azure/managed-identity.ts';
import { mysqlOperations } from '../../sandbox/azure/mysql-servers.ts';
import { postgresOperations } from '../../sandbox/azure/postgres-servers.ts';
import { roleActions } from '../../sandbox/azure/role.ts';
import { sqlOperations } from '../../sandbox/azure/sql-servers.ts';
import { userAssignedIdentityOperations } from '../../sandbox/azure/user-assigned-identities.ts';

/** Asked for on a resource that a request names in its body. */
const linked = ['Microsoft.ManagedIdentity/userAssignedIdentities/assign/action', 'Microsoft.App/managedEnvironments/join/action'];

describe('The roles of the operator', () => {
  it('hold no action that the sandbox could not refuse, each spelt out', () => {
    const timing = { writeMs: 0, newId: () => '' };
    const operations = [
      ...managedIdentityOperations(timing),
      ...userAssignedIdentityOperations(timing),
      ...postgresOperations(timing),
      ...mysqlOperations(timing),
      ...sqlOperations(timing),
      ...hostOperations(timing),
    ];
    const served = new Set([...operations.map(({ action }) => action), ...linked]);
    expect(roleActions.filter((action) => !served.has(action))).to.deep.equal([]);
    expect(roleActions.filter((action) => action.includes('*'))).to.deep.equal([]);
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
