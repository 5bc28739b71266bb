import pg from 'pg';
import type { Identity } from '../../../sandbox/azure/world.ts';
import type { GatewayOptions } from '../../../sandbox/database-gateway.ts';
import { syncAdministrators } from '../../../sandbox/postgres/administrators.ts';
import { type Backend, startBackend } from '../../../sandbox/postgres/backend.ts';
import { startGateway } from '../../../sandbox/postgres/gateway.ts';
import { ossAudience } from '../../../sandbox/postgres/login.ts';
import { operator, other, shop, tenantId } from '../../target/given.ts';
import { GatewayBench } from '../gateway-bench.ts';

/** PostgreSQL behind its gateway, and logins to it. */
export class PostgresBench extends GatewayBench<Backend> {
  #clients: pg.Client[] = [];

  constructor() {
    super({
      name: 'shop-pg',
      type: 'PostgreSQL',
      resourceId: '/subscriptions/s/resourceGroups/sandbox/providers/Microsoft.DBforPostgreSQL/flexibleServers/shop-pg',
      host: '127.0.46.99',
    });
  }

  readonly client = (config: pg.ClientConfig): pg.Client => {
    const { host, port } = this.gateway;
    const made = new pg.Client({ host, port, database: 'orders', ssl: { ca: this.ca }, ...config });
    made.on('error', () => {});
    this.#clients.push(made);
    return made;
  };

  readonly login = async (user: string, who: Identity, config: pg.ClientConfig = {}): Promise<pg.Client> => {
    const made = this.client({ user, password: await this.tokens.issue(who, ossAudience, { expiresIn: 300 }), ...config });
    await made.connect();
    return made;
  };

  readonly asOperator = (config: pg.ClientConfig = {}) => this.login(operator.name, operator, config);

  readonly createPrincipal = async (name: string, who: Identity = shop, type = 'service'): Promise<pg.QueryResult> => {
    const session = await this.asOperator({ database: 'postgres' });
    return session.query('SELECT pgaadauth_create_principal_with_oid($1, $2, $3, false, false)', [name, who.principalId, type]);
  };

  readonly labelOf = async (role: string): Promise<string | undefined> => {
    const rows = await this.backend.query<{ label: string }>(
      'orders',
      `SELECT label FROM pg_shseclabel l JOIN pg_roles r ON r.oid = l.objoid WHERE r.rolname = $1 AND l.provider = 'pgaadauth'`,
      [role],
    );
    return rows[0]?.label;
  };

  protected override async startBackend(): Promise<Backend> {
    const backend = await startBackend({ tenantId, log: () => {}, signal: this.closing.signal });
    await backend.createDatabase('orders');
    await backend.setPrincipals([operator, shop, other].map(({ principalId }) => ({ objectId: principalId, kind: 'service' })));
    await syncAdministrators(this.server, backend);
    return backend;
  }

  protected override startGateway(options: GatewayOptions<Backend>) {
    return startGateway(options);
  }

  protected override async forgetTest(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.end().catch(() => {})));
    this.#clients = [];
    const roles = await this.backend.query<{ name: string }>('postgres', `SELECT rolname AS name FROM pg_roles WHERE rolname LIKE 'test%'`);
    for (const { name } of roles) await this.backend.query('postgres', `DROP ROLE ${pg.escapeIdentifier(name)}`);
  }
}
