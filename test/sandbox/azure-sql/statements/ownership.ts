import type { Catalog } from '../catalog.ts';
import { securableClass } from '../catalog-records.ts';
import type { Context } from '../context.ts';
import { errors } from '../errors.ts';
import type { Securable } from '../permission-check.ts';
import { classOf } from '../permission-names.ts';
import type { Statement, StatementShape } from '../statement.ts';
import type { TokenCursor } from '../token-cursor.ts';
import { principalNamed } from './roles.ts';
import { parseSecurableName, resolveSecurable, type SecurableName } from './securable-name.ts';

/** https://learn.microsoft.com/sql/t-sql/statements/alter-authorization-transact-sql */
export const ownershipStatements: readonly StatementShape[] = [
  {
    syntax: 'ALTER AUTHORIZATION ON [OBJECT|SCHEMA|TYPE|ROLE ::]name TO name | SCHEMA OWNER',
    begins: ['ALTER', 'AUTHORIZATION', 'ON'],
    parse: (cursor) => parse(cursor),
  },
];

function parse(cursor: TokenCursor): Statement {
  const on = parseSecurableName(cursor);
  if (on.kind === 'user' || on.kind === 'database') throw cursor.wrong();
  cursor.expect('TO');
  const isToSchemaOwner = (on.kind === 'object' || on.kind === 'type') && cursor.skip('SCHEMA', 'OWNER');
  const owner = isToSchemaOwner ? undefined : cursor.name();
  return {
    event: 'ALTER_AUTHORIZATION_DATABASE',
    run: (context) => context.session.changeCatalog((catalog) => hand(catalog, context, on, owner), context),
  };
}

function hand(catalog: Catalog, context: Context, on: SecurableName, owner: string | undefined): void {
  const securable = resolveSecurable(on, context);
  const newOwner = owner === undefined ? undefined : principalNamed(catalog, owner);
  if (!context.may('TAKE OWNERSHIP', securable)) throw errors.cannot('find', on.kind, on.name.at(-1) ?? '');
  if (newOwner && !mayMakeOwner(newOwner.id, context)) throw errors.cannot('find', 'principal', owner ?? '');
  setOwner(catalog, securable, newOwner?.id ?? null);
  forgetPermissions(catalog, securable);
}

/** https://learn.microsoft.com/sql/t-sql/statements/alter-authorization-transact-sql#permissions */
function mayMakeOwner(id: number, context: Context): boolean {
  const isRole = context.catalog.principals.get(id)?.type === 'R';
  if (context.catalog.isMember(context.principal, id)) return true;
  return isRole ? context.may('ALTER', { kind: 'role', id }) : context.may('IMPERSONATE', { kind: 'user', id });
}

function setOwner(catalog: Catalog, { kind, id }: Securable, owner: number | null): void {
  const [schema, object, type, role] = [
    catalog.schemas.get(id),
    catalog.objects.get(id),
    catalog.types.get(id),
    catalog.principals.get(id),
  ];
  if (kind === 'schema' && schema && owner !== null) catalog.schemas.set(id, { ...schema, owner });
  else if (kind === 'object' && object) catalog.objects.set(id, { ...object, owner });
  else if (kind === 'type' && type) catalog.types.set(id, { ...type, owner });
  else if (kind === 'role' && role) {
    if (role.isFixedRole || role.id === 0) throw errors.fixed('alter', 'role', role.name);
    catalog.principals.set(id, { ...role, owner });
  }
}

/** Those on the securable are lost, and with a schema those on what is in it without an owner of its own. */
function forgetPermissions(catalog: Catalog, { kind, id }: Securable): void {
  const isInSchema = (each: { readonly owner: number | null; readonly schema: number } | undefined) =>
    kind === 'schema' && each?.schema === id && each.owner === null;
  catalog.permissions = catalog.permissions.filter((row) => {
    if (row.class === classOf(kind) && row.major === id) return false;
    if (row.class === securableClass.object) return !isInSchema(catalog.objects.get(row.major));
    return row.class !== securableClass.type || !isInSchema(catalog.types.get(row.major));
  });
}
