import type { TargetType } from '../../src/api/spec.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { ConnectionKey } from '../support/connections.ts';

/** One engine of the demo, and the connection to it that writes. */
export interface Shown {
  readonly type: TargetType;
  readonly title: string;
  readonly key: ConnectionKey;
  /** Makes table `items` as it was there before the connections, as in most databases. */
  readonly makeTable: (sandbox: Sandbox) => Promise<void>;
}

/** What the demo shows, in its order. */
export const shown: readonly Shown[] = [
  {
    type: 'PostgreSQL',
    title: 'PostgreSQL',
    key: { namespace: 'shop', name: 'orders-db' },
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
    makeTable: async ({ mysql }) => {
      const [server] = mysql.values();
      await server?.backend.query('CREATE TABLE orders.items (id bigint AUTO_INCREMENT PRIMARY KEY, name varchar(100) NOT NULL)');
    },
  },
];
