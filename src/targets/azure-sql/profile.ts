import type { AccessSpec } from '../../api/spec.ts';
import { type ObjectKind, promisedByGrants } from './promised-grants.ts';

/** The rights that a user shall have, besides that of connecting. None of them it may pass on. Names are as the spec writes them. */
export interface Promised {
  /** On the database, and so on all that is in it. */
  readonly database: readonly string[];
  /** On schemas, and so on all that is in them. */
  readonly schemas: readonly PromisedOnSchema[];
  readonly objects: readonly PromisedOnObject[];
  /** Roles of Azure SQL itself, for what a profile gives on the whole database. */
  readonly fixedRoles: readonly string[];
  /** Roles that the spec names. */
  readonly roles: readonly string[];
}

export interface PromisedOnSchema {
  readonly schema: string;
  readonly permissions: readonly string[];
}

export interface PromisedOnObject {
  readonly kind: ObjectKind;
  readonly schema: string;
  readonly name: string;
  readonly permissions: readonly string[];
}

/** What a user has that shall have nothing. */
export const nothing: Promised = { database: [], schemas: [], objects: [], fixedRoles: [], roles: [] };

/**
 * The rights that a spec asks for. Grants, roles and routines add to the profile; without access.schemas a profile covers the whole database, by roles of Azure SQL itself.
 * Throws PrivilegeUnknown for a permission that is never granted. Pure.
 */
export function promisedBy(access: AccessSpec): Promised {
  const { grants = [], roles = [], routines, schemas } = access;
  const named = schemas === undefined || schemas.includes('*') ? undefined : schemas;
  const profile = rightsOf(access.profile);
  const byGrants = promisedByGrants(grants);
  const execute = routines === 'All' && access.profile !== 'All' ? ['EXECUTE'] : [];
  const inSchemas = named?.map((schema) => ({ schema, permissions: [...profile.schema, ...execute] })) ?? [];
  return {
    database: union(
      named ? profile.databaseForSchemas : [],
      profile.database,
      named ? [] : execute,
      ...byGrants.map((each) => (each.kind === 'database' ? each.permissions : [])),
    ),
    schemas: gathered([...inSchemas, ...byGrants.flatMap((each) => (each.kind === 'schema' ? each : []))]),
    objects: byGrants.flatMap((each) => (each.kind === 'database' || each.kind === 'schema' ? [] : each)),
    fixedRoles: named ? [] : profile.roles,
    roles: union(roles),
  };
}

interface ProfileRights {
  /** Where schemas aren't named. */
  readonly roles: readonly string[];
  /** On each schema that is named. */
  readonly schema: readonly string[];
  /** On the database besides, where schemas are named. */
  readonly databaseForSchemas: readonly string[];
  readonly database: readonly string[];
}

function rightsOf(profile: AccessSpec['profile']): ProfileRights {
  const custom = { roles: [], schema: [], databaseForSchemas: [], database: [] } as const;
  const readOnly = { ...custom, roles: ['db_datareader'], schema: ['SELECT'] } as const;
  const readWrite = {
    ...readOnly,
    roles: [...readOnly.roles, 'db_datawriter'],
    schema: [...readOnly.schema, 'INSERT', 'UPDATE', 'DELETE'],
  } as const;
  switch (profile) {
    case 'ReadOnly':
      return readOnly;
    case 'ReadWrite':
      return readWrite;
    case 'ReadWriteDDL':
      return {
        ...readWrite,
        roles: [...readWrite.roles, 'db_ddladmin'],
        schema: [...readWrite.schema, 'ALTER', 'REFERENCES'],
        // nothing can be made by them in a schema that the user may not alter
        databaseForSchemas: ['CREATE TABLE', 'CREATE VIEW'],
      };
    case 'All':
      return { ...custom, database: ['CONTROL'] };
    case 'Custom':
      return custom;
    default:
      return profile satisfies never;
  }
}

/** What the roles of Azure SQL itself give on every table. */
const givenByRoles: Readonly<Record<string, readonly string[]>> = {
  db_datareader: ['SELECT'],
  db_datawriter: ['INSERT', 'UPDATE', 'DELETE'],
};

/** What is promised on the whole database. Pure. */
export function promisedEverywhere({ database, fixedRoles }: Promised): readonly string[] {
  return union(database, ...fixedRoles.map((role) => givenByRoles[role] ?? []));
}

/** One entry for each schema. */
function gathered(list: readonly PromisedOnSchema[]): readonly PromisedOnSchema[] {
  return [...Map.groupBy(list, ({ schema }) => schema)]
    .map(([schema, each]) => ({ schema, permissions: union(...each.map(({ permissions }) => permissions)) }))
    .filter(({ permissions }) => permissions.length > 0);
}

function union<T>(...lists: readonly (readonly T[])[]): readonly T[] {
  return [...new Set(lists.flat())];
}
