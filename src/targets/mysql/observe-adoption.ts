import type { Cancellable } from '../target.ts';
import { coversDatabase } from './databases.ts';
import { observeRoles } from './observe-roles.ts';
import { whyNeverGiven } from './plan-memberships.ts';
import { readAllRights } from './read-rights.ts';
import type { RightsOn } from './rights.ts';
import type { MysqlServer } from './server.ts';
import type { Session } from './session.ts';
import type { Adoption } from './user.ts';

const systemDatabases = ['mysql', 'sys', 'performance_schema'];

/** What decides whether a user may be taken over. Never writes. Throws ConnectionError. */
export async function observeAdoption(
  session: Session,
  userName: string,
  { server, signal }: Cancellable & { readonly server: MysqlServer },
): Promise<Adoption> {
  const { users } = await readAllRights(session, [userName], { databases: systemDatabases, named: [], signal });
  const { rights, proxied, memberships } = users.get(userName)!;
  const names = memberships.map(({ role }) => role.name);
  const roles = await observeRoles(session, names, server, { signal });
  const isWide = ({ on, grantOption }: RightsOn) => grantOption || on.kind === 'server' || isOnSystem(on, session);
  if (rights.some(isWide)) return { privilege: 'has a right on all databases or on a system database, or may pass rights on' };
  if (proxied.length > 0) return { privilege: 'may act as another user' };
  const isPrivileged = memberships.some(({ canPassOn }) => canPassOn) || roles.some((role) => whyNeverGiven(role) !== undefined);
  return { privilege: isPrivileged ? 'has a privileged role' : undefined };
}

function isOnSystem(on: RightsOn['on'], { traits }: Session): boolean {
  if (on.kind === 'server') return true;
  return systemDatabases.some((database) =>
    on.kind === 'database' ? coversDatabase(on.pattern, database, traits) : on.database.toLowerCase() === database,
  );
}
