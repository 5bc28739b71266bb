import type { AccessSpec } from '../../api/spec.ts';
import type { Privilege, Securable } from './securable.ts';

/** The rights that a user shall have. */
export interface Promised {
  readonly database: readonly Privilege[];
  readonly schema: readonly Privilege[];
  readonly table: readonly Privilege[];
  readonly sequence: readonly Privilege[];
  /** Where the last three hold; undefined stands for every schema. */
  readonly schemas: readonly string[] | undefined;
  readonly futureObjects: boolean;
}

/** What a user has that shall have nothing. */
export const nothing: Promised = { database: [], schema: [], table: [], sequence: [], schemas: [], futureObjects: false };

/** The rights of a profile. Throws TypeError for Custom, which is refused before this. Pure. */
export function promisedBy({ profile, schemas = ['public'], futureObjects = true }: AccessSpec, majorVersion: number): Promised {
  const scope = { schemas: schemas.includes('*') ? undefined : schemas, futureObjects };
  const readOnly = { ...scope, database: ['CONNECT'], schema: ['USAGE'], table: ['SELECT'], sequence: [] } as const;
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
        ...scope,
        database: ['CREATE', 'CONNECT', 'TEMPORARY'],
        schema: ['USAGE', 'CREATE'],
        table: [...readWrite.table, 'TRUNCATE', 'REFERENCES', 'TRIGGER', ...(majorVersion >= 17 ? (['MAINTAIN'] as const) : [])],
        sequence: ['SELECT', 'UPDATE', 'USAGE'],
      };
    case 'Custom':
      throw new TypeError('profile Custom is not served');
    default:
      return profile satisfies never;
  }
}

/** Whether a promise holds for a schema. */
export function covers(promised: Promised, schema: string): boolean {
  return promised.schemas?.includes(schema) ?? true;
}

/** What is promised on an object. Columns have their table's rights and need none of their own; nothing is promised on routines. */
export function promisedOn(promised: Promised, on: Securable): readonly Privilege[] {
  switch (on.kind) {
    case 'database':
      return promised.database;
    case 'schema':
      return covers(promised, on.name) ? promised.schema : [];
    case 'table':
      return covers(promised, on.schema) ? promised.table : [];
    case 'sequence':
      return covers(promised, on.schema) ? promised.sequence : [];
    case 'column':
    case 'routine':
      return [];
    default:
      return on satisfies never;
  }
}
