import { expect } from 'chai';
import type { Engine } from '../oracle-b/engine.ts';
import { runOracleB } from '../oracle-b.ts';
import { createPostgresEngine } from './oracle-b-engine.ts';
import { type ShopServer, startShopServer } from './shop-server.ts';

const seed = Number(process.env['ORACLE_SEED'] ?? Date.now() % 2 ** 31);
const only = process.env['ORACLE_ONLY'];
/** All faults take some minutes on a busy machine. Each boundary meets one at least, however long that takes. */
const limitInMs = Number(process.env['ORACLE_TIME'] ?? 240_000);
/** Each waits for its database most of the time. */
const hosts = ['127.0.90.21', '127.0.90.22', '127.0.90.23'];

describe('oracle B for PostgreSQL: cut, refused, kept waiting or killed at every step boundary', function () {
  this.timeout(limitInMs + 180_000);
  let servers: readonly ShopServer[] = [];
  let engines: readonly Engine[] = [];

  before(async () => {
    servers = await Promise.all(hosts.map((host) => startShopServer({ host })));
    engines = await Promise.all(servers.map(createPostgresEngine));
  });
  after(async () => {
    await Promise.all(engines.map((engine) => engine.stop()));
    await Promise.all(servers.map((server) => server.stop()));
  });

  it('a connection is created, changed and deleted as if nothing had happened, and nothing is left', async () => {
    const { summary, failures } = await runOracleB({ engines, seed, only, limitInMs });
    console.log(`      ${summary}`);
    if (failures.length > 0) expect.fail(failures.join('\n\n'));
  });
});
