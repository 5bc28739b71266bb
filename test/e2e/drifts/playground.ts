import { applyPolicy, asSuperuser, deletePolicy, everyPolicy, identityId, sandbox, server, serverId } from '../support.ts';

/** The database of the connections that are tampered with. */
export const database = 'tampered';
/** A role that the operator may make others members of. */
export const team = 'drift_team';

/** What stands there before, owned by somebody for whom the operator may act. */
const objects: readonly string[] = [
  `REVOKE ALL ON DATABASE ${database} FROM PUBLIC`,
  'CREATE SCHEMA closed AUTHORIZATION azure_pg_admin',
  'CREATE TABLE public.things (id int); ALTER TABLE public.things OWNER TO azure_pg_admin',
  'CREATE TABLE closed.papers (id int); ALTER TABLE closed.papers OWNER TO azure_pg_admin',
  'CREATE SEQUENCE public.tickets; ALTER SEQUENCE public.tickets OWNER TO azure_pg_admin',
  'CREATE FUNCTION public.draw() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; ALTER FUNCTION public.draw() OWNER TO azure_pg_admin',
  `CREATE ROLE ${team}; GRANT ${team} TO "passwordless-operator" WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`,
];

/** Makes the database, and the policies for what the tests ask for. */
export async function makePlayground(): Promise<void> {
  await sandbox();
  await everyPolicy();
  await applyPolicy('drift', {
    namespaces: { selector: { matchLabels: { 'e2e.example/served': 'true' } } },
    identities: { userAssigned: [identityId('*')] },
    targets: [{ servers: [serverId], databases: [database], profiles: ['ReadWrite'], schemas: ['*'], roles: [team] }],
  });
  await (await server()).backend.createDatabase(database, 'azure_pg_admin');
  await asSuperuser(database, objects.join(';'));
}

/** Takes it all away again; no connection may be left. */
export async function dropPlayground(): Promise<void> {
  await asSuperuser('postgres', `DROP DATABASE ${database} WITH (FORCE)`);
  await asSuperuser('postgres', `DROP ROLE ${team}`);
  await deletePolicy('drift');
}
