import { expect } from 'chai';
import { Catalog } from '../../sandbox/azure-sql/catalog.ts';
import type { Column, PermissionRow } from '../../sandbox/azure-sql/catalog-records.ts';
import { grantorOf, mayDo, type Securable, theDatabase } from '../../sandbox/azure-sql/permission-check.ts';
import { classOf } from '../../sandbox/azure-sql/permission-names.ts';

const [user, role, outer, owner] = [5, 6, 7, 8];
const [schema, table] = [5, 100];
const onSchema: Securable = { kind: 'schema', id: schema };
const onTable: Securable = { kind: 'object', id: table };
const onUser: Securable = { kind: 'user', id: owner };
const onRole: Securable = { kind: 'role', id: role };
const column: Securable = { ...onTable, column: 2 };

/** A user in a role that is in another one; a schema, and a table in it that belongs to the schema's owner. */
function newCatalog(): Catalog {
  const now = new Date(0);
  const catalog = Catalog.create({ isCaseSensitive: false, now });
  const common = { sid: null, defaultSchema: null, owner: null, isFixedRole: false, createdAt: now } as const;
  for (const [id, name] of [
    [user, 'user'],
    [owner, 'owner'],
  ] as const)
    catalog.principals.set(id, { ...common, id, name, type: 'E' });
  for (const [id, name] of [
    [role, 'role'],
    [outer, 'outer'],
  ] as const)
    catalog.principals.set(id, { ...common, id, name, type: 'R', owner: 1 });
  catalog.memberships = [
    { role, member: user },
    { role: outer, member: role },
  ];
  catalog.schemas.set(schema, { id: schema, name: 's', owner });
  const columns = [1, 2].map(
    (id): Column => ({ id, name: `c${id}`, type: { name: 'int' }, isNullable: true, isIdentity: false, isKey: false, fallback: undefined }),
  );
  catalog.objects.set(table, { id: table, name: 't', type: 'U', schema, owner: null, columns, module: undefined, createdAt: now });
  return catalog;
}

type Given = readonly [state: 'G' | 'W' | 'D', permission: string, on: Securable, to?: number];

function row([state, permission, on, grantee = user]: Given): PermissionRow {
  return { class: classOf(on.kind), major: on.id, minor: on.column ?? 0, grantee, grantor: 1, permission, state };
}

const fixed = (name: string): number => newCatalog().principalNamed(name)?.id ?? -1;

describe('the permission check of Azure SQL', () => {
  const table_: readonly [string, readonly Given[], readonly number[], string, Securable, boolean][] = [
    ['nothing is granted', [], [], 'SELECT', onTable, false],
    ['it is granted', [['G', 'SELECT', onTable]], [], 'SELECT', onTable, true],
    ['another right is granted', [['G', 'INSERT', onTable]], [], 'SELECT', onTable, false],
    ['it is granted on the schema', [['G', 'SELECT', onSchema]], [], 'SELECT', onTable, true],
    ['it is granted on the database', [['G', 'SELECT', theDatabase]], [], 'SELECT', onTable, true],
    ['CONTROL of the table implies it', [['G', 'CONTROL', onTable]], [], 'SELECT', onTable, true],
    ['CONTROL of the schema implies it', [['G', 'CONTROL', onSchema]], [], 'DELETE', onTable, true],
    ['CONTROL of the database implies it', [['G', 'CONTROL', theDatabase]], [], 'EXECUTE', onTable, true],
    ['CONTROL of the database implies changing users', [['G', 'CONTROL', theDatabase]], [], 'ALTER', onUser, true],
    ['ALTER of the database implies no reading', [['G', 'ALTER', theDatabase]], [], 'SELECT', onTable, false],
    ['ALTER of the database implies changing tables', [['G', 'ALTER', theDatabase]], [], 'ALTER', onTable, true],
    ['ALTER of the database implies making tables', [['G', 'ALTER', theDatabase]], [], 'CREATE TABLE', theDatabase, true],
    ['ALTER of the schema implies changing tables', [['G', 'ALTER', onSchema]], [], 'ALTER', onTable, true],
    ['ALTER of the schema implies no ownership', [['G', 'ALTER', onSchema]], [], 'TAKE OWNERSHIP', onTable, false],
    ['ALTER ANY ROLE is for roles', [['G', 'ALTER ANY ROLE', theDatabase]], [], 'ALTER', onRole, true],
    ['ALTER ANY ROLE is not for users', [['G', 'ALTER ANY ROLE', theDatabase]], [], 'ALTER', onUser, false],
    ['a role holds it', [['G', 'SELECT', onTable, role]], [], 'SELECT', onTable, true],
    ['a role’s role holds it', [['G', 'SELECT', onTable, outer]], [], 'SELECT', onTable, true],
    ['everybody holds it', [['G', 'SELECT', onTable, 0]], [], 'SELECT', onTable, true],
    ['another user holds it', [['G', 'SELECT', onTable, owner]], [], 'SELECT', onTable, false],
    [
      'a denial wins',
      [
        ['G', 'SELECT', onTable],
        ['D', 'SELECT', onTable, role],
      ],
      [],
      'SELECT',
      onTable,
      false,
    ],
    [
      'a denial above wins',
      [
        ['G', 'SELECT', onTable],
        ['D', 'SELECT', theDatabase],
      ],
      [],
      'SELECT',
      onTable,
      false,
    ],
    [
      'a denial of CONTROL denies all',
      [
        ['G', 'SELECT', onTable],
        ['D', 'CONTROL', onSchema],
      ],
      [],
      'SELECT',
      onTable,
      false,
    ],
    [
      'a denial below denies nothing above',
      [
        ['G', 'SELECT', onSchema],
        ['D', 'SELECT', onTable],
      ],
      [],
      'SELECT',
      onSchema,
      true,
    ],
    ['a column’s grant is for that column', [['G', 'SELECT', column]], [], 'SELECT', column, true],
    ['a column’s grant is not for the table', [['G', 'SELECT', column]], [], 'SELECT', onTable, false],
    [
      'a column’s grant wins over the table’s denial',
      [
        ['D', 'SELECT', onTable],
        ['G', 'SELECT', column],
      ],
      [],
      'SELECT',
      column,
      true,
    ],
    [
      'a column’s denial wins over the table’s grant',
      [
        ['G', 'SELECT', onTable],
        ['D', 'SELECT', column],
      ],
      [],
      'SELECT',
      column,
      false,
    ],
    [
      'a column’s grant does not win over the schema’s denial',
      [
        ['D', 'SELECT', onSchema],
        ['G', 'SELECT', column],
      ],
      [],
      'SELECT',
      column,
      false,
    ],
    ['db_datareader reads', [], [fixed('db_datareader')], 'SELECT', onTable, true],
    ['db_datareader does not run', [], [fixed('db_datareader')], 'EXECUTE', onTable, false],
    ['db_datawriter writes', [], [fixed('db_datawriter')], 'INSERT', onTable, true],
    ['db_datawriter does not read', [], [fixed('db_datawriter')], 'SELECT', onTable, false],
    ['db_ddladmin makes tables', [], [fixed('db_ddladmin')], 'CREATE TABLE', theDatabase, true],
    ['db_ddladmin changes schemas', [], [fixed('db_ddladmin')], 'ALTER', onSchema, true],
    ['db_ddladmin changes no users', [], [fixed('db_ddladmin')], 'ALTER ANY USER', theDatabase, false],
    ['db_accessadmin changes users', [], [fixed('db_accessadmin')], 'ALTER', onUser, true],
    ['db_securityadmin changes roles', [], [fixed('db_securityadmin')], 'ALTER', onRole, true],
    ['db_owner does all', [], [fixed('db_owner')], 'TAKE OWNERSHIP', onTable, true],
    ['a denial wins over db_owner', [['D', 'DELETE', onTable]], [fixed('db_owner')], 'DELETE', onTable, false],
    ['db_denydatareader wins over a grant', [['G', 'SELECT', onTable]], [fixed('db_denydatareader')], 'SELECT', onTable, false],
    ['db_denydatareader wins over db_owner', [], [fixed('db_denydatareader'), fixed('db_owner')], 'SELECT', onTable, false],
  ];
  for (const [what, given, roles, permission, on, expected] of table_) {
    it(`says ${expected ? 'yes' : 'no'}: ${what}`, () => {
      const catalog = newCatalog();
      catalog.permissions = given.map(row);
      catalog.memberships = [...catalog.memberships, ...roles.map((each) => ({ role: each, member: user }))];
      expect(mayDo(catalog, user, permission, on)).to.equal(expected);
    });
  }

  it('lets the owner of a schema do all with what is in it, and dbo all with everything', () => {
    const catalog = newCatalog();
    for (const principal of [owner, 1]) expect(mayDo(catalog, principal, 'DELETE', onTable)).to.equal(true);
    catalog.permissions = [row(['D', 'DELETE', onTable, 1])];
    expect(mayDo(catalog, 1, 'DELETE', onTable)).to.equal(true);
  });

  const grantors: readonly [string, readonly Given[], readonly number[], number, Securable, number | undefined][] = [
    ['dbo grants as the owner', [], [], 1, onTable, owner],
    ['the owner grants as itself', [], [], owner, onTable, owner],
    ['CONTROL grants as the owner', [['G', 'CONTROL', onSchema]], [], user, onTable, owner],
    ['db_securityadmin grants as the owner', [], [fixed('db_securityadmin')], user, onTable, owner],
    ['the grant option grants as who has it', [['W', 'SELECT', onTable]], [], user, onTable, user],
    ['the grant option of a role grants as the role', [['W', 'SELECT', onTable, role]], [], user, onTable, role],
    ['a grant without the option grants nothing', [['G', 'SELECT', onTable]], [], user, onTable, undefined],
    [
      'a denial takes the option',
      [
        ['W', 'SELECT', onTable],
        ['D', 'SELECT', onSchema],
      ],
      [],
      user,
      onTable,
      undefined,
    ],
    ['on the database dbo is the grantor', [['G', 'CONTROL', theDatabase]], [], user, theDatabase, 1],
  ];
  for (const [what, given, roles, principal, on, expected] of grantors) {
    it(`records who has granted: ${what}`, () => {
      const catalog = newCatalog();
      catalog.permissions = given.map(row);
      catalog.memberships = [...catalog.memberships, ...roles.map((each) => ({ role: each, member: user }))];
      expect(grantorOf(catalog, principal, 'SELECT', on)).to.equal(expected);
    });
  }
});
