import type { AccessSpec } from '../../api/spec.ts';
import { folded } from './databases.ts';
import { databasePrivileges, type PromisedGrant, promisedByGrants } from './promised-grants.ts';
import type { Privilege } from './securable.ts';

/** The rights that a user shall have. None of them it may pass on. */
export interface Promised {
  readonly database: readonly Privilege[];
  /** By name, besides those on the database. */
  readonly tables: readonly PromisedObject[];
  /** Functions and procedures, by name. */
  readonly routines: readonly PromisedObject[];
  /** Roles that the user shall have, active from login on, unable to give them to others. */
  readonly roles: readonly string[];
}

export interface PromisedObject {
  readonly name: string;
  readonly privileges: readonly Privilege[];
}

/** What a user has that shall have nothing. */
export const nothing: Promised = { database: [], tables: [], routines: [], roles: [] };

/** The rights that a spec asks for. Grants, roles and routines add to the profile. Throws PrivilegeUnknown for a right that there isn't. Pure. */
export function promisedBy(access: AccessSpec): Promised {
  const { grants = [], roles = [], routines } = access;
  const byGrants = promisedByGrants(grants);
  const onDatabase = byGrants.flatMap((grant) => (grant.kind === 'database' ? grant.privileges : []));
  return {
    database: union(rightsOf(access.profile), onDatabase, routines === 'All' ? ['EXECUTE'] : []),
    tables: objects(byGrants, 'table'),
    routines: objects(byGrants, 'routine'),
    roles: union(roles),
  };
}

/** What is promised on objects of one kind, by a name by which they can be compared. */
export type PromisedByName = ReadonlyMap<string, readonly Privilege[]>;

/** What is promised on tables in their own right, by folded name. Pure. */
export function promisedOnTables({ tables }: Promised, traits: Parameters<typeof folded>[1]): PromisedByName {
  return byName(tables, (name) => folded(name, traits));
}

/** What is promised on functions and procedures, by folded name: on every server the case of its letters doesn't matter. Pure. */
export function promisedOnRoutines({ routines }: Promised): PromisedByName {
  return byName(routines, foldedRoutine);
}

/** A name of a routine by which it can be compared. Pure. */
export function foldedRoutine(name: string): string {
  return folded(name, { foldsNames: true });
}

function byName(objects: readonly PromisedObject[], keyOf: (name: string) => string): PromisedByName {
  const found = new Map<string, Privilege[]>();
  for (const { name, privileges } of objects) {
    const known = found.get(keyOf(name)) ?? [];
    found.set(keyOf(name), [...known, ...privileges.filter((privilege) => !known.includes(privilege))]);
  }
  return found;
}

function rightsOf(profile: AccessSpec['profile']): readonly Privilege[] {
  const readOnly = ['SELECT', 'SHOW VIEW'];
  const readWrite = [...readOnly, 'INSERT', 'UPDATE', 'DELETE', 'CREATE TEMPORARY TABLES', 'LOCK TABLES'];
  switch (profile) {
    case 'ReadOnly':
      return readOnly;
    case 'ReadWrite':
      return readWrite;
    case 'ReadWriteDDL':
      return [...readWrite, 'CREATE', 'ALTER', 'DROP', 'INDEX', 'REFERENCES', 'CREATE VIEW', 'TRIGGER'];
    case 'All':
      return databasePrivileges;
    case 'Custom':
      return [];
    default:
      return profile satisfies never;
  }
}

function objects(grants: readonly PromisedGrant[], kind: 'table' | 'routine'): readonly PromisedObject[] {
  return grants.flatMap((grant) => (grant.kind === kind ? [{ name: grant.name, privileges: grant.privileges }] : []));
}

function union<T>(...lists: readonly (readonly T[])[]): readonly T[] {
  return [...new Set(lists.flat())];
}
