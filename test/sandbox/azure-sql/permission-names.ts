import { securableClass } from './catalog-records.ts';

/** A permission on a class of securables, and what implies it: https://learn.microsoft.com/sql/relational-databases/security/permissions-database-engine */
export interface PermissionKind {
  /** As sys.database_permissions has it in `type`. */
  readonly code: string;
  /** On the same securable. */
  readonly impliedBy?: string;
  /** On the securable that holds this one. */
  readonly impliedAbove?: string;
}

type Kinds = Readonly<Record<string, PermissionKind>>;

const onDatabase: Kinds = {
  CONTROL: { code: 'CL' },
  ALTER: { code: 'AL', impliedBy: 'CONTROL' },
  'ALTER ANY APPLICATION ROLE': { code: 'ALAR', impliedBy: 'ALTER' },
  'ALTER ANY DATABASE DDL TRIGGER': { code: 'ALTG', impliedBy: 'ALTER' },
  'ALTER ANY ROLE': { code: 'ALRL', impliedBy: 'ALTER' },
  'ALTER ANY SCHEMA': { code: 'ALSM', impliedBy: 'ALTER' },
  'ALTER ANY USER': { code: 'ALUS', impliedBy: 'ALTER' },
  AUTHENTICATE: { code: 'AUTH', impliedBy: 'CONTROL' },
  'BACKUP DATABASE': { code: 'BADB', impliedBy: 'CONTROL' },
  'BACKUP LOG': { code: 'BALO', impliedBy: 'CONTROL' },
  CHECKPOINT: { code: 'CP', impliedBy: 'CONTROL' },
  CONNECT: { code: 'CO', impliedBy: 'CONTROL' },
  'CREATE AGGREGATE': { code: 'CRAG', impliedBy: 'ALTER' },
  'CREATE DEFAULT': { code: 'CRDF', impliedBy: 'ALTER' },
  'CREATE FUNCTION': { code: 'CRFN', impliedBy: 'ALTER' },
  'CREATE PROCEDURE': { code: 'CRPR', impliedBy: 'ALTER' },
  'CREATE ROLE': { code: 'CRRL', impliedBy: 'ALTER ANY ROLE' },
  'CREATE RULE': { code: 'CRRU', impliedBy: 'ALTER' },
  'CREATE SCHEMA': { code: 'CRSM', impliedBy: 'ALTER ANY SCHEMA' },
  'CREATE SYNONYM': { code: 'CRSN', impliedBy: 'ALTER' },
  'CREATE TABLE': { code: 'CRTB', impliedBy: 'ALTER' },
  'CREATE TYPE': { code: 'CRTY', impliedBy: 'ALTER' },
  'CREATE VIEW': { code: 'CRVW', impliedBy: 'ALTER' },
  DELETE: { code: 'DL', impliedBy: 'CONTROL' },
  EXECUTE: { code: 'EX', impliedBy: 'CONTROL' },
  INSERT: { code: 'IN', impliedBy: 'CONTROL' },
  'KILL DATABASE CONNECTION': { code: 'KIDC', impliedBy: 'CONTROL' },
  REFERENCES: { code: 'RF', impliedBy: 'CONTROL' },
  SELECT: { code: 'SL', impliedBy: 'CONTROL' },
  SHOWPLAN: { code: 'SPLN', impliedBy: 'CONTROL' },
  'TAKE OWNERSHIP': { code: 'TO', impliedBy: 'CONTROL' },
  UNMASK: { code: 'UMSK', impliedBy: 'CONTROL' },
  UPDATE: { code: 'UP', impliedBy: 'CONTROL' },
  'VIEW ANY COLUMN ENCRYPTION KEY DEFINITION': { code: 'VWCK', impliedBy: 'VIEW DEFINITION' },
  'VIEW ANY COLUMN MASTER KEY DEFINITION': { code: 'VWCM', impliedBy: 'VIEW DEFINITION' },
  'VIEW DATABASE STATE': { code: 'VWDS', impliedBy: 'CONTROL' },
  'VIEW DEFINITION': { code: 'VW', impliedBy: 'CONTROL' },
};

const same = (code: string, name: string): PermissionKind => ({ code, impliedBy: 'CONTROL', impliedAbove: name });

const onSchema: Kinds = {
  CONTROL: { code: 'CL', impliedAbove: 'CONTROL' },
  ALTER: { code: 'AL', impliedBy: 'CONTROL', impliedAbove: 'ALTER ANY SCHEMA' },
  'CREATE SEQUENCE': { code: 'CRSO', impliedBy: 'ALTER', impliedAbove: 'ALTER ANY SCHEMA' },
  DELETE: same('DL', 'DELETE'),
  EXECUTE: same('EX', 'EXECUTE'),
  INSERT: same('IN', 'INSERT'),
  REFERENCES: same('RF', 'REFERENCES'),
  SELECT: same('SL', 'SELECT'),
  'TAKE OWNERSHIP': { code: 'TO', impliedBy: 'CONTROL', impliedAbove: 'CONTROL' },
  UPDATE: same('UP', 'UPDATE'),
  'VIEW CHANGE TRACKING': { code: 'VWCT', impliedBy: 'CONTROL', impliedAbove: 'CONTROL' },
  'VIEW DEFINITION': same('VW', 'VIEW DEFINITION'),
};

const onObject: Kinds = {
  CONTROL: { code: 'CL', impliedAbove: 'CONTROL' },
  ALTER: { code: 'AL', impliedBy: 'CONTROL', impliedAbove: 'ALTER' },
  DELETE: same('DL', 'DELETE'),
  EXECUTE: same('EX', 'EXECUTE'),
  INSERT: same('IN', 'INSERT'),
  REFERENCES: same('RF', 'REFERENCES'),
  SELECT: same('SL', 'SELECT'),
  'TAKE OWNERSHIP': { code: 'TO', impliedBy: 'CONTROL', impliedAbove: 'CONTROL' },
  UPDATE: same('UP', 'UPDATE'),
  'VIEW CHANGE TRACKING': { code: 'VWCT', impliedBy: 'CONTROL', impliedAbove: 'VIEW CHANGE TRACKING' },
  'VIEW DEFINITION': same('VW', 'VIEW DEFINITION'),
};

/** Users have IMPERSONATE, roles TAKE OWNERSHIP; what implies ALTER above depends on which of both it is. */
const onUser: Kinds = {
  CONTROL: { code: 'CL', impliedAbove: 'CONTROL' },
  ALTER: { code: 'AL', impliedBy: 'CONTROL', impliedAbove: 'ALTER ANY USER' },
  IMPERSONATE: { code: 'IM', impliedBy: 'CONTROL', impliedAbove: 'CONTROL' },
  'VIEW DEFINITION': same('VW', 'VIEW DEFINITION'),
};

const onRole: Kinds = {
  CONTROL: { code: 'CL', impliedAbove: 'CONTROL' },
  ALTER: { code: 'AL', impliedBy: 'CONTROL', impliedAbove: 'ALTER ANY ROLE' },
  'TAKE OWNERSHIP': { code: 'TO', impliedBy: 'CONTROL', impliedAbove: 'CONTROL' },
  'VIEW DEFINITION': same('VW', 'VIEW DEFINITION'),
};

const onType: Kinds = {
  CONTROL: { code: 'CL', impliedAbove: 'CONTROL' },
  EXECUTE: same('EX', 'EXECUTE'),
  REFERENCES: same('RF', 'REFERENCES'),
  'TAKE OWNERSHIP': { code: 'TO', impliedBy: 'CONTROL', impliedAbove: 'CONTROL' },
  'VIEW DEFINITION': same('VW', 'VIEW DEFINITION'),
};

export type SecurableKind = 'database' | 'schema' | 'object' | 'user' | 'role' | 'type';

const kinds: Readonly<Record<SecurableKind, Kinds>> = {
  database: onDatabase,
  schema: onSchema,
  object: onObject,
  user: onUser,
  role: onRole,
  type: onType,
};

/** Undefined for a permission that securables of this kind don't have. */
export function permissionKind(securable: SecurableKind, name: string): PermissionKind | undefined {
  return Object.hasOwn(kinds[securable], name) ? kinds[securable][name] : undefined;
}

/** Whether there is such a permission on anything. */
export function isPermission(name: string): boolean {
  return Object.values(kinds).some((each) => Object.hasOwn(each, name));
}

export function classOf(kind: SecurableKind): number {
  return kind === 'user' || kind === 'role' ? securableClass.principal : securableClass[kind];
}

/** The code of sys.database_permissions in `type`. */
export function codeOf(permissionClass: number, name: string): string {
  const kind = (Object.keys(kinds) as SecurableKind[]).find((each) => classOf(each) === permissionClass && permissionKind(each, name));
  return (kind && permissionKind(kind, name)?.code) ?? '';
}

/** Which permissions fit an object of a kind: https://learn.microsoft.com/sql/t-sql/statements/grant-object-permissions-transact-sql */
export function fitsObject(permission: string, type: 'U' | 'V' | 'P' | 'FN' | 'SO'): boolean {
  const common = ['ALTER', 'CONTROL', 'REFERENCES', 'TAKE OWNERSHIP', 'VIEW DEFINITION'];
  const own = {
    U: ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'VIEW CHANGE TRACKING'],
    V: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
    P: ['EXECUTE'],
    FN: ['EXECUTE'],
    SO: ['UPDATE'],
  };
  return (own[type].includes(permission) || common.includes(permission)) && !(type === 'P' && permission === 'REFERENCES');
}
