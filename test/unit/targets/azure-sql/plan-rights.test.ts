import { expect } from 'chai';
import { planRights } from '../../../../src/targets/azure-sql/plan-rights.ts';
import { nothing, type Promised } from '../../../../src/targets/azure-sql/profile.ts';
import type { PermissionFound, RightsObservation } from '../../../../src/targets/azure-sql/rights.ts';
import type { Securable } from '../../../../src/targets/azure-sql/securable.ts';
import { rights } from './given.ts';

const database: Securable = { kind: 'database', name: 'orders' };
const app: Securable = { kind: 'schema', name: 'app' };
const orders: Securable = { kind: 'object', schema: 'app', name: 'orders' };

function has(permission: string, on: Securable | undefined, overrides: Partial<PermissionFound> = {}): PermissionFound {
  return { permission, state: 'G', grantor: undefined, on, classText: 'SCHEMA', ...overrides };
}

const reads: Promised = { ...nothing, schemas: [{ schema: 'App', permissions: ['SELECT'] }] };
const connects = has('CONNECT', database);

const table: readonly (readonly [string, Promised, Partial<RightsObservation>, readonly string[]])[] = [
  ['is nothing where nothing is promised or there', nothing, { permissions: [connects] }, []],
  ['grants what is missing, under the name of the catalog', reads, {}, ['GRANT SELECT ON SCHEMA::[app] TO [aad_shop_orders]']],
  ['is nothing where all is there', reads, { permissions: [connects, has('SELECT', app)] }, []],
  ['counts what somebody else gave', reads, { permissions: [has('SELECT', app, { grantor: 'app owner' })] }, []],
  [
    'takes back what is too much',
    nothing,
    { permissions: [has('SELECT', app), has('INSERT', app)] },
    ['REVOKE SELECT, INSERT ON SCHEMA::[app] FROM [aad_shop_orders]'],
  ],
  [
    'takes back in the name of who gave it',
    nothing,
    { permissions: [has('SELECT', app, { grantor: 'app owner' })] },
    ['REVOKE SELECT ON SCHEMA::[app] FROM [aad_shop_orders] AS [app owner]'],
  ],
  [
    'takes back what was passed on with it',
    nothing,
    { permissions: [has('SELECT', app, { state: 'W' })] },
    ['REVOKE SELECT ON SCHEMA::[app] FROM [aad_shop_orders] CASCADE'],
  ],
  [
    'takes only the right to pass on from what is promised',
    reads,
    { permissions: [has('SELECT', app, { state: 'W' })] },
    ['REVOKE GRANT OPTION FOR SELECT ON SCHEMA::[app] FROM [aad_shop_orders] CASCADE'],
  ],
  [
    'takes a denial back before it grants',
    reads,
    { permissions: [has('SELECT', app, { state: 'D' })] },
    ['REVOKE SELECT ON SCHEMA::[app] FROM [aad_shop_orders]', 'GRANT SELECT ON SCHEMA::[app] TO [aad_shop_orders]'],
  ],
  [
    'takes a denial back that nothing is promised against',
    nothing,
    { permissions: [has('SELECT', orders, { state: 'D' })] },
    ['REVOKE SELECT ON OBJECT::[app].[orders] FROM [aad_shop_orders]'],
  ],
  ['leaves the door to another stage, locked or not', nothing, { permissions: [connects, has('CONNECT', database, { state: 'D' })] }, []],
  [
    'takes the right to let others in',
    nothing,
    { permissions: [has('CONNECT', database, { state: 'W' })] },
    ['REVOKE GRANT OPTION FOR CONNECT ON DATABASE::[orders] FROM [aad_shop_orders] CASCADE'],
  ],
  [
    'takes back rights on columns, users, roles and types',
    nothing,
    {
      permissions: [
        has('SELECT', { kind: 'object', schema: 'app', name: 'orders', column: 'secret' }),
        has('IMPERSONATE', { kind: 'user', name: 'dbo' }),
        has('ALTER', { kind: 'role', name: 'readers' }),
        has('REFERENCES', { kind: 'type', schema: 'app', name: 'mood' }),
      ],
    },
    [
      'REVOKE SELECT ([secret]) ON OBJECT::[app].[orders] FROM [aad_shop_orders]',
      'REVOKE IMPERSONATE ON USER::[dbo] FROM [aad_shop_orders]',
      'REVOKE ALTER ON ROLE::[readers] FROM [aad_shop_orders]',
      'REVOKE REFERENCES ON TYPE::[app].[mood] FROM [aad_shop_orders]',
    ],
  ],
  [
    'gives back a column that was taken out of what it has on the table',
    { ...nothing, objects: [{ kind: 'table', schema: 'app', name: 'orders', permissions: ['SELECT'] }] },
    {
      objects: [{ asked: { schema: 'app', name: 'orders' }, kind: 'table', schema: 'app', name: 'orders', owner: 1 }],
      permissions: [
        has('SELECT', orders),
        has('SELECT', { kind: 'object', schema: 'app', name: 'orders', column: 'secret' }, { state: 'R' }),
      ],
    },
    ['GRANT SELECT ON OBJECT::[app].[orders] TO [aad_shop_orders]'],
  ],
  [
    'leaves alone what is left of a column that nothing is promised on',
    nothing,
    { permissions: [has('SELECT', { kind: 'object', schema: 'app', name: 'orders', column: 'secret' }, { state: 'R' })] },
    [],
  ],
  ['gives an owner nothing on what is its own', reads, { schemas: [{ asked: 'App', name: 'app', owner: 5 }] }, []],
  [
    'does not take a right on a column for one on the table',
    { ...nothing, objects: [{ kind: 'table', schema: 'app', name: 'orders', permissions: ['SELECT'] }] },
    {
      objects: [{ asked: { schema: 'app', name: 'orders' }, kind: 'table', schema: 'app', name: 'orders', owner: 1 }],
      schemas: [{ asked: 'app', name: 'app', owner: 1 }],
      permissions: [has('SELECT', { kind: 'object', schema: 'app', name: 'orders', column: 'id' })],
    },
    [
      'REVOKE SELECT ([id]) ON OBJECT::[app].[orders] FROM [aad_shop_orders]',
      'GRANT SELECT ON OBJECT::[app].[orders] TO [aad_shop_orders]',
    ],
  ],
  [
    'joins and leaves roles',
    { ...nothing, fixedRoles: ['db_datareader'] },
    { memberships: ['db_owner'] },
    ['ALTER ROLE [db_owner] DROP MEMBER [aad_shop_orders]', 'ALTER ROLE [db_datareader] ADD MEMBER [aad_shop_orders]'],
  ],
  [
    'joins a role that the spec names, as the catalog has it',
    { ...nothing, roles: ['Readers'] },
    { roles: [{ asked: 'Readers', name: 'readers', whyNever: undefined, around: ['readers'] }] },
    ['ALTER ROLE [readers] ADD MEMBER [aad_shop_orders]'],
  ],
  [
    'leaves a role that nobody may join',
    { ...nothing, roles: ['admins'] },
    { memberships: ['admins'], roles: [{ asked: 'admins', name: 'admins', whyNever: 'it is', around: ['admins'] }] },
    ['ALTER ROLE [admins] DROP MEMBER [aad_shop_orders]'],
  ],
  [
    'gives two spellings of one schema once',
    {
      ...nothing,
      schemas: [
        { schema: 'App', permissions: ['SELECT'] },
        { schema: 'APP', permissions: ['SELECT', 'INSERT'] },
      ],
    },
    {
      schemas: [
        { asked: 'App', name: 'app', owner: 1 },
        { asked: 'APP', name: 'app', owner: 1 },
      ],
    },
    ['GRANT SELECT, INSERT ON SCHEMA::[app] TO [aad_shop_orders]'],
  ],
];

describe('the plan for rights on Azure SQL', () => {
  for (const [title, promised, found, summaries] of table)
    it(title, () => expect(planRights(promised, rights(found)).steps.map(({ summary }) => summary)).to.deep.equal(summaries));

  const findings: readonly (readonly [string, Promised, Partial<RightsObservation>, readonly string[]])[] = [
    ['a schema that is missing', { ...nothing, schemas: [{ schema: 'gone', permissions: ['SELECT'] }] }, {}, ['SchemaNotFound!']],
    [
      'an object that is missing',
      { ...nothing, objects: [{ kind: 'table', schema: 'dbo', name: 'gone', permissions: ['SELECT'] }] },
      {},
      ['ObjectNotFound!'],
    ],
    [
      'an object of another kind',
      { ...nothing, objects: [{ kind: 'table', schema: 'dbo', name: 'f', permissions: ['SELECT'] }] },
      {
        objects: [{ asked: { schema: 'dbo', name: 'f' }, kind: 'routine', schema: 'dbo', name: 'f', owner: 1 }],
      },
      ['ObjectNotFound!'],
    ],
    ['a role that is missing', { ...nothing, roles: ['gone'] }, {}, ['RoleNotFound!']],
    [
      'a role that nobody may join',
      { ...nothing, roles: ['admins'] },
      { roles: [{ asked: 'admins', name: 'admins', whyNever: 'it is', around: ['admins'] }] },
      ['NotPermitted!'],
    ],
    [
      'a permission on a kind of thing that we have no words for',
      nothing,
      { permissions: [has('CONTROL', undefined, { classText: 'CERTIFICATE' })] },
      ['PrivilegeNotRevocable'],
    ],
    [
      'a promised right that public is denied',
      reads,
      { permissions: [has('SELECT', app)], denials: [{ grantee: 'public', permission: 'SELECT', on: app }] },
      ['PrivilegeDenied!'],
    ],
    [
      'a promised right that is denied on one table',
      { ...nothing, fixedRoles: ['db_datareader'] },
      { memberships: ['db_datareader'], denials: [{ grantee: 'public', permission: 'SELECT', on: orders }] },
      ['PrivilegeDenied!'],
    ],
    [
      'no denial to a role that the user is not in',
      reads,
      { permissions: [has('SELECT', app)], denials: [{ grantee: 'others', permission: 'SELECT', on: app }] },
      [],
    ],
    [
      'no denial of what is not promised',
      reads,
      { permissions: [has('SELECT', app)], denials: [{ grantee: 'public', permission: 'INSERT', on: app }] },
      [],
    ],
    [
      'no denial on another schema',
      reads,
      { permissions: [has('SELECT', app)], denials: [{ grantee: 'public', permission: 'SELECT', on: { kind: 'schema', name: 'dbo' } }] },
      [],
    ],
    [
      'a part of CONTROL that public is denied',
      { ...nothing, database: ['CONTROL'] },
      { permissions: [has('CONTROL', database)], denials: [{ grantee: 'public', permission: 'SELECT', on: orders }] },
      ['PrivilegeDenied!'],
    ],
    [
      'a schema that it owns and may but read',
      reads,
      { permissions: [has('SELECT', app)], owned: [{ kind: 'schema', name: 'app' }] },
      ['PrivilegeNotRevocable'],
    ],
    [
      'no schema that it owns and may change',
      { ...nothing, schemas: [{ schema: 'App', permissions: ['ALTER'] }] },
      { permissions: [has('ALTER', app)], owned: [{ kind: 'schema', name: 'app' }] },
      [],
    ],
    ['a DDL trigger that would run as us', reads, { triggers: ['t'] }, ['DdlTriggerPresent!']],
    ['no DDL trigger at rest', reads, { permissions: [has('SELECT', app)], triggers: ['t'] }, []],
  ];
  for (const [title, promised, found, told] of findings)
    it(`tells of ${title}`, () =>
      expect(planRights(promised, rights(found)).findings.map(({ reason, blocking }) => `${reason}${blocking ? '!' : ''}`)).to.deep.equal(
        told,
      ));

  it('plans nothing more once its steps are carried out', () => {
    const { steps } = planRights(reads, rights());
    expect(steps).to.have.length(1);
    expect(planRights(reads, rights({ permissions: [connects, has('SELECT', app)] })).steps).to.deep.equal([]);
  });
});
