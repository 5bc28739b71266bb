import type { Administrator, Grantable } from '../target/engine.ts';
import { id, literal } from './client.ts';
import type { ShopServer } from './shop-server.ts';

const permissions = {
  read: 'SELECT',
  insert: 'INSERT',
  update: 'UPDATE',
  delete: 'DELETE',
  run: 'EXECUTE',
} as const satisfies Record<Grantable, string>;

const roleFor: Readonly<Partial<Record<Grantable, string>>> = {
  read: 'db_datareader',
  insert: 'db_datawriter',
  update: 'db_datawriter',
  delete: 'db_datawriter',
};

/** Where routines are: a schema takes each name but once. */
export const routineSchema = 'jobs';

/** Does what people do by hand, as another administrator of the server. */
export function administratorOf({ query }: Pick<ShopServer, 'query'>, database: string): Administrator {
  const run = async (...statements: readonly string[]) => void (await query(database, ...statements));
  const finds = async (sql: string) => (await query(database, sql)).length > 0;
  const isMember = (role: string, user: string) =>
    finds(
      `SELECT 1 AS one FROM sys.database_role_members AS m JOIN sys.database_principals AS r ON r.principal_id = m.role_principal_id
       JOIN sys.database_principals AS u ON u.principal_id = m.member_principal_id WHERE r.name = ${literal(role)} AND u.name = ${literal(user)}`,
    );
  const hasTable = (name: string) => finds(`SELECT 1 AS one FROM sys.tables AS t WHERE t.name = ${literal(name)}`);
  const isThere = (name: string, schema = 'dbo') =>
    finds(`SELECT 1 AS one FROM sys.objects AS o WHERE o.name = ${literal(name)} AND o.schema_id = SCHEMA_ID('${schema}')`);
  return {
    createTable: async (name) => {
      if (!(await isThere(name))) await run(`CREATE TABLE dbo.${id(name)} (id int)`);
    },
    dropTable: async (name) => {
      if (await isThere(name)) await run(`DROP TABLE dbo.${id(name)}`);
    },
    createRoutine: async (name) => {
      if (!(await finds(`SELECT 1 AS one FROM sys.schemas AS s WHERE s.name = ${literal(routineSchema)}`)))
        await run(`CREATE SCHEMA ${routineSchema}`);
      if (!(await isThere(name, routineSchema))) await run(`CREATE PROCEDURE ${routineSchema}.${id(name)} AS SELECT 1 AS one`);
    },
    has: hasTable,
    createUser: (name) => run(`CREATE USER ${id(name)} WITHOUT LOGIN`),
    dropUser: (name) => run(`DROP USER ${id(name)}`),
    hasUser: (name) => finds(`SELECT 1 AS one FROM sys.database_principals AS p WHERE p.name = ${literal(name)} AND p.type <> 'R'`),
    lockUser: (name) => run(`DENY CONNECT TO ${id(name)}`),
    grant: (deed, name, user) => run(`GRANT ${permissions[deed]} ON ${objectOf(deed, name)} TO ${id(user)}`),
    revoke: async (deed, name, user) => {
      await run(
        `REVOKE ${permissions[deed]} ON ${objectOf(deed, name)} FROM ${id(user)}`,
        `REVOKE ${permissions[deed]} ON SCHEMA::dbo FROM ${id(user)}`,
      );
      const role = roleFor[deed];
      if (role !== undefined && (await isMember(role, user))) await run(`ALTER ROLE ${id(role)} DROP MEMBER ${id(user)}`);
    },
    createRole: (name, { reads }) => run(`CREATE ROLE ${id(name)}`, `GRANT SELECT ON ${objectOf('read', reads)} TO ${id(name)}`),
    addToRole: (role, user) => run(`ALTER ROLE ${id(role)} ADD MEMBER ${id(user)}`),
  };
}

/** Gives a right in the name of a user who was given it with the right to pass it on. */
export function grantAsStranger({ query }: Pick<ShopServer, 'query'>, database: string): Administrator['grant'] {
  return async (deed, name, user) => {
    const on = objectOf(deed, name);
    await query(
      database,
      'CREATE USER stranger WITHOUT LOGIN',
      `GRANT ${permissions[deed]} ON ${on} TO stranger WITH GRANT OPTION`,
      `GRANT ${permissions[deed]} ON ${on} TO ${id(user)} AS stranger`,
    );
  };
}

function objectOf(deed: Grantable, name: string): string {
  return `OBJECT::${deed === 'run' ? routineSchema : 'dbo'}.${id(name)}`;
}
