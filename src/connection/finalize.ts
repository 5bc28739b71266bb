import type { PasswordlessConnection } from '../api/connection.generated.ts';
import { finalizer } from '../api/names.ts';
import { hasFinalizer, removeFinalizer } from '../runtime/finalizers.ts';
import type { Cancellable } from '../targets/target.ts';
import { abandon } from './abandon.ts';
import type { Deps } from './deps.ts';
import { endUser, nothingMade, releaseUser } from './end-user.ts';
import { endAll, workloadEndings } from './endings.ts';
import { asStageFailure, inStage, type StageFailure } from './in-stage.ts';
import { mayHaveActedFor } from './may-have-acted-for.ts';
import type { Outcome } from './outcome.ts';
import { permission } from './permit.ts';
import { workloadRequest } from './resolve.ts';
import { connections } from './resources.ts';

type Ended = Extract<Outcome, { kind: 'ended' }>;

/**
 * Ends a deleted connection's access: the database user loses its login and sessions, the identity its federation, the workload its settings.
 * The finalizer goes when all that is done; tidying the user away may come later, from a tombstone, and so may all of its end where the connection is abandoned.
 */
export async function finalize(connection: PasswordlessConnection, deps: Deps, { signal }: Cancellable): Promise<Outcome> {
  if (!hasFinalizer(connection, finalizer)) return { kind: 'gone' };
  try {
    const ended = await endOrAbandon(connection, deps, { signal });
    await removeFinalizer(deps.client, connections, connection, finalizer, { signal });
    deps.withdrawals.forget(connection.metadata.uid);
    deps.abandonments.forget(connection.metadata.uid);
    return { kind: 'ended', ...ended };
  } catch (error) {
    return failed(asStageFailure(error));
  }
}

async function endOrAbandon(
  connection: PasswordlessConnection,
  deps: Deps,
  { signal }: Cancellable,
): Promise<Pick<Ended, 'reason' | 'note'>> {
  if (!(await mayHaveActedFor(connection, deps, { signal }))) return { reason: 'AccessEnded', note: nothingMade };
  try {
    return { reason: 'AccessEnded', note: await carryOut(connection, deps, { signal }) };
  } catch (error) {
    signal.throwIfAborted();
    return { reason: 'AccessAbandoned', note: await abandon(connection, asStageFailure(error), deps, { signal }) };
  }
}

/** What the deletion policy asks for. Retain leaves an access behind that no policy governs any more, so one must allow that now (threat-model M2). */
async function carryOut(connection: PasswordlessConnection, deps: Deps, { signal }: Cancellable): Promise<string> {
  const { deletionPolicy = 'Delete' } = connection.spec;
  switch (deletionPolicy) {
    case 'Delete':
      return await endEverything(connection, 'tidy', deps, { signal });
    case 'Disable':
      return await endEverything(connection, 'keep', deps, { signal });
    case 'Retain': {
      if (permission(connection, deps).allowed) return await retainAll(connection, deps, { signal });
      const note = await endEverything(connection, 'keep', deps, { signal });
      return `no policy allows it to be retained: ${note}`;
    }
    default:
      return deletionPolicy satisfies never;
  }
}

async function retainAll(connection: PasswordlessConnection, deps: Deps, { signal }: Cancellable): Promise<string> {
  const note = await inStage('user', () => releaseUser(connection, deps, { signal }));
  await deps.workloads.get(connection.spec.workload.type)?.retain(workloadRequest(connection, deps), { signal });
  return note;
}

/** Ends user, federation and settings. Answers what became of the user. Throws StageFailure. */
async function endEverything(
  connection: PasswordlessConnection,
  afterwards: 'tidy' | 'keep',
  deps: Deps,
  { signal }: Cancellable,
): Promise<string> {
  let note = '';
  const end = async () => {
    note = await endUser(connection, afterwards, deps, { signal });
  };
  await endAll([{ stage: 'user', end }, ...workloadEndings(connection, afterwards, deps, { signal })], { signal });
  return note;
}

function failed(error: StageFailure): Outcome {
  const { stage, failure } = error;
  return { kind: 'failed', stage, inSync: [], failure, facts: {}, applied: [], deleting: true };
}
