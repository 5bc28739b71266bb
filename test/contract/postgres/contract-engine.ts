import pg from 'pg';
import { sqlState } from '../../../src/targets/postgres/errors.ts';
import { cutAt } from '../target/cut-line.ts';
import type { ContractEngine } from '../target/engine.ts';
import { operator, other, shop } from '../target/given.ts';
import { administratorOf, dropEverything, objectOf, privileges } from './administrator.ts';
import { PostgresApplication } from './application-session.ts';
import { startShopServer } from './shop-server.ts';
import { loginRefusals, postgresTraits } from './traits.ts';
import { plantTraps } from './traps.ts';

const main = 'orders';
const identifier = pg.escapeIdentifier;

/** PostgreSQL behind its gateway. The administrator's deeds are done as superuser, in the operator's name where it matters whose they are. */
export async function startPostgres(): Promise<ContractEngine> {
  const shopServer = await startShopServer({ host: '127.0.90.40' });
  const { backend, target, query } = shopServer;
  const own = { query, operatorName: operator.name };
  await backend.createDatabase(main, operator.name);
  const readRoles = async () =>
    (await shopServer.query<{ name: string }>('postgres', 'SELECT rolname AS name FROM pg_roles')).map(({ name }) => name);
  const known = new Set(await readRoles());
  const databases = new Set<string>();

  const createDatabase = async (name: string) => {
    databases.add(name);
    await backend.createDatabase(name, operator.name);
    return administratorOf(own, name);
  };

  return {
    ...postgresTraits,
    title: `PostgreSQL ${backend.version}`,
    target,
    identities: { first: shop, second: other },
    operatorName: operator.name,
    administrator: administratorOf(own, main),
    request: (overrides) => shopServer.request({ database: main, ...overrides }),
    newTarget: () => shopServer.newTarget(),
    signIn: async (user, identity, { database = main } = {}) => {
      try {
        return new PostgresApplication(await shopServer.logIn(user, database, { ...shop, ...identity }));
      } catch (error) {
        if (loginRefusals.test(sqlState(error) ?? '')) return undefined;
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
    plantTraps: async (session) => {
      if (!(session instanceof PostgresApplication)) throw new TypeError('a session of another engine');
      return await plantTraps(session.client, (sql, values) => query('postgres', sql, values));
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
