import type { Clock } from '../runtime/clock.ts';

/**
 * Since when the ends of deleted connections fail, by the connection's uid. Only in memory: nobody can make it look longer than it was by writing
 * into a status, and after a restart the time begins anew.
 */
export class Abandonments {
  readonly #clock: Clock;
  readonly #afterInMs: number;
  readonly #dueAt = new Map<string, number>();

  constructor(options: {
    readonly clock: Clock /** How long an end must have failed before its connection may be let go. */;
    readonly afterInMs: number;
  }) {
    this.#clock = options.clock;
    this.#afterInMs = options.afterInMs;
  }

  /** An end failed. Answers when its connection may be let go, in milliseconds since 1970. */
  failed(uid: string): number {
    const dueAt = this.#dueAt.get(uid) ?? this.#clock.now() + this.#afterInMs;
    this.#dueAt.set(uid, dueAt);
    return dueAt;
  }

  /** The connection is gone. */
  forget(uid: string): void {
    this.#dueAt.delete(uid);
  }
}
