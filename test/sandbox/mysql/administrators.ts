import { escape as literal } from 'mysql2';
import type { Administrator, Server } from '../azure/world.ts';
import { administratorGrant } from './azure-shape.ts';
import type { Backend } from './backend.ts';

const types: Readonly<Record<Administrator['principalType'], string>> = {
  ServicePrincipal: 'AADSP',
  Unknown: 'AADSP',
  User: 'AADUser',
  Group: 'AADGroup',
};

/**
 * Makes the users of the engine agree with the Entra administrators that ARM knows, of which Azure's MySQL has at most one. Rejects with the engine's own error where a user
 * can't be made, 1396 where the name is taken. May be repeated.
 */
export async function syncAdministrators(server: Pick<Server, 'administrators'>, backend: Backend): Promise<void> {
  const known = await backend.query<{ name: string; binding: string }>(
    `SELECT DISTINCT v.User AS name, b.binding FROM mysql.sandbox_user v JOIN mysql.sandbox_binding b ON b.binding = v.authentication_string AND b.administrator
     WHERE v.plugin = 'aad_auth'`,
  );
  const wanted = new Map(server.administrators.map((each) => [bindingOf(each), each]));
  for (const { name, binding } of known) if (!wanted.has(binding)) await backend.query(`DROP USER ${literal(name)}@'%'`);
  const present = new Set(known.map(({ binding }) => binding));
  for (const [binding, { principalName }] of wanted) {
    if (present.has(binding)) continue;
    const identified = await backend.identifiedAs(binding, { isAdministrator: true });
    await backend.query(`CREATE USER ${literal(principalName)}@'%' ${identified}`);
    await backend.query(administratorGrant(principalName, backend.engine));
  }
}

function bindingOf({ objectId, principalName, principalType }: Administrator): string {
  return `${types[principalType]}:${objectId.toLowerCase()}:upn:${principalName}`;
}
