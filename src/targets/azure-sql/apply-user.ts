import { isDeepStrictEqual } from 'node:util';
import type { Step } from '../../api/step.ts';
import type { ApplyOptions, Cancellable, TargetRequest } from '../target.ts';
import { despiteSessionsOf, endSessionsOf } from './end-sessions.ts';
import { observeAdoption } from './observe-adoption.ts';
import { observeBelongings } from './observe-hand-over.ts';
import { whyNotAdoptable } from './plan-adoption.ts';
import { findPrincipal, isReserved } from './principal.ts';
import { whyRefused } from './refused-step.ts';
import type { AzureSqlServer } from './server.ts';
import type { Session } from './session.ts';
import { type UserStep, userStatements } from './steps.ts';
import { changedMeanwhile, changedRequests, requireOurs, requireUnchanged } from './still-ours.ts';

/** What is to be done about one user. */
export interface UserWork {
  readonly request: TargetRequest;
  readonly steps: readonly UserStep[];
  /** Called before each step; throws when it is no longer permitted. */
  readonly beforeStep: (step: Step) => void;
}

export interface ApplyUsersOptions extends Cancellable {
  readonly server: Pick<AzureSqlServer, 'administratorIds'>;
}

type Failures = Map<UserWork, unknown>;

/**
 * Carries out the steps of stage user in the session's database, and answers what failed, by work. New users are made together in one transaction; when that fails, each alone.
 */
export async function applyUsers(session: Session, works: readonly UserWork[], options: ApplyUsersOptions): Promise<Failures> {
  const failures: Failures = new Map();
  const fresh = works.filter(isNew);
  const isDone = fresh.length > 1 && (await createTogether(session, fresh, failures, options));
  for (const work of works) {
    if (failures.has(work) || (isDone && isNew(work))) continue;
    try {
      await applyUser(session, work, options);
    } catch (error) {
      if (!session.isUsable) throw error;
      failures.set(work, error);
    }
  }
  return failures;
}

function isNew({ steps }: UserWork): boolean {
  return steps.some(({ kind }) => kind === 'create-user');
}

/** Whether the transaction succeeded; who was left out of it is among the failures. */
async function createTogether(
  session: Session,
  works: readonly UserWork[],
  failures: Failures,
  { signal }: ApplyUsersOptions,
): Promise<boolean> {
  const create = async () => {
    const changed = await changedRequests(
      session,
      works.map(({ request }) => request),
      { user: 'new', signal },
    );
    const errors = new Map(changed.map(({ request, error }) => [request, error]));
    for (const work of works) {
      const error = errors.get(work.request) ?? whyRefused(work.steps, work.beforeStep);
      if (error) failures.set(work, error);
      else for (const statement of work.steps.flatMap(userStatements)) await session.query(statement, [], { signal });
    }
  };
  try {
    await session.writing(create, { signal });
    return true;
  } catch (error) {
    if (!session.isUsable) throw error;
    return false;
  }
}

/** All steps of a user in one transaction, so that user and mark appear together. Then the sessions of whoever was bound before are ended. Throws ConnectionError and what beforeStep throws. */
async function applyUser(session: Session, work: UserWork, options: ApplyUsersOptions): Promise<void> {
  const { request, steps } = work;
  const { signal } = options;
  const rebind = steps.find((step) => step.kind === 'rebind');
  const write = () =>
    session.writing(
      async () => {
        if (steps.some(({ kind }) => kind === 'adopt-user')) await requireAdoptable(session, request, options);
        else await requireUnchanged(session, request, { user: isNew(work) ? 'new' : 'there', signal });
        if (rebind) await requireSame(session, request, rebind, { signal });
        await sendSteps(session, work, { ...work, signal });
      },
      { signal },
    );
  await despiteSessionsOf(session, rebind?.from, write, { signal });
  await endSessionsOf(session, rebind?.from, { signal });
}

async function sendSteps(session: Session, { steps }: UserWork, { beforeStep, signal }: ApplyOptions): Promise<void> {
  for (const step of steps) {
    beforeStep(step);
    for (const statement of userStatements(step)) await session.query(statement, [], { signal });
  }
}

/** With our mark on it, a user that was bound to another identity meanwhile would be bound back. */
async function requireAdoptable(session: Session, request: TargetRequest, { server, signal }: ApplyUsersOptions): Promise<void> {
  await requireUnchanged(session, request, { user: 'new', signal });
  const principal = await findPrincipal(session, request.userName, { signal });
  if (!principal || isReserved(principal, server.administratorIds)) throw changedMeanwhile(request.userName);
  const adoption = await observeAdoption(session, principal.id, { signal });
  if (whyNotAdoptable(request, principal, adoption) !== undefined) throw changedMeanwhile(request.userName);
}

/** What the user came to own since the plan was made would be lost with it. */
async function requireSame(
  session: Session,
  request: TargetRequest,
  { handOver }: Extract<UserStep, { kind: 'rebind' }>,
  { signal }: Cancellable,
): Promise<void> {
  const principal = requireOurs(await findPrincipal(session, request.userName, { signal }), request);
  const now = await observeBelongings(session, principal.id, { signal });
  if (now.modules.length > 0 || !isDeepStrictEqual(now.handOver, handOver)) throw changedMeanwhile(request.userName);
}
