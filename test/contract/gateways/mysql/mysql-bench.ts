import { escape as literal } from 'mysql2';
import { type Connection, type ConnectionOptions, createConnection, type RowDataPacket } from 'mysql2/promise';
import type { Identity } from '../../../sandbox/azure/world.ts';
import type { GatewayOptions } from '../../../sandbox/database-gateway.ts';
import { syncAdministrators } from '../../../sandbox/mysql/administrators.ts';
import { type Backend, startBackend } from '../../../sandbox/mysql/backend.ts';
import { startGateway } from '../../../sandbox/mysql/gateway.ts';
import { ossAudience } from '../../../sandbox/postgres/login.ts';
import { operator, shop } from '../../target/given.ts';
import { GatewayBench } from '../gateway-bench.ts';

/** A server of the MySQL family behind its gateway, and logins to it. */
export class MysqlBench extends GatewayBench<Backend> {
  #clients: Connection[] = [];

  constructor() {
    super({
      name: 'shop-mysql',
      type: 'MySQL',
      resourceId: '/subscriptions/s/resourceGroups/sandbox/providers/Microsoft.DBforMySQL/flexibleServers/shop-mysql',
      host: '127.0.47.99',
    });
  }

  readonly connectWith = async (config: ConnectionOptions): Promise<Connection> => {
    const { host, port } = this.gateway;
    const ssl = { ca: this.ca, verifyIdentity: true };
    const made = await createConnection({ host, port, ssl, enableCleartextPlugin: true, ...config });
    made.on('error', () => {});
    this.#clients.push(made);
    return made;
  };

  readonly tokenOf = (who: Identity) => this.tokens.issue(who, ossAudience, { expiresIn: 300 });

  readonly login = async (user: string, who: Identity, config: ConnectionOptions = {}) =>
    this.connectWith({ user, password: await this.tokenOf(who), ...config });

  readonly asOperator = (config: ConnectionOptions = {}) => this.login(operator.name, operator, config);

  readonly createUser = async (name: string, id = shop.clientId): Promise<void> => {
    const session = await this.asOperator();
    await session.query('SET aad_auth_validate_oids_in_tenant = OFF');
    await session.query(`CREATE AADUSER ${literal(name)} IDENTIFIED BY ${literal(id)}`);
  };

  protected override async startBackend(): Promise<Backend> {
    const log = (line: string) => console.log(`      ${line}`);
    const backend = await startBackend({ log, signal: this.closing.signal });
    console.log(`      ${backend.engine} ${backend.version}`);
    await backend.createDatabase('orders');
    await backend.query('CREATE TABLE orders.items (id int PRIMARY KEY, name varchar(100))');
    await syncAdministrators(this.server, backend);
    return backend;
  }

  protected override startGateway(options: GatewayOptions<Backend>) {
    return startGateway(options);
  }

  protected override async forgetTest(): Promise<void> {
    for (const each of this.#clients) each.destroy();
    this.#clients = [];
    const users = await this.backend.query<{ name: string }>(`SELECT User AS name FROM mysql.user WHERE User LIKE 'test%'`);
    for (const { name } of users) await this.backend.query(`DROP USER ${literal(name)}@'%'`);
    await this.backend.query('DELETE FROM orders.items');
  }
}

export async function rowsOf<Row extends object = object>(
  session: Connection,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const [rows] = await session.query<RowDataPacket[]>(sql, [...values]);
  return rows.map((row) => ({ ...row })) as unknown as Row[];
}

/** Resolves when the server has ended the session. */
export function endOf(session: Connection): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  session.on('error', () => resolve());
  session.on('end', () => resolve());
  return promise;
}
