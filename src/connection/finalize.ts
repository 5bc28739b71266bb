import type { PasswordlessConnection } from '../api/connection.generated.ts';
import { finalizer } from '../api/names.ts';
import { hasFinalizer, removeFinalizer } from '../runtime/finalizers.ts';
import type { Cancellable } from '../targets/target.ts';
import type { Deps } from './deps.ts';
import { endUser, nothingMade, releaseUser } from './end-user.ts';
import { asStageFailure, type StageFailure } from './in-stage.ts';
import type { Outcome } from './outcome.ts';
import { permission } from './permit.ts';
import { identityRequest, serverIdOf, workloadRequest } from './resolve.ts';
import { connections } from './resources.ts';

/**
 * Ends a deleted connection's access: the database user loses its login and sessions, the identity its federation, the workload its settings.
 * The finalizer goes when all that is done; tidying the user away may come later, from a tombstone.
 */
export async function finalize(connection: PasswordlessConnection, deps: Deps, { signal }: Cancellable): Promise<Outcome> {
  if (!hasFinalizer(connection, finalizer)) return { kind: 'gone' };
  try {
    const mayHaveActed = await mayHaveActedFor(connection, deps, { signal });
    const note = mayHaveActed ? await carryOut(connection, deps, { signal }) : nothingMade;
    await removeFinalizer(deps.client, connections, connection, finalizer, { signal });
    deps.withdrawals.forget(connection.metadata.uid);
    return { kind: 'ended', note };
  } catch (error) {
    return failed(asStageFailure(error));
  }
}

/**
 * Only a server that we worked on before, or that a policy allows, is logged in to: anybody can write our finalizer onto a resource that names any server,
 * and deletion needs no permission (threat-model S1, D17).
 */
async function mayHaveActedFor(connection: PasswordlessConnection, deps: Deps, { signal }: Cancellable): Promise<boolean> {
  if (!deps.targets.has(connection.spec.target.type)) return false;
  if (permission(connection, deps).allowed) return true;
  const serverId = serverIdOf(connection.spec);
  // one that doesn't parse was never allowed
  return serverId !== undefined && (await deps.ledger.knows(serverId, { signal }));
}

/** What the deletion policy asks for. Retain leaves an access behind that no policy governs any more, so one must allow that now (threat-model M2). */
async function carryOut(connection: PasswordlessConnection, deps: Deps, { signal }: Cancellable): Promise<string> {
  const { deletionPolicy = 'Delete' } = connection.spec;
  switch (deletionPolicy) {
    case 'Delete':
      return await endAll(connection, 'tidy', deps, { signal });
    case 'Disable':
      return await endAll(connection, 'keep', deps, { signal });
    case 'Retain': {
      if (permission(connection, deps).allowed) return await retainAll(connection, deps, { signal });
      const note = await endAll(connection, 'keep', deps, { signal });
      return `no policy allows it to be retained: ${note}`;
    }
    default:
      return deletionPolicy satisfies never;
  }
}

async function retainAll(connection: PasswordlessConnection, deps: Deps, { signal }: Cancellable): Promise<string> {
  const note = await releaseUser(connection, deps, { signal });
  await deps.workloads.get(connection.spec.workload.type)?.retain(workloadRequest(connection, deps), { signal });
  return note;
}

/** Each part is tried, so that a server that can't be reached doesn't keep the identity's federation alive. Throws the first failure. */
async function endAll(
  connection: PasswordlessConnection,
  afterwards: 'tidy' | 'keep',
  deps: Deps,
  { signal }: Cancellable,
): Promise<string> {
  const failures: StageFailure[] = [];
  let note = 'the database user was gone already';
  const attempt = async (stage: 'user' | 'identity' | 'settings', action: () => Promise<void>) => {
    try {
      await action();
    } catch (error) {
      signal.throwIfAborted();
      failures.push(asStageFailure(error, stage));
    }
  };
  await attempt('user', async () => {
    note = await endUser(connection, afterwards, deps, { signal });
  });
  const { workload, identity } = connection.spec;
  await attempt('identity', async () => deps.identities.get(identity.type)?.release(identityRequest(connection, deps), { signal }));
  await attempt('settings', async () => deps.workloads.get(workload.type)?.release(workloadRequest(connection, deps), { signal }));
  if (failures[0]) throw failures[0];
  return note;
}

function failed(error: StageFailure): Outcome {
  const { stage, failure } = error;
  return { kind: 'failed', stage, inSync: [], failure, facts: {}, applied: [], deleting: true };
}
