import { ConnectionError } from '../../api/connection-error.ts';
import { printable } from '../finding.ts';
import type { EndingRequest, Tidied } from '../target.ts';
import { definedBy, described } from './defined-objects.ts';
import { type EndingOptions, forget, leave, remark } from './end.ts';
import { endSessionsOf } from './end-sessions.ts';
import { errnoOf } from './errors.ts';
import { observeRights } from './observe-rights.ts';
import { planRights } from './plan-rights.ts';
import { nothing } from './profile.ts';
import { readAllRights } from './read-rights.ts';
import { sendEach } from './send-each.ts';
import type { Session } from './session.ts';
import { drop, revokeEverything, revokeProxy, revokeRole } from './statements.ts';
import { grantStatement } from './steps.ts';
import { findEnding, type OurUser } from './still-ours.ts';

/** The user is a definer, and DROP USER refuses that; or the user has a right that we would need too. */
const notDroppable = [1227, 4006];

/**
 * Drops an ended user; one that is the definer of something stays, locked and without rights, under its own name: under another name its code would come to run as whoever
 * gets this one (threat-model D13). May be repeated. Throws ConnectionError.
 */
export async function tidyUser(session: Session, request: EndingRequest, options: EndingOptions): Promise<Tidied> {
  const { userName, database } = request;
  const { signal } = options;
  const found = await findEnding(session, request, options);
  if (found.kind !== 'ours') return { kind: (await leave(session, request, found, options)) === 'absent' ? 'gone' : 'not-ours' };
  const { user } = found;
  const { otherHosts } = user;
  if (!user.account.isLocked)
    throw new ConnectionError(
      'retry',
      'DatabaseError',
      `the database user ${userName} was allowed to log in again meanwhile: its access must end first`,
    );
  if (user.mark.origin === 'adopted') return await handBack(session, request, user, options);
  await endSessionsOf(session, userName, { ...options, otherHosts });
  // not every server refuses to drop a definer
  const defined = await definedBy(session, userName, { database, signal });
  if (defined) return await retire(session, request, user, `it is the definer of ${described(defined)}`, options);
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
  await endSessionsOf(session, userName, { ...options, otherHosts });
  await forget(request, options);
  return { kind: 'gone' };
}

/** Takes all rights away, so that what the user is the definer of can do nothing any more. */
async function retire(session: Session, request: EndingRequest, user: OurUser, why: string, options: EndingOptions): Promise<Tidied> {
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
  // an event that began before goes on with what it had (sql-playbook 9.4)
  await endSessionsOf(session, userName, { ...options, otherHosts: user.otherHosts });
  if (user.mark.state !== 'released') await remark(session, userName, user, { ...user.mark, state: 'released' }, options);
  return { kind: 'shell', userName, why: printable(hasSome ? `${why}; some of its rights the operator may not take away` : why) };
}

/**
 * Leaves a user that was there before the connection locked under its own name, without rights in the connection's database. What it has elsewhere was never ours
 * (threat-model A5); its mark says that nobody looks after it any more.
 */
async function handBack(session: Session, request: EndingRequest, user: OurUser, options: EndingOptions): Promise<Tidied> {
  const { userName, database } = request;
  const handed: Tidied = { kind: 'shell', userName, why: 'it was there before the connection' };
  if (user.mark.state === 'released') return handed;
  // rights outlive a database, and open the next one of its name
  const [found] = await observeRights(session, [{ database, userName, promised: nothing, evenIfGone: true }], options);
  const steps = found ? planRights(nothing, found).steps : [];
  await sendEach(
    session,
    userName,
    steps.map((step) => grantStatement(step)),
    options,
  );
  await endSessionsOf(session, userName, { ...options, otherHosts: user.otherHosts });
  await remark(session, userName, user, { ...user.mark, state: 'released' }, options);
  return handed;
}
