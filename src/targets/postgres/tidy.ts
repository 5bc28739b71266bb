import { ConnectionError } from '../../api/connection-error.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Cancellable, EndingRequest, Tidied } from '../target.ts';
import { actFor } from './act-for.ts';
import { endSessionsOf } from './end-sessions.ts';
import { sqlState } from './errors.ts';
import { handBack } from './hand-back.ts';
import { leaveRoles } from './leave-roles.ts';
import { retiredName } from './names.ts';
import type { OwnerLogins } from './owner-logins.ts';
import { readDependencies, readOwnsHere } from './queries.ts';
import { handOver } from './retired-owner.ts';
import { inOwnDatabase, isOnlyThisDatabases, revokeAll, revokeIn } from './revoke-all.ts';
import { bears, type EndingRole, findRole, findShells } from './role.ts';
import type { PostgresServer } from './server.ts';
import type { Session } from './session.ts';
import { drop, dropOwned, rename, setMark } from './statements.ts';
import { requireUnchanged } from './still-ours.ts';

export interface TidyOptions extends Cancellable {
  readonly server: PostgresServer;
  /** Gives `work` a session in a database, one at a time. */
  readonly inDatabase: <T>(database: string, work: (session: Session) => Promise<T>) => Promise<T>;
  readonly ownerLogins: OwnerLogins;
  readonly logger: Pick<Logger, 'info' | 'warn'> | undefined;
}

/**
 * Drops an ended user that owns nothing; leaves of any other a locked, renamed shell without rights. Nothing is handed to anybody but the policy's retiredOwner: views, functions and indexes
 * of the user run with that one's rights then (threat-model A1, D3); and nothing that it owns is dropped (D4). May be repeated. Throws ConnectionError.
 */
export async function tidyUser(request: EndingRequest, options: TidyOptions): Promise<Tidied> {
  const { inDatabase, server, signal } = options;
  const role = await inDatabase('postgres', (session) => find(session, request, { signal }));
  if (!role) return { kind: 'gone' };
  if (!bears(role, request.mark, server)) return { kind: 'not-ours' };
  if (role.canLogin)
    throw new ConnectionError(
      'retry',
      'DatabaseError',
      `the database user ${role.name} was allowed to log in again meanwhile: its access must end first`,
    );
  if (role.mark?.origin === 'adopted') return await handBack(request, role, options);
  const memberOf = await inDatabase('postgres', async (session) => {
    await endSessionsOf(session, role, { signal });
    return await leaveRoles(session, role, { signal });
  });
  const { retiredOwner } = request;
  let places = await dependencies(role, options);
  const owned = places.filter(({ owns }) => owns);
  if (owned.length > 0) {
    const databases = owned.map(({ database }) => database);
    const why = retiredOwner && (await handOver({ ...request, userName: role.name }, { role, owner: retiredOwner, databases }, options));
    if (retiredOwner === undefined || why !== undefined) {
      const what = `it owns ${owned.map(describePlace).join(', ')}`;
      return await retire({ ...request, userName: role.name }, role, places, why === undefined ? what : `${what}, and ${why}`, options);
    }
    places = await dependencies(role, options);
  }
  if (memberOf !== undefined)
    return await retire(
      { ...request, userName: role.name },
      role,
      places,
      `it is a member of ${memberOf}, which can't be taken from it`,
      options,
    );
  const dropped = await dropUser({ ...request, userName: role.name }, role, places, options);
  return dropped.kind === 'gone' && owned.length > 0 && retiredOwner ? { ...dropped, handedTo: retiredOwner } : dropped;
}

interface Place {
  /** Null for what belongs to no database. */
  readonly database: string | null;
  readonly owns: boolean;
}

function describePlace({ database }: Place): string {
  return database === null ? 'a database' : `objects in database ${database}`;
}

/** The user, or what an earlier attempt made of it. */
async function find(session: Session, { userName, mark }: EndingRequest, { signal }: Cancellable): Promise<EndingRole | undefined> {
  const role = await findRole(session, userName, { signal });
  if (role) return role;
  const shells = await findShells(session, retiredName(mark.uid, 1), { signal });
  return shells.find((shell) => shell.mark?.uid === mark.uid);
}

async function dependencies(role: EndingRole, { inDatabase, signal }: TidyOptions): Promise<readonly Place[]> {
  return await inDatabase('postgres', (session) =>
    session.query<Place & Record<string, unknown>>(readDependencies, [role.oid], { signal }),
  );
}

async function dependsOn(session: Session, role: EndingRole, database: string, { signal }: Cancellable): Promise<boolean> {
  const places = await session.query<Place & Record<string, unknown>>(readDependencies, [role.oid], { signal });
  return places.some((place) => place.database === database || place.database === null);
}

async function dropUser(request: EndingRequest, role: EndingRole, places: readonly Place[], options: TidyOptions): Promise<Tidied> {
  const { inDatabase, server, ownerLogins, logger, signal } = options;
  const databases = places.flatMap(({ database }) => database ?? []);
  // rights on databases themselves are taken away from any database
  if (databases.length === 0 && places.length > 0) databases.push('postgres');
  for (const database of databases) {
    try {
      await inDatabase(database, async (session) => {
        await dropRights(session, database, request, role, { signal });
        // DROP OWNED leaves what other users of ours gave; for them we can act, but only by name
        if (await dependsOn(session, role, database, { signal }))
          await revokeAll(session, inOwnDatabase({ ...request, roleOid: role.oid }, database), {
            host: server.host,
            ownerLogins,
            logger,
            signal,
          });
      });
    } catch (error) {
      if (!isOnlyThisDatabases(error)) throw error;
      logger?.warn('rights of an ended user stay', { database, user: role.name, error });
    }
  }
  try {
    await inDatabase('postgres', async (session) => {
      await session.query(drop(role.name), [], { signal });
      // a login that was under way
      await endSessionsOf(session, role, { signal });
    });
    return { kind: 'gone' };
  } catch (error) {
    const code = sqlState(error);
    if (code === '42704') return { kind: 'gone' };
    if (code !== '2BP01' && code !== '42501') throw error;
    const left = (await dependencies(role, options)).map(({ database }) => (database === null ? 'a database' : `database ${database}`));
    const why = left.length === 0 ? 'the operator may not drop it' : `rights of it can't be taken away in ${left.join(', ')}`;
    return await retire(request, role, places, why, options);
  }
}

/** DROP OWNED also drops what the user owns, so that nothing must be there; nobody can make anything as the user any more. */
async function dropRights(
  session: Session,
  database: string,
  request: EndingRequest,
  role: EndingRole,
  { signal }: Cancellable,
): Promise<void> {
  await session.writing(
    async () => {
      await requireUnchanged(session, request, { user: 'there', database, signal });
      await actFor(
        session,
        role.name,
        async () => {
          const [row] = await session.query<{ owns: boolean }>(readOwnsHere, [role.oid], { signal });
          if (row?.owns !== false)
            throw new ConnectionError('retry', 'DatabaseError', `the database user ${role.name} was given something to own meanwhile`);
          await session.query(dropOwned(role.name), [], { signal });
        },
        { signal },
      );
    },
    { signal },
  );
}

/** Takes all rights away that can be, and locks the user up under another name, so that its own is free again. */
async function retire(
  request: EndingRequest,
  role: EndingRole,
  places: readonly Place[],
  why: string,
  options: TidyOptions,
): Promise<Tidied> {
  const { inDatabase, signal } = options;
  for (const database of new Set([request.database, ...places.flatMap((place) => place.database ?? [])]))
    await revokeIn(database, request, role, options);
  const userName = await inDatabase('postgres', (session) => lockUp(session, request, role, { signal }));
  return { kind: 'shell', userName, why };
}

async function lockUp(session: Session, request: EndingRequest, role: EndingRole, { signal }: Cancellable): Promise<string> {
  const { mark } = request;
  const prefix = retiredName(mark.uid, 1);
  const taken = (await findShells(session, prefix, { signal })).map(({ name }) => name);
  if (taken.includes(role.name)) return role.name;
  let attempt = 1;
  while (taken.includes(retiredName(mark.uid, attempt))) attempt += 1;
  const userName = retiredName(mark.uid, attempt);
  await session.writing(
    async () => {
      await requireUnchanged(session, request, { user: 'there', database: 'postgres', signal });
      await session.query(rename(role.name, userName), [], { signal });
      await session.query(setMark(userName, { ...mark, ...role.mark, state: 'released' }), [], { signal });
    },
    { signal },
  );
  return userName;
}
