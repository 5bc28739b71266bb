import { expect } from 'chai';
import pg from 'pg';
import {
  type HostileDatabase,
  hostileSettings,
  misleadingSettings,
  plantHostileDatabase,
  type Query,
} from '../../fixtures/hostile-database.ts';
import { reading, samples } from '../../unit/targets/postgres/statement-samples.ts';
import { access, markOf, operator, other } from '../target/given.ts';
import { type ShopServer, startShopServer } from './shop-server.ts';

const statements = Object.values(samples).flat();

describe('a database turned against those who look at it, in PostgreSQL', function () {
  this.timeout(120_000);
  let shop: ShopServer;
  let attacker: pg.Client | undefined;

  beforeEach(async () => {
    shop = await startShopServer({ host: '127.0.90.10' });
  });
  afterEach(async () => {
    await attacker?.end();
    attacker = undefined;
    await shop?.stop();
  });

  const queryOf =
    (client: pg.Client): Query =>
    async <Row extends object>(text: string, values: readonly unknown[] = []) =>
      (await client.query(text, [...values])).rows as Row[];
  const asSuperuser: Query = async <Row extends object>(text: string, values: readonly unknown[] = []) =>
    (await shop.query('postgres', text, values)) as Row[];

  /** What an application with a right to create can do to `public`. */
  async function byApplication(): Promise<HostileDatabase> {
    await shop.backend.createDatabase('orders', 'operator');
    const evil = shop.request({ userName: 'aad_evil_app', mark: markOf('evil', 'app'), identity: other, access: access('All') });
    await shop.reconcile(evil);
    const client = await shop.logIn('aad_evil_app', 'orders', other);
    return await plantHostileDatabase(queryOf(client), { statements, schema: 'public' });
  }

  /** What the owner of a database can do to it. */
  async function byOwner(settings: Readonly<Record<string, string>>): Promise<HostileDatabase> {
    await shop.backend.createDatabase('orders');
    await shop.query('postgres', 'CREATE ROLE evil LOGIN');
    await shop.query('postgres', 'ALTER DATABASE orders OWNER TO evil');
    attacker = new pg.Client({ host: shop.backend.socketDirectory, port: shop.backend.port, user: 'evil', database: 'orders' });
    await attacker.connect();
    return await plantHostileDatabase(queryOf(attacker), { statements, schema: 'evil', settings, victims: ['operator'] });
  }

  // what an application can is in the contract of all targets
  const plants: readonly [string, () => Promise<HostileDatabase>][] = [
    ['by its owner, with settings (D2)', () => byOwner(hostileSettings)],
    ['by its owner, with misleading settings', () => byOwner(misleadingSettings)],
  ];
  for (const [how, plant] of plants)
    it(`${how} gains nothing from the whole life of a connection`, async () => {
      const hostile = await plant();
      expect(hostile.traps).to.be.greaterThan(100);
      const request = shop.request({ access: access('All', { schemas: ['*'] }) });
      await shop.reconcile(request);
      await shop.reconcile({ ...request, access: access('ReadOnly') });
      await shop.reconcile({ ...request, identity: other });
      await shop.end(request);
      await shop.tidy(request);
      expect(await hostile.gained(asSuperuser)).to.deep.equal([]);
    });

  // a time limit and read-only transactions would keep the traps from doing anything as well
  const { search_path = '' } = hostileSettings;
  const unarmed: typeof plants = [
    ['by an application (D1)', byApplication],
    ['by its owner, with a search path (D2)', () => byOwner({ search_path })],
  ];
  for (const [how, plant] of unarmed)
    it(`${how} gains something from the same statements in a session that pins nothing`, async () => {
      const hostile = await plant();
      const naive = await shop.logIn('operator', 'orders', operator);
      for (const statement of Object.values(reading)) {
        const parameters = Math.max(0, ...[...statement.matchAll(/\$(\d)/g)].map(([, n]) => Number(n)));
        await naive
          .query(
            statement,
            Array.from({ length: parameters }, () => null),
          )
          .catch(() => {});
      }
      // what a session without full names would add
      await naive.query("SELECT quote_ident(rolname) FROM pg_roles WHERE rolname LIKE 'aad%'").catch(() => {});
      expect(await hostile.gained(asSuperuser)).not.to.deep.equal([]);
    });
});
