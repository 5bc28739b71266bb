import type { PolicyEntry } from '../api/spec.ts';
import { matchesAny, matchesPattern } from './pattern.ts';
import type { Request } from './request.ts';
import { matchesAnyResource } from './resource-pattern.ts';
import type { Part } from './verdict.ts';

/** What in one part an entry doesn't allow, after "but"; undefined when it allows it. */
type Refuse = (request: Request, entry: PolicyEntry, namespace: string) => string | undefined;

/** The parts that one entry must allow together, in order. */
export const entryParts: readonly { readonly part: Part; readonly refuse: Refuse }[] = [
  { part: 'server', refuse: refuseServer },
  { part: 'database', refuse: refuseDatabase },
  { part: 'profile', refuse: refuseProfile },
  { part: 'schemas', refuse: refuseSchemas },
  { part: 'grants', refuse: refuseGrants },
  { part: 'roles', refuse: refuseRoles },
  { part: 'routines', refuse: refuseRoutines },
  { part: 'user', refuse: refuseUser },
  { part: 'adoption', refuse: refuseAdoption },
  { part: 'retain', refuse: refuseRetain },
];

function refuseServer({ server }: Request, entry: PolicyEntry, namespace: string): string | undefined {
  return matchesAnyResource(entry.servers, server, namespace) ? undefined : 'spec.target.serverId is not among its servers';
}

function refuseDatabase({ spec: { target } }: Request, entry: PolicyEntry, namespace: string): string | undefined {
  // The engine's maintenance database: neither a wildcard nor a namespace of that name means it.
  const written = target.type === 'PostgreSQL' && target.database === 'postgres';
  const allowed = written ? entry.databases.includes('postgres') : matchesAny(entry.databases, target.database, namespace);
  return allowed ? undefined : `spec.target.database ${JSON.stringify(target.database)} is not among its databases`;
}

function refuseProfile({ spec: { access } }: Request, entry: PolicyEntry): string | undefined {
  return entry.profiles.includes(access.profile)
    ? undefined
    : `spec.access.profile ${JSON.stringify(access.profile)} is not among its profiles`;
}

/** A policy without schemas allows public on PostgreSQL and everything, so also each part of it, on Azure SQL. MySQL has no schemas. */
function refuseSchemas({ spec: { target, access } }: Request, entry: PolicyEntry, namespace: string): string | undefined {
  if (target.type === 'MySQL') return undefined;
  if (target.type === 'AzureSQL' && !entry.schemas) return undefined;
  const allowed = entry.schemas ?? ['public'];
  const whole = target.type === 'AzureSQL' && coversWholeDatabase(access);
  if (whole && !allowed.includes('*')) return 'its schemas are not the whole database, which spec.access asks for: name schemas there';
  const named = [...profileSchemas(target.type, access), ...(access.grants ?? []).flatMap((grant) => grantSchemas(target.type, grant))];
  const missing = named.find((schema) => (schema === '*' ? !allowed.includes('*') : !matchesAny(allowed, schema, namespace)));
  return missing === undefined ? undefined : `schema ${JSON.stringify(missing)} of spec.access is not among its schemas`;
}

type Access = Request['spec']['access'];
type Grant = NonNullable<Access['grants']>[number];

function profileSchemas(type: 'PostgreSQL' | 'AzureSQL', access: Access): readonly string[] {
  if (access.schemas) return access.schemas;
  return type === 'PostgreSQL' && needsSchemas(access) ? ['public'] : [];
}

/** The schema demands one; PostgreSQL would take public where there is none. */
function grantSchemas(type: Request['spec']['target']['type'], { schema, objectType }: Grant): readonly string[] {
  if (schema !== undefined) return [schema];
  return type === 'PostgreSQL' && objectType !== 'Database' ? ['public'] : [];
}

/**
 * On Azure SQL what is asked for without schemas reaches into all of them, and so do profile All, which is CONTROL on the database, and a privilege on the
 * database other than CONNECT.
 */
function coversWholeDatabase(access: Access): boolean {
  const byGrant = access.grants?.some(
    ({ objectType, privileges }) => objectType === 'Database' && privileges.some((each) => each !== 'CONNECT'),
  );
  return access.profile === 'All' || (needsSchemas(access) && !access.schemas) || (byGrant ?? false);
}

/** Custom is nothing but grants, which name their schemas themselves, and roles. */
function needsSchemas(access: Access): boolean {
  return access.profile !== 'Custom' || access.routines === 'All';
}

function refuseGrants({ spec: { access } }: Request, entry: PolicyEntry): string | undefined {
  if (!access.grants?.length) return undefined;
  if (!entry.profiles.includes('Custom')) return 'spec.access.grants needs Custom among its profiles';
  const allowed = entry.customPrivileges ?? [];
  const missing = allowed.includes('*')
    ? undefined
    : access.grants.flatMap((grant) => grant.privileges).find((privilege) => !allowed.includes(privilege));
  return missing === undefined ? undefined : `privilege ${JSON.stringify(missing)} of spec.access.grants is not among its customPrivileges`;
}

function refuseRoles({ spec: { access } }: Request, entry: PolicyEntry, namespace: string): string | undefined {
  const missing = access.roles?.find((role) => !matchesAny(entry.roles, role, namespace));
  return missing === undefined ? undefined : `role ${JSON.stringify(missing)} of spec.access.roles is not among its roles`;
}

function refuseRoutines({ spec: { access } }: Request, entry: PolicyEntry): string | undefined {
  if (entry.routines === 'Allow') return undefined;
  if (access.routines === 'All') return 'it does not allow spec.access.routines All';
  return access.grants?.some(isForAllRoutines)
    ? 'it does not allow all routines, which spec.access.grants asks for: name functions there'
    : undefined;
}

/** EXECUTE on whatever comes reaches functions that run with their definers' rights, as access.routines All does. */
function isForAllRoutines({ objectType, names, privileges }: Grant): boolean {
  return privileges.includes('EXECUTE') && (objectType !== 'Function' || (names?.includes('*') ?? false));
}

function refuseUser({ spec, defaultUserName }: Request, entry: PolicyEntry, namespace: string): string | undefined {
  const name = spec.databaseUser?.name;
  const allowed =
    name === undefined || name === defaultUserName || entry.users?.some((pattern) => matchesPattern(pattern, name, namespace));
  return allowed ? undefined : `spec.databaseUser.name ${JSON.stringify(name)} is not among its users`;
}

function refuseAdoption({ spec }: Request, entry: PolicyEntry): string | undefined {
  const field = spec.databaseUser?.adopt ? 'spec.databaseUser.adopt' : spec.output?.adopt ? 'spec.output.adopt' : undefined;
  return field === undefined || entry.adoption === 'Allow' ? undefined : `it does not allow ${field}`;
}

function refuseRetain({ spec }: Request, entry: PolicyEntry): string | undefined {
  return spec.deletionPolicy !== 'Retain' || entry.retain === 'Allow' ? undefined : 'it does not allow spec.deletionPolicy Retain';
}
