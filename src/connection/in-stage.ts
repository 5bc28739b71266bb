import type { Stage } from '../api/conditions.ts';
import { ConnectionError, isConnectionError } from '../api/connection-error.ts';
import { safeText } from '../azure/safe-text.ts';
import { isDeadlineExceeded } from '../runtime/deadline.ts';
import { isForbidden, isStatusError, isThrottled, type StatusError } from '../runtime/status-error.ts';
import { Overtaken, Refusal } from './permit.ts';

/** A failure, and the stage in which it happened; the innermost stage counts. */
export class StageFailure extends Error {
  override readonly name = 'StageFailure';
  readonly stage: Stage | undefined;
  readonly failure: ConnectionError;

  constructor(stage: Stage | undefined, failure: ConnectionError) {
    super(failure.message, { cause: failure });
    this.stage = stage;
    this.failure = failure;
  }
}

/** Runs an action of a stage. Throws StageFailure for everything that it throws, but Refusal and Overtaken as they are: they end the pass, whatever its stage. */
export async function inStage<T>(stage: Stage, action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof Refusal || error instanceof Overtaken) throw error;
    throw asStageFailure(error, stage);
  }
}

/** The failure that an error is; an unforeseen one is InternalError, retried. */
export function asStageFailure(error: unknown, stage?: Stage): StageFailure {
  if (error instanceof StageFailure) return error;
  return new StageFailure(stage, asConnectionError(error));
}

function asConnectionError(error: unknown): ConnectionError {
  if (isConnectionError(error)) return error;
  if (isStatusError(error)) return kubernetesFailure(error);
  if (isDeadlineExceeded(error))
    return new ConnectionError('retry', 'NotConverging', `${error.message}; it is tried again`, { cause: error });
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new ConnectionError('retry', 'InternalError', `unforeseen: ${safeText(message)}`, { cause: error });
}

function kubernetesFailure(error: StatusError): ConnectionError {
  if (isForbidden(error)) {
    const message = `Kubernetes refuses the operator, by its ClusterRole, a quota or an admission policy: ${safeText(error.message)}`;
    return new ConnectionError('waiting', 'KubernetesError', message, { cause: error });
  }
  const { retryAfterInMs } = error;
  const reason = isThrottled(error) ? 'Throttled' : 'KubernetesError';
  return new ConnectionError('retry', reason, `the Kubernetes API answered: ${safeText(error.message)}`, { cause: error, retryAfterInMs });
}
