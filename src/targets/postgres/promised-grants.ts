import { ConnectionError } from '../../api/connection-error.ts';
import type { AccessSpec } from '../../api/spec.ts';
import type { Privilege } from './securable.ts';

type GrantSpec = NonNullable<AccessSpec['grants']>[number];
type ObjectType = GrantSpec['objectType'];

/** Kinds of objects that a schema holds. */
export type ObjectKind = 'table' | 'sequence' | 'routine';

/** Rights that are promised besides those of the profile. */
export type PromisedGrant =
  | { readonly kind: 'database'; readonly privileges: readonly Privilege[] }
  | { readonly kind: 'schema'; readonly schema: string; readonly privileges: readonly Privilege[] }
  | {
      readonly kind: ObjectKind;
      readonly schema: string;
      /** Undefined stands for every object of the kind in the schema. */
      readonly names: readonly string[] | undefined;
      readonly privileges: readonly Privilege[];
    };

/**
 * The rights that there are on each kind of object, and no others are ever granted (threat-model A6; https://www.postgresql.org/docs/current/ddl-priv.html).
 * The schema of PasswordlessConnection has the same table.
 */
const privilegesOf = {
  Database: ['CONNECT', 'CREATE', 'TEMPORARY'],
  Schema: ['USAGE', 'CREATE'],
  Table: ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN'],
  Sequence: ['USAGE', 'SELECT', 'UPDATE'],
  Function: ['EXECUTE'],
} as const satisfies Readonly<Record<ObjectType, readonly Privilege[]>>;

const kinds = { Table: 'table', Sequence: 'sequence', Function: 'routine' } as const;

/**
 * What access.grants promises. A schema that is left out is public. Functions are meant by name, whatever their arguments, and so are procedures and aggregates.
 * A right on an object is of no use without USAGE on its schema, so that comes with it; what PUBLIC may do with other objects there the user may do then too.
 * Throws PrivilegeUnknown for a right that there isn't. Pure.
 */
export function promisedByGrants(grants: readonly GrantSpec[], majorVersion: number): readonly PromisedGrant[] {
  return grants.flatMap((grant) => promisedByGrant(grant, majorVersion));
}

function promisedByGrant(
  { objectType, schema = 'public', names = [], privileges: asked }: GrantSpec,
  majorVersion: number,
): PromisedGrant[] {
  const privileges = asked.map((name) => requirePrivilege(name, objectType, majorVersion));
  switch (objectType) {
    case 'Database':
      return [{ kind: 'database', privileges }];
    case 'Schema':
      return [{ kind: 'schema', schema, privileges }];
    case 'Table':
    case 'Sequence':
    case 'Function':
      return [
        { kind: 'schema', schema, privileges: ['USAGE'] },
        { kind: kinds[objectType], schema, names: meansAll(names) ? undefined : names, privileges },
      ];
    default:
      return objectType satisfies never;
  }
}

/** Beside other names it is a name like any other: the schema says that it means all when it stands alone. */
function meansAll(names: readonly string[]): boolean {
  return names.length === 1 && names[0] === '*';
}

function requirePrivilege(name: string, objectType: ObjectType, majorVersion: number): Privilege {
  const there = (privilegesOf[objectType] as readonly Privilege[]).filter((each) => each !== 'MAINTAIN' || knowsMaintain(majorVersion));
  const found = there.find((each) => each === name);
  if (found !== undefined) return found;
  throw new ConnectionError(
    'stalled',
    'PrivilegeUnknown',
    `access.grants has privilege ${JSON.stringify(name)} for objectType ${objectType}, which PostgreSQL ${majorVersion} doesn't know: put ${there.join(', ')}`,
  );
}

/** Whether MAINTAIN can be granted (https://www.postgresql.org/docs/17/release-17.html). Pure. */
export function knowsMaintain(majorVersion: number): boolean {
  return majorVersion >= 17;
}
