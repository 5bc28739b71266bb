import { coversDatabase } from './databases.ts';
import { type EndSessionsOptions, endSessionsOf } from './end-sessions.ts';
import { readEventDatabases } from './queries.ts';
import { readAllRights } from './read-rights.ts';
import type { RightsOn } from './rights.ts';
import { type SendEachOptions, sendEach } from './send-each.ts';
import type { Session } from './session.ts';
import { forbidLogin, revoke, setDefaultRoles } from './statements.ts';

export interface ShutOutOptions extends EndSessionsOptions, SendEachOptions {
  readonly isLocked: boolean;
}

/**
 * Lets nothing of a user go on that goes on by itself: its login, its sessions, and its events, which a locked user's rights would still carry. What else it has stays.
 * Throws ConnectionError.
 */
export async function shutOut(session: Session, userName: string, options: ShutOutOptions): Promise<void> {
  const { isLocked, signal } = options;
  try {
    await stopEvents(session, userName, options);
  } finally {
    if (!isLocked) await session.query(forbidLogin(userName), { signal });
    await endSessionsOf(session, userName, options);
  }
  // one that a session made meanwhile
  if (await stopEvents(session, userName, options)) await endSessionsOf(session, userName, options);
}

/**
 * Takes the right to run events where the user has any, without which the server runs none (https://dev.mysql.com/doc/refman/8.0/en/events-privileges.html), and the roles
 * that it may come from. What is promised comes back with the connection; other databases' is lost, because nobody could tell whether it was taken back meanwhile. Answers
 * whether something was taken.
 */
async function stopEvents(session: Session, userName: string, options: ShutOutOptions): Promise<boolean> {
  const { logger, signal } = options;
  const places = await session.query<{ readonly name: string }>(readEventDatabases(userName), { signal });
  if (places.length === 0) return false;
  const { users } = await readAllRights(session, [userName], { databases: places.map(({ name }) => name), named: [], signal });
  const { rights, defaultRoles } = users.get(userName)!;
  const runsEvents = ({ on, privileges }: RightsOn) =>
    privileges.includes('EVENT') &&
    (on.kind === 'server' || (on.kind === 'database' && places.some(({ name }) => coversDatabase(on.pattern, name, session.traits))));
  const statements = [
    ...rights.filter(runsEvents).map(({ on }) => revoke(['EVENT'], on, userName)),
    ...(defaultRoles.length > 0 ? [setDefaultRoles([], userName)] : []),
  ];
  if (statements.length === 0) return false;
  logger?.warn("an ended user's events run no more", { user: userName, statements });
  return (await sendEach(session, userName, statements, options)) < statements.length;
}
