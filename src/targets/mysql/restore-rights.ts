import { ConnectionError } from '../../api/connection-error.ts';
import { printable } from '../finding.ts';
import type { Cancellable, TargetRequest } from '../target.ts';
import type { UserNote } from '../user-notes.ts';
import type { ApplyUserOptions } from './apply-user.ts';
import { type Former, isToRestore, keptFor, keptIn, keptText } from './kept.ts';
import { isPassing } from './passing-errors.ts';
import { isInScope } from './plan-rights.ts';
import { readAllRights } from './read-rights.ts';
import { grantOption } from './securable.ts';
import type { Session } from './session.ts';
import { grant } from './statements.ts';
import type { KeptGrant } from './steps.ts';
import { changedMeanwhile, type OurUser } from './still-ours.ts';
import { writeMark } from './write-mark.ts';

/** A user that was made anew, and what it has lost with that. */
export interface Restored {
  readonly userName: string;
  readonly note: UserNote;
  readonly former: Former;
}

/**
 * Carries out what a plan says of rights that an interrupted pass kept: gives them back, or gives them up. Throws ConnectionError, also when some are lost: once, because those
 * aren't kept.
 */
export async function settleFormer(
  session: Session,
  kind: 'restore-rights' | 'forget-rights',
  { userName, database, mark: own }: TargetRequest,
  user: OurUser,
  options: ApplyUserOptions,
): Promise<void> {
  const { notes, server, signal } = options;
  const { note, account, mark } = user;
  const { former } = keptFor(own, note);
  if (!former) return;
  const boundTo = account.binding?.id;
  if (!note || boundTo === undefined || (kind === 'restore-rights') !== isToRestore(former, user)) throw changedMeanwhile(userName);
  const lost =
    kind === 'restore-rights'
      ? await restoreRights(session, { userName, note, former }, options)
      : former.begun
        ? missingOf(former.grants, await rightsElsewhere(session, userName, database, { signal }))
        : [];
  const change = await writeMark(session, { userName, mark, user, boundTo, former: undefined }, { signal });
  await notes.write(server.serverId, [change], { signal });
  announce(userName, lost, options);
}

/**
 * Gives rights back, and answers those that can't be given. Should it be cut off, the note holds what wasn't given yet, or tells that this isn't known.
 * Throws ConnectionError where the next try may succeed.
 */
export async function restoreRights(
  session: Session,
  { userName, note, former }: Restored,
  { notes, server, signal }: ApplyUserOptions,
): Promise<readonly KeptGrant[]> {
  const { from, grants } = former;
  const { isMark } = keptIn(note);
  const keep = async (rest: Former) =>
    await notes.write(server.serverId, [{ userName, note: { ...note, kept: keptText({ isMark, former: rest }) } }], { signal });
  if (grants.length > 0) await keep({ ...former, begun: true });
  const lost: KeptGrant[] = [];
  for (const [index, kept] of grants.entries()) {
    const { privileges, on, grantOption: couldPassOn } = kept;
    if (couldPassOn) lost.push({ ...kept, privileges: [grantOption] });
    try {
      if (privileges.length > 0) await session.query(grant(privileges, on, userName), { signal });
    } catch (error) {
      if (isPassing(error)) {
        if (!signal.aborted) await keep({ from, grants: grants.slice(index) });
        throw error;
      }
      lost.push(kept);
    }
  }
  return lost;
}

/** Says what a user has lost, in the log and to whom it may concern: once, because what can't be given back isn't kept. Throws ConnectionError where that is anything. */
export function announce(userName: string, lost: readonly KeptGrant[], { logger }: Pick<ApplyUserOptions, 'logger'>): void {
  if (lost.length === 0) return;
  const all = lost.map(({ privileges, on }) => `${privileges.join(', ')} on ${placeOf(on)}`);
  logger?.warn('a user was made anew for its identity and lost rights', { user: userName, rights: all.join('; ') });
  const more = all.length > 5 ? ` and ${all.length - 5} more` : '';
  throw new ConnectionError(
    'retry',
    'DatabaseError',
    printable(
      `the database user ${userName} was made anew for its identity and lost rights in other databases that the operator can't give back: ${all.slice(0, 5).join('; ')}${more}; have an administrator give them, if they are needed`,
    ),
  );
}

/** A user's rights outside of a database. Never writes. Throws ConnectionError. */
export async function rightsElsewhere(
  session: Session,
  userName: string,
  database: string,
  { signal }: Cancellable,
): Promise<readonly KeptGrant[]> {
  const { users } = await readAllRights(session, [userName], { databases: [database], named: [], signal });
  const elsewhere = users.get(userName)!.rights.filter(({ on }) => !isInScope(on, database, session.traits));
  return elsewhere.map(({ on, privileges, grantOption: couldPassOn }) => ({ on, privileges, grantOption: couldPassOn }));
}

/** Those of some rights that aren't among others. Pure. */
export function missingOf(wanted: readonly KeptGrant[], there: readonly KeptGrant[]): readonly KeptGrant[] {
  const having = new Map(there.map(({ on, privileges }) => [JSON.stringify(on), privileges]));
  return wanted.flatMap((kept) => {
    const privileges = kept.privileges.filter((privilege) => !having.get(JSON.stringify(kept.on))?.includes(privilege));
    return privileges.length === 0 ? [] : [{ ...kept, privileges }];
  });
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
