import type { PermissionRow, Principal } from '../catalog-records.ts';
import type { Context } from '../context.ts';
import { maySee, type Securable, theDatabase } from '../permission-check.ts';
import { codeOf } from '../permission-names.ts';
import { bit, datetime, int, nvarchar, type SqlValue, sysname, uniqueidentifier, varbinary } from '../sql-type.ts';
import type { SystemView } from '../system-views.ts';
import { fixedRoles, guest } from '../well-known.ts';

const code = (length: number) => ({ name: 'char', length }) as const;
const word = nvarchar(60);
const principalTypes = { S: 'SQL_USER', E: 'EXTERNAL_USER', X: 'EXTERNAL_GROUPS', R: 'DATABASE_ROLE' } as const;
const classNames: Readonly<Record<number, string>> = {
  0: 'DATABASE',
  1: 'OBJECT_OR_COLUMN',
  3: 'SCHEMA',
  4: 'DATABASE_PRINCIPAL',
  6: 'TYPE',
};
const stateNames = { G: 'GRANT', W: 'GRANT_WITH_GRANT_OPTION', D: 'DENY' } as const;

/** What a row of a class and an id stands for. */
function securableOf({ class: of, major }: { readonly class: number; readonly major: number }, { catalog }: Context): Securable {
  if (of === 0) return theDatabase;
  if (of === 1) return { kind: 'object', id: major };
  if (of === 3) return { kind: 'schema', id: major };
  if (of === 6) return { kind: 'type', id: major };
  return { kind: catalog.principals.get(major)?.type === 'R' ? 'role' : 'user', id: major };
}

/** Everybody sees the principals of the system, their own and those that they have a right on. */
function isVisible(principal: Principal, { catalog, principal: looking }: Context): boolean {
  return (
    principal.id <= 4 ||
    principal.isFixedRole ||
    catalog.identitiesOf(looking).has(principal.id) ||
    maySee(catalog, looking, { kind: principal.type === 'R' ? 'role' : 'user', id: principal.id })
  );
}

function isPermissionVisible(row: PermissionRow, context: Context): boolean {
  const { catalog, principal } = context;
  const identities = catalog.identitiesOf(principal);
  return identities.has(row.grantee) || identities.has(row.grantor) || maySee(catalog, principal, securableOf(row, context));
}

function principalRow({ id, name, type, sid, defaultSchema, owner, isFixedRole, createdAt }: Principal): readonly SqlValue[] {
  const isExternal = type === 'E' || type === 'X';
  const authentication = isExternal ? 4 : id === 1 ? 1 : 0;
  return [
    ...[name, id, type, principalTypes[type], defaultSchema, createdAt, createdAt, owner, sid, Number(isFixedRole)],
    ...[authentication, isExternal ? 'EXTERNAL' : authentication === 1 ? 'INSTANCE' : 'NONE', null, null, 0, null],
  ];
}

/** https://learn.microsoft.com/sql/relational-databases/system-catalog-views/security-catalog-views-transact-sql */
export const securityViews: Readonly<Record<string, SystemView>> = {
  'sys.database_principals': {
    columns: [
      ...([
        ['name', sysname],
        ['principal_id', int],
        ['type', code(1)],
        ['type_desc', word],
        ['default_schema_name', sysname],
        ['create_date', datetime],
      ] as const),
      ...([
        ['modify_date', datetime],
        ['owning_principal_id', int],
        ['sid', varbinary(85)],
        ['is_fixed_role', bit],
        ['authentication_type', int],
      ] as const),
      ...([
        ['authentication_type_desc', word],
        ['default_language_name', sysname],
        ['default_language_lcid', int],
        ['allow_encrypted_value_modifications', bit],
        ['tenant_id', uniqueidentifier],
      ] as const),
    ],
    rows: (context) => [...context.catalog.principals.values()].filter((each) => isVisible(each, context)).map(principalRow),
  },
  'sys.database_role_members': {
    columns: [
      ['role_principal_id', int],
      ['member_principal_id', int],
    ],
    rows: (context) => {
      const sees = (id: number) => {
        const principal = context.catalog.principals.get(id);
        return principal !== undefined && isVisible(principal, context);
      };
      return context.catalog.memberships.filter(({ role, member }) => sees(role) && sees(member)).map(({ role, member }) => [role, member]);
    },
  },
  'sys.database_permissions': {
    columns: [
      ...([
        ['class', { name: 'tinyint' }],
        ['class_desc', word],
        ['major_id', int],
        ['minor_id', int],
        ['grantee_principal_id', int],
      ] as const),
      ...([
        ['grantor_principal_id', int],
        ['type', code(4)],
        ['permission_name', sysname],
        ['state', code(1)],
        ['state_desc', word],
      ] as const),
    ],
    rows: (context) =>
      context.catalog.permissions
        .filter((each) => isPermissionVisible(each, context))
        .map((row) => [
          ...[row.class, classNames[row.class] ?? '', row.major, row.minor, row.grantee, row.grantor],
          ...[codeOf(row.class, row.permission).padEnd(4), row.permission, row.state, stateNames[row.state]],
        ]),
  },
  'sys.schemas': {
    columns: [
      ['name', sysname],
      ['schema_id', int],
      ['principal_id', int],
    ],
    rows: ({ catalog, principal }) => {
      const isOfSystem = (id: number) => id <= 4 || fixedRoles.some((each) => each.id === id) || id === guest;
      return [...catalog.schemas.values()]
        .filter(({ id }) => isOfSystem(id) || maySee(catalog, principal, { kind: 'schema', id }))
        .map(({ id, name, owner }) => [name, id, owner]);
    },
  },
  'sys.extended_properties': {
    columns: [
      ['class', { name: 'tinyint' }],
      ['class_desc', word],
      ['major_id', int],
      ['minor_id', int],
      ['name', sysname],
      ['value', { name: 'sql_variant' }],
    ],
    rows: (context) =>
      context.catalog.properties
        .filter((each) => maySee(context.catalog, context.principal, securableOf(each, context)))
        .map((each) => [each.class, classNames[each.class] ?? '', each.major, each.minor, each.name, each.value]),
  },
};
