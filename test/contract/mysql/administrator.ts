import { escapeId, escape as literal } from 'mysql2';
import type { Administrator, Grantable } from '../target/engine.ts';
import { operator } from '../target/given.ts';
import { errnoOf } from './application-session.ts';

export const privileges = {
  read: 'SELECT',
  insert: 'INSERT',
  update: 'UPDATE',
  delete: 'DELETE',
  run: 'EXECUTE',
} as const satisfies Record<Grantable, string>;

export interface AdministratorOptions {
  readonly backend: { readonly engine: 'MySQL' | 'MariaDB' };
  /** Runs one statement, as a superuser or as the operator. */
  query<Row extends object = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** That of the operator of all tests when left out. */
  readonly operatorName?: string;
}

/** Does what people do by hand. */
export function administratorOf({ backend, query, operatorName = operator.name }: AdministratorOptions, database: string): Administrator {
  const run = async (...statements: readonly string[]) => {
    for (const statement of statements) await query(statement);
  };
  const finds = async (sql: string, ...values: readonly unknown[]) => (await query(sql, values)).length > 0;
  const full = (name: string) => `${id(database)}.${id(name)}`;
  return {
    createTable: (name) => run(`CREATE TABLE IF NOT EXISTS ${full(name)} (id int)`),
    dropTable: (name) => run(`DROP TABLE IF EXISTS ${full(name)}`),
    createRoutine: (name) =>
      run(`CREATE FUNCTION ${full(name)}() RETURNS int DETERMINISTIC NO SQL RETURN 1`, `CREATE PROCEDURE ${full(name)}() NO SQL DO 1`),
    has: (name) => finds('SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?', database, name),
    createUser: (name) => run(`CREATE USER ${account(name)} IDENTIFIED BY 'somebody else''s'`),
    dropUser: (name) => run(`DROP USER ${account(name)}`),
    hasUser: (name) => finds('SELECT 1 FROM mysql.user WHERE User = ?', name),
    lockUser: (name) => run(`ALTER USER ${account(name)} ACCOUNT LOCK`),
    grant: (deed, name, user) =>
      run(...objectsOf(database, deed, name).map((on) => `GRANT ${privileges[deed]} ON ${on} TO ${account(user)}`)),
    revoke: async (deed, name, user) => {
      const wide = await query<{ pattern: string }>('SELECT Db AS pattern FROM mysql.db WHERE User = ?', [user]);
      const places = [...objectsOf(database, deed, name), ...wide.map(({ pattern }) => `${id(pattern)}.*`)];
      for (const on of places) await run(`REVOKE ${privileges[deed]} ON ${on} FROM ${account(user)}`).catch(unlessNothingToRevoke);
    },
    createRole: async (name, { reads }) => {
      await run(`CREATE ROLE ${id(name)}`, `GRANT SELECT ON ${full(reads)} TO ${id(name)}`);
      // of MySQL the operator may grant any role, of MariaDB those that it administers
      if (backend.engine === 'MariaDB') await run(`GRANT ${id(name)} TO ${account(operatorName)} WITH ADMIN OPTION`);
    },
    addToRole: (role, user) =>
      run(
        `GRANT ${id(role)} TO ${account(user)}`,
        `SET DEFAULT ROLE ${id(role)} ${backend.engine === 'MariaDB' ? 'FOR' : 'TO'} ${account(user)}`,
      ),
  };
}

/** What a GRANT names for a deed: of routines both that bear the name. */
export function objectsOf(database: string, deed: Grantable, name: string): readonly string[] {
  const full = `${id(database)}.${id(name)}`;
  return deed === 'run' ? [`FUNCTION ${full}`, `PROCEDURE ${full}`] : [full];
}

export function account(user: string): string {
  return `${literal(user)}@'%'`;
}

/** A name as an identifier; a dot in it is but a dot. */
export function id(name: string): string {
  return escapeId(name, true);
}

/** On a database, on a table, on a routine. */
function unlessNothingToRevoke(error: unknown): void {
  if (![1141, 1147, 1403].includes(errnoOf(error) ?? 0)) throw error;
}
