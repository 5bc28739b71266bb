import { escape as literal } from 'mysql2';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { superuser } from '../../sandbox/mysql/azure-shape.ts';
import { operator } from '../target/given.ts';

/** Users with all that hangs on them. */
export const rightsCatalogs = {
  user: 'SELECT * FROM mysql.sandbox_user',
  mark: 'SELECT User AS user, CAST(User_attributes AS CHAR) AS attributes FROM mysql.sandbox_user WHERE User_attributes IS NOT NULL',
  database: 'SELECT * FROM mysql.db',
  table: 'SELECT * FROM mysql.tables_priv',
  column: 'SELECT * FROM mysql.columns_priv',
  routine: 'SELECT * FROM mysql.procs_priv',
  proxy: 'SELECT * FROM mysql.proxies_priv',
  dynamic: 'SELECT * FROM mysql.global_grants',
  role: 'SELECT * FROM mysql.role_edges',
  'default role': 'SELECT * FROM mysql.default_roles',
} as const;

/** And what works in somebody's name, and who is logged in. */
export const allCatalogs = {
  ...rightsCatalogs,
  view: `SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name, DEFINER AS definer FROM information_schema.VIEWS WHERE TABLE_SCHEMA NOT IN ('mysql', 'sys')`,
  session: `SELECT USER AS user, COUNT(*) AS sessions FROM information_schema.PROCESSLIST
    WHERE USER NOT IN (${literal(superuser)}, ${literal(operator.name)}, 'unauthenticated user', 'event_scheduler', 'system user') GROUP BY USER`,
} as const;

/** A line for each row, in order, without what the server thinks up: when, and who did it last of those who may. A user's attributes have a line of their own. */
export async function linesOf(catalogs: Readonly<Record<string, string>>, client: Connection): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const [what, sql] of Object.entries(catalogs)) {
    const [rows] = await client.query<RowDataPacket[]>(sql);
    for (const row of rows) {
      const lasting = Object.entries(row).filter(([name]) => !/^(timestamp|password_last_changed|grantor|user_attributes)$/i.test(name));
      lines.push(`${what} ${lasting.map(([name, value]) => `${name}=${value}`).join(' ')}`);
    }
  }
  return lines.sort();
}
