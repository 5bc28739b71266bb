import type { Step } from '../../api/step.ts';
import type { ApplyOptions, Cancellable, TargetRequest } from '../target.ts';
import { observeAdoption } from './observe-adoption.ts';
import { whyNotAdoptable } from './plan-adoption.ts';
import { findPrincipal, isReserved } from './principal.ts';
import { rebindUser } from './rebind.ts';
import { whyRefused } from './refused-step.ts';
import type { AzureSqlServer } from './server.ts';
import type { Session } from './session.ts';
import { type UserStep, userStatements } from './steps.ts';
import { changedMeanwhile, changedRequests, requireUnchanged } from './still-ours.ts';
import { write } from './write.ts';

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
      else await write(session, work.steps.flatMap(userStatements), work.request, { signal });
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

/** All steps of a user in one transaction, so that user and mark appear together; but one that is bound anew is locked first. Throws ConnectionError and what beforeStep throws. */
async function applyUser(session: Session, work: UserWork, options: ApplyUsersOptions): Promise<void> {
  const { request, steps, beforeStep } = work;
  const { signal } = options;
  const rebind = steps.find((step) => step.kind === 'rebind');
  if (rebind) return await rebindUser(session, rebind, request, { beforeStep, signal });
  const carryOut = async () => {
    if (steps.some(({ kind }) => kind === 'adopt-user')) await requireAdoptable(session, request, options);
    else await requireUnchanged(session, request, { user: isNew(work) ? 'new' : 'there', signal });
    await sendSteps(session, work, { beforeStep, signal });
  };
  await session.writing(carryOut, { signal });
}

async function sendSteps(session: Session, { request, steps }: UserWork, { beforeStep, signal }: ApplyOptions): Promise<void> {
  for (const step of steps) {
    beforeStep(step);
    await write(session, userStatements(step), request, { signal });
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
