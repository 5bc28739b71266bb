import { cutAt } from '../target/cut-line.ts';
import type { ContractEngine } from '../target/engine.ts';
import { other, shop } from '../target/given.ts';
import { administratorOf, grantAsStranger } from './administrator.ts';
import { AzureSqlApplication, numberIn } from './application-session.ts';
import { loginRefusals, startShopServer } from './shop-server.ts';
import { azureSqlTraits } from './traits.ts';

const main = 'orders';

/** The sandbox's server of Azure SQL. */
export async function startAzureSql(): Promise<ContractEngine> {
  const shopServer = await startShopServer({ host: '127.0.93.9' });
  const { engine, target } = shopServer;
  return {
    ...azureSqlTraits,
    title: 'Azure SQL, in memory',
    target,
    identities: { first: shop, second: other },
    administrator: administratorOf(shopServer, main),
    request: (overrides) => shopServer.request({ database: main, ...overrides }),
    newTarget: () => shopServer.newTarget(),
    signIn: async (_user, identity, { database = main } = {}) => {
      try {
        return new AzureSqlApplication(await shopServer.logIn(database, { ...shop, ...identity }));
      } catch (error) {
        if (loginRefusals.includes(numberIn(error) ?? 0)) return undefined;
        throw error;
      }
    },
    grantAsStranger: grantAsStranger(shopServer, main),
    createDatabase: async (name) => {
      if (!engine.database(name)) engine.createDatabase(name);
      return administratorOf(shopServer, name);
    },
    cut: (call, when) => cutAt(shopServer.faults, call, when),
    cleanUp: async () => {
      await shopServer.cleanUp();
      for (const { name } of engine.databases) if (![main, 'master'].includes(name)) engine.dropDatabase(name);
    },
    stop: () => shopServer.stop(),
  };
}
