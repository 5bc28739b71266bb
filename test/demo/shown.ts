import type { TargetType } from '../../src/api/spec.ts';
import { administer } from '../sandbox/azure-sql/administer.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { ConnectionKey } from '../support/connections.ts';

/** One engine of the demo, and the connection to it that writes. */
export interface Shown {
  readonly type: TargetType;
  readonly title: string;
  readonly key: ConnectionKey;
  /** What a token for it is asked for. */
  readonly scope: string;
  /** Makes table `items` as it was there before the connections, as in most databases. */
  readonly makeTable: (sandbox: Sandbox) => Promise<void>;
}

const openSource = 'https://ossrdbms-aad.database.windows.net/.default';

/** What the demo shows, in its order. */
export const shown: readonly Shown[] = [
  {
    type: 'PostgreSQL',
    title: 'PostgreSQL',
    key: { namespace: 'shop', name: 'orders-db' },
    scope: openSource,
    makeTable: async ({ postgres }) => {
      const [server] = postgres.values();
      await server?.backend.query('orders', 'CREATE TABLE public.items (id bigint GENERATED ALWAYS AS IDENTITY, name text NOT NULL)');
      await server?.backend.query('orders', 'ALTER TABLE public.items OWNER TO azure_pg_admin');
    },
  },
  {
    type: 'MySQL',
    title: 'MySQL',
    key: { namespace: 'shop', name: 'orders-mysql' },
    scope: openSource,
    makeTable: async ({ mysql }) => {
      const [server] = mysql.values();
      await server?.backend.query('CREATE TABLE orders.items (id bigint AUTO_INCREMENT PRIMARY KEY, name varchar(100) NOT NULL)');
    },
  },
  {
    type: 'AzureSQL',
    title: 'Azure SQL',
    key: { namespace: 'shop', name: 'orders-sql' },
    scope: 'https://database.windows.net/.default',
    makeTable: async ({ azureSql }) => {
      const [server] = azureSql.values();
      if (server) await administer(server.engine, 'orders', 'CREATE TABLE dbo.items (id bigint IDENTITY, name nvarchar(100) NOT NULL)');
    },
  },
];
