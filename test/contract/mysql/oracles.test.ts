import { expect } from 'chai';
import fc from 'fast-check';
import { type Connection, createConnection } from 'mysql2/promise';
import type { AccessSpec } from '../../../src/api/spec.ts';
import type { Finding } from '../../../src/api/step.ts';
import { promisedBy, promisedOnRoutines, promisedOnTables } from '../../../src/targets/mysql/profile.ts';
import { access, markOf, other } from '../target/given.ts';
import { administratorOf, id } from './administrator.ts';
import { denials, errnoOf } from './application-session.ts';
import { linesOf, rightsCatalogs } from './catalogs.ts';
import { neighbour, type RandomDatabase, randomAccess, randomDatabase, roles, user } from './random-database.ts';
import { type ShopServer, startShopServer } from './shop-server.ts';

const seed = Number(process.env['ORACLE_SEED'] ?? Date.now() % 2 ** 31);
const limitInMs = Number(process.env['ORACLE_TIME'] ?? 9_000);
const database = 'orders_1';
/** Of the server's, what names depend on. */
const traits = { foldsNames: true };
const full = (name: string) => `${id(database)}.${id(name)}`;

describe(`oracles for MySQL, with databases made at random (ORACLE_SEED=${seed})`, function () {
  this.timeout(limitInMs + 30_000);
  let shop: ShopServer;
  let superuser: Connection;
  let running: Promise<void> = Promise.resolve();

  before(async function () {
    this.timeout(300_000); // the engine may have to be installed
    shop = await startShopServer({ host: '127.0.91.5' });
    const { socket, superuser: name, password } = shop.backend;
    superuser = await createConnection({ socketPath: socket, user: name, password });
    await shop.backend.createDatabase('elsewhere');
    const administrator = administratorOf(shop, 'elsewhere');
    await administrator.createTable('secrets');
    for (const role of roles) await administrator.createRole(role, { reads: 'secrets' });
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
  after(async () => {
    await superuser?.end();
    await shop?.stop();
  });
  // what the time limit interrupted ends before the next test begins
  afterEach(() => running.catch(() => {}));

  const request = (spec: AccessSpec) => shop.request({ database, userName: user, access: spec });

  /** Runs `work` on a database made so, with a user of ours that has been there all along. */
  async function inDatabase({ creation, deeds, dropped }: RandomDatabase, work: () => Promise<void>): Promise<void> {
    await shop.backend.createDatabase(database);
    try {
      await shop.reconcile(request(access('ReadOnly')));
      for (const statement of creation) await superuser.query(statement);
      // not every engine knows every privilege everywhere
      for (const statement of deeds) await superuser.query(statement).catch(() => {});
      for (const table of dropped) await superuser.query(`DROP TABLE ${full(table)}`);
      await work();
    } finally {
      await shop.cleanUp();
      await superuser.query(`DROP DATABASE ${id(database)}`);
      await administratorOf(shop, database).dropUser(user);
      shop.notes.all.clear();
    }
  }

  const rights = () => linesOf(rightsCatalogs, superuser);

  /** Puts the rights in order, and looks that nothing is left to do and that nobody else's rights changed. */
  async function settle(spec: AccessSpec): Promise<readonly Finding[]> {
    const before = await rights();
    const { findings } = await shop.reconcile(request(spec));
    expect(await shop.plan(request(spec)), 'the plan of a second pass').to.deep.equal({ steps: [], findings });
    const ofOthers = (all: readonly string[]) => all.filter((right) => !right.includes(`=${user} `));
    expect(ofOthers(await rights()), 'the rights of others').to.deep.equal(ofOthers(before));
    return findings;
  }

  /** A property of a random database and two accesses that remembers what it is about, for the end of the time. */
  const property = (predicate: (one: AccessSpec, other: AccessSpec, dropped: readonly string[]) => Promise<void>) =>
    fc.asyncProperty(randomDatabase(database), randomAccess, randomAccess, async (made, one, another) => {
      running = running.catch(() => {}).then(() => inDatabase(made, () => predicate(one, another, made.dropped)));
      await running;
    });

  async function check(property: fc.IAsyncProperty<unknown>, { seed }: { readonly seed: number }): Promise<void> {
    await fc.assert(property, { seed, numRuns: 1_000_000, interruptAfterTimeLimit: limitInMs });
  }

  it('(A) the way from one access to another and back leaves what was there before', async () => {
    await check(
      property(async (one, another, dropped) => {
        const isOfGone = (right: string) => dropped.some((name) => right.includes(` User=${user} Table_name=${name} `));
        // a right by a table's name outlives the table; it stays while it is promised, and isn't given before the table is there again
        const settled = async (spec: AccessSpec) => {
          await settle(spec);
          const all = await rights();
          const isPromised = dropped.some((name) => promisedOnTables(promisedBy(spec), traits).has(name.toLowerCase()));
          if (!isPromised) expect(all.filter(isOfGone), 'rights on tables that are gone').to.deep.equal([]);
          return all.filter((right) => !isOfGone(right));
        };
        const before = await settled(one);
        await settled(another);
        expect(await settled(one)).to.deep.equal(before);
      }),
      { seed },
    );
  });

  it('(C) a session as the workload can do what was promised, and no more than that', async () => {
    await check(
      property(async ({ roles: _, ...spec }) => {
        const findings = await settle(spec);
        const isSurplus = findings.some(({ reason }) => reason === 'PrivilegeNotRevocable');
        await superuser.query(`CREATE TABLE ${full('spare')} (id int)`);
        const client = await shop.logIn(user, undefined);
        for (const { privilege, promised, statement } of attempts(spec)) {
          const may = await isAllowed(client, statement);
          if (promised) expect(may, `${privilege}: ${statement}`).to.equal(true);
          if (!promised && !isSurplus) expect(may, `${privilege}: ${statement}`).to.equal(false);
        }
      }),
      { seed: seed + 1 },
    );
  });
});

interface Attempt {
  readonly privilege: string;
  readonly promised: boolean;
  readonly statement: string;
}

const onTable: Readonly<Record<string, (table: string) => string>> = {
  SELECT: (table) => `SELECT * FROM ${table}`,
  INSERT: (table) => `INSERT INTO ${table} VALUES (1)`,
  UPDATE: (table) => `UPDATE ${table} SET id = 2`,
  DELETE: (table) => `DELETE FROM ${table}`,
};

const onDatabase: Readonly<Record<string, string>> = {
  CREATE: `CREATE TABLE ${full('made')} (id int)`,
  DROP: `DROP TABLE ${full('spare')}`,
  'CREATE TEMPORARY TABLES': `CREATE TEMPORARY TABLE ${full('passing')} (id int)`,
  'CREATE ROUTINE': `CREATE PROCEDURE ${full('made')}() NO SQL DO 1`,
  EVENT: `CREATE EVENT ${full('made')} ON SCHEDULE AT '2037-01-01' DO DO 1`,
};

/** What the workload tries, each with whether it was promised. */
function attempts(spec: AccessSpec): readonly Attempt[] {
  const promised = promisedBy(spec);
  const tables = ['o0', 'o1', 'base'].flatMap((table) =>
    Object.entries(onTable).map(([privilege, statementOf]) => ({
      privilege,
      promised: [...promised.database, ...(promisedOnTables(promised, traits).get(table) ?? [])].includes(privilege),
      statement: statementOf(full(table)),
    })),
  );
  const routines = ['r0', 'r1'].flatMap((routine) =>
    [`SELECT ${full(routine)}()`, `CALL ${full(routine)}()`].map((statement) => ({
      privilege: 'EXECUTE',
      promised: [...promised.database, ...(promisedOnRoutines(promised).get(routine) ?? [])].includes('EXECUTE'),
      statement,
    })),
  );
  const whole = Object.entries(onDatabase).map(([privilege, statement]) => ({
    privilege,
    promised: promised.database.includes(privilege),
    statement,
  }));
  return [...tables, ...routines, ...whole];
}

async function isAllowed(client: Connection, statement: string): Promise<boolean> {
  return await client.query(statement).then(
    () => true,
    (error: unknown) => {
      if (denials.includes(errnoOf(error) ?? 0)) return false;
      throw error;
    },
  );
}
