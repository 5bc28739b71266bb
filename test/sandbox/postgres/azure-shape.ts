import { escapeIdentifier } from 'pg';

/** The superuser of Azure's servers, which no customer can log in as. */
export const superuser = 'azuresu';
/** The administrator with a password that a server is made with. */
export const passwordAdministrator = 'pgadmin';

const monitoring = [
  'pg_monitor',
  'pg_signal_backend',
  'pg_checkpoint',
  'pg_create_subscription',
  'pg_read_all_settings',
  'pg_read_all_stats',
  'pg_stat_scan_tables',
];

/**
 * Statements that give a fresh server the roles of Azure Database for PostgreSQL Flexible Server.
 * The memberships are those of a dump of a real server; `readAllData` leaves out pg_read_all_data, which lets administrators read every table.
 */
export function azureRoles(options: { readonly readAllData: boolean }): readonly string[] {
  const memberships = options.readAllData ? ['pg_read_all_data', ...monitoring] : monitoring;
  return [
    'CREATE ROLE azure_pg_admin NOLOGIN',
    `GRANT ${memberships.join(', ')} TO azure_pg_admin WITH ADMIN TRUE, INHERIT TRUE`,
    `CREATE ROLE ${passwordAdministrator} LOGIN CREATEROLE CREATEDB BYPASSRLS`,
    `GRANT azure_pg_admin TO ${passwordAdministrator} WITH ADMIN TRUE, INHERIT TRUE`,
    'ALTER DATABASE postgres OWNER TO azure_pg_admin',
    'ALTER DATABASE template0 OWNER TO azure_pg_admin',
  ];
}

/** Statements for each database that was there before the roles: on Azure azure_pg_admin owns schema public. */
export const azureSchemas: readonly string[] = ['ALTER SCHEMA public OWNER TO azure_pg_admin'];

/** The statement that sets a role's password; `password` needs no quoting. */
export function setPassword(role: string, password: string): string {
  if (!/^[\w-]+$/.test(password)) throw new Error('the password must consist of letters, digits, _ and -');
  return `ALTER ROLE ${escapeIdentifier(role)} PASSWORD '${password}'`;
}
