import type { SqlType, SqlValue } from './sql-type.ts';

/** S user without Entra, E user of Entra or its application, X group, R role. */
export interface Principal {
  readonly id: number;
  readonly name: string;
  readonly type: 'S' | 'E' | 'X' | 'R';
  readonly sid: Buffer | null;
  readonly defaultSchema: string | null;
  /** Of a role. */
  readonly owner: number | null;
  readonly isFixedRole: boolean;
  readonly createdAt: Date;
}

export interface Membership {
  readonly role: number;
  readonly member: number;
}

/** Classes of securables: https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-database-permissions-transact-sql */
export const securableClass = { database: 0, object: 1, schema: 3, principal: 4, type: 6 } as const;

export interface PermissionRow {
  readonly class: number;
  readonly major: number;
  /** The column; 0 for the whole. */
  readonly minor: number;
  readonly grantee: number;
  readonly grantor: number;
  /** By its name, as `SELECT`. */
  readonly permission: string;
  /** G granted, W with grant option, D denied. */
  readonly state: 'G' | 'W' | 'D';
}

export interface Schema {
  readonly id: number;
  readonly name: string;
  readonly owner: number;
}

export interface Column {
  readonly id: number;
  readonly name: string;
  readonly type: SqlType;
  readonly isNullable: boolean;
  readonly isIdentity: boolean;
  readonly isKey: boolean;
  /** The expression of its DEFAULT, as it was written. */
  readonly fallback: string | undefined;
}

/** U table, V view, P procedure, FN scalar function, SO sequence. */
export interface SqlObject {
  readonly id: number;
  readonly name: string;
  readonly type: 'U' | 'V' | 'P' | 'FN' | 'SO';
  readonly schema: number;
  /** Null for that of its schema. */
  readonly owner: number | null;
  /** Of a table; empty for the rest. */
  readonly columns: readonly Column[];
  readonly module: Module | undefined;
  readonly createdAt: Date;
}

export interface Module {
  /** The statement that made it. */
  readonly definition: string;
  /** As sys.sql_modules has it: null caller, -2 owner. */
  readonly executeAs: number | null;
  readonly parameters: readonly Parameter[];
  /** What it runs, or, in a view, the query. */
  readonly body: string;
}

export interface Parameter {
  readonly name: string;
  readonly type: SqlType;
  readonly fallback: SqlValue | undefined;
}

export interface UserType {
  readonly id: number;
  readonly name: string;
  readonly schema: number;
  readonly owner: number | null;
  readonly base: SqlType;
  readonly isNullable: boolean;
}

export interface ExtendedProperty {
  readonly class: number;
  readonly major: number;
  readonly minor: number;
  readonly name: string;
  readonly value: SqlValue;
}

/** A trigger on DDL in the database. */
export interface DdlTrigger {
  readonly id: number;
  readonly name: string;
  /** Events and groups of them. */
  readonly events: readonly string[];
  readonly isDisabled: boolean;
  readonly module: Module;
  readonly createdAt: Date;
}
