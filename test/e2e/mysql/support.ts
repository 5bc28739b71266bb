import { escape as literal } from 'mysql2';
import type { ConnectionSpec } from '../../../src/api/spec.ts';
import type { MysqlServer } from '../../sandbox/mysql-server.ts';
import { type Application, logInTo } from '../../support/application.ts';
import type { ConnectionKey } from '../../support/connections.ts';
import {
  deleteAllConnections,
  everyPolicy,
  loginOf,
  mysqlServerId,
  readyConnection,
  sandbox,
  startTimeout,
  testTimeout,
} from '../support.ts';

/** The sandbox's one MySQL server. */
export async function server(): Promise<MysqlServer> {
  const [first] = (await sandbox()).mysql.values();
  if (!first) throw new Error('the sandbox has no MySQL server');
  return first;
}

/** Runs SQL as superuser, past the gateway. :account stands for a user's account. */
export async function asSuperuser<Row extends object = Record<string, unknown>>(sql: string, user = ''): Promise<readonly Row[]> {
  return (await server()).backend.query<Row>(sql.replaceAll(':account', `${literal(user)}@'%'`));
}

/** What is there of a user for itself: its account, and its rights by database. */
export async function rightsOf(user: string): Promise<readonly string[]> {
  const rows = await asSuperuser<{ line: string }>(
    `SELECT CONCAT(TABLE_SCHEMA, ': ', PRIVILEGE_TYPE) AS line FROM information_schema.SCHEMA_PRIVILEGES WHERE GRANTEE = ${literal(`'${user}'@'%'`)}
     UNION ALL SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME, ': ', PRIVILEGE_TYPE) FROM information_schema.TABLE_PRIVILEGES WHERE GRANTEE = ${literal(`'${user}'@'%'`)}
     UNION ALL SELECT CONCAT('all: ', PRIVILEGE_TYPE) FROM information_schema.USER_PRIVILEGES WHERE GRANTEE = ${literal(`'${user}'@'%'`)}`,
  );
  return rows.map(({ line }) => line).toSorted();
}

/** A Ready connection to database `orders` of the MySQL server. */
export async function readyMysql(
  change: (spec: ConnectionSpec) => void = () => {},
  name = 'c',
): Promise<ConnectionKey & { readonly user: string }> {
  return await readyConnection((spec) => {
    spec.target = { type: 'MySQL', serverId: mysqlServerId, database: 'orders' };
    change(spec);
  }, name);
}

/** A login of the connection's workload, with what was written for it and a token of its own. */
export async function logInAs(key: ConnectionKey): Promise<Application> {
  const { settings, token } = await loginOf(key);
  return await logInTo('MySQL', settings, token);
}

/** Starts the sandbox for the tests of a file, with a table that was there before, and leaves nothing behind. */
export function withTable(table: string): void {
  before(async function () {
    this.timeout(startTimeout);
    await sandbox();
    await everyPolicy();
    await asSuperuser(`CREATE TABLE orders.${table} (id int)`);
  });

  afterEach(async function () {
    this.timeout(testTimeout);
    await deleteAllConnections();
  });

  after(async () => {
    await asSuperuser(`DROP TABLE orders.${table}`);
  });
}
