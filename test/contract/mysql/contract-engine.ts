import { cutAt } from '../target/cut-line.ts';
import type { ContractEngine } from '../target/engine.ts';
import { operator, other, shop } from '../target/given.ts';
import { account, administratorOf, id, objectsOf, privileges } from './administrator.ts';
import { errnoOf, MysqlApplication } from './application-session.ts';
import { plantTraps } from './hostile-schema.ts';
import { loginRefusals, startShopServer } from './shop-server.ts';
import { mysqlTraits } from './traits.ts';

const main = 'orders';

/** A server of the MySQL family behind its gateway. */
export async function startMysql(): Promise<ContractEngine> {
  const shopServer = await startShopServer({ host: '127.0.91.1' });
  const { backend, target, query } = shopServer;
  await backend.createDatabase(main);
  const readAccounts = () => query<{ user: string; host: string }>('SELECT User AS user, Host AS host FROM mysql.user');
  const known = new Set((await readAccounts()).map(({ user }) => user));
  const databases = new Set<string>();

  return {
    ...mysqlTraits,
    title: `${backend.engine} ${backend.version}`,
    target,
    identities: { first: shop, second: other },
    operatorName: operator.name,
    administrator: administratorOf(shopServer, main),
    request: (overrides) => shopServer.request({ database: main, ...overrides }),
    newTarget: () => shopServer.newTarget(),
    signIn: async (user, identity, { database = main } = {}) => {
      try {
        return new MysqlApplication(await shopServer.logIn(user, database, { ...shop, ...identity }));
      } catch (error) {
        if (loginRefusals.includes(errnoOf(error) ?? 0)) return undefined;
        throw error;
      }
    },
    grantAsStranger: (deed, name, user) =>
      shopServer.asAdministrator(...objectsOf(main, deed, name).map((on) => `GRANT ${privileges[deed]} ON ${on} TO ${account(user)}`)),
    createDatabase: async (name) => {
      databases.add(name);
      await backend.createDatabase(name);
      return administratorOf(shopServer, name);
    },
    plantTraps: async (session) => {
      if (!(session instanceof MysqlApplication)) throw new TypeError('a session of another engine');
      return await plantTraps(session.client, { query, database: main });
    },
    cut: (call, when) => cutAt(shopServer.faults, call, when),
    cleanUp: async () => {
      await shopServer.cleanUp();
      for (const name of [...databases, main]) await query(`DROP DATABASE ${id(name)}`);
      databases.clear();
      await backend.createDatabase(main);
      for (const { user, host } of await readAccounts()) {
        if (known.has(user)) continue;
        // a role of MariaDB has no host
        await query(host === '' ? `DROP ROLE ${id(user)}` : `DROP USER ${account(user)}`);
      }
      shopServer.notes.all.clear();
      shopServer.journal.clear();
    },
    stop: () => shopServer.stop(),
  };
}
