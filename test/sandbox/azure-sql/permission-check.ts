import type { Catalog } from './catalog.ts';
import type { PermissionRow } from './catalog-records.ts';
import { classOf, permissionKind, type SecurableKind } from './permission-names.ts';
import { dbo, fixedRoles } from './well-known.ts';

/** What a permission is asked for. */
export interface Securable {
  readonly kind: SecurableKind;
  /** 0 for the database. */
  readonly id: number;
  /** Of an object. */
  readonly column?: number;
}

export const theDatabase: Securable = { kind: 'database', id: 0 };

interface Scoped {
  readonly permission: string;
  readonly on: Securable;
}

/**
 * Whether a principal may do something, by the rules of https://learn.microsoft.com/sql/relational-databases/security/permissions-database-engine#permission-check-algorithm: dbo may do
 * everything; a denial that reaches the principal, one of its roles or public wins over every grant, except that a column's grant wins over its table's denial.
 */
export function mayDo(catalog: Catalog, principal: number, permission: string, securable: Securable): boolean {
  if (principal === dbo) return true;
  const identities = catalog.identitiesOf(principal);
  const implying = [...implyingPermissions(catalog, { permission, on: securable })];
  const rows = implying.flatMap((each) => rowsOf(catalog, each, identities));
  const isColumnGranted = rows.some(({ minor, state }) => minor !== 0 && state !== 'D');
  if (rows.some(({ state, minor, class: of }) => state === 'D' && !(isColumnGranted && minor === 0 && of === classOf('object'))))
    return false;
  const roles = fixedRoles.filter(({ id }) => identities.has(id));
  const isOnDatabase = ({ on, permission: name }: Scoped, names: readonly string[]) => on.kind === 'database' && names.includes(name);
  if (implying.some((each) => roles.some(({ denials }) => isOnDatabase(each, denials)))) return false;
  return (
    rows.length > 0 ||
    implying.some((each) => roles.some(({ grants }) => isOnDatabase(each, grants))) ||
    implying.some(({ on, permission: name }) => name === 'CONTROL' && identities.has(ownerOf(catalog, on) ?? -1))
  );
}

/** Whether a principal may do something with a securable or a part of it, so that it may see that it is there: https://learn.microsoft.com/sql/relational-databases/security/metadata-visibility-configuration */
export function maySee(catalog: Catalog, principal: number, securable: Securable): boolean {
  if (mayDo(catalog, principal, 'VIEW DEFINITION', securable)) return true;
  const identities = catalog.identitiesOf(principal);
  if (identities.has(ownerOf(catalog, securable) ?? -1)) return true;
  const visible =
    securable.kind === 'object'
      ? ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'EXECUTE', 'REFERENCES', 'ALTER', 'CONTROL', 'TAKE OWNERSHIP']
      : ['ALTER', 'CONTROL', 'TAKE OWNERSHIP', 'IMPERSONATE', 'EXECUTE', 'REFERENCES'];
  return (
    visible.some((each) => permissionKind(securable.kind, each) && mayDo(catalog, principal, each, securable)) ||
    catalog.permissions.some((each) => isOn(each, securable) && each.state !== 'D' && identities.has(each.grantee))
  );
}

/** Whether a principal may grant a permission, and as whom that is recorded; undefined when it may not. */
export function grantorOf(catalog: Catalog, principal: number, permission: string, securable: Securable): number | undefined {
  const owner = ownerOf(catalog, securable) ?? dbo;
  const identities = catalog.identitiesOf(principal);
  const isSecurityAdministrator = identities.has(fixedRoles.find(({ name }) => name === 'db_securityadmin')?.id ?? -1);
  if (mayDo(catalog, principal, 'CONTROL', securable) || (isSecurityAdministrator && permission !== 'CONTROL')) return owner;
  const holders = [...implyingPermissions(catalog, { permission, on: securable })].flatMap((each) => rowsOf(catalog, each, identities));
  if (holders.some(({ state }) => state === 'D')) return undefined;
  return holders.find(({ state }) => state === 'W')?.grantee;
}

/** The owner of a securable; undefined for users, who own themselves, and for what is not there. */
export function ownerOf(catalog: Catalog, { kind, id }: Securable): number | undefined {
  switch (kind) {
    case 'database':
      return dbo;
    case 'schema':
      return catalog.schemas.get(id)?.owner;
    case 'object': {
      const object = catalog.objects.get(id);
      return object && catalog.ownerOfObject(object);
    }
    case 'type': {
      const type = catalog.types.get(id);
      return type && catalog.ownerOfObject(type);
    }
    case 'role':
      return catalog.principals.get(id)?.owner ?? undefined;
    case 'user':
      return undefined;
    default:
      return kind satisfies never;
  }
}

/** The permission itself and all that imply it, on the securable and on what holds it. */
function* implyingPermissions(catalog: Catalog, { permission, on }: Scoped): Generator<Scoped> {
  const kind = permissionKind(on.kind, permission);
  if (!kind) return;
  yield { permission, on };
  if (kind.impliedBy !== undefined) yield* implyingPermissions(catalog, { permission: kind.impliedBy, on: { kind: on.kind, id: on.id } });
  const above = kind.impliedAbove === undefined ? undefined : holderOf(catalog, on);
  if (above && kind.impliedAbove !== undefined) yield* implyingPermissions(catalog, { permission: kind.impliedAbove, on: above });
}

function holderOf(catalog: Catalog, { kind, id }: Securable): Securable | undefined {
  if (kind === 'database') return undefined;
  if (kind !== 'object' && kind !== 'type') return theDatabase;
  const held = kind === 'object' ? catalog.objects.get(id) : catalog.types.get(id);
  return held && { kind: 'schema', id: held.schema };
}

function rowsOf(catalog: Catalog, { permission, on }: Scoped, identities: ReadonlySet<number>): readonly PermissionRow[] {
  return catalog.permissions.filter(
    (row) => row.permission === permission && isOn(row, on) && identities.has(row.grantee) && (row.minor === 0 || row.minor === on.column),
  );
}

function isOn(row: PermissionRow, { kind, id }: Securable): boolean {
  return row.class === classOf(kind) && row.major === id;
}
