import { ConnectionError } from '../../api/connection-error.ts';
import { parseMark } from '../mark.ts';
import type { Cancellable, TargetRequest } from '../target.ts';
import { isReservedRoleName } from './names.ts';
import { readUser } from './queries.ts';
import type { PostgresServer } from './server.ts';
import type { Session } from './session.ts';
import type { Binding, PostgresRole, PostgresUser } from './user.ts';

type UserRequest = Pick<TargetRequest, 'userName' | 'identity' | 'knownTriggers'>;

interface UserRow {
  readonly serverIdentifier: string;
  readonly role: (PostgresRole & { readonly comment: string | null }) | null;
  readonly principal: Readonly<Record<string, unknown>> | null;
  readonly settings: readonly (string | null)[] | null;
  readonly eventTriggers: readonly string[] | null;
}

/** Looks at a user through a session in database `postgres`. Never writes. */
export async function observeUser(
  session: Session,
  request: UserRequest,
  server: PostgresServer,
  { signal }: Cancellable,
): Promise<PostgresUser> {
  const [row] = await session.reading(() => session.query<UserRow>(readUser, [request.userName, request.knownTriggers], { signal }), {
    signal,
  });
  if (!row) throw new ConnectionError('retry', 'InternalError', 'the look at the user returned nothing');
  const binding = bindingOf(row.principal);
  return {
    serverIdentifier: row.serverIdentifier,
    mark: parseMark(row.role?.comment),
    boundElsewhere: binding !== undefined && binding.objectId !== request.identity.principalId.toLowerCase(),
    role: row.role ?? undefined,
    binding,
    settingsIn: row.settings ?? [],
    eventTriggers: row.eventTriggers ?? [],
    isReserved: isReserved(request.userName, row.role?.superuser ?? false, server),
  };
}

/** Whether a role is none that we may ever change, whatever its comment says. */
export function isReserved(name: string, isSuperuser: boolean, server: PostgresServer): boolean {
  return isSuperuser || isReservedRoleName(name) || name === server.login || server.administratorNames.includes(name);
}

/** Servers call the id objectid (documented as such too) and tell yes and no as numbers. */
function bindingOf(principal: Readonly<Record<string, unknown>> | null): Binding | undefined {
  const objectId = principal?.['objectid'] ?? principal?.['objectId'];
  if (typeof objectId !== 'string' || objectId === '') return undefined;
  return {
    objectId: objectId.toLowerCase(),
    principalType: String(principal?.['principaltype'] ?? principal?.['principalType']),
    isAdmin: [true, 1, '1', 't', 'true'].includes((principal?.['isadmin'] ?? principal?.['isAdmin']) as string),
  };
}
