import { cutAt } from '../target/cut-line.ts';
import type { ContractEngine } from '../target/engine.ts';
import { other, shop } from '../target/given.ts';
import { hostileNames } from '../target/hostile-names.ts';
import { administratorOf, objectOf, permissions, routineSchema } from './administrator.ts';
import { AzureSqlApplication, numberIn } from './application-session.ts';
import { id } from './client.ts';
import { startShopServer } from './shop-server.ts';

const rows = ['read', 'insert', 'update', 'delete'] as const;
/** Of a login: no user, no such database for it. */
const loginRefusals: readonly number[] = [18456, 4060, 916];

const main = 'orders';

/** The sandbox's server of Azure SQL. */
export async function startAzureSql(): Promise<ContractEngine> {
  const shopServer = await startShopServer({ host: '127.0.93.9' });
  const { engine, target, query } = shopServer;
  return {
    type: 'AzureSQL',
    title: 'Azure SQL, in memory',
    target,
    schema: 'dbo',
    routineSchema,
    identities: { first: shop, second: other },
    // the token decides who the operator is: in each database it is this one
    operatorName: 'dbo',
    longestUserName: 128,
    promises: {
      ReadOnly: ['read'],
      ReadWrite: rows,
      ReadWriteDDL: [...rows, 'create table', 'drop table'],
      All: [...rows, 'create table', 'drop table', 'run'],
    },
    // an administrator may take back what anybody gave
    strangersGrants: 'revoked',
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
    grantAsStranger: async (deed, name, user) => {
      const on = objectOf(deed, name);
      await query(
        main,
        'CREATE USER stranger WITHOUT LOGIN',
        `GRANT ${permissions[deed]} ON ${on} TO stranger WITH GRANT OPTION`,
        `GRANT ${permissions[deed]} ON ${on} TO ${id(user)} AS stranger`,
      );
    },
    createDatabase: async (name) => {
      if (!engine.database(name)) engine.createDatabase(name);
      return administratorOf(shopServer, name);
    },
    // one with a backslash would be of Windows
    hostileNames: [...hostileNames.filter((name) => !name.includes('\\')), 'x]]; DROP USER y; --', "N'x", '\u{1F600}'.repeat(64)],
    plantTraps: { passedOver: 'nothing but a DDL trigger can run in the name of who looks, and that has scenarios of its own' },
    cut: (call, when) => cutAt(shopServer.faults, call, when),
    cleanUp: async () => {
      await shopServer.cleanUp();
      for (const { name } of engine.databases) if (![main, 'master'].includes(name)) engine.dropDatabase(name);
    },
    stop: () => shopServer.stop(),
  };
}
