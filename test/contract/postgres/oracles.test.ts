import { expect } from 'chai';
import fc from 'fast-check';
import pg from 'pg';
import { isConnectionError } from '../../../src/api/connection-error.ts';
import type { AccessSpec } from '../../../src/api/spec.ts';
import type { Finding } from '../../../src/api/step.ts';
import { promisedBy, promisedOn } from '../../../src/targets/postgres/profile.ts';
import type { Privilege, Securable } from '../../../src/targets/postgres/securable.ts';
import { access, markOf, other } from '../target/given.ts';
import { neighbour, type RandomDatabase, randomAccess, randomDatabase, rolesOfAllKinds, user } from './random-database.ts';
import { type ShopServer, startShopServer } from './shop-server.ts';

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

  const request = (database: string, spec: AccessSpec) => shop.request({ database, access: spec });

  /** Runs `work` on a database made so, with a user of ours that has been there all along. */
  async function inDatabase({ owner, creation, deeds }: RandomDatabase, work: (world: World) => Promise<void>): Promise<void> {
    count += 1;
    const database = `random${count}`;
    await shop.backend.createDatabase(database, owner);
    const superuser = new pg.Client({ host: shop.backend.socketDirectory, port: shop.backend.port, user: 'azuresu', database });
    await superuser.connect();
    try {
      await shop.reconcile(request(database, access('ReadOnly')));
      for (const statement of creation) await superuser.query(statement);
      for (const { by, statement } of deeds) {
        await superuser.query(`SET ROLE ${by}`);
        // not everybody may do everything
        await superuser.query(statement.replace('DATABASE here', `DATABASE ${database}`)).catch(() => {});
        await superuser.query('RESET ROLE');
      }
      await work({ database, superuser });
    } finally {
      await shop.cleanUp();
      await superuser.end();
      await shop.query('postgres', `DROP DATABASE ${database} WITH (FORCE)`);
      await shop.query('postgres', `DROP ROLE IF EXISTS ${user}`);
    }
  }

  /** Puts the rights in order, and looks that nothing is left to do and that nobody else's rights changed. Undefined where the operator may not enter. */
  async function settle({ database, superuser }: World, spec: AccessSpec): Promise<readonly Finding[] | undefined> {
    const before = await rights(superuser);
    try {
      const { findings } = await shop.reconcile(request(database, spec));
      expect(await shop.plan(request(database, spec)), 'the plan of a second pass').to.deep.equal({ steps: [], findings });
      const ofOthers = (all: readonly string[]) =>
        all.filter((right) => !right.includes(` to ${user} `) && !right.includes(` by ${user} `));
      expect(ofOthers(await rights(superuser)), 'the rights of others').to.deep.equal(ofOthers(before));
      return findings;
    } catch (error) {
      if (isConnectionError(error) && error.reason === 'DatabaseNotOwned') return undefined;
      throw error;
    }
  }

  async function check(property: fc.IAsyncProperty<unknown>, { seed }: { readonly seed: number }): Promise<void> {
    await fc.assert(property, { seed, numRuns: 1_000_000, interruptAfterTimeLimit: limitInMs });
  }

  /** A property of a random database and two accesses that remembers what it is about, for the end of the time. */
  const property = (predicate: (world: World, one: AccessSpec, other: AccessSpec) => Promise<void>) =>
    fc.asyncProperty(randomDatabase, randomAccess, randomAccess, async (made, one, another) => {
      running = running.catch(() => {}).then(() => inDatabase(made, (world) => predicate(world, one, another)));
      await running;
    });

  it('(A) the way from one access to another and back leaves what was there before', async () => {
    await check(
      property(async (world, one, another) => {
        if (!(await settle(world, one))) return;
        const before = await rights(world.superuser);
        await settle(world, another);
        await settle(world, one);
        expect(await rights(world.superuser)).to.deep.equal(before);
      }),
      { seed },
    );
  });

  it('(C) a session as the workload can do what was promised, and no more than that and what everybody may', async () => {
    await check(
      property(async (world, { roles: _, ...spec }) => {
        const findings = await settle(world, spec);
        if (!findings) return;
        const promised = promisedBy(spec, Number.parseInt(shop.backend.version, 10));
        const client = await shop.logIn(user, world.database).catch(() => undefined);
        const powers = client ? (await client.query<Power>(readPowers)).rows : [];
        for (const { kind, name, schema, owner, privilege, may, everybody } of powers) {
          if (owner === user) continue;
          const on: Securable = schema === null ? { kind, name } : { kind, schema, name, arguments: [] };
          const isPromised = promisedOn(promised, on).includes(privilege);
          const about = `${privilege} on ${kind} ${name} of ${owner}`;
          if (isPromised && actable.includes(owner)) expect(may, about).to.equal(true);
          if (!isPromised && !everybody && findings.every(({ reason }) => reason !== 'PrivilegeNotRevocable'))
            expect(may, about).to.equal(false);
        }
      }),
      { seed: seed + 1 },
    );
  });
});

interface World {
  readonly database: string;
  readonly superuser: pg.Client;
}

/** Owners for whom the operator can act. */
const actable = ['operator', 'team', 'keeper', neighbour];

type Power = (
  | { readonly kind: 'database' | 'schema'; readonly schema: null }
  | { readonly kind: 'table' | 'sequence' | 'routine'; readonly schema: string }
) & {
  readonly name: string;
  readonly owner: string;
  readonly privilege: Privilege;
  readonly may: boolean;
  readonly everybody: boolean;
};

/** What the session may do, and what everybody may. */
const readPowers = `
  SELECT 'database' AS kind, datname AS name, NULL AS schema, datdba::regrole::text AS owner, privilege,
    has_database_privilege(d.oid, privilege) AS may, has_database_privilege('public', d.oid, privilege) AS everybody
  FROM pg_database d, unnest(ARRAY['CREATE', 'CONNECT', 'TEMPORARY']) privilege WHERE datname = current_database()
  UNION ALL SELECT 'schema', nspname, NULL, nspowner::regrole::text, privilege,
    has_schema_privilege(n.oid, privilege), has_schema_privilege('public', n.oid, privilege)
  FROM pg_namespace n, unnest(ARRAY['USAGE', 'CREATE']) privilege WHERE nspname IN ('public', 'app', 'theirs')
  UNION ALL SELECT 'table', relname, nspname, relowner::regrole::text, privilege,
    has_table_privilege(c.oid, privilege) OR (privilege ~ '^(SELECT|INSERT|UPDATE|REFERENCES)$' AND has_any_column_privilege(c.oid, privilege)),
    has_table_privilege('public', c.oid, privilege) OR (privilege ~ '^(SELECT|INSERT|UPDATE|REFERENCES)$' AND has_any_column_privilege('public', c.oid, privilege))
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) privilege
  WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND nspname IN ('public', 'app', 'theirs')
  UNION ALL SELECT 'sequence', relname, nspname, relowner::regrole::text, privilege,
    has_sequence_privilege(c.oid, privilege), has_sequence_privilege('public', c.oid, privilege)
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace, unnest(ARRAY['SELECT', 'UPDATE', 'USAGE']) privilege
  WHERE relkind = 'S' AND nspname IN ('public', 'app', 'theirs')
  UNION ALL SELECT 'routine', proname, nspname, proowner::regrole::text, 'EXECUTE',
    has_function_privilege(p.oid, 'EXECUTE'), has_function_privilege('public', p.oid, 'EXECUTE')
  FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname IN ('public', 'app', 'theirs')`;

/** All rights of everybody on what isn't theirs, future objects and memberships included, however PostgreSQL stores them: PUBLIC's on all future objects are told only now and then. */
async function rights(superuser: pg.Client): Promise<readonly string[]> {
  const { rows } = await superuser.query<{ text: string }>(`
    SELECT format('%s %s to %s by %s %s', a.privilege_type, name, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END, a.grantor::regrole, a.is_grantable) AS text
    FROM (SELECT 'database' AS name, datdba AS owner, coalesce(datacl, acldefault('d', datdba)) AS acl FROM pg_database WHERE datname = current_database()
      UNION ALL SELECT 'schema ' || nspname, nspowner, nspacl FROM pg_namespace
      UNION ALL SELECT c.oid::regclass::text, relowner, relacl FROM pg_class c
      UNION ALL SELECT format('%s.%s', attrelid::regclass, attname), relowner, attacl FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
      UNION ALL SELECT p.oid::regprocedure::text, proowner, coalesce(proacl, acldefault('f', proowner)) FROM pg_proc p
      UNION ALL SELECT format('future %s of %s in %s', defaclobjtype, defaclrole::regrole, defaclnamespace::regnamespace), defaclrole, defaclacl FROM pg_default_acl
    ) o, aclexplode(acl) a WHERE a.grantee <> owner AND NOT (a.grantee = 0 AND name ~ ' in -$')
    UNION ALL SELECT format('%s to %s by %s %s %s %s', roleid::regrole, member::regrole, grantor::regrole, admin_option, inherit_option, set_option) FROM pg_auth_members
    ORDER BY 1`);
  return rows.map(({ text }) => text);
}
