import { type PermissionRow, type Principal, type Schema, securableClass } from './catalog-records.ts';

export const publicRole = 0;
export const dbo = 1;
export const guest = 2;

interface FixedRole {
  readonly id: number;
  readonly name: string;
  /** On the database. */
  readonly grants: readonly string[];
  readonly denials: readonly string[];
}

/** https://learn.microsoft.com/sql/relational-databases/security/authentication-access/database-level-roles and the poster of permissions that it names. */
export const fixedRoles: readonly FixedRole[] = [
  { id: 16384, name: 'db_owner', grants: ['CONTROL'], denials: [] },
  { id: 16385, name: 'db_accessadmin', grants: ['ALTER ANY USER', 'CREATE SCHEMA', 'CONNECT'], denials: [] },
  {
    id: 16386,
    name: 'db_securityadmin',
    grants: ['ALTER ANY APPLICATION ROLE', 'ALTER ANY ROLE', 'CREATE SCHEMA', 'VIEW DEFINITION'],
    denials: [],
  },
  {
    id: 16387,
    name: 'db_ddladmin',
    grants: [
      ...['ALTER ANY DATABASE DDL TRIGGER', 'ALTER ANY SCHEMA', 'CHECKPOINT', 'CREATE AGGREGATE', 'CREATE DEFAULT', 'CREATE FUNCTION'],
      ...['CREATE PROCEDURE', 'CREATE RULE', 'CREATE SYNONYM', 'CREATE TABLE', 'CREATE TYPE', 'CREATE VIEW', 'REFERENCES'],
    ],
    denials: [],
  },
  { id: 16389, name: 'db_backupoperator', grants: ['BACKUP DATABASE', 'BACKUP LOG', 'CHECKPOINT'], denials: [] },
  { id: 16390, name: 'db_datareader', grants: ['SELECT'], denials: [] },
  { id: 16391, name: 'db_datawriter', grants: ['INSERT', 'UPDATE', 'DELETE'], denials: [] },
  { id: 16392, name: 'db_denydatareader', grants: [], denials: ['SELECT'] },
  { id: 16393, name: 'db_denydatawriter', grants: [], denials: ['INSERT', 'UPDATE', 'DELETE'] },
];

/** What a new database holds. */
export function wellKnown(now: Date): {
  readonly principals: ReadonlyMap<number, Principal> & Map<number, Principal>;
  readonly schemas: Map<number, Schema>;
  readonly permissions: readonly PermissionRow[];
} {
  const common = { owner: null, isFixedRole: false, createdAt: now } as const;
  const users: readonly Principal[] = [
    { ...common, id: publicRole, name: 'public', type: 'R', sid: null, defaultSchema: null, owner: dbo },
    { ...common, id: dbo, name: 'dbo', type: 'S', sid: Buffer.from([1]), defaultSchema: 'dbo' },
    { ...common, id: guest, name: 'guest', type: 'S', sid: Buffer.from([0]), defaultSchema: 'guest' },
    { ...common, id: 3, name: 'INFORMATION_SCHEMA', type: 'S', sid: null, defaultSchema: null },
    { ...common, id: 4, name: 'sys', type: 'S', sid: null, defaultSchema: null },
  ];
  const roles = fixedRoles.map(
    ({ id, name }): Principal => ({ ...common, id, name, type: 'R', sid: null, defaultSchema: null, owner: dbo, isFixedRole: true }),
  );
  const schemas: readonly Schema[] = [
    { id: 1, name: 'dbo', owner: dbo },
    { id: 2, name: 'guest', owner: guest },
    { id: 3, name: 'INFORMATION_SCHEMA', owner: 3 },
    { id: 4, name: 'sys', owner: 4 },
    ...fixedRoles.map(({ id, name }) => ({ id, name, owner: id })),
  ];
  const onDatabase = { class: securableClass.database, major: 0, minor: 0, grantor: dbo, state: 'G' } as const;
  return {
    principals: new Map([...users, ...roles].map((each) => [each.id, each])),
    schemas: new Map(schemas.map((each) => [each.id, each])),
    permissions: [
      { ...onDatabase, grantee: dbo, permission: 'CONNECT' },
      { ...onDatabase, grantee: publicRole, permission: 'VIEW ANY COLUMN ENCRYPTION KEY DEFINITION' },
      { ...onDatabase, grantee: publicRole, permission: 'VIEW ANY COLUMN MASTER KEY DEFINITION' },
    ],
  };
}
