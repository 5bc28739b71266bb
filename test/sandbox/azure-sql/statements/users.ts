import type { Catalog } from '../catalog.ts';
import { type Principal, securableClass } from '../catalog-records.ts';
import type { Context } from '../context.ts';
import { errors } from '../errors.ts';
import { theDatabase } from '../permission-check.ts';
import type { Statement, StatementShape } from '../statement.ts';
import type { TokenCursor } from '../token-cursor.ts';
import { dbo } from '../well-known.ts';

/** https://learn.microsoft.com/sql/t-sql/statements/create-user-transact-sql and its neighbours, as far as a database with Entra authentication alone takes them. */
export const userStatements: readonly StatementShape[] = [
  {
    syntax:
      "CREATE USER name WITH SID = 0x…, TYPE = E|X [, DEFAULT_SCHEMA = name] | WITHOUT LOGIN [WITH DEFAULT_SCHEMA = name] | FROM EXTERNAL PROVIDER [WITH OBJECT_ID = '…']",
    begins: ['CREATE', 'USER'],
    parse: parseCreate,
  },
  { syntax: 'ALTER USER name WITH NAME = name | DEFAULT_SCHEMA = name', begins: ['ALTER', 'USER'], parse: parseAlter },
  { syntax: 'DROP USER [IF EXISTS] name', begins: ['DROP', 'USER'], parse: parseDrop },
];

interface NewUser {
  readonly name: string;
  readonly type: Principal['type'];
  readonly sid: Buffer | null;
  readonly defaultSchema: string | undefined;
}

function parseCreate(cursor: TokenCursor): Statement {
  const name = cursor.name();
  const event = 'CREATE_USER';
  if (cursor.skip('FROM', 'EXTERNAL', 'PROVIDER')) {
    if (cursor.skip('WITH')) parseOptions(cursor, ['OBJECT_ID', 'DEFAULT_SCHEMA']);
    return {
      event,
      run: (context) => {
        assertMayCreate(context, name);
        // the sandbox's servers have no identity that could ask Microsoft Graph
        throw errors.notResolved(name);
      },
    };
  }
  if (cursor.skip('WITHOUT', 'LOGIN')) {
    const { DEFAULT_SCHEMA: defaultSchema } = cursor.skip('WITH') ? parseOptions(cursor, ['DEFAULT_SCHEMA']) : {};
    return { event, run: (context) => create(context, { name, type: 'S', sid: null, defaultSchema }) };
  }
  cursor.expect('WITH');
  const { SID: sid, TYPE: type, DEFAULT_SCHEMA: defaultSchema } = parseOptions(cursor, ['SID', 'TYPE', 'DEFAULT_SCHEMA']);
  if (sid === undefined || (type !== 'E' && type !== 'X')) throw cursor.wrong();
  return { event, run: (context) => create(context, { name, type, sid: Buffer.from(sid, 'hex'), defaultSchema }) };
}

/** `NAME = value, …`, each at most once. */
function parseOptions<const N extends string>(cursor: TokenCursor, names: readonly N[]): { readonly [K in N]?: string } {
  const options: { [K in N]?: string } = {};
  cursor.list(() => {
    const name = cursor.expectOneOf(names);
    cursor.expectSymbol('=');
    if (options[name] !== undefined) throw cursor.wrong();
    options[name] = parseOption(cursor, name);
  });
  return options;
}

function parseOption(cursor: TokenCursor, name: string): string {
  if (name === 'OBJECT_ID') return cursor.text();
  if (name !== 'SID') return name === 'TYPE' ? cursor.name().toUpperCase() : cursor.name();
  if (cursor.token.kind !== 'binary') throw cursor.wrong();
  return cursor.take().value;
}

function assertMayCreate(context: Context, name: string): void {
  if (!context.may('ALTER ANY USER', theDatabase)) throw errors.notPermitted();
  if (context.catalog.principalNamed(name)) throw errors.principalExists(name);
  if (name.includes('\\')) throw errors.invalidName(name);
}

async function create(context: Context, { name, type, sid, defaultSchema }: NewUser): Promise<void> {
  await context.session.changeCatalog((catalog) => {
    assertMayCreate(context, name);
    if (type !== 'S' && sid?.length !== 16) throw errors.sidLength();
    if (sid && [...catalog.principals.values()].some((each) => each.sid?.subarray(0, 16).equals(sid))) throw errors.sidExists();
    const id = catalog.nextPrincipalId();
    const createdAt = new Date(context.session.server.clock.now());
    const common = { id, name, type, owner: null, isFixedRole: false, createdAt } as const;
    catalog.principals.set(id, {
      ...common,
      sid: sid ?? Buffer.from([0x01, 0x05, 0, 0, 0, 0, 0, 9, 3, 0, 0, 0, id]),
      defaultSchema: defaultSchema ?? (type === 'X' ? null : 'dbo'),
    });
    const connect = { class: securableClass.database, major: 0, minor: 0, grantor: dbo, permission: 'CONNECT', state: 'G' } as const;
    catalog.permissions = [...catalog.permissions, { ...connect, grantee: id }];
  }, context);
}

function parseAlter(cursor: TokenCursor): Statement {
  const name = cursor.name();
  cursor.expect('WITH');
  const { NAME: newName, DEFAULT_SCHEMA: defaultSchema } = parseOptions(cursor, ['NAME', 'DEFAULT_SCHEMA']);
  return {
    event: 'ALTER_USER',
    run: (context) =>
      context.session.changeCatalog((catalog) => {
        const user = userNamed(catalog, name);
        if (!user || !context.may('ALTER', { kind: 'user', id: user.id })) throw errors.cannot('alter', 'user', name);
        if (user.id <= 4) throw errors.fixed('alter', 'user', name);
        const holder = newName === undefined ? undefined : catalog.principalNamed(newName);
        if (holder && holder.id !== user.id) throw errors.principalExists(newName ?? '');
        catalog.principals.set(user.id, { ...user, name: newName ?? user.name, defaultSchema: defaultSchema ?? user.defaultSchema });
      }, context),
  };
}

function parseDrop(cursor: TokenCursor): Statement {
  const ifExists = cursor.skip('IF', 'EXISTS');
  const name = cursor.name();
  return { event: 'DROP_USER', run: (context) => drop(context, name, ifExists) };
}

async function drop(context: Context, name: string, ifExists: boolean): Promise<void> {
  await context.session.changeCatalog((catalog) => {
    const user = userNamed(catalog, name);
    if (!user && ifExists) return;
    if (!user || !context.may('ALTER ANY USER', theDatabase)) throw errors.cannot('drop', 'user', name);
    if (user.id <= 4) throw errors.fixed('drop', 'user', name);
    assertOwnsNothing(catalog, user.id);
    catalog.principals.delete(user.id);
    catalog.memberships = catalog.memberships.filter(({ member }) => member !== user.id);
    catalog.permissions = catalog.permissions.filter(({ grantee }) => grantee !== user.id);
    catalog.forgetSecurable(securableClass.principal, user.id);
  }, context);
}

/** Throws the first of the reasons for which a principal can't be dropped. [I] in this order: the playbook, 10.3. */
export function assertOwnsNothing(catalog: Catalog, id: number): void {
  const owns = (records: Iterable<{ readonly owner: number | null }>) => [...records].some(({ owner }) => owner === id);
  if (owns(catalog.objects.values())) throw errors.ownsObjects();
  if (owns(catalog.types.values())) throw errors.ownsTypes();
  if (owns(catalog.schemas.values())) throw errors.ownsSchema();
  if (owns(catalog.principals.values())) throw errors.ownsRole();
  if (catalog.permissions.some(({ grantor }) => grantor === id)) throw errors.hasGranted();
  if ([...catalog.objects.values(), ...catalog.triggers.values()].some(({ module }) => module?.executeAs === id)) throw errors.isContext();
}

function userNamed(catalog: Catalog, name: string): Principal | undefined {
  const found = catalog.principalNamed(name);
  return found?.type === 'R' ? undefined : found;
}
