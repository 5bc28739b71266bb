import type { Step } from '../../api/step.ts';
import type { Cancellable, TargetRequest } from '../target.ts';
import { adoptUser } from './adopt-user.ts';
import { despiteSessionsOf, endSessionsOf } from './end-sessions.ts';
import { findOurs } from './role.ts';
import { sendSteps } from './send-steps.ts';
import type { Session } from './session.ts';
import { type UserStep, userStatements } from './steps.ts';
import { changedRequests, requireUnchanged } from './still-ours.ts';

/** What is to be done about one user. */
export interface UserWork {
  readonly request: TargetRequest;
  readonly steps: readonly UserStep[];
  /** Called before each step; throws when it is no longer permitted. */
  readonly beforeStep: (step: Step) => void;
}

/**
 * Carries out the steps of stage user through a session in database `postgres`, and answers what failed, by work. New users are made together in one transaction; when that
 * fails, each alone.
 */
export async function applyUsers(
  session: Session,
  works: readonly UserWork[],
  { signal }: Cancellable,
): Promise<ReadonlyMap<UserWork, unknown>> {
  const failures = new Map<UserWork, unknown>();
  const fresh = works.filter(isNew);
  const isDone = fresh.length > 1 && (await createTogether(session, fresh, failures, { signal }));
  for (const work of works) {
    if (failures.has(work) || (isDone && isNew(work))) continue;
    try {
      await applyUser(session, work, { signal });
    } catch (error) {
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
  failures: Map<UserWork, unknown>,
  { signal }: Cancellable,
): Promise<boolean> {
  const create = async () => {
    const requests = works.map(({ request }) => request);
    const changed = await changedRequests(session, requests, { user: 'new', database: 'postgres', signal });
    const errors = new Map(changed.map(({ request, error }) => [request, error]));
    for (const work of works) {
      const error = errors.get(work.request);
      if (error) failures.set(work, error);
      else await send(session, work, failures, { signal });
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

/** Sends the statements of a work, unless it is no longer permitted before the first of them. */
async function send(session: Session, work: UserWork, failures: Map<UserWork, unknown>, { signal }: Cancellable): Promise<void> {
  try {
    for (const step of work.steps) work.beforeStep(step);
  } catch (error) {
    failures.set(work, error);
    return;
  }
  for (const statement of work.steps.flatMap(userStatements)) await session.query(statement, [], { signal });
}

/**
 * Carries out all steps but the login in one transaction, so that user and mark appear together; then the sessions of whoever was bound before are ended, and only then the
 * user may log in. Throws ConnectionError and what beforeStep throws.
 */
async function applyUser(session: Session, work: UserWork, { signal }: Cancellable): Promise<void> {
  const { request, steps, beforeStep } = work;
  const write = async (batch: readonly UserStep[]) => {
    const user = batch.some(({ kind }) => kind === 'create-user') ? 'new' : 'there';
    await session.writing(
      async () => {
        await requireUnchanged(session, request, { user, database: 'postgres', signal });
        await sendSteps(session, batch, { beforeStep, signal });
      },
      { signal },
    );
  };
  const allowing = steps.filter(({ kind }) => kind === 'allow-login');
  const others = steps.filter(({ kind }) => kind !== 'allow-login');
  if (others.some(({ kind }) => kind === 'create-user')) return await write(steps);
  if (others.some(({ kind }) => kind === 'adopt-user')) return await adoptUser(session, work, { signal });
  const role = await findOurs(session, request, { signal });
  const which = others.some(({ kind }) => kind === 'rebind') ? 'all' : 'writing';
  if (others.length > 0) await despiteSessionsOf(session, role, which, () => write(others), { signal });
  if (allowing.length === 0) return;
  await endSessionsOf(session, role, { signal });
  await write(allowing);
}
