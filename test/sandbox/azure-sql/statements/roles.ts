import type { Catalog } from '../catalog.ts';
import { type Principal, securableClass } from '../catalog-records.ts';
import type { Context } from '../context.ts';
import { errors } from '../errors.ts';
import { theDatabase } from '../permission-check.ts';
import type { Statement, StatementShape } from '../statement.ts';
import type { TokenCursor } from '../token-cursor.ts';
import { dbo, publicRole } from '../well-known.ts';
import { assertOwnsNothing } from './users.ts';

/** https://learn.microsoft.com/sql/t-sql/statements/alter-role-transact-sql and its neighbours. */
export const roleStatements: readonly StatementShape[] = [
  { syntax: 'CREATE ROLE name [AUTHORIZATION owner]', begins: ['CREATE', 'ROLE'], parse: parseCreate },
  { syntax: 'ALTER ROLE name ADD MEMBER name | DROP MEMBER name | WITH NAME = name', begins: ['ALTER', 'ROLE'], parse: parseAlter },
  { syntax: 'DROP ROLE [IF EXISTS] name', begins: ['DROP', 'ROLE'], parse: parseDrop },
];

function parseCreate(cursor: TokenCursor): Statement {
  const name = cursor.name();
  const owner = cursor.skip('AUTHORIZATION') ? cursor.name() : undefined;
  return {
    event: 'CREATE_ROLE',
    run: (context) =>
      context.session.changeCatalog((catalog) => {
        if (!context.may('CREATE ROLE', theDatabase)) throw errors.notPermitted();
        if (catalog.principalNamed(name)) throw errors.principalExists(name);
        const id = catalog.nextPrincipalId();
        const ownerId = owner === undefined ? context.principal : principalNamed(catalog, owner).id;
        const createdAt = new Date(context.session.server.clock.now());
        catalog.principals.set(id, { id, name, type: 'R', sid: null, defaultSchema: null, owner: ownerId, isFixedRole: false, createdAt });
      }, context),
  };
}

function parseAlter(cursor: TokenCursor): Statement {
  const name = cursor.name();
  if (cursor.skip('WITH')) {
    cursor.expect('NAME');
    cursor.expectSymbol('=');
    return renaming(name, cursor.name());
  }
  const verb = cursor.expectOneOf(['ADD', 'DROP']);
  cursor.expect('MEMBER');
  const member = cursor.name();
  return {
    event: `${verb}_ROLE_MEMBER`,
    run: (context) => context.session.changeCatalog((catalog) => changeMember(catalog, context, { verb, name, member }), context),
  };
}

function changeMember(
  catalog: Catalog,
  context: Context,
  { verb, name, member }: { readonly verb: 'ADD' | 'DROP'; readonly name: string; readonly member: string },
): void {
  const role = roleNamed(catalog, name);
  if (role?.id === publicRole) throw errors.publicMembers();
  if (!role || !mayChangeMembers(role, context)) throw errors.cannot('alter', 'role', name);
  const found = catalog.principalNamed(member);
  if (!found) throw errors.cannot(verb === 'ADD' ? 'add' : 'drop', 'principal', member);
  if (found.id <= 4 || found.isFixedRole) throw errors.specialPrincipal(found.name);
  const isOf = (each: { readonly role: number; readonly member: number }) => each.role === role.id && each.member === found.id;
  const isMember = catalog.memberships.some(isOf);
  if (verb === 'DROP') {
    if (!isMember) throw errors.cannot('drop', 'principal', member); // [U] Microsoft's page doesn't say what happens
    catalog.memberships = catalog.memberships.filter((each) => !isOf(each));
    return;
  }
  if (found.id === role.id || catalog.isMember(role.id, found.id)) throw errors.circularRole();
  if (!isMember) catalog.memberships = [...catalog.memberships, { role: role.id, member: found.id }];
}

/** Only db_owner changes who is in the fixed roles: https://learn.microsoft.com/sql/t-sql/statements/alter-role-transact-sql#permissions */
function mayChangeMembers(role: Principal, context: Context): boolean {
  if (!role.isFixedRole) return context.may('ALTER', { kind: 'role', id: role.id });
  const owners = context.catalog.principalNamed('db_owner');
  return context.principal === dbo || (owners !== undefined && context.catalog.isMember(context.principal, owners.id));
}

function renaming(name: string, newName: string): Statement {
  return {
    event: 'ALTER_ROLE',
    run: (context) =>
      context.session.changeCatalog((catalog) => {
        const role = roleNamed(catalog, name);
        if (!role || !context.may('ALTER', { kind: 'role', id: role.id })) throw errors.cannot('alter', 'role', name);
        if (role.isFixedRole || role.id === publicRole) throw errors.fixed('alter', 'role', name);
        const holder = catalog.principalNamed(newName);
        if (holder && holder.id !== role.id) throw errors.principalExists(newName);
        catalog.principals.set(role.id, { ...role, name: newName });
      }, context),
  };
}

function parseDrop(cursor: TokenCursor): Statement {
  const ifExists = cursor.skip('IF', 'EXISTS');
  const name = cursor.name();
  return {
    event: 'DROP_ROLE',
    run: (context) =>
      context.session.changeCatalog((catalog) => {
        const role = roleNamed(catalog, name);
        if (!role && ifExists) return;
        if (!role || !context.may('CONTROL', { kind: 'role', id: role.id })) throw errors.cannot('drop', 'role', name);
        if (role.isFixedRole || role.id === publicRole) throw errors.fixed('drop', 'role', name);
        if (catalog.memberships.some((each) => each.role === role.id)) throw errors.roleHasMembers();
        assertOwnsNothing(catalog, role.id);
        catalog.principals.delete(role.id);
        catalog.memberships = catalog.memberships.filter(({ member }) => member !== role.id);
        catalog.permissions = catalog.permissions.filter(({ grantee }) => grantee !== role.id);
        catalog.forgetSecurable(securableClass.principal, role.id);
      }, context),
  };
}

function roleNamed(catalog: Catalog, name: string): Principal | undefined {
  const found = catalog.principalNamed(name);
  return found?.type === 'R' ? found : undefined;
}

/** Throws 15151. */
export function principalNamed(catalog: Catalog, name: string): Principal {
  const found = catalog.principalNamed(name);
  if (!found) throw errors.cannot('find', 'principal', name);
  return found;
}
