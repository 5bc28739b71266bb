import type { Permission } from './hand-over.ts';
import type { PermissionFound } from './rights.ts';
import type { Securable } from './securable.ts';

/** What a permission is about, as the queries tell it. */
export interface SecurableRow {
  readonly class: number;
  readonly classText: string;
  readonly state: string;
  readonly permission: string;
  readonly schema: string | null;
  readonly name: string | null;
  readonly principalType: string | null;
  readonly column: string | null;
}

/** The thing that a row is about; undefined for kinds that we know no words for, and for what is gone. `database`: the session's. Pure. */
export function securableOf(row: SecurableRow, database: string): Securable | undefined {
  const { schema, name, principalType, column } = row;
  switch (row.class) {
    case 0:
      return { kind: 'database', name: database };
    case 1:
      if (schema === null || name === null) return undefined;
      return { kind: 'object', schema, name, ...(column !== null && { column }) };
    case 3:
      return schema === null ? undefined : { kind: 'schema', name: schema };
    case 4:
      if (name === null) return undefined;
      if (principalType === 'R') return { kind: 'role', name };
      return principalType === 'A' ? undefined : { kind: 'user', name };
    case 6:
      return schema === null || name === null ? undefined : { kind: 'type', schema, name };
    default:
      return undefined;
  }
}

/** Pure. */
export function permissionOf(row: SecurableRow & { readonly grantor: string }, database: string): PermissionFound {
  const { permission, classText, grantor } = row;
  return {
    permission,
    state: stateOf(row),
    grantor: grantor === 'dbo' ? undefined : grantor,
    on: securableOf(row, database),
    classText,
  };
}

/** https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-database-permissions-transact-sql. Pure. */
export function stateOf({ state }: Pick<SecurableRow, 'state'>): Permission['state'] {
  if (state === 'W' || state === 'D' || state === 'R') return state;
  return 'G';
}
