import { permissionName, quoteIdentifier, type Sql, sql, sqlList } from './sql.ts';

/** Something that permissions are about. Names are those of the catalog. */
export type Securable =
  | { readonly kind: 'database'; readonly name: string }
  | { readonly kind: 'schema'; readonly name: string }
  /** A table, view, sequence or routine; with `column`, one column of it. */
  | { readonly kind: 'object'; readonly schema: string; readonly name: string; readonly column?: string }
  | { readonly kind: 'type'; readonly schema: string; readonly name: string }
  | { readonly kind: 'user'; readonly name: string }
  | { readonly kind: 'role'; readonly name: string };

/** What belongs to a principal, so that this can't be dropped. */
export type Owned =
  | { readonly kind: 'schema' | 'role'; readonly name: string }
  | { readonly kind: 'object' | 'type'; readonly schema: string; readonly name: string };

/** `<permissions> ON <securable>`. */
export function permissionsOn(permissions: readonly string[], on: Securable): Sql {
  const column = on.kind === 'object' && on.column !== undefined ? sql` (${quoteIdentifier(on.column)})` : sql``;
  return sql`${sqlList(permissions.map((name) => sql`${permissionName(name)}${column}`))} ON ${securableName(on)}`;
}

/** With the word before it that says what kind of thing it is. */
export function securableName(on: Securable | Owned): Sql {
  switch (on.kind) {
    case 'database':
      return sql`DATABASE::${quoteIdentifier(on.name)}`;
    case 'schema':
      return sql`SCHEMA::${quoteIdentifier(on.name)}`;
    case 'object':
      return sql`OBJECT::${quoteIdentifier(on.schema)}.${quoteIdentifier(on.name)}`;
    case 'type':
      return sql`TYPE::${quoteIdentifier(on.schema)}.${quoteIdentifier(on.name)}`;
    case 'user':
      return sql`USER::${quoteIdentifier(on.name)}`;
    case 'role':
      return sql`ROLE::${quoteIdentifier(on.name)}`;
    default:
      return on satisfies never;
  }
}

/** What tells one securable from another; names in the catalog are written in one way. Pure. */
export function keyOf(on: Securable): string {
  const { kind, name } = on;
  const schema = 'schema' in on ? on.schema : null;
  return JSON.stringify([kind, schema, name, (on.kind === 'object' && on.column) || null]);
}

/** As a message calls it. Pure. */
export function describeSecurable(on: Securable | Owned): string {
  return securableName(on).replace('::', ' ');
}
