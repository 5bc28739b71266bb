import { ConnectionError } from '../../api/connection-error.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { EndingRequest, Tidied } from '../target.ts';
import { definedBy, described } from './defined-objects.ts';
import { forget, remark } from './end.ts';
import { endSessionsOf } from './end-sessions.ts';
import { errnoOf } from './errors.ts';
import { observeRights } from './observe-rights.ts';
import type { UsersPlace } from './observe-users.ts';
import { planRights } from './plan-rights.ts';
import { nothing } from './profile.ts';
import { readAllRights } from './read-rights.ts';
import type { Session } from './session.ts';
import type { Sql } from './sql.ts';
import { drop, revokeEverything, revokeProxy, revokeRole } from './statements.ts';
import { grantStatement } from './steps.ts';
import { findEnding, type OurUser } from './still-ours.ts';

export interface TidyOptions extends UsersPlace {
  readonly logger: Pick<Logger, 'info' | 'warn'> | undefined;
}

/** The user is a definer, and DROP USER refuses that; or the user has a right that we would need too. */
const notDroppable = [1227, 4006];

/**
 * Drops an ended user; one that is the definer of something stays, locked and without rights, under its own name: under another name its code would come to run as whoever
 * gets this one (threat-model D13). May be repeated. Throws ConnectionError.
 */
export async function tidyUser(session: Session, request: EndingRequest, options: TidyOptions): Promise<Tidied> {
  const { userName } = request;
  const { signal } = options;
  const found = await findEnding(session, request, options);
  if (found.kind === 'not-ours') return { kind: 'not-ours' };
  if (found.kind === 'absent') {
    await forget(found.user, request, options);
    return { kind: 'gone' };
  }
  const { user } = found;
  if (!user.account.isLocked)
    throw new ConnectionError(
      'retry',
      'DatabaseError',
      `the database user ${userName} was allowed to log in again meanwhile: its access must end first`,
    );
  if (user.mark.origin === 'adopted') return await handBack(session, request, user, options);
  await endSessionsOf(session, userName, { signal });
  // not every server refuses to drop a definer
  const defined = await definedBy(session, userName, { signal });
  if (defined.named.length > 0) return await retire(session, request, user, `it is the definer of ${described(defined)}`, options);
  try {
    await session.query(drop(userName), { signal });
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined || (errno !== 1396 && !notDroppable.includes(errno))) throw error;
    if (errno !== 1396) {
      const why = errno === 1227 ? 'the operator may not drop it' : 'it is the definer of something that the operator may not see';
      return await retire(session, request, user, why, options);
    }
  }
  // a login that was under way
  await endSessionsOf(session, userName, { signal });
  await forget(user, request, options);
  return { kind: 'gone' };
}

/** Takes all rights away, so that what the user is the definer of can do nothing any more. */
async function retire(session: Session, request: EndingRequest, user: OurUser, why: string, options: TidyOptions): Promise<Tidied> {
  const { userName, database } = request;
  const { signal } = options;
  const { users } = await readAllRights(session, [userName], { databases: [database], named: [], signal });
  const { memberships, proxied } = users.get(userName)!;
  const statements = [
    revokeEverything(userName),
    ...memberships.map(({ role }) => revokeRole(role, userName)),
    ...proxied.map((account) => revokeProxy(account, userName)),
  ];
  const hasSome = (await sendEach(session, userName, statements, options)) > 0;
  if (user.mark.state !== 'released') await remark(session, userName, user, { ...user.mark, state: 'released' }, options);
  return { kind: 'shell', userName, why: hasSome ? `${why}; some of its rights the operator may not take away` : why };
}

/**
 * Leaves a user that was there before the connection locked under its own name, without rights in the connection's database. What it has elsewhere was never ours
 * (threat-model A5); its mark says that nobody looks after it any more.
 */
async function handBack(session: Session, request: EndingRequest, user: OurUser, options: TidyOptions): Promise<Tidied> {
  const { userName, database } = request;
  const handed: Tidied = { kind: 'shell', userName, why: 'it was there before the connection' };
  if (user.mark.state === 'released') return handed;
  const [found] = await observeRights(session, [{ database, userName, promised: nothing }], options);
  const steps = found ? planRights(nothing, found).steps : [];
  await sendEach(
    session,
    userName,
    steps.map((step) => grantStatement(step)),
    options,
  );
  await remark(session, userName, user, { ...user.mark, state: 'released' }, options);
  return handed;
}

const goneAlready = [1141, 1147, 1403, 1962];
/** Not for us to take: trying again helps nobody. */
const notOurs = [1044, 1045, 1142, 1143, 1227, 1370, 1698];

/**
 * One that we may not send keeps back no other; answers how many those are. Everything else is thrown: what a locked user with rights is the definer of would go on.
 */
async function sendEach(session: Session, userName: string, statements: readonly Sql[], { logger, signal }: TidyOptions): Promise<number> {
  let refused = 0;
  for (const statement of statements) {
    try {
      await session.query(statement, { signal });
    } catch (error) {
      const errno = errnoOf(error) ?? 0;
      if (goneAlready.includes(errno)) continue;
      if (!notOurs.includes(errno)) throw error;
      refused += 1;
      logger?.warn('a right of an ended user stays', { user: userName, statement, error });
    }
  }
  return refused;
}
