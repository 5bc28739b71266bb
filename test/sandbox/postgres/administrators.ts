import { escapeIdentifier, escapeLiteral } from 'pg';
import type { Administrator, Server } from '../azure/world.ts';
import type { Backend } from './backend.ts';
import { labelCall } from './pgaadauth.ts';

const types: Readonly<Record<Administrator['principalType'], string>> = {
  ServicePrincipal: 'service',
  Unknown: 'service',
  User: 'user',
  Group: 'group',
};

/**
 * Makes the roles of the engine agree with the Entra administrators that ARM knows. Rejects with PostgreSQL's own error where a role can't be made,
 * with code 42710 where the name is taken, which ARM reports as AadAuthPrincipalCreationFailed. May be repeated.
 */
export async function syncAdministrators(server: Pick<Server, 'administrators'>, backend: Backend): Promise<void> {
  const known = await backend.query<{ objectId: string; role: string }>(
    'postgres',
    'SELECT a.object_id AS "objectId", r.rolname AS role FROM sandbox.administrators a JOIN pg_roles r ON r.oid = a.role',
  );
  const wanted = new Map(server.administrators.map((each) => [each.objectId.toLowerCase(), each]));
  for (const { objectId, role } of known) if (!wanted.has(objectId)) await remove(backend, objectId, role);
  const present = new Set(known.map(({ objectId }) => objectId));
  for (const [objectId, each] of wanted) if (!present.has(objectId)) await add(backend, objectId, each);
}

/** All or nothing: statements sent as one message are one transaction. */
async function add(backend: Backend, objectId: string, { principalName, principalType }: Administrator): Promise<void> {
  const [role, name] = [escapeIdentifier(principalName), escapeLiteral(principalName)];
  const label = `aadauth,oid=${objectId},type=${types[principalType]},admin`;
  await backend.query(
    'postgres',
    `CREATE ROLE ${role} LOGIN CREATEROLE CREATEDB;
     GRANT azure_pg_admin TO ${role};
     SELECT ${labelCall(name, escapeLiteral(label))};
     DELETE FROM sandbox.administrators WHERE object_id = ${escapeLiteral(objectId)};
     INSERT INTO sandbox.administrators SELECT ${escapeLiteral(objectId)}, oid FROM pg_roles WHERE rolname = ${name}`,
  );
}

/** Drops the role, or, where something depends on it, leaves it without its label, membership and attributes. */
async function remove(backend: Backend, objectId: string, name: string): Promise<void> {
  const role = escapeIdentifier(name);
  const forget = `DELETE FROM sandbox.administrators WHERE object_id = ${escapeLiteral(objectId)}`;
  try {
    await backend.query('postgres', `DROP ROLE ${role}; ${forget}`);
  } catch (error) {
    if ((error as { code?: string }).code !== '2BP01') throw error;
    await backend.query(
      'postgres',
      `SELECT ${labelCall(escapeLiteral(name), 'NULL')};
       REVOKE azure_pg_admin FROM ${role};
       ALTER ROLE ${role} NOLOGIN NOCREATEROLE NOCREATEDB;
       ${forget}`,
    );
  }
}
