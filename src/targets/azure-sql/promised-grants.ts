import { ConnectionError } from '../../api/connection-error.ts';
import type { AccessSpec } from '../../api/spec.ts';

type GrantSpec = NonNullable<AccessSpec['grants']>[number];
type ObjectType = GrantSpec['objectType'];

/** Kinds of objects that are granted on by name. */
export type ObjectKind = 'table' | 'sequence' | 'routine';

/** Permissions that are promised besides those of the profile. */
export type PromisedGrant =
  | { readonly kind: 'database'; readonly permissions: readonly string[] }
  | { readonly kind: 'schema'; readonly schema: string; readonly permissions: readonly string[] }
  | { readonly kind: ObjectKind; readonly schema: string; readonly name: string; readonly permissions: readonly string[] };

/**
 * The permissions that are ever granted on each kind of object: none with which the user could give others something or become somebody else (threat-model A6).
 * The schema of PasswordlessConnection has the same table.
 */
const permissionsOf = {
  Database: [
    'CONNECT',
    'CREATE TABLE',
    'CREATE VIEW',
    'CREATE PROCEDURE',
    'CREATE FUNCTION',
    'CREATE TYPE',
    'EXECUTE',
    'SHOWPLAN',
    'VIEW DATABASE STATE',
    'VIEW DEFINITION',
  ],
  Schema: ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'EXECUTE', 'REFERENCES', 'ALTER', 'VIEW DEFINITION'],
  Table: ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'REFERENCES', 'ALTER', 'VIEW DEFINITION'],
  Sequence: ['UPDATE', 'REFERENCES', 'VIEW DEFINITION'],
  Function: ['EXECUTE', 'SELECT', 'REFERENCES', 'VIEW DEFINITION'],
} as const satisfies Readonly<Record<ObjectType, readonly string[]>>;

/** What a schema can give on all of its objects of a kind, and on hardly any others: its SELECT is about tables, and reaches functions that return tables; its EXECUTE is about routines alone. */
const permissionsOnAll = { Table: permissionsOf.Table, Sequence: [], Function: ['EXECUTE'] } as const;

const kinds = { Table: 'table', Sequence: 'sequence', Function: 'routine' } as const;

/** What access.grants promises. Functions are meant by name, and so are procedures. Throws PrivilegeUnknown for a permission that there isn't. Pure. */
export function promisedByGrants(grants: readonly GrantSpec[]): readonly PromisedGrant[] {
  return grants.flatMap(promisedByGrant);
}

function promisedByGrant({ objectType, schema, names = [], privileges: asked }: GrantSpec): PromisedGrant[] {
  const permissions = asked.map((name) => requirePermission(name, objectType, permissionsOf[objectType]));
  if (objectType === 'Database') return [{ kind: 'database', permissions }];
  // the schema of PasswordlessConnection demands it, and a policy can allow only what is named
  if (schema === undefined) throw unknownPrivilege(`access.grants has objectType ${objectType} without schema: name the schema`);
  if (objectType === 'Schema') return [{ kind: 'schema', schema, permissions }];
  // beside other names it is a name like any other
  if (names.length !== 1 || names[0] !== '*') return names.map((name) => ({ kind: kinds[objectType], schema, name, permissions }));
  for (const name of permissions) requirePermission(name, objectType, permissionsOnAll[objectType], ' on all of a schema');
  return [{ kind: 'schema', schema, permissions }];
}

function requirePermission(name: string, objectType: ObjectType, there: readonly string[], where = ''): string {
  if (there.includes(name)) return name;
  const advice = there.length === 0 ? `name each ${objectType.toLowerCase()}` : `put ${there.join(', ')}${where && ', or name each'}`;
  throw unknownPrivilege(
    `access.grants has privilege ${JSON.stringify(name)} for objectType ${objectType}${where}, which is never granted on Azure SQL: ${advice}`,
  );
}

function unknownPrivilege(message: string): ConnectionError {
  return new ConnectionError('stalled', 'PrivilegeUnknown', message);
}
