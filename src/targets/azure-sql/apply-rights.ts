import type { Step } from '../../api/step.ts';
import type { Cancellable } from '../target.ts';
import { despiteSessionsOf, endSessionsOf } from './end-sessions.ts';
import { findPrincipal } from './principal.ts';
import { whyRefused } from './refused-step.ts';
import type { Session } from './session.ts';
import { type GrantStep, grantStatement } from './steps.ts';
import { changedRequests, type GuardedRequest, requireOurs } from './still-ours.ts';
import { write } from './write.ts';

/** What is to be done about one user's rights. */
export interface RightsWork {
  readonly request: GuardedRequest;
  readonly steps: readonly GrantStep[];
  /** Called before each step; throws when it is no longer permitted. */
  readonly beforeStep: (step: Step) => void;
}

type Failures = Map<RightsWork, unknown>;

/** Statements of one transaction: it holds locks on the users until it ends. */
const maximumStatements = 200;

/**
 * Carries out steps of stage grants in short transactions, and answers what failed, by work. What many users need is given in one transaction; when that fails, each user's alone,
 * so that nobody keeps the others back. Who loses something has a transaction of its own, and its sessions are ended afterwards.
 */
export async function applyRights(session: Session, works: readonly RightsWork[], { signal }: Cancellable): Promise<Failures> {
  const failures: Failures = new Map();
  for (const batch of inBatches(works)) await applyBatch(session, batch, failures, { signal });
  return failures;
}

async function applyBatch(session: Session, batch: readonly RightsWork[], failures: Failures, { signal }: Cancellable): Promise<void> {
  try {
    await writeTogether(session, batch, failures, { signal });
  } catch (error) {
    if (!session.isUsable) throw error;
    if (batch.length > 1) for (const work of batch) await applyBatch(session, [work], failures, { signal });
    else for (const work of batch) failures.set(work, error);
  }
}

async function writeTogether(session: Session, batch: readonly RightsWork[], failures: Failures, { signal }: Cancellable): Promise<void> {
  const [first] = batch;
  const loser =
    first && takesAway(first) ? requireOurs(await findPrincipal(session, first.request.userName, { signal }), first.request) : undefined;
  const transaction = () => session.writing(() => carryOut(session, batch, failures, { signal }), { signal });
  await despiteSessionsOf(session, loser?.boundTo, transaction, { signal });
  await endSessionsOf(session, loser?.boundTo, { signal });
}

async function carryOut(session: Session, batch: readonly RightsWork[], failures: Failures, { signal }: Cancellable): Promise<void> {
  const requests = batch.map(({ request }) => request);
  const changed = await changedRequests(session, requests, { user: 'there', signal });
  const errors = new Map<GuardedRequest, unknown>(changed.map(({ request, error }) => [request, error]));
  for (const work of batch) {
    const error = errors.get(work.request) ?? whyRefused(work.steps, work.beforeStep);
    if (error) failures.set(work, error);
    else await write(session, work.steps.map(grantStatement), work.request, { signal });
  }
}

function takesAway({ steps }: RightsWork): boolean {
  return steps.some(({ kind }) => kind === 'revoke' || kind === 'revoke-membership');
}

function inBatches(works: readonly RightsWork[]): readonly (readonly RightsWork[])[] {
  const batches: RightsWork[][] = works.filter(takesAway).map((work) => [work]);
  let room = 0;
  for (const work of works.filter((each) => !takesAway(each))) {
    if (work.steps.length > room) {
      batches.push([]);
      room = maximumStatements;
    }
    batches.at(-1)?.push(work);
    room -= work.steps.length;
  }
  return batches;
}
