import type { Reason } from './reasons.ts';

/**
 * What is to be done about a failure:
 * - `stalled`: a person must act; looked at again seldom.
 * - `waiting`: something outside must change, by a person or by itself; looked at again at a growing interval.
 * - `retry`: it is likely to work soon; tried again with back-off, not before `retryAfterInMs`.
 */
export type FailureKind = 'stalled' | 'waiting' | 'retry';

/** A failure whose reason and message belong in a condition. The message is for the user: it holds no secret and names nothing of another namespace. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly kind: FailureKind;
  readonly reason: Reason;
  readonly retryAfterInMs: number | undefined;

  constructor(kind: FailureKind, reason: Reason, message: string, options: { cause?: unknown; retryAfterInMs?: number | undefined } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.reason = reason;
    this.retryAfterInMs = options.retryAfterInMs;
  }
}

/** Whether an error was thrown as a ConnectionError; by name, so that it holds across copies of a module. */
export function isConnectionError(error: unknown): error is ConnectionError {
  return error instanceof Error && error.name === 'ConnectionError';
}
