import { type ResourceId, resourceKey } from '../azure/resource-id.ts';
import { jittered } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';

/** How far the time between two passes is moved at random: by up to this fraction of the interval. */
const jitter = 0.1;

export interface DriftScheduleOptions {
  readonly intervalInMs: number;
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/**
 * When each server is looked at again. All connections of a server come due together, so that they share what is read about it; servers are spread against
 * each other.
 */
export class DriftSchedule {
  readonly intervalInMs: number;
  readonly #clock: Clock;
  readonly #random: () => number;
  /** The time of each server's next pass, or of its last one where nobody has asked since. */
  readonly #passes = new Map<string, number>();
  /** Before which time a server has no pass, where somebody wanted that. */
  readonly #postponed = new Map<string, number>();

  constructor({ intervalInMs, clock, random }: DriftScheduleOptions) {
    this.intervalInMs = intervalInMs;
    this.#clock = clock;
    this.#random = random;
  }

  /** Milliseconds until the server's next pass, at most 1.1 intervals where it wasn't postponed. Who asks during a pass is told of the one after it. */
  untilNext(serverId: ResourceId): number {
    const key = resourceKey(serverId);
    const now = this.#clock.now();
    const next = this.#nextAfter(now, this.#passes.get(key));
    this.#passes.set(key, next);
    return Math.max(next, this.#postponed.get(key) ?? 0) - now;
  }

  /** Lets a server have no pass before a time, in milliseconds since 1970, because it couldn't be reached sooner. */
  postpone(serverId: ResourceId, until: number): void {
    this.#postponed.set(resourceKey(serverId), until);
  }

  #nextAfter(now: number, pass: number | undefined): number {
    // one further off than any can be was set before the clock was put back
    const known = pass !== undefined && pass - now > this.intervalInMs * (1 + jitter) ? undefined : pass;
    if (known !== undefined && known > now) return known;
    const following = known === undefined ? now : known + jittered(this.intervalInMs, jitter, this.#random);
    // a server that is new, or that nobody asked about for a while, gets its place among the others by chance
    return following > now ? following : now + this.intervalInMs * this.#random();
  }
}
