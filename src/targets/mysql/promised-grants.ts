import { ConnectionError } from '../../api/connection-error.ts';
import type { AccessSpec } from '../../api/spec.ts';
import type { Privilege } from './securable.ts';

type GrantSpec = NonNullable<AccessSpec['grants']>[number];
type ObjectType = Extract<GrantSpec['objectType'], 'Database' | 'Table' | 'Function'>;

/** Rights that are promised besides those of the profile. */
export type PromisedGrant =
  | { readonly kind: 'database'; readonly privileges: readonly Privilege[] }
  | { readonly kind: 'table' | 'routine'; readonly name: string; readonly privileges: readonly Privilege[] };

/**
 * The rights that there are on each kind of object, and no others are ever granted (threat-model A6; https://dev.mysql.com/doc/refman/8.0/en/privileges-provided.html).
 * The schema of PasswordlessConnection has the same table.
 */
const privilegesOf = {
  Database: [
    ...['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'DROP', 'ALTER', 'INDEX', 'REFERENCES', 'EXECUTE', 'EVENT', 'TRIGGER'],
    ...['CREATE VIEW', 'SHOW VIEW', 'CREATE ROUTINE', 'ALTER ROUTINE', 'CREATE TEMPORARY TABLES', 'LOCK TABLES'],
  ],
  Table: ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'DROP', 'ALTER', 'INDEX', 'REFERENCES', 'TRIGGER', 'CREATE VIEW', 'SHOW VIEW'],
  Function: ['EXECUTE', 'ALTER ROUTINE'],
} as const satisfies Readonly<Record<ObjectType, readonly Privilege[]>>;

/** Every right that there is on a database. */
export const databasePrivileges: readonly Privilege[] = privilegesOf.Database;

/**
 * What access.grants promises. All tables or functions of the database, now and later, are the same right on the database. Functions are meant by name, and so are procedures.
 * Throws PrivilegeUnknown for a right that there isn't. Pure.
 */
export function promisedByGrants(grants: readonly GrantSpec[]): readonly PromisedGrant[] {
  return grants.flatMap(promisedByGrant);
}

function promisedByGrant({ objectType, names = [], privileges: asked }: GrantSpec): PromisedGrant[] {
  if (!(objectType in privilegesOf))
    throw unknown(`access.grants has objectType ${objectType}, which MySQL doesn't know: put ${Object.keys(privilegesOf).join(', ')}`);
  const privileges = asked.map((name) => requirePrivilege(name, objectType as ObjectType));
  if (objectType === 'Database' || meansAll(names)) return [{ kind: 'database', privileges }];
  const kind = objectType === 'Table' ? 'table' : 'routine';
  return names.map((name) => ({ kind, name, privileges }));
}

/** Beside other names it is a name like any other: the schema says that it means all when it stands alone. */
function meansAll(names: readonly string[]): boolean {
  return names.length === 1 && names[0] === '*';
}

function requirePrivilege(name: string, objectType: ObjectType): Privilege {
  const there: readonly Privilege[] = privilegesOf[objectType];
  if (there.includes(name)) return name;
  throw unknown(
    `access.grants has privilege ${JSON.stringify(name)} for objectType ${objectType}, which MySQL doesn't know: put ${there.join(', ')}`,
  );
}

function unknown(message: string): ConnectionError {
  return new ConnectionError('stalled', 'PrivilegeUnknown', message);
}
