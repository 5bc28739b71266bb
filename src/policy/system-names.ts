import type { TargetType } from '../api/spec.ts';

/** Databases of the engines and of Azure, in lower case. */
const systemDatabases: Readonly<Record<TargetType, readonly string[]>> = {
  PostgreSQL: ['azure_maintenance', 'azure_sys', 'template0', 'template1'],
  MySQL: ['mysql', 'sys', 'information_schema', 'performance_schema'],
  AzureSQL: ['master', 'tempdb', 'model', 'msdb'],
};

/** Roles with which a user could give itself more, in lower case; beside those that begin with one of the prefixes. */
const privilegedRoles: readonly string[] = ['db_owner', 'db_securityadmin', 'db_accessadmin', 'db_ddladmin', 'db_backupoperator'];
const privilegedPrefixes: readonly string[] = ['pg_', 'azure', 'rds'];

/** Whether no connection may ever be to this database. PostgreSQL's `postgres` isn't among them: a policy may name it in full. */
export function isSystemDatabase(type: TargetType, database: string): boolean {
  return systemDatabases[type].includes(type === 'PostgreSQL' ? database : folded(database));
}

/** Whether no connection may ever name this schema. */
export function isSystemSchema(type: TargetType, schema: string): boolean {
  switch (type) {
    case 'PostgreSQL':
      return schema.startsWith('pg_') || schema === 'information_schema';
    case 'AzureSQL':
      return ['sys', 'information_schema'].includes(folded(schema));
    case 'MySQL':
      return isSystemDatabase(type, schema);
    default:
      return type satisfies never;
  }
}

/** Whether no connection may ever ask for membership in this role. Roles that are privileged through other roles show only in the database itself. */
export function isPrivilegedRole(role: string): boolean {
  const name = folded(role);
  return privilegedRoles.includes(name) || privilegedPrefixes.some((prefix) => name.startsWith(prefix));
}

/** As the engines that don't look at case, width or accents of letters may read a name. */
function folded(name: string): string {
  return name.normalize('NFKC').toLowerCase().trim();
}
