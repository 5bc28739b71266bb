import pg from 'pg';
import { sqlState } from '../../../src/targets/postgres/errors.ts';
import { plantHostileDatabase } from '../../fixtures/hostile-database.ts';
import { samples } from '../../unit/targets/postgres/statement-samples.ts';
import { cutAt } from '../target/cut-line.ts';
import type { Administrator, ContractEngine, Grantable, Traps } from '../target/engine.ts';
import { operator, other, shop } from '../target/given.ts';
import { PostgresApplication } from './application-session.ts';
import { hostilePostgresNames } from './hostile-names.ts';
import { type ShopServer, startShopServer } from './shop-server.ts';

const main = 'orders';
const identifier = pg.escapeIdentifier;
const literal = pg.escapeLiteral;

const privileges = { read: 'SELECT', insert: 'INSERT', update: 'UPDATE', delete: 'DELETE', run: 'EXECUTE' } as const;
const rows = ['read', 'insert', 'update', 'delete'] as const;

/** PostgreSQL behind its gateway. The administrator's deeds are done as superuser, in the operator's name where it matters whose they are. */
export async function startPostgres(): Promise<ContractEngine> {
  const shopServer = await startShopServer({ host: '127.0.90.40' });
  const { backend, target } = shopServer;
  await backend.createDatabase(main, operator.name);
  const readRoles = async () =>
    (await shopServer.query<{ name: string }>('postgres', 'SELECT rolname AS name FROM pg_roles')).map(({ name }) => name);
  const known = new Set(await readRoles());
  const databases = new Set<string>();

  const createDatabase = async (name: string) => {
    databases.add(name);
    await backend.createDatabase(name, operator.name);
    return administratorOf(shopServer, name);
  };

  return {
    type: 'PostgreSQL',
    title: `PostgreSQL ${backend.version}`,
    target,
    schema: 'public',
    identities: { first: shop, second: other },
    operatorName: operator.name,
    longestUserName: 63,
    promises: {
      ReadOnly: ['read'],
      ReadWrite: rows,
      ReadWriteDDL: [...rows, 'create table'],
      All: [...rows, 'create table'],
    },
    strangersGrants: 'told',
    administrator: administratorOf(shopServer, main),
    request: (overrides) => shopServer.request({ database: main, ...overrides }),
    newTarget: () => shopServer.newTarget(),
    signIn: async (user, identity, { database = main } = {}) => {
      try {
        return new PostgresApplication(await shopServer.logIn(user, database, { ...shop, ...identity }));
      } catch (error) {
        // no such login, or no way into the database
        if (/^28|^42501$/.test(sqlState(error) ?? '')) return undefined;
        throw error;
      }
    },
    grantAsStranger: async (deed, name, user) => {
      const on = objectOf(deed, name);
      await shopServer.query(
        main,
        `CREATE ROLE stranger; GRANT ${privileges[deed]} ON ${on} TO stranger WITH GRANT OPTION; SET ROLE stranger; GRANT ${privileges[deed]} ON ${on} TO ${identifier(user)}`,
      );
    },
    createDatabase,
    hostileNames: hostilePostgresNames,
    plantTraps: async (session) => {
      if (!(session instanceof PostgresApplication)) throw new TypeError('a session of another engine');
      return await plantTraps(shopServer, session.client);
    },
    cut: (call, when) => cutAt(shopServer.faults, call, when),
    cleanUp: async () => {
      await shopServer.cleanUp();
      for (const name of databases) await shopServer.query('postgres', `DROP DATABASE ${identifier(name)} WITH (FORCE)`);
      databases.clear();
      const made = (await readRoles()).filter((each) => !known.has(each)).map(identifier);
      for (const role of made) await shopServer.query(main, `DROP OWNED BY ${role} CASCADE`);
      for (const role of made) await shopServer.query(main, `DROP ROLE ${role}`);
      await shopServer.query(main, dropEverything);
      shopServer.journal.clear();
    },
    stop: () => shopServer.stop(),
  };
}

function administratorOf(shopServer: ShopServer, database: string): Administrator {
  const run = async (sql: string) => void (await shopServer.query(database, sql));
  const asOperator = (sql: string) => run(`SET ROLE ${operator.name}; ${sql}`);
  const finds = async (sql: string) => (await shopServer.query(database, sql)).length > 0;
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

function objectOf(deed: Grantable, name: string): string {
  return `${deed === 'run' ? 'FUNCTION' : 'TABLE'} public.${identifier(name)}`;
}

async function plantTraps(shopServer: ShopServer, client: pg.Client): Promise<Traps> {
  const query = async <Row extends object>(sql: string, values: readonly unknown[] = []) =>
    (await client.query(sql, [...values])).rows as Row[];
  const hostile = await plantHostileDatabase(query, { statements: Object.values(samples).flat(), schema: 'public' });
  const gained = () =>
    hostile.gained(
      async <Row extends object>(sql: string, values: readonly unknown[] = []) =>
        (await shopServer.query('postgres', sql, values)) as Row[],
    );
  return { count: hostile.traps, gained };
}

/** Tables, views and routines of `public`. */
const dropEverything = `
  DO $$ DECLARE statement text; BEGIN
    FOREACH statement IN ARRAY ARRAY(
      SELECT format('DROP TABLE IF EXISTS %s CASCADE', oid::regclass) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
      UNION ALL SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', oid::regprocedure) FROM pg_proc WHERE pronamespace = 'public'::regnamespace)
    LOOP EXECUTE statement; END LOOP;
  END $$`;
