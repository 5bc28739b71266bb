import { ConnectionError } from '../../api/connection-error.ts';
import { printable } from '../finding.ts';
import type { TargetRequest } from '../target.ts';
import type { ApplyUserOptions } from './apply-user.ts';
import { parseClientId } from './client-id.ts';
import { type DefinedOptions, definedBy, described } from './defined-objects.ts';
import { endSessionsOf } from './end-sessions.ts';
import { type Former, keptFor, keptText } from './kept.ts';
import { announce, missingOf, restoreRights, rightsElsewhere } from './restore-rights.ts';
import type { Session } from './session.ts';
import { createUser, drop, forbidLogin, trustIds } from './statements.ts';
import type { KeptGrant, UserStep } from './steps.ts';
import { changedMeanwhile, type OurUser } from './still-ours.ts';
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
  if (user.mark.origin === 'adopted') throw changedMeanwhile(userName);
  if (!user.account.isLocked) await session.query(forbidLogin(userName), { signal });
  await endSessionsOf(session, userName, options);
  await requireNothingDefined(session, userName, { database, signal });
  const { isMark, former: earlier } = keptFor(mark, user.note);
  // as late as can be: what somebody takes afterwards would come back
  const { grants, lost } = inherited(await rightsElsewhere(session, userName, database, { signal }), earlier, user);
  const former: Former = { from: user.account.binding?.id, grants };
  const note = { mark, boundTo: to, kept: keptText({ isMark, former }) };
  if (note.kept.length > maximumKept) throw tooMuchToKeep(userName);
  await notes.write(server.serverId, [{ userName, note }], { signal });
  await session.query(drop(userName), { signal });
  await session.query(trustIds, { signal });
  await session.query(createUser(userName, to), { signal });
  const refused = await restoreRights(session, { userName, note, former }, options);
  const last = await writeMark(session, { userName, mark, user: { note }, boundTo: to, former: undefined }, { signal });
  await notes.write(server.serverId, [last], { signal });
  announce(userName, [...lost, ...refused], options);
}

interface Inherited {
  readonly grants: readonly KeptGrant[];
  readonly lost: readonly KeptGrant[];
}

/**
 * What a user shall have when it has been made anew: what it has now, and what an interrupted attempt took from it and nobody could take since. Pure.
 */
function inherited(now: readonly KeptGrant[], earlier: Former | undefined, { account }: OurUser): Inherited {
  // it was never dropped: what isn't there was taken by somebody
  if (!earlier || earlier.from === account.binding?.id) return { grants: now, lost: [] };
  if (earlier.begun) return { grants: now, lost: missingOf(earlier.grants, now) };
  return { grants: [...now, ...missingOf(earlier.grants, now)], lost: [] };
}

function tooMuchToKeep(userName: string): ConnectionError {
  return new ConnectionError(
    'stalled',
    'TooManyObjects',
    `the database user ${userName} must be made anew for its identity, but has more rights in other databases than can be kept meanwhile: have those taken from it that it doesn't need`,
  );
}

/** Looked for again, because not every server refuses to drop a definer. */
async function requireNothingDefined(session: Session, userName: string, options: DefinedOptions): Promise<void> {
  const defined = await definedBy(session, userName, options);
  if (!defined) return;
  throw new ConnectionError(
    'waiting',
    'DefinerObjects',
    printable(
      `the database user ${userName} has become the definer of ${described(defined)}, so it can't be dropped and made anew for its identity`,
    ),
  );
}
