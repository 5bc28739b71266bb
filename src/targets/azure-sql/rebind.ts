import { isDeepStrictEqual } from 'node:util';
import type { ApplyOptions, Cancellable, TargetRequest } from '../target.ts';
import { despiteSessionsOf, endSessionsOf } from './end-sessions.ts';
import { observeBelongings } from './observe-hand-over.ts';
import { observeRights } from './observe-rights.ts';
import { planRights } from './plan-rights.ts';
import { findPrincipal, type Principal } from './principal.ts';
import { nothing } from './profile.ts';
import type { Session } from './session.ts';
import { denyConnect } from './statements.ts';
import { grantStatement, type UserStep, userStatements } from './steps.ts';
import { changedMeanwhile, type GuardedRequest, requireOurs, requireUnchanged } from './still-ours.ts';
import { write } from './write.ts';

type RebindStep = Extract<UserStep, { readonly kind: 'rebind' }>;

/**
 * Makes a user anew for another identity. Before that it locks out whoever was bound, and ends its sessions: once the user is another's, nothing tells any more whose sessions are to be
 * ended. What fails between leaves the user locked and bound as it was, and the next pass goes on from there. Throws ConnectionError, and what beforeStep throws before anything is done.
 */
export async function rebindUser(
  session: Session,
  step: RebindStep,
  request: TargetRequest,
  { beforeStep, signal }: ApplyOptions,
): Promise<void> {
  const { from, userName } = step;
  const writing = async (work: (found: Principal) => Promise<void>) => {
    const transaction = () => session.writing(async () => work(await requireSame(session, request, step, { signal })), { signal });
    await despiteSessionsOf(session, from, transaction, { signal });
    // after the user was made anew: a login that was under way
    await endSessionsOf(session, from, { signal });
  };
  beforeStep(step);
  if (from !== undefined)
    await writing(async ({ lockedBy }) => {
      if (!lockedBy.includes(undefined)) await write(session, [denyConnect(session.database, userName)], request, { signal });
    });
  await writing(async ({ id }) => {
    await revokeAll(session, request, id, { signal });
    await write(session, userStatements(step), request, { signal });
  });
}

/** Takes back what a user was given, and with it what it passed on: nobody can be dropped who gave others something. Within a transaction. */
export async function revokeAll(
  session: Session,
  { userName, knownTriggers = [] }: GuardedRequest,
  userId: number,
  { signal }: Cancellable,
): Promise<void> {
  const [found] = await observeRights(session, [{ userName, userId, promised: nothing, knownTriggers }], { signal });
  const steps = found ? planRights(nothing, found).steps : [];
  await write(session, steps.map(grantStatement), { knownTriggers }, { signal });
}

/** The user as it is now. What it came to own since the plan was made would be lost with it. */
async function requireSame(
  session: Session,
  request: TargetRequest,
  { from, handOver }: RebindStep,
  { signal }: Cancellable,
): Promise<Principal> {
  await requireUnchanged(session, request, { user: 'there', signal });
  const principal = requireOurs(await findPrincipal(session, request.userName, { signal }), request);
  const now = await observeBelongings(session, principal.id, { signal });
  if (principal.boundTo !== from || now.modules.length > 0 || !isDeepStrictEqual(now.handOver, handOver))
    throw changedMeanwhile(request.userName);
  return principal;
}
