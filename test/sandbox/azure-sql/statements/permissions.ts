import type { Catalog } from '../catalog.ts';
import type { PermissionRow } from '../catalog-records.ts';
import type { Context } from '../context.ts';
import { errors } from '../errors.ts';
import { grantorOf, ownerOf, type Securable, theDatabase } from '../permission-check.ts';
import { classOf, fitsObject, isPermission, permissionKind } from '../permission-names.ts';
import { SqlError } from '../sql-error.ts';
import type { Statement, StatementShape } from '../statement.ts';
import type { TokenCursor } from '../token-cursor.ts';
import { dbo } from '../well-known.ts';
import { columnsNamed, parseSecurableName, resolveSecurable, type SecurableName } from './securable-name.ts';

const form = '[(column, …)], … [ON [class::]name [(column, …)]]';

/** https://learn.microsoft.com/sql/t-sql/statements/grant-transact-sql and its neighbours. */
export const permissionStatements: readonly StatementShape[] = [
  {
    syntax: `GRANT permission ${form} TO name, … [WITH GRANT OPTION] [AS name]`,
    begins: ['GRANT'],
    parse: (cursor) => parse(cursor, 'GRANT'),
  },
  { syntax: `DENY permission ${form} TO name, … [CASCADE] [AS name]`, begins: ['DENY'], parse: (cursor) => parse(cursor, 'DENY') },
  {
    syntax: `REVOKE [GRANT OPTION FOR] permission ${form} FROM|TO name, … [CASCADE] [AS name]`,
    begins: ['REVOKE'],
    parse: (cursor) => parse(cursor, 'REVOKE'),
  },
];

interface Wanted {
  readonly permission: string;
  readonly columns: readonly string[];
}

interface Command {
  readonly verb: 'GRANT' | 'DENY' | 'REVOKE';
  readonly optionOnly: boolean;
  readonly wanted: readonly Wanted[];
  readonly on: SecurableName | undefined;
  readonly principals: readonly string[];
  readonly withOption: boolean;
  readonly cascade: boolean;
  readonly as: string | undefined;
}

function parse(cursor: TokenCursor, verb: Command['verb']): Statement {
  const optionOnly = verb === 'REVOKE' && cursor.skip('GRANT', 'OPTION', 'FOR');
  const wanted = cursor.list(() => parsePermission(cursor));
  const on = cursor.skip('ON') ? parseSecurableName(cursor) : undefined;
  const columns = on?.kind === 'object' && cursor.isAtSymbol('(') ? cursor.listInParentheses(() => cursor.name()) : [];
  if (!(verb === 'REVOKE' && cursor.skip('FROM'))) cursor.expect('TO');
  const principals = cursor.list(() => (cursor.skip('PUBLIC') ? 'public' : cursor.name()));
  const withOption = verb === 'GRANT' && cursor.skip('WITH', 'GRANT', 'OPTION');
  const cascade = verb !== 'GRANT' && cursor.skip('CASCADE');
  const as = cursor.skip('AS') ? cursor.name() : undefined;
  const all = wanted.map((each) => ({ permission: each.permission, columns: [...each.columns, ...columns] }));
  const command: Command = { verb, optionOnly, wanted: all, on, principals, withOption, cascade, as };
  return {
    event: `${verb}_DATABASE`,
    run: (context) => context.session.changeCatalog((catalog) => change(catalog, context, command), context),
  };
}

/** The words of a permission are no names: they end at ON, TO, FROM, a comma or a parenthesis. */
function parsePermission(cursor: TokenCursor): Wanted {
  const words: string[] = [];
  while (cursor.token.kind === 'word' && !['ON', 'TO', 'FROM'].some((each) => cursor.isAt(each)))
    words.push(cursor.take().value.toUpperCase());
  const permission = words.join(' ').replace(/^EXEC$/, 'EXECUTE');
  if (!isPermission(permission)) throw words.length === 0 ? cursor.wrong() : errors.syntax(words.at(-1) ?? '');
  return { permission, columns: cursor.isAtSymbol('(') ? cursor.listInParentheses(() => cursor.name()) : [] };
}

function change(catalog: Catalog, context: Context, command: Command): void {
  const on = command.on ? resolveSecurable(command.on, context) : theDatabase;
  for (const { permission, columns } of command.wanted) {
    assertFits(permission, on, context);
    const minors = columns.length === 0 ? [0] : columnsOf(on, permission, columns, context);
    const grantor = grantorFor(permission, on, context, command);
    for (const name of command.principals) {
      const grantee = granteeNamed(catalog, name, on, context);
      for (const minor of minors) {
        const row = { class: classOf(on.kind), major: on.id, minor, grantee, grantor, permission };
        if (command.verb === 'REVOKE') revoke(catalog, row, command);
        else put(catalog, row, command);
      }
    }
  }
}

/** Throws 4606 for a permission that such a securable doesn't have, and 102 where there is none at all. */
function assertFits(permission: string, on: Securable, { catalog }: Context): void {
  const object = on.kind === 'object' ? catalog.objects.get(on.id) : undefined;
  const fits = permissionKind(on.kind, permission) !== undefined && (!object || fitsObject(permission, object.type));
  if (!fits) throw on.kind === 'object' ? errors.notOfClass(permission) : errors.syntax(`${permission}...`);
}

function columnsOf(on: Securable, permission: string, names: readonly string[], context: Context): readonly number[] {
  const object = on.kind === 'object' ? context.catalog.objects.get(on.id) : undefined;
  if (!object || !['SELECT', 'UPDATE', 'REFERENCES'].includes(permission)) {
    throw new SqlError(
      1020,
      'Sub-entity lists (such as column or security expressions) cannot be specified for entity-level permissions.',
      { severity: 15 },
    );
  }
  return columnsNamed(object, names, context).map(({ id }) => id);
}

/** As whom it is recorded. `AS` takes a principal that the user is, is in, or may impersonate, and that could grant it itself. Throws 15151 and 4613. */
function grantorFor(permission: string, on: Securable, context: Context, { as, on: named }: Command): number {
  const { catalog, principal } = context;
  const acting = as === undefined ? undefined : catalog.principalNamed(as);
  if (as !== undefined && !(acting && mayActAs(acting.id, context))) throw errors.cannot('find', 'principal', as);
  const grantor = grantorOf(catalog, acting?.id ?? principal, permission, on);
  const isRecordedAs =
    acting && catalog.permissions.some((row) => row.grantor === acting.id && row.class === classOf(on.kind) && row.major === on.id);
  if (acting && (isRecordedAs || grantor !== undefined)) return acting.id;
  if (grantor !== undefined) return grantor;
  throw on.kind === 'database' ? errors.mayNotGrant() : errors.cannot('find', on.kind, named?.name.at(-1) ?? '');
}

function mayActAs(id: number, context: Context): boolean {
  const { catalog, principal } = context;
  const kind = catalog.principals.get(id)?.type === 'R' ? 'role' : 'user';
  return (
    catalog.isMember(principal, id) || (kind === 'user' ? context.may('IMPERSONATE', { kind, id }) : context.may('ALTER', { kind, id }))
  );
}

/** Throws 15151, 4617 and 4624. */
function granteeNamed(catalog: Catalog, name: string, on: Securable, { principal }: Context): number {
  const found = catalog.principalNamed(name);
  if (!found) throw errors.cannot('find', 'user', name);
  if (found.isFixedRole) throw errors.specialGrantee();
  const isAboutItself = found.id === principal || (on.kind !== 'database' && found.id === ownerOf(catalog, on));
  if (found.id === dbo || found.id === 3 || found.id === 4 || isAboutItself) throw errors.grantToOwner();
  return found.id;
}

type Key = Omit<PermissionRow, 'state'>;

function isSame(left: Key, right: Key): boolean {
  return isOfGrantee(left, right) && left.grantor === right.grantor;
}

function isOfGrantee(left: Key, right: Key): boolean {
  return isSamePlace(left, right) && left.grantee === right.grantee;
}

function isSamePlace(left: Key, right: Key): boolean {
  return left.class === right.class && left.major === right.major && left.minor === right.minor && left.permission === right.permission;
}

/** A grant takes the place of a denial and the other way round. What holds for a table is said of its columns no more. */
function put(catalog: Catalog, key: Key, { verb, withOption, cascade }: Command): void {
  const before = catalog.permissions.find((each) => isSame(each, key));
  if (verb === 'DENY' && catalog.permissions.some((each) => isOfGrantee(each, key) && each.state === 'W')) {
    if (!cascade) throw errors.cascadeNeeded();
    withdrawGrantsOf(catalog, key);
  }
  const state = verb === 'DENY' ? 'D' : withOption || before?.state === 'W' ? 'W' : 'G';
  const kept = catalog.permissions.filter((each) => !isSame(each, key) && !(key.minor === 0 && isSame({ ...each, minor: 0 }, key)));
  catalog.permissions = [...kept, { ...key, state }];
}

/** Without a row of this grantor nothing happens, and nothing is said. */
function revoke(catalog: Catalog, key: Key, { optionOnly, cascade }: Command): void {
  const row = catalog.permissions.find((each) => isSame(each, key));
  const onColumns = key.minor === 0 ? catalog.permissions.filter((each) => each.minor !== 0 && isSame({ ...each, minor: 0 }, key)) : [];
  if (row?.state === 'W' && !cascade) throw errors.cascadeNeeded();
  if (row?.state === 'W') withdrawGrantsOf(catalog, row);
  const rest = catalog.permissions.filter((each) => each !== row && (optionOnly || !onColumns.includes(each)));
  catalog.permissions = optionOnly && row ? [...rest, { ...row, state: row.state === 'W' ? 'G' : row.state }] : rest;
}

/** What the grantee has granted by its option goes too, and so on. */
function withdrawGrantsOf(catalog: Catalog, { grantee, ...key }: Key): void {
  const granted = catalog.permissions.filter((each) => each.grantor === grantee && isSamePlace(each, { ...key, grantee }));
  catalog.permissions = catalog.permissions.filter((each) => !granted.includes(each));
  for (const each of granted) withdrawGrantsOf(catalog, each);
}
