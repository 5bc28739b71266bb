import { escape as literal } from 'mysql2';
import { id } from './administrator.ts';
import { type ShopServer, startShopServer } from './shop-server.ts';

/** Declares a server for the tests of the suite around: databases `orders` and `orders_1`, and nothing else from one test to the next. */
export function ownServer(host: string): () => ShopServer {
  const databases = ['orders', 'orders_1'];
  let server: ShopServer | undefined;
  let known: ReadonlySet<string> = new Set();
  const started = () => {
    if (!server) throw new Error('the server did not start');
    return server;
  };
  const users = () => started().query<{ user: string; host: string }>('SELECT User AS user, Host AS host FROM mysql.user');

  before(async function () {
    this.timeout(300_000); // the engine may have to be installed
    server = await startShopServer({ host });
    console.log(`      ${server.backend.engine} ${server.backend.version}`);
    known = new Set((await users()).map(({ user }) => user));
    for (const name of databases) await server.backend.createDatabase(name);
  });
  afterEach(async () => {
    const { query, backend, notes, journal, cleanUp } = started();
    await cleanUp();
    for (const { user, host: from } of await users()) {
      if (known.has(user)) continue;
      // a role of MariaDB has no host
      await query(from === '' ? `DROP ROLE ${id(user)}` : `DROP USER ${literal(user)}@${literal(from)}`);
    }
    const found = await query<{ name: string }>(
      `SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema')`,
    );
    for (const { name } of found) await query(`DROP DATABASE ${id(name)}`);
    for (const name of databases) await backend.createDatabase(name);
    notes.all.clear();
    journal.clear();
  });
  after(() => server?.stop());
  return started;
}
