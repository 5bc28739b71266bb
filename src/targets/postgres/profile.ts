import type { AccessSpec } from '../../api/spec.ts';
import { knowsMaintain, type ObjectKind, type PromisedGrant, promisedByGrants } from './promised-grants.ts';
import type { Privilege, Securable } from './securable.ts';

/** The rights that a user shall have. None of them it may pass on. */
export interface Promised {
  readonly database: readonly Privilege[];
  readonly schema: readonly Privilege[];
  readonly table: readonly Privilege[];
  readonly sequence: readonly Privilege[];
  readonly routine: readonly Privilege[];
  /** Where the last four hold; undefined stands for every schema. */
  readonly schemas: readonly string[] | undefined;
  /** What holds besides, in schemas of its own. */
  readonly grants: readonly Exclude<PromisedGrant, { readonly kind: 'database' }>[];
  /** Roles that the user shall be a member of: with their rights, without SET ROLE, and unable to make others members. */
  readonly roles: readonly string[];
  /** Whether rights on every object of a schema hold for later ones too. */
  readonly futureObjects: boolean;
}

/** What a user has that shall have nothing. */
export const nothing: Promised = {
  database: [],
  schema: [],
  table: [],
  sequence: [],
  routine: [],
  schemas: [],
  grants: [],
  roles: [],
  futureObjects: false,
};

/**
 * The rights that a spec asks for. Grants, roles and routines add to the profile. Custom by itself is CONNECT on the database, without which nothing else is of use; its
 * access.schemas say where access.routines holds, and nothing else. Throws PrivilegeUnknown for a right that the server's version doesn't have. Pure.
 */
export function promisedBy(access: AccessSpec, majorVersion: number): Promised {
  const { grants = [], roles = [], routines, schemas = ['public'], futureObjects = true } = access;
  const runsAll = routines === 'All';
  const profile = rightsOf(access.profile, majorVersion);
  const byGrants = promisedByGrants(grants, majorVersion);
  const coversSchemas = access.profile !== 'Custom' || runsAll;
  return {
    ...profile,
    database: union(profile.database, ...byGrants.filter(({ kind }) => kind === 'database').map(({ privileges }) => privileges)),
    routine: runsAll ? ['EXECUTE'] : [],
    schemas: !coversSchemas ? [] : schemas.includes('*') ? undefined : schemas,
    grants: byGrants.filter((grant) => grant.kind !== 'database'),
    roles: union(roles),
    futureObjects,
  };
}

type ProfileRights = Pick<Promised, 'database' | 'schema' | 'table' | 'sequence'>;

function rightsOf(profile: AccessSpec['profile'], majorVersion: number): ProfileRights {
  const custom = { database: ['CONNECT'], schema: ['USAGE'], table: [], sequence: [] } as const;
  const readOnly = { ...custom, table: ['SELECT'] } as const;
  const readWrite = { ...readOnly, table: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'], sequence: ['SELECT', 'USAGE'] } as const;
  switch (profile) {
    case 'ReadOnly':
      return readOnly;
    case 'ReadWrite':
      return readWrite;
    case 'ReadWriteDDL':
      return { ...readWrite, schema: ['USAGE', 'CREATE'] };
    case 'All':
      return {
        database: ['CREATE', 'CONNECT', 'TEMPORARY'],
        schema: ['USAGE', 'CREATE'],
        table: [...readWrite.table, 'TRUNCATE', 'REFERENCES', 'TRIGGER', ...(knowsMaintain(majorVersion) ? (['MAINTAIN'] as const) : [])],
        sequence: ['SELECT', 'UPDATE', 'USAGE'],
      };
    case 'Custom':
      return custom;
    default:
      return profile satisfies never;
  }
}

/** Whether a promise holds for a schema as a whole. */
export function covers(promised: Promised, schema: string): boolean {
  return promised.schemas?.includes(schema) ?? true;
}

/** What is promised on an object. Columns have their table's rights and need none of their own. */
export function promisedOn(promised: Promised, on: Securable): readonly Privilege[] {
  switch (on.kind) {
    case 'database':
      return promised.database;
    case 'schema':
      return union(
        covers(promised, on.name) ? promised.schema : [],
        ...promised.grants.filter(({ kind, schema }) => kind === 'schema' && schema === on.name).map(({ privileges }) => privileges),
      );
    case 'table':
    case 'sequence':
    case 'routine':
      return union(
        promisedOnEvery(promised, on),
        ...promised.grants
          .filter((grant) => grant.kind === on.kind && grant.schema === on.schema && grant.names?.includes(on.name))
          .map(({ privileges }) => privileges),
      );
    case 'column':
      return [];
    default:
      return on satisfies never;
  }
}

/** What is promised on every object of a kind in a schema. */
export function promisedOnEvery(
  promised: Promised,
  { kind, schema }: { readonly kind: ObjectKind; readonly schema: string },
): readonly Privilege[] {
  const everywhere = promised.grants.filter((grant) => grant.kind === kind && grant.schema === schema && grant.names === undefined);
  return union(covers(promised, schema) ? promised[kind] : [], ...everywhere.map(({ privileges }) => privileges));
}

/** What is promised on objects of a kind that are created later in a schema. */
export function promisedLater(promised: Promised, of: { readonly kind: ObjectKind; readonly schema: string }): readonly Privilege[] {
  return promised.futureObjects ? promisedOnEvery(promised, of) : [];
}

function union<T>(...lists: readonly (readonly T[])[]): readonly T[] {
  return [...new Set(lists.flat())];
}
