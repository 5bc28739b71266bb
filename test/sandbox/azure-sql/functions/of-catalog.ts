import type { SqlObject } from '../catalog-records.ts';
import type { Context } from '../context.ts';
import type { SqlFunction } from '../functions.ts';
import { mayDo, maySee, type Securable, theDatabase } from '../permission-check.ts';
import { permissionKind } from '../permission-names.ts';
import { int, type SqlValue, sysname, systemTypes } from '../sql-type.ts';
import { dbo } from '../well-known.ts';
import { partsOfName } from './name-parts.ts';

const nameOf = { type: sysname, takes: [1, 1] } as const;
const variant = { type: { name: 'sql_variant' } } as const;

/** An object that the user may see. */
function visible(id: SqlValue | undefined, { catalog, principal }: Context): SqlObject | undefined {
  const object = catalog.objects.get(Number(id));
  return object && maySee(catalog, principal, { kind: 'object', id: object.id }) ? object : undefined;
}

function databaseProperty(name: string, { session }: Context): SqlValue {
  const { collation } = session.database;
  return (
    {
      COLLATION: collation,
      STATUS: 'ONLINE',
      UPDATEABILITY: 'READ_WRITE',
      USERACCESS: 'MULTI_USER',
      EDITION: 'GeneralPurpose',
      ISINSTANDBY: 0,
    }[name.toUpperCase()] ?? null
  );
}

function serverProperty(name: string, { session }: Context): SqlValue {
  return (
    {
      EDITION: 'SQL Azure',
      ENGINEEDITION: 5,
      PRODUCTVERSION: '12.0.2000.8',
      SERVERNAME: session.server.server.name,
      COLLATION: 'SQL_Latin1_General_CP1_CI_AS',
      ISEXTERNALAUTHENTICATIONONLY: 1,
    }[name.toUpperCase()] ?? null
  );
}

function isMember(role: SqlValue | undefined, member: number | undefined, { catalog }: Context): SqlValue {
  const found = catalog.principalNamed(String(role));
  if (found?.type !== 'R' || member === undefined) return null;
  return catalog.isMember(member, found.id) || (member === dbo && found.name === 'db_owner') ? 1 : 0;
}

/** https://learn.microsoft.com/sql/t-sql/functions/has-perms-by-name-transact-sql: NULL for what is no such thing. */
function hasPermission([name, of, permission]: readonly SqlValue[], context: Context): SqlValue {
  const securable = securableNamed(name ?? null, of === null ? null : String(of).toUpperCase(), context);
  const wanted = String(permission).toUpperCase();
  if (!securable) return null;
  const { catalog, principal } = context;
  if (wanted === 'ANY') return maySee(catalog, principal, securable) ? 1 : 0;
  return permissionKind(securable.kind, wanted) ? Number(mayDo(catalog, principal, wanted, securable)) : null;
}

/** As one part: with a dot in it, a name must be quoted. */
function isNameOf(text: string, database: string): boolean {
  const [part, ...more] = partsOfName(text);
  return more.length === 0 && part?.toLowerCase() === database.toLowerCase();
}

function securableNamed(name: SqlValue, of: string | null, context: Context): Securable | undefined {
  const { catalog, session } = context;
  if (of === 'DATABASE') return name === null || isNameOf(String(name), session.database.name) ? theDatabase : undefined;
  const parts = partsOfName(String(name));
  const single = parts.at(-1) ?? '';
  if (of === 'SCHEMA') return securable('schema', catalog.schemaNamed(single));
  if (of === 'USER' || of === 'ROLE') return securable(of === 'USER' ? 'user' : 'role', catalog.principalNamed(single));
  if (of === 'OBJECT') return securable('object', context.findObject(parts));
  return undefined;
}

function securable(kind: Securable['kind'], found: { readonly id: number } | undefined): Securable | undefined {
  return found && { kind, id: found.id };
}

/** Of names and ids: https://learn.microsoft.com/sql/t-sql/functions/metadata-functions-transact-sql */
export const catalogFunctions: Readonly<Record<string, SqlFunction>> = {
  DB_NAME: {
    type: sysname,
    takes: [0, 1],
    run: ([id], { session }) =>
      id === undefined || Number(id) === session.database.id ? session.database.name : Number(id) === 1 ? 'master' : null,
  },
  DB_ID: {
    type: int,
    takes: [0, 1],
    run: ([name], { session }) =>
      name === undefined || String(name).toLowerCase() === session.database.name.toLowerCase()
        ? session.database.id
        : String(name).toLowerCase() === 'master'
          ? 1
          : null,
  },
  SCHEMA_NAME: {
    type: sysname,
    takes: [0, 1],
    run: ([id], { catalog, principal }) =>
      id === undefined ? (catalog.principals.get(principal)?.defaultSchema ?? 'dbo') : (catalog.schemas.get(Number(id))?.name ?? null),
  },
  SCHEMA_ID: { type: int, takes: [0, 1], run: ([name], { catalog }) => catalog.schemaNamed(String(name ?? 'dbo'))?.id ?? null },
  OBJECT_NAME: { type: sysname, takes: [1, 2], run: ([id], context) => visible(id, context)?.name ?? null },
  OBJECT_SCHEMA_NAME: {
    type: sysname,
    takes: [1, 2],
    run: ([id], context) => context.catalog.schemas.get(visible(id, context)?.schema ?? -1)?.name ?? null,
  },
  OBJECT_ID: {
    type: int,
    takes: [1, 2],
    isStrict: true,
    run: ([name, type], context) => {
      const found = context.findObject(partsOfName(String(name)));
      return found && visible(found.id, context) && (type === undefined || found.type === String(type).trim().toUpperCase())
        ? found.id
        : null;
    },
  },
  OBJECT_DEFINITION: { ...nameOf, run: ([id], context) => visible(id, context)?.module?.definition ?? null },
  COL_NAME: {
    type: sysname,
    takes: [2, 2],
    run: ([table, column], context) => visible(table, context)?.columns.find(({ id }) => id === Number(column))?.name ?? null,
  },
  TYPE_NAME: {
    ...nameOf,
    run: ([id], { catalog }) => systemTypes.find((each) => each.id === Number(id))?.name ?? catalog.types.get(Number(id))?.name ?? null,
  },
  USER_NAME: {
    type: sysname,
    takes: [0, 1],
    run: ([id], { catalog, principal }) => catalog.principals.get(id === undefined ? principal : Number(id))?.name ?? null,
  },
  USER_ID: {
    type: int,
    takes: [0, 1],
    run: ([name], { catalog, principal }) => (name === undefined ? principal : (catalog.principalNamed(String(name))?.id ?? null)),
  },
  DATABASE_PRINCIPAL_ID: {
    type: int,
    takes: [0, 1],
    run: ([name], { catalog, principal }) => (name === undefined ? principal : (catalog.principalNamed(String(name))?.id ?? null)),
  },
  IS_MEMBER: { type: int, takes: [1, 1], run: ([role], context) => isMember(role, context.principal, context) },
  IS_ROLEMEMBER: {
    type: int,
    takes: [1, 2],
    run: ([role, member], context) =>
      isMember(role, member === undefined ? context.principal : context.catalog.principalNamed(String(member))?.id, context),
  },
  HAS_PERMS_BY_NAME: { type: int, takes: [3, 5], run: hasPermission },
  HAS_DBACCESS: {
    type: int,
    takes: [1, 1],
    run: ([name], { session }) => (String(name).toLowerCase() === session.database.name.toLowerCase() ? 1 : 0),
  },
  DATABASEPROPERTYEX: {
    ...variant,
    takes: [2, 2],
    run: ([name, property], context) =>
      String(name).toLowerCase() === context.session.database.name.toLowerCase() ? databaseProperty(String(property), context) : null,
  },
  SERVERPROPERTY: { ...variant, takes: [1, 1], run: ([property], context) => serverProperty(String(property), context) },
};
