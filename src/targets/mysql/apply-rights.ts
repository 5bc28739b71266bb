import type { Step } from '../../api/step.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Cancellable, EndingRequest } from '../target.ts';
import { endSessionsOf } from './end-sessions.ts';
import { errnoOf } from './errors.ts';
import { findUsers, type UsersPlace } from './observe-users.ts';
import type { Session } from './session.ts';
import { allowLogin, forbidLogin } from './statements.ts';
import { type GrantStep, grantStatement, narrows } from './steps.ts';
import { changedMeanwhile, requireOurs } from './still-ours.ts';
import type { Account } from './user.ts';

/** What is to be done about one user's rights. */
export interface RightsWork {
  readonly request: Pick<EndingRequest, 'userName' | 'mark'>;
  readonly steps: readonly GrantStep[];
  /** Called before each step; throws when it is no longer permitted. */
  readonly beforeStep: (step: Step) => void;
}

export interface ApplyRightsOptions extends UsersPlace {
  readonly logger: Pick<Logger, 'warn'> | undefined;
}

/** Nothing of the kind to be taken: on databases and everything, tables, routines, of users and roles. */
const takenAlready = [1141, 1147, 1403, 1962];
const noSuchUser = [1133, 1269, 1410];

/**
 * Carries out steps of stage grants, and answers what failed, by work; of one that failed several times the first. A statement that fails keeps back nothing else. GRANT and
 * REVOKE may fail with a mere warning, so only another look tells success. Throws what ends the session.
 */
export async function applyRights(
  session: Session,
  works: readonly RightsWork[],
  options: ApplyRightsOptions,
): Promise<ReadonlyMap<RightsWork, unknown>> {
  const { logger } = options;
  const failures = new Map<RightsWork, unknown>();
  const found = await findUsers(
    session,
    works.map(({ request }) => request.userName),
    options,
  );
  session.takeWarnings();
  for (const work of works) {
    try {
      const { account, mark } = requireOurs(found.get(work.request.userName), work.request);
      // one whose access has ended meanwhile, or who is shut out, must not get anything nor be let in again by what follows
      if ((account.isLocked && !work.steps.every(narrows)) || mark.state !== 'live') throw changedMeanwhile(work.request.userName);
      await applyWork(session, work, account, options);
    } catch (error) {
      if (!session.isUsable) throw error;
      failures.set(work, error);
    }
    for (const { code, message } of session.takeWarnings())
      logger?.warn('the server warns', { user: work.request.userName, code, text: message });
  }
  return failures;
}

/**
 * Sessions that are open keep what they had in their database, so they end after anything was taken. The user is locked until then: should we be cut off between, the lock
 * tells the next pass that there are still sessions to end.
 */
async function applyWork(
  session: Session,
  { request, steps, beforeStep }: RightsWork,
  { isLocked: wasLocked }: Account,
  { clock, signal }: ApplyRightsOptions,
): Promise<void> {
  const { userName } = request;
  const failed: unknown[] = [];
  let [isNarrowed, isLocked] = [false, wasLocked];
  const settle = async () => {
    if (isNarrowed) await endSessionsOf(session, userName, { clock, signal });
    if (isLocked && !wasLocked) await session.query(allowLogin(userName), { signal });
  };
  try {
    for (const step of steps) {
      beforeStep(step);
      if (narrows(step) && !isLocked) {
        await session.query(forbidLogin(userName), { signal });
        isLocked = true;
      }
      isNarrowed ||= narrows(step);
      const error = await refusalOf(session, step, { signal });
      if (noSuchUser.includes(errnoOf(error) ?? 0)) throw changedMeanwhile(userName);
      if (error) failed.push(error);
    }
  } catch (error) {
    // nobody may come back to it for long: it may have been suspended, or be only reported about from now on
    if (session.isUsable && !signal.aborted) await settle().catch(() => undefined);
    throw error;
  }
  await settle();
  if (failed.length > 0) throw failed[0];
}

/** What keeps a step from being done, or undefined. Throws what ends the session. */
async function refusalOf(session: Session, step: GrantStep, { signal }: Cancellable): Promise<unknown> {
  try {
    await session.query(grantStatement(step), { signal });
    return undefined;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined || !session.isUsable) throw error;
    return takenAlready.includes(errno) ? undefined : error;
  }
}
