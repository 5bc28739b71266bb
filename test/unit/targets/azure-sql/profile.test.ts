import { expect } from 'chai';
import type { AccessSpec } from '../../../../src/api/spec.ts';
import { nothing, type Promised, promisedBy } from '../../../../src/targets/azure-sql/profile.ts';

const table: readonly (readonly [string, AccessSpec, Partial<Promised>])[] = [
  ['ReadOnly', { profile: 'ReadOnly' }, { fixedRoles: ['db_datareader'] }],
  ['ReadOnly on every schema', { profile: 'ReadOnly', schemas: ['*'] }, { fixedRoles: ['db_datareader'] }],
  [
    'ReadOnly on schemas',
    { profile: 'ReadOnly', schemas: ['app', 'dbo'] },
    {
      schemas: [
        { schema: 'app', permissions: ['SELECT'] },
        { schema: 'dbo', permissions: ['SELECT'] },
      ],
    },
  ],
  ['ReadWrite', { profile: 'ReadWrite' }, { fixedRoles: ['db_datareader', 'db_datawriter'] }],
  [
    'ReadWrite on a schema',
    { profile: 'ReadWrite', schemas: ['app'] },
    {
      schemas: [{ schema: 'app', permissions: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] }],
    },
  ],
  ['ReadWriteDDL', { profile: 'ReadWriteDDL' }, { fixedRoles: ['db_datareader', 'db_datawriter', 'db_ddladmin'] }],
  [
    'ReadWriteDDL on a schema',
    { profile: 'ReadWriteDDL', schemas: ['app'] },
    {
      database: ['CREATE TABLE', 'CREATE VIEW'],
      schemas: [{ schema: 'app', permissions: ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'ALTER', 'REFERENCES'] }],
    },
  ],
  ['All', { profile: 'All' }, { database: ['CONTROL'] }],
  ['All with routines, which it holds already', { profile: 'All', routines: 'All' }, { database: ['CONTROL'] }],
  ['routines', { profile: 'ReadOnly', routines: 'All' }, { database: ['EXECUTE'], fixedRoles: ['db_datareader'] }],
  [
    'routines of a schema',
    { profile: 'ReadOnly', routines: 'All', schemas: ['app'] },
    {
      schemas: [{ schema: 'app', permissions: ['SELECT', 'EXECUTE'] }],
    },
  ],
  ['routines alone', { profile: 'Custom', routines: 'All', roles: ['readers'] }, { database: ['EXECUTE'], roles: ['readers'] }],
  ['roles', { profile: 'Custom', roles: ['readers', 'readers'] }, { roles: ['readers'] }],
  [
    'grants on the database',
    { profile: 'Custom', grants: [{ objectType: 'Database', privileges: ['SHOWPLAN', 'CONNECT'] }] },
    { database: ['SHOWPLAN', 'CONNECT'] },
  ],
  [
    'grants on a schema beside the profile',
    {
      profile: 'ReadOnly',
      schemas: ['app'],
      grants: [{ objectType: 'Schema', schema: 'app', privileges: ['EXECUTE', 'SELECT'] }],
    },
    { schemas: [{ schema: 'app', permissions: ['SELECT', 'EXECUTE'] }] },
  ],
  [
    'grants on objects by name',
    {
      profile: 'Custom',
      grants: [
        { objectType: 'Table', schema: 'app', names: ['orders'], privileges: ['SELECT'] },
        { objectType: 'Sequence', schema: 'app', names: ['ids'], privileges: ['UPDATE'] },
        { objectType: 'Function', schema: 'app', names: ['f', '*'], privileges: ['EXECUTE'] },
      ],
    },
    {
      objects: [
        { kind: 'table', schema: 'app', name: 'orders', permissions: ['SELECT'] },
        { kind: 'sequence', schema: 'app', name: 'ids', permissions: ['UPDATE'] },
        { kind: 'routine', schema: 'app', name: 'f', permissions: ['EXECUTE'] },
        { kind: 'routine', schema: 'app', name: '*', permissions: ['EXECUTE'] },
      ],
    },
  ],
  [
    'grants on all tables, which are those of the schema',
    {
      profile: 'Custom',
      grants: [{ objectType: 'Table', schema: 'app', names: ['*'], privileges: ['SELECT', 'INSERT'] }],
    },
    { schemas: [{ schema: 'app', permissions: ['SELECT', 'INSERT'] }] },
  ],
  [
    'grants on all functions',
    {
      profile: 'Custom',
      grants: [{ objectType: 'Function', schema: 'app', names: ['*'], privileges: ['EXECUTE'] }],
    },
    { schemas: [{ schema: 'app', permissions: ['EXECUTE'] }] },
  ],
];

describe('what is promised on Azure SQL', () => {
  for (const [title, access, promised] of table)
    it(`by ${title}`, () => expect(promisedBy(access)).to.deep.equal({ ...nothing, ...promised }));

  for (const [title, grant] of [
    ['CONTROL', { objectType: 'Database', privileges: ['CONTROL'] }],
    ['ALTER ANY USER', { objectType: 'Database', privileges: ['ALTER ANY USER'] }],
    ['TAKE OWNERSHIP of a schema', { objectType: 'Schema', schema: 'app', privileges: ['TAKE OWNERSHIP'] }],
    ['EXECUTE on a table', { objectType: 'Table', schema: 'app', names: ['orders'], privileges: ['EXECUTE'] }],
    ['lower case', { objectType: 'Schema', schema: 'app', privileges: ['select'] }],
    ['two in one', { objectType: 'Schema', schema: 'app', privileges: ['SELECT, INSERT'] }],
    ['a table without schema', { objectType: 'Table', names: ['orders'], privileges: ['SELECT'] }],
    ['UPDATE on all sequences, which would reach tables', { objectType: 'Sequence', schema: 'app', names: ['*'], privileges: ['UPDATE'] }],
    ['SELECT on all functions, which would reach tables', { objectType: 'Function', schema: 'app', names: ['*'], privileges: ['SELECT'] }],
  ] as const)
    it(`is never ${title}`, () =>
      expect(() => promisedBy({ profile: 'Custom', grants: [grant as never] }))
        .to.throw()
        .that.includes({ kind: 'stalled', reason: 'PrivilegeUnknown' }));
});
