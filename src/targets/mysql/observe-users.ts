import type { Clock } from '../../runtime/clock.ts';
import { type Mark, parseMark } from '../mark.ts';
import type { Cancellable, TargetRequest } from '../target.ts';
import type { UserNote, UserNotes } from '../user-notes.ts';
import { bindingOf, isBoundTo } from './binding.ts';
import { type DefinedObjects, definedBy, definersAmong } from './defined-objects.ts';
import { keptIn } from './kept.ts';
import { isReservedUserName } from './names.ts';
import { type AccountRow, readAccounts } from './queries.ts';
import { administratorNamesOf, type MysqlServer } from './server.ts';
import type { Session } from './session.ts';
import type { Account, MysqlUser } from './user.ts';

/** What a look at users needs besides the session. */
export interface UsersPlace extends Cancellable {
  readonly server: MysqlServer;
  readonly notes: UserNotes;
  readonly clock: Clock;
}

/** Looks at several users at once, and answers in the order in which they were asked for. Never writes. Throws ConnectionError. */
export async function observeUsers(
  session: Session,
  requests: readonly Pick<TargetRequest, 'userName' | 'database' | 'identity'>[],
  place: UsersPlace,
): Promise<readonly MysqlUser[]> {
  const found = await findUsers(
    session,
    requests.map(({ userName }) => userName),
    place,
  );
  // what somebody of that name left behind would run with the rights of whoever gets the name
  const absent = [...found].flatMap(([userName, { account }]) => (account ? [] : [userName]));
  const definers = await definersAmong(session, absent, place);
  const orphaned = new Map<object, DefinedObjects | undefined>();
  for (const request of requests) {
    const { userName, database } = request;
    if (definers.has(userName)) orphaned.set(request, await definedBy(session, userName, { ...place, database }));
  }
  return requests.map((request) => {
    const { userName, identity } = request;
    const user = found.get(userName)!;
    const { account } = user;
    const defined = orphaned.get(request);
    const boundElsewhere = account !== undefined && !isBoundTo(account.binding, identity.clientId);
    return { ...user, boundElsewhere, ...(defined && { defined }) };
  });
}

/** A user as it is, whoever asks. */
export type FoundUser = Omit<MysqlUser, 'boundElsewhere' | 'defined' | 'hasSessions' | 'rights' | 'adoption'>;

/** Finds each of the names, also those that nobody has. */
export async function findUsers(
  session: Session,
  userNames: readonly string[],
  { server, notes, signal }: UsersPlace,
): Promise<ReadonlyMap<string, FoundUser>> {
  const names = [...new Set(userNames)];
  if (names.length === 0) return new Map();
  const noted = await notes.read(server.serverId, { signal });
  const rows = Map.groupBy(await session.query<AccountRow>(readAccounts(names), { signal }), ({ userName }) => userName);
  return new Map(names.map((name) => [name, userOf(name, rows.get(name) ?? [], noted.get(name), session, server)]));
}

function userOf(
  userName: string,
  rows: readonly AccountRow[],
  noted: UserNote | undefined,
  { traits }: Session,
  server: MysqlServer,
): FoundUser {
  const row = rows.find(({ host }) => host === '%');
  const account = row && accountOf(row);
  const note = noted && (account === undefined || isNoteOf(noted, account)) ? noted : undefined;
  return {
    serverIdentifier: traits.serverIdentifier,
    mark: markOf(account, note),
    account,
    note,
    otherHosts: rows.flatMap(({ host }) => (host === '%' ? [] : [host])),
    isReserved: isReserved(userName, server),
  };
}

function accountOf({ plugin, binding, isLocked, mark }: AccountRow): Account {
  return { isLocked: isLocked === 'Y', binding: plugin === 'aad_auth' ? bindingOf(binding ?? '') : undefined, attribute: mark };
}

/** The account's own mark comes before one beside the server: only who may make users can write it. */
function markOf(account: Account | undefined, note: UserNote | undefined): Mark | undefined {
  return account && (parseMark(account.attribute) ?? note?.mark);
}

/** A note is about the user that it was written for, bound as it was then or as it was to be: never about somebody else's of that name. */
function isNoteOf(note: UserNote, { binding }: Account): boolean {
  return isBoundTo(binding, note.boundTo) || (binding !== undefined && keptIn(note).former?.from === binding.id);
}

/** Whether an account is none that we may ever change, whatever its mark says. Pure. */
export function isReserved(userName: string, server: MysqlServer): boolean {
  return isReservedUserName(userName) || administratorNamesOf(server).includes(userName);
}
