import pg from 'pg';
import { isServerHost } from '../../../src/azure/host.ts';
import { resourcePath } from '../../../src/azure/resource-id.ts';
import { sqlState } from '../../../src/targets/postgres/errors.ts';
import { createPostgresTarget } from '../../../src/targets/postgres/target.ts';
import type { Identity } from '../../sandbox/azure/world.ts';
import type { Faults } from '../../sandbox/controls/faults.ts';
import { ossAudience } from '../../sandbox/postgres/login.ts';
import type { Engine } from '../oracle-b/engine.ts';
import type { Line, Refusal } from '../oracle-b/line.ts';
import { cloud } from '../oracle-b/memory-azure.ts';
import { cluster } from '../oracle-b/world.ts';
import { operator, other, shop } from '../target/given.ts';
import { serverId, startShopServer } from './shop-server.ts';

type Strike = Faults['strike'];

const { subscriptionId, resourceGroup } = serverId;

const database = 'orders';
/** Beyond the time limit of a pass; nothing else ends a statement that hangs but the server's own limit. */
const hangInMs = 4 * 60_000;

/** What somebody else's faults, the server's state or a restart answer to logins and statements. */
const busy = { login: ['53300', '57P03'], statement: ['40001', '40P01', '55P03', '57P01', '57014'] } as const;

/** PostgreSQL behind its gateway, with tables of the operator, of a role that it belongs to, and of one that it may join. */
export async function startPostgresEngine(host: string): Promise<Engine> {
  const server = await startShopServer({ host });
  const { backend, tokens } = server;
  const applications = new Set<pg.Client>();
  await backend.createDatabase(database, 'operator');
  for (const statement of ['CREATE ROLE team', 'GRANT team TO operator WITH INHERIT TRUE', 'CREATE ROLE keeper'])
    await backend.query('postgres', statement);
  await backend.query('postgres', 'GRANT keeper TO operator WITH ADMIN TRUE, INHERIT FALSE, SET FALSE');
  const superuser = { postgres: await connected('postgres'), orders: await connected(database) };
  for (const owner of ['operator', 'team', 'keeper']) {
    await superuser.orders.query(`CREATE TABLE public.of_${owner} (id serial, note text)`);
    await superuser.orders.query(`ALTER TABLE public.of_${owner} OWNER TO ${owner}`);
  }

  let token: string | undefined;
  const operatorToken = async () => {
    token ??= await tokens.issue(operator, ossAudience, { expiresIn: 3_600 });
    return token;
  };

  async function connected(name: string, user = 'azuresu'): Promise<pg.Client> {
    const client = new pg.Client({ host: backend.socketDirectory, port: backend.port, user, database: name });
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  async function look(): Promise<readonly string[]> {
    const lines = async (client: pg.Client, sql: string) => (await client.query<{ line: string }>(sql)).rows.map(({ line }) => line);
    return [...(await lines(superuser.postgres, readServer)), ...(await lines(superuser.orders, readDatabase))];
  }

  return {
    type: 'PostgreSQL',
    title: `PostgreSQL ${backend.version}`,
    server: { ...server.server, resourceId: resourcePath(serverId) },
    database,
    schemas: ['public'],
    identities: { operator: onAzure(operator), first: onAzure(shop), second: onAzure(other) },
    newTarget: ({ calls, line, clock }) => {
      server.faults.strike = strikeBy(line);
      return createPostgresTarget({
        reads: { readServer: calls.readPostgresServer, listAdministrators: calls.listPostgresAdministrators },
        isServerHost: (host) => isServerHost(host, cloud.suffixes.PostgreSQL, cloud.name),
        token: operatorToken,
        ownerCredentials: async () => ({ kind: 'unusable', why: 'its Secret is not there' }),
        operatorObjectId: operator.principalId,
        clusterHash: cluster.hash,
        ca: server.ca,
        clock,
      });
    },
    look,
    openSession: async (user) => void applications.add(await connected(database, user)),
    giveTable: async (user) => {
      await superuser.orders.query('CREATE TABLE public.of_user (id serial, note text)');
      await superuser.orders.query(`ALTER TABLE public.of_user OWNER TO ${pg.escapeIdentifier(user)}`);
    },
    letsIn: async (user, identity) => {
      const { strike } = server.faults;
      server.faults.strike = () => undefined;
      try {
        await (await server.logIn(user, database, identity)).end();
        return true;
      } catch (error) {
        if (sqlState(error)?.startsWith('28')) return false;
        throw error;
      } finally {
        server.faults.strike = strike;
      }
    },
    isOfShell: (line) => /dbaccess_retired_|\bof_user/.test(line),
    hasSecondWay: () => false,
    cleanUp: async () => {
      server.faults.strike = () => undefined;
      await server.cleanUp();
      for (const client of applications) await client.end().catch(() => {});
      applications.clear();
      await superuser.orders.query('DROP TABLE IF EXISTS public.of_user');
      const { rows } = await superuser.postgres.query<{ name: string }>(readMade);
      for (const { name } of rows) {
        await superuser.orders.query(`DROP OWNED BY ${name} CASCADE`);
        await superuser.postgres.query(`DROP OWNED BY ${name} CASCADE; DROP ROLE ${name}`);
      }
    },
    stop: async () => {
      await Promise.all(Object.values(superuser).map((client) => client.end()));
      await server.stop();
    },
  };
}

/** Puts a process's line between the operator and the gateway. */
function strikeBy(line: Line): Strike {
  return (_kind, _method, text) => {
    const reception = line.meet({ system: 'database', name: text.replaceAll(/\s+/g, ' '), writes: mayWrite(text) });
    switch (reception.kind) {
      case 'carry-out':
        return undefined;
      case 'dead':
        return { drop: 'before' };
      case 'cut':
      case 'kill':
        return { drop: reception.when };
      case 'refuse':
        return { code: refusalOf(reception, text === 'LOGIN') };
      case 'hang':
        line.hang(hangInMs);
        return { delayMs: 2 ** 31 - 1 };
      default:
        return reception satisfies never;
    }
  };
}

function refusalOf({ how, chance }: Refusal, isLogin: boolean): string {
  if (how === 'denied') return '42501';
  // no administrator any more; read-only, as a server short of storage is
  if (how === 'refused') return isLogin ? '28000' : '25006';
  const codes = isLogin ? busy.login : busy.statement;
  return codes[Math.floor(chance * codes.length)] ?? codes[0];
}

/** A login changes nothing, nor does a query that calls no function which does. */
function mayWrite(text: string): boolean {
  return !/^(LOGIN$|BEGIN|SELECT (?!.*\b(pgaadauth_create|pg_terminate_backend)))/s.test(text);
}

/** An identity under an id that Azure could have given it. */
function onAzure(identity: Identity): Identity {
  const group = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
  return { ...identity, resourceId: `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${identity.name}` };
}

/** Roles that bear a mark. */
const readMade = `SELECT quote_ident(rolname) AS name FROM pg_roles WHERE shobj_description(oid, 'pg_authid') LIKE 'dbaccess/%' ORDER BY oid`;

/** Roles with all that hangs on them, and who is logged in. */
const readServer = `
  SELECT format('role %I super=%s inherit=%s createrole=%s createdb=%s login=%s replication=%s bypassrls=%s limit=%s until=%s password=%s label=%s comment=%s',
    rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit, rolvaliduntil, rolpassword IS NOT NULL,
    (SELECT string_agg(provider || ':' || label, ' ') FROM pg_shseclabel WHERE objoid = a.oid AND classoid = 'pg_authid'::regclass),
    shobj_description(oid, 'pg_authid')) AS line
  FROM pg_authid AS a WHERE rolname !~ '^pg_'
  UNION ALL SELECT format('%s is a member of %s by %s admin=%s inherit=%s set=%s', member::regrole, roleid::regrole, grantor::regrole, admin_option, inherit_option, set_option)
  FROM pg_auth_members
  UNION ALL SELECT format('setting of %s in %s: %s', CASE setrole WHEN 0 THEN 'all' ELSE setrole::regrole::text END, datname, setconfig)
  FROM pg_db_role_setting LEFT JOIN pg_database AS d ON d.oid = setdatabase
  UNION ALL SELECT format('database %I of %s', datname, datdba::regrole) FROM pg_database
  UNION ALL SELECT format('%s on database %I to %s by %s grantable=%s', privilege_type, datname, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END, grantor::regrole, is_grantable)
  FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba)))
  UNION ALL SELECT format('%s sessions of %I', count(*), usename)
  FROM pg_stat_activity WHERE backend_type = 'client backend' AND usename NOT IN ('azuresu', 'operator') GROUP BY usename`;

/** Owners and rights of what is in one database. */
const readDatabase = `
  WITH things AS (
    SELECT 'schema ' || quote_ident(nspname) AS thing, nspowner AS owner, coalesce(nspacl, acldefault('n', nspowner)) AS acl
    FROM pg_namespace WHERE nspname !~ '^pg_|^information_schema$'
    UNION ALL SELECT 'relation ' || c.oid::regclass, relowner, coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace WHERE nspname !~ '^pg_|^information_schema$' AND relkind <> 'i'
    UNION ALL SELECT format('column %s.%I', c.oid::regclass, attname), relowner, attacl
    FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid JOIN pg_namespace AS n ON n.oid = relnamespace
    WHERE nspname !~ '^pg_|^information_schema$' AND attacl IS NOT NULL
    UNION ALL SELECT 'routine ' || p.oid::regprocedure, proowner, coalesce(proacl, acldefault('f', proowner))
    FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = pronamespace WHERE nspname !~ '^pg_|^information_schema$'
    UNION ALL SELECT format('future %s of %s in %s', defaclobjtype, defaclrole::regrole, CASE defaclnamespace WHEN 0 THEN 'all' ELSE defaclnamespace::regnamespace::text END),
      defaclrole, defaclacl FROM pg_default_acl)
  SELECT format('%s of %s', thing, owner::regrole) AS line FROM things WHERE thing !~ '^future'
  UNION ALL SELECT format('%s on %s to %s by %s grantable=%s', privilege_type, thing, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END, grantor::regrole, is_grantable)
  FROM things, aclexplode(acl)`;
