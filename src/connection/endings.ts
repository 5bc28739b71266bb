import type { Stage } from '../api/conditions.ts';
import type { PasswordlessConnection } from '../api/connection.generated.ts';
import type { Cancellable } from '../targets/target.ts';
import type { Deps } from './deps.ts';
import { asStageFailure, type StageFailure } from './in-stage.ts';
import { permission } from './permit.ts';
import { identityRequest, workloadRequest } from './resolve.ts';

/** One part of what ends with a connection. */
export interface Ending {
  readonly stage: Stage;
  readonly end: () => Promise<void>;
}

/**
 * What ends with a connection beside its database user: the workload's way to the identity, and its settings. With `tidy` an identity that was made for the
 * connection goes as well; with `keep` everything can come back, and another one would have other ids.
 */
export function workloadEndings(
  connection: PasswordlessConnection,
  afterwards: 'tidy' | 'keep',
  deps: Deps,
  { signal }: Cancellable,
): readonly Ending[] {
  const { workload } = connection.spec;
  const discard: Ending = { stage: 'identity', end: () => discardIdentity(connection, deps, { signal }) };
  return [
    { stage: 'identity', end: () => releaseIdentity(connection, deps, { signal }) },
    { stage: 'settings', end: async () => deps.workloads.get(workload.type)?.release(workloadRequest(connection, deps), { signal }) },
    ...(afterwards === 'tidy' ? [discard] : []),
  ];
}

async function discardIdentity(connection: PasswordlessConnection, deps: Deps, { signal }: Cancellable): Promise<void> {
  await deps.identities.get(connection.spec.identity.type)?.discard(identityRequest(connection, deps), { signal });
}

/**
 * Ends the workload's way to the connection's identity, which is a federation or an attachment. Without a policy nobody may stand for the identity, so only neighbours that a policy still allows keep it:
 * anybody can write our finalizer onto a resource that was never permitted.
 */
export async function releaseIdentity(connection: PasswordlessConnection, deps: Deps, { signal }: Cancellable): Promise<void> {
  const keepsIt = (other: PasswordlessConnection) => deps.onWithdrawal === 'keep' || permission(other, deps).allowed;
  const { identity, workload } = connection.spec;
  await deps.identities.get(identity.type)?.release(identityRequest(connection, deps, keepsIt), { signal });
  await deps.workloads.get(workload.type)?.detach(workloadRequest(connection, deps), { signal });
}

/** Each part is tried, so that a server that can't be reached doesn't keep the identity's federation alive. Throws StageFailure, the first. */
export async function endAll(endings: readonly Ending[], { signal }: Cancellable): Promise<void> {
  const failures: StageFailure[] = [];
  for (const { stage, end } of endings) {
    try {
      await end();
    } catch (error) {
      signal.throwIfAborted();
      failures.push(asStageFailure(error, stage));
    }
  }
  if (failures[0]) throw failures[0];
}
