import { quoteIdentifier, type Sql, sql, sqlList } from './sql.ts';

/** Rights on objects that PostgreSQL 16 to 18 know (https://www.postgresql.org/docs/current/ddl-priv.html). */
const privileges = {
  SELECT: sql`SELECT`,
  INSERT: sql`INSERT`,
  UPDATE: sql`UPDATE`,
  DELETE: sql`DELETE`,
  TRUNCATE: sql`TRUNCATE`,
  REFERENCES: sql`REFERENCES`,
  TRIGGER: sql`TRIGGER`,
  MAINTAIN: sql`MAINTAIN`,
  USAGE: sql`USAGE`,
  CREATE: sql`CREATE`,
  CONNECT: sql`CONNECT`,
  TEMPORARY: sql`TEMPORARY`,
  EXECUTE: sql`EXECUTE`,
} as const;

export type Privilege = keyof typeof privileges;

/** Something rights are granted on. Tables include views; names are those of the catalog. */
export type Securable =
  | { readonly kind: 'database'; readonly name: string }
  | { readonly kind: 'schema'; readonly name: string }
  | { readonly kind: 'table'; readonly schema: string; readonly name: string }
  | { readonly kind: 'sequence'; readonly schema: string; readonly name: string }
  | { readonly kind: 'column'; readonly schema: string; readonly table: string; readonly name: string }
  | { readonly kind: 'routine'; readonly schema: string; readonly name: string; readonly arguments: readonly TypeName[] };

/** Something that a schema holds, apart from columns. */
export type ObjectInSchema = Extract<Securable, { readonly kind: 'table' | 'sequence' | 'routine' }>;

export interface TypeName {
  readonly schema: string;
  readonly name: string;
}

/** What default privileges can be about. */
export type FutureKind = 'table' | 'sequence' | 'routine' | 'schema' | 'type' | 'largeobject';

/** Whether this version of ours knows a right by this name. */
export function isPrivilege(name: string): name is Privilege {
  return name in privileges;
}

/** Rights for a GRANT or REVOKE. */
export function privilegeList(names: readonly Privilege[]): Sql {
  return sqlList(names.map((name) => privileges[name]));
}

/**
 * `<privileges> ON <objects>` for securables of one kind; columns one at a time.
 * Throws TypeError for a mixture, which no statement can hold.
 */
export function privilegesOn(names: readonly Privilege[], on: readonly Securable[]): Sql {
  const [first] = on;
  if (!first || on.some((each) => each.kind !== first.kind) || (first.kind === 'column' && on.length > 1))
    throw new TypeError('not one kind of object');
  if (first.kind === 'column') {
    const column = sql`(${quoteIdentifier(first.name)})`;
    const withColumn = sqlList(names.map((name) => sql`${privileges[name]} ${column}`));
    return sql`${withColumn} ON TABLE ${quoteIdentifier(first.schema)}.${quoteIdentifier(first.table)}`;
  }
  return sql`${privilegeList(names)} ON ${keyword(first.kind)} ${sqlList(on.map(objectName))}`;
}

function keyword(kind: Exclude<Securable['kind'], 'column'>): Sql {
  switch (kind) {
    case 'database':
      return sql`DATABASE`;
    case 'schema':
      return sql`SCHEMA`;
    case 'table':
      return sql`TABLE`;
    case 'sequence':
      return sql`SEQUENCE`;
    case 'routine':
      return sql`ROUTINE`;
    default:
      return kind satisfies never;
  }
}

function objectName(object: Securable): Sql {
  switch (object.kind) {
    case 'database':
    case 'schema':
      return quoteIdentifier(object.name);
    case 'table':
    case 'sequence':
      return sql`${quoteIdentifier(object.schema)}.${quoteIdentifier(object.name)}`;
    case 'column':
      return sql`${quoteIdentifier(object.schema)}.${quoteIdentifier(object.table)}`;
    case 'routine':
      return sql`${quoteIdentifier(object.schema)}.${quoteIdentifier(object.name)}(${sqlList(object.arguments.map(argument))})`;
    default:
      return object satisfies never;
  }
}

/** IN, because a procedure whose OUT arguments are of the same types would be meant as well otherwise. */
function argument({ schema, name }: TypeName): Sql {
  return sql`IN ${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/** The plural that ALTER DEFAULT PRIVILEGES wants. */
export function futureObjects(kind: FutureKind): Sql {
  switch (kind) {
    case 'table':
      return sql`TABLES`;
    case 'sequence':
      return sql`SEQUENCES`;
    case 'routine':
      return sql`ROUTINES`;
    case 'schema':
      return sql`SCHEMAS`;
    case 'type':
      return sql`TYPES`;
    case 'largeobject':
      return sql`LARGE OBJECTS`;
    default:
      return kind satisfies never;
  }
}
