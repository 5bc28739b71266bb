import type { Logger } from '../../runtime/logger.ts';
import type { ApplyOptions } from '../target.ts';
import { actFor } from './act-for.ts';
import { despiteSessionsOf, endSessionsOf } from './end-sessions.ts';
import { asConnectionError, sqlState } from './errors.ts';
import { findOurs } from './role.ts';
import type { Session } from './session.ts';
import { type GrantStep, grantStatement } from './steps.ts';
import { type GuardedRequest, requireUnchanged } from './still-ours.ts';

/** Objects that one transaction changes: each may stay locked until it ends, and the lock table is finite. */
const maximumObjects = 2_000;

export interface ApplyRightsOptions extends ApplyOptions {
  readonly database: string;
  readonly logger: Pick<Logger, 'warn'> | undefined;
}

/**
 * Carries out the steps of stage grants in short transactions. When one fails as a whole, each of its steps is tried alone, so that one object that we may not touch
 * doesn't keep the others back; the first failure is thrown at the end. GRANT and REVOKE may fail with a mere warning, so only another look tells success.
 */
export async function applyRights(
  session: Session,
  steps: readonly GrantStep[],
  request: GuardedRequest,
  options: ApplyRightsOptions,
): Promise<void> {
  const failures: unknown[] = [];
  for (const batch of inBatches(steps)) {
    try {
      await write(session, batch, request, options);
    } catch (error) {
      if (batch.length === 1 || !isOneStepsFault(error) || !session.isUsable) throw error;
      for (const step of batch) await write(session, [step], request, options).catch((each) => failures.push(each));
      options.signal.throwIfAborted();
    }
  }
  if (failures.length > 0) throw failures[0];
}

async function write(session: Session, steps: readonly GrantStep[], request: GuardedRequest, options: ApplyRightsOptions): Promise<void> {
  const { beforeStep, database, logger, signal } = options;
  session.takeNotices();
  const transaction = () =>
    session.writing(
      async () => {
        await requireUnchanged(session, request, { user: 'there', database, signal });
        const work = async () => {
          for (const step of steps) {
            beforeStep(step);
            await session.query(grantStatement(step), [], { signal });
          }
        };
        const owner = steps[0] && ownerOf(steps[0]);
        if (owner === undefined) await work();
        else await actFor(session, owner, work, { signal });
      },
      { signal },
    );
  // the user may hold a lock so as to keep a right
  if (steps.some(({ kind }) => kind === 'revoke')) {
    const role = await findOurs(session, request, { signal });
    await despiteSessionsOf(session, role, 'writing', transaction, { signal });
  } else await transaction();
  for (const { code, message } of session.takeNotices()) logger?.warn('the database warns', { database, code, text: message });
  // a session that has SET ROLE keeps that role after the membership is gone
  if (steps.some(({ kind }) => kind === 'revoke-membership'))
    await endSessionsOf(session, await findOurs(session, request, { signal }), { signal });
}

/** Whose role the session must join for a step. */
function ownerOf(step: GrantStep): string | undefined {
  return 'actFor' in step ? step.actFor : undefined;
}

/** Steps for which we act as ourselves are kept apart from those for an owner: with the owner's rights a REVOKE would go for the owner's grants instead. */
function inBatches(steps: readonly GrantStep[]): GrantStep[][] {
  const batches: GrantStep[][] = [];
  for (const owner of new Set([undefined, ...steps.map(ownerOf)])) {
    let room = 0;
    for (const step of steps.filter((each) => ownerOf(each) === owner)) {
      const objects = 'on' in step ? step.on.length : 1;
      if (objects > room) {
        batches.push([]);
        room = maximumObjects;
      }
      batches.at(-1)?.push(step);
      room -= objects;
    }
  }
  return batches;
}

/** Conflicts and lost connections are no step's fault, and what isn't from the database isn't either; a lock that somebody holds for long keeps back only those who need it. */
function isOneStepsFault(error: unknown): boolean {
  const code = sqlState(error);
  if (code === undefined) return false;
  return code === '55P03' || asConnectionError(error, { step: 'statement', host: '', database: '', login: '' }).kind === 'stalled';
}
