import type { PasswordlessConnection } from '../api/connection.generated.ts';
import { finalizer } from '../api/names.ts';
import { hasFinalizer } from '../runtime/finalizers.ts';
import type { Cancellable } from '../targets/target.ts';
import type { Deps } from './deps.ts';
import { endUser } from './end-user.ts';
import { releaseIdentity } from './endings.ts';
import { asStageFailure } from './in-stage.ts';
import { mayHaveActedFor } from './may-have-acted-for.ts';
import type { Outcome } from './outcome.ts';

/**
 * What becomes of a connection that no policy allows: nothing, where nothing was ever made for it; else its access ends after a grace period, whatever its
 * spec says of suspending, reporting or retaining (threat-model M2). Objects, grants and mark stay, and come back to use with a policy.
 */
export async function withdraw(connection: PasswordlessConnection, refusal: string, deps: Deps, { signal }: Cancellable): Promise<Outcome> {
  const refused = { kind: 'refused', message: refusal, lookedUp: false } as const;
  if (!hasFinalizer(connection, finalizer) || deps.onWithdrawal === 'keep') return refused;
  if (!(await mayHaveActedFor(connection, deps, { signal }))) return refused;
  const withdrawal = deps.withdrawals.consider(connection);
  switch (withdrawal.kind) {
    case 'waiting':
      return { ...refused, withdrawal, message: `${refusal}; its access ends at ${new Date(withdrawal.endsAt).toISOString()}` };
    case 'braked':
      return {
        ...refused,
        withdrawal,
        message: `${refusal}; ${withdrawal.pending} connections lost their policy at once, which looks like a mistake, so no access was ended`,
      };
    case 'due':
      return await end(connection, refusal, deps, { signal });
    default:
      return withdrawal satisfies never;
  }
}

async function end(connection: PasswordlessConnection, refusal: string, deps: Deps, { signal }: Cancellable): Promise<Outcome> {
  try {
    const note = await endUser(connection, deps.onWithdrawal === 'delete' ? 'tidy' : 'keep', deps, { signal });
    await releaseIdentity(connection, deps, { signal });
    deps.withdrawals.forget(connection.metadata.uid);
    return { kind: 'withdrawn', message: `${refusal}; ${note}` };
  } catch (error) {
    const { stage, failure } = asStageFailure(error);
    return { kind: 'failed', stage, inSync: [], failure, facts: {}, applied: [], deleting: true };
  }
}
