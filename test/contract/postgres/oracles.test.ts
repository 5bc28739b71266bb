import { expect } from 'chai';
import fc from 'fast-check';
import pg from 'pg';
import { promisedBy } from '../../../src/targets/postgres/profile.ts';
import { neighbour, type RandomDatabase, randomAccess, randomDatabase, rolesOfAllKinds, user } from './random-database.ts';
import { access, markOf, other, type ShopServer, startShopServer } from './shop-server.ts';

const seed = Number(process.env['ORACLE_SEED'] ?? Date.now() % 2 ** 31);
const limitInMs = Number(process.env['ORACLE_TIME'] ?? 9_000);

describe(`oracles for PostgreSQL, with databases made at random (ORACLE_SEED=${seed})`, function () {
  this.timeout(limitInMs + 30_000);
  let shop: ShopServer;
  let count = 0;
  let running: Promise<void> = Promise.resolve();

  before(async () => {
    shop = await startShopServer({ host: '127.0.90.12' });
    for (const statement of rolesOfAllKinds) await shop.query('postgres', statement);
    await shop.backend.createDatabase('elsewhere', 'operator');
    await shop.reconcile(
      shop.request({
        database: 'elsewhere',
        userName: neighbour,
        mark: markOf('shop', 'neighbour'),
        identity: other,
        access: access('ReadOnly'),
      }),
    );
  });
  after(() => shop?.stop());
  // what the time limit interrupted ends before the next test begins
  afterEach(() => running.catch(() => {}));

  /** Runs `work` on a database made so, through a superuser's session. */
  async function inRandomDatabase(
    { owner, creation, deeds }: RandomDatabase,
    work: (database: string, superuser: pg.Client) => Promise<void>,
  ): Promise<void> {
    count += 1;
    const database = `random${count}`;
    await shop.backend.createDatabase(database, owner);
    const superuser = new pg.Client({ host: shop.backend.socketDirectory, port: shop.backend.port, user: 'azuresu', database });
    await superuser.connect();
    try {
      await superuser.query(`CREATE ROLE ${user}`);
      for (const statement of creation) await superuser.query(statement);
      await shop.query('postgres', `DROP ROLE IF EXISTS unborn`);
      for (const { by, statement } of deeds) {
        await superuser.query(`SET ROLE ${by}`);
        // not everybody may do everything
        await superuser.query(statement.replace('DATABASE here', `DATABASE ${database}`)).catch(() => {});
        await superuser.query('RESET ROLE');
      }
      await work(database, superuser);
    } finally {
      await shop.cleanUp();
      await superuser.end();
      await shop.query('postgres', `DROP DATABASE ${database} WITH (FORCE)`);
      await shop.query('postgres', `DROP ROLE IF EXISTS ${user}`);
    }
  }
});
