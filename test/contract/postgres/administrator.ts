import pg from 'pg';
import type { Administrator, Grantable } from '../target/engine.ts';

const identifier = pg.escapeIdentifier;
const literal = pg.escapeLiteral;

export const privileges = {
  read: 'SELECT',
  insert: 'INSERT',
  update: 'UPDATE',
  delete: 'DELETE',
  run: 'EXECUTE',
} as const satisfies Record<Grantable, string>;

export interface AdministratorOptions {
  /** Runs statements in one database, as a superuser or as the operator. */
  query(database: string, sql: string): Promise<readonly object[]>;
  readonly operatorName: string;
}

/** Does what people do by hand, and in the operator's name where it matters whose a thing is. */
export function administratorOf({ query, operatorName }: AdministratorOptions, database: string): Administrator {
  const run = async (sql: string) => void (await query(database, sql));
  const asOperator = (sql: string) => run(`SET ROLE ${identifier(operatorName)}; ${sql}`);
  const finds = async (sql: string) => (await query(database, sql)).length > 0;
  return {
    createTable: (name) => asOperator(`CREATE TABLE IF NOT EXISTS public.${identifier(name)} (id int)`),
    dropTable: (name) => run(`DROP TABLE IF EXISTS public.${identifier(name)}`),
    createRoutine: (name) =>
      asOperator(
        `CREATE FUNCTION public.${identifier(name)}() RETURNS int LANGUAGE sql RETURN 1; REVOKE ALL ON FUNCTION public.${identifier(name)} FROM PUBLIC`,
      ),
    has: (name) => finds(`SELECT 1 FROM pg_class WHERE relname = ${literal(name)}`),
    createUser: (name) => run(`CREATE ROLE ${identifier(name)} LOGIN`),
    dropUser: (name) => run(`DROP OWNED BY ${identifier(name)} CASCADE; DROP ROLE ${identifier(name)}`),
    hasUser: (name) => finds(`SELECT 1 FROM pg_roles WHERE rolname = ${literal(name)}`),
    lockUser: (name) => run(`ALTER ROLE ${identifier(name)} NOLOGIN`),
    grant: (deed, name, user) => run(`GRANT ${privileges[deed]} ON ${objectOf(deed, name)} TO ${identifier(user)}`),
    revoke: (deed, name, user) => run(`REVOKE ${privileges[deed]} ON ${objectOf(deed, name)} FROM ${identifier(user)}`),
    createRole: (name, { reads }) =>
      asOperator(`CREATE ROLE ${identifier(name)}; GRANT SELECT ON ${objectOf('read', reads)} TO ${identifier(name)}`),
    addToRole: (role, user) => asOperator(`GRANT ${identifier(role)} TO ${identifier(user)}`),
  };
}

/** What a GRANT names for a deed. */
export function objectOf(deed: Grantable, name: string): string {
  return `${deed === 'run' ? 'FUNCTION' : 'TABLE'} public.${identifier(name)}`;
}

/** Drops tables, views and routines of `public`. */
export const dropEverything = `
  DO $$ DECLARE statement text; BEGIN
    FOREACH statement IN ARRAY ARRAY(
      SELECT format('DROP TABLE IF EXISTS %s CASCADE', oid::regclass) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
      UNION ALL SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', oid::regprocedure) FROM pg_proc WHERE pronamespace = 'public'::regnamespace)
    LOOP EXECUTE statement; END LOOP;
  END $$`;
