import { ConnectionError } from '../../api/connection-error.ts';
import type { TargetRequest } from '../target.ts';
import type { ApplyUserOptions } from './apply-user.ts';
import { parseClientId } from './client-id.ts';
import { definedBy, described } from './defined-objects.ts';
import { endSessionsOf } from './end-sessions.ts';
import { type Former, keptIn, keptText } from './kept.ts';
import { isPassing } from './passing-errors.ts';
import { isInScope } from './plan-rights.ts';
import { readAllRights } from './read-rights.ts';
import { grantOption } from './securable.ts';
import type { Session } from './session.ts';
import { createUser, drop, forbidLogin, grant, trustIds } from './statements.ts';
import type { KeptGrant, UserStep } from './steps.ts';
import type { OurUser } from './still-ours.ts';
import { writeMark } from './write-mark.ts';

/** Characters of a note: all notes of a server share one object of a MiB. */
const maximumKept = 64 * 1024;

/**
 * Makes a user anew for another identity. Nobody gets in before the sessions of whoever was bound before have ended. What it has in other databases stands in its note until
 * it is given back, so that a crash between loses nothing; what it has in this one is promised, and given by the grants stage of the same pass. Throws ConnectionError.
 */
export async function rebindUser(
  session: Session,
  step: Extract<UserStep, { readonly kind: 'rebind' }>,
  { database }: TargetRequest,
  user: OurUser,
  options: ApplyUserOptions,
): Promise<void> {
  const { notes, server, signal } = options;
  const { userName, mark } = step;
  const to = parseClientId(step.to);
  const { isMark, former: earlier } = keptIn(user.note);
  const grants = await rightsElsewhere(session, userName, database, options);
  const former: Former = { from: user.account.binding?.id ?? earlier?.from, grants: together(earlier?.grants ?? [], grants) };
  const note = { mark, boundTo: to, kept: keptText({ isMark, former }) };
  if (note.kept.length > maximumKept) throw tooMuchToKeep(userName);
  if (!user.account.isLocked) await session.query(forbidLogin(userName), { signal });
  await endSessionsOf(session, userName, { signal });
  await requireNothingDefined(session, userName, options);
  await notes.write(server.serverId, [{ userName, note }], { signal });
  await session.query(drop(userName), { signal });
  await session.query(trustIds, { signal });
  await session.query(createUser(userName, to), { signal });
  const lost = await restoreRights(session, userName, former.grants, options);
  const last = await writeMark(session, { userName, mark, user: { note }, boundTo: to, former: undefined }, { signal });
  await notes.write(server.serverId, [last], { signal });
  if (lost.length > 0) throw lostRights(userName, lost);
}

/** Gives rights back, and answers those that can't be given. Throws ConnectionError where the next try may succeed. */
export async function restoreRights(
  session: Session,
  userName: string,
  grants: readonly KeptGrant[],
  { logger, signal }: ApplyUserOptions,
): Promise<readonly KeptGrant[]> {
  const lost: KeptGrant[] = [];
  for (const kept of grants) {
    const { privileges, on, grantOption: couldPassOn } = kept;
    if (couldPassOn) lost.push({ ...kept, privileges: [grantOption] });
    try {
      if (privileges.length > 0) await session.query(grant(privileges, on, userName), { signal });
    } catch (error) {
      if (isPassing(error)) throw error;
      logger?.warn('a right that a user had is lost', { user: userName, privileges: privileges.join(', '), error });
      lost.push(kept);
    }
  }
  return lost;
}

/** Says what a user has lost: once, because what can't be given back isn't kept. Pure. */
export function lostRights(userName: string, lost: readonly KeptGrant[]): ConnectionError {
  const named = lost.slice(0, 5).map(({ privileges, on }) => `${privileges.join(', ')} on ${placeOf(on)}`);
  const more = lost.length > 5 ? ` and ${lost.length - 5} more` : '';
  return new ConnectionError(
    'retry',
    'DatabaseError',
    `the database user ${userName} was made anew for its identity and lost rights in other databases that the operator can't give back: ${named.join('; ')}${more}; have an administrator give them, if they are needed`,
  );
}

function placeOf(on: KeptGrant['on']): string {
  switch (on.kind) {
    case 'server':
      return 'everything';
    case 'database':
      return on.pattern;
    case 'column':
      return `column ${on.name} of ${on.database}.${on.table}`;
    case 'table':
    case 'routine':
      return `${on.database}.${on.name}`;
    default:
      return on satisfies never;
  }
}

async function rightsElsewhere(
  session: Session,
  userName: string,
  database: string,
  { signal }: ApplyUserOptions,
): Promise<readonly KeptGrant[]> {
  const { users } = await readAllRights(session, [userName], { databases: [database], named: [], signal });
  const elsewhere = users.get(userName)!.rights.filter(({ on }) => !isInScope(on, database, session.traits));
  return elsewhere.map(({ on, privileges, grantOption: couldPassOn }) => ({ on, privileges, grantOption: couldPassOn }));
}

/** An interrupted attempt kept the same, as far as the user still had it. */
function together(...lists: readonly (readonly KeptGrant[])[]): readonly KeptGrant[] {
  return [...new Map(lists.flat().map((kept) => [JSON.stringify(kept), kept])).values()];
}

function tooMuchToKeep(userName: string): ConnectionError {
  return new ConnectionError(
    'stalled',
    'TooManyObjects',
    `the database user ${userName} must be made anew for its identity, but has more rights in other databases than can be kept meanwhile: have those taken from it that it doesn't need`,
  );
}

/** Looked for again, because not every server refuses to drop a definer. */
async function requireNothingDefined(session: Session, userName: string, { signal }: ApplyUserOptions): Promise<void> {
  const defined = await definedBy(session, userName, { signal });
  if (defined.named.length === 0) return;
  throw new ConnectionError(
    'waiting',
    'DefinerObjects',
    `the database user ${userName} has become the definer of ${described(defined)}, so it can't be dropped and made anew for its identity`,
  );
}
