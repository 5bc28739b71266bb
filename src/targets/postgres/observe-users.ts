import { ConnectionError } from '../../api/connection-error.ts';
import { parseMark } from '../mark.ts';
import type { Cancellable, TargetRequest } from '../target.ts';
import { knownToAll, unknownTriggers } from './event-triggers.ts';
import { isReservedRoleName } from './names.ts';
import { readPasswords, readUsers } from './queries.ts';
import type { PostgresServer } from './server.ts';
import type { Session } from './session.ts';
import type { Binding, PostgresRole, PostgresUser } from './user.ts';

type UserRequest = Pick<TargetRequest, 'userName' | 'identity' | 'knownTriggers'>;

interface UserRow {
  readonly kind: 'server' | 'role' | 'principal' | 'setting' | 'trigger';
  readonly entry: Readonly<Record<string, unknown>>;
}

type RoleEntry = Omit<PostgresRole, 'hasPassword'> & { readonly name: string; readonly comment: string | null };

/** Looks at several users at once through a session in database `postgres`, and answers in the order in which they were asked for. Never writes. */
export async function observeUsers(
  session: Session,
  requests: readonly UserRequest[],
  server: PostgresServer,
  { signal }: Cancellable,
): Promise<readonly PostgresUser[]> {
  const names = [...new Set(requests.map(({ userName }) => userName))];
  const { rows, withPassword } = await session.reading(
    async () => {
      const rows = await session.query<UserRow & Record<string, unknown>>(readUsers, [names, knownToAll(requests)], { signal });
      const mayReadPasswords = entriesOf(rows, 'server')[0]?.['mayReadPasswords'] === true;
      const found = mayReadPasswords ? await session.query<{ name: string }>(readPasswords, [names], { signal }) : [];
      return { rows, withPassword: new Set(found.map(({ name }) => name)) };
    },
    { signal },
  );
  const serverIdentifier = entriesOf(rows, 'server')[0]?.['serverIdentifier'];
  if (typeof serverIdentifier !== 'string') throw new ConnectionError('retry', 'InternalError', 'the look at the users returned nothing');
  const roles = new Map((entriesOf(rows, 'role') as unknown as RoleEntry[]).map((entry) => [entry.name, entry]));
  const bindings = new Map(entriesOf(rows, 'principal').map((entry) => [String(entry['rolname'] ?? entry['rolename']), bindingOf(entry)]));
  const settings = Map.groupBy(entriesOf(rows, 'setting'), ({ name }) => String(name));
  const triggers = entriesOf(rows, 'trigger').map(({ name }) => String(name));
  return requests.map(({ userName, identity, knownTriggers }): PostgresUser => {
    const { comment, name: _, ...role } = roles.get(userName) ?? {};
    const binding = bindings.get(userName);
    return {
      serverIdentifier,
      mark: parseMark(comment),
      boundElsewhere: binding !== undefined && binding.objectId !== identity.principalId.toLowerCase(),
      role: roles.has(userName) ? ({ ...role, hasPassword: withPassword.has(userName) } as PostgresRole) : undefined,
      binding,
      settingsIn: (settings.get(userName) ?? []).map(({ database }) => (typeof database === 'string' ? database : null)),
      eventTriggers: unknownTriggers(triggers, knownTriggers),
      isReserved: isReserved(userName, roles.get(userName)?.superuser ?? false, server),
    };
  });
}

function entriesOf(rows: readonly UserRow[], kind: UserRow['kind']): readonly UserRow['entry'][] {
  return rows.filter((row) => row.kind === kind).map(({ entry }) => entry);
}

/** Whether a role is none that we may ever change, whatever its comment says. */
export function isReserved(name: string, isSuperuser: boolean, server: PostgresServer): boolean {
  return isSuperuser || isReservedRoleName(name) || name === server.login || server.administratorNames.includes(name);
}

/** Servers call the id objectid (documented as such too) and tell yes and no as numbers. */
export function bindingOf(principal: Readonly<Record<string, unknown>>): Binding | undefined {
  const objectId = principal['objectid'] ?? principal['objectId'];
  if (typeof objectId !== 'string' || objectId === '') return undefined;
  return {
    objectId: objectId.toLowerCase(),
    principalType: String(principal['principaltype'] ?? principal['principalType']),
    isAdmin: [true, 1, '1', 't', 'true'].includes((principal['isadmin'] ?? principal['isAdmin']) as string),
  };
}
