import type { Clock } from './clock.ts';

/** `ms` moved at random by up to `fraction` of itself in either direction; `random` gives numbers from 0 to below 1. */
export function jittered(ms: number, fraction: number, random: () => number): number {
  return ms * (1 + fraction * (2 * random() - 1));
}

/** So many in a burst, and so many per second in the long run. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #clock: Clock;
  #tokens: number;
  #filledAt: number;

  constructor(options: { readonly perSecond: number; readonly burst: number; readonly clock: Clock }) {
    this.#perSecond = options.perSecond;
    this.#burst = options.burst;
    this.#clock = options.clock;
    this.#tokens = options.burst;
    this.#filledAt = options.clock.now();
  }

  /** Takes a token, at once or ahead of time, and answers how many milliseconds to wait before using it. */
  reserve(): number {
    this.#fill();
    this.#tokens -= 1;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#perSecond) * 1000;
  }

  /** Takes a token if there is one now. */
  tryTake(): boolean {
    this.#fill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Whether nobody took a token for so long that this bucket is as good as a new one. */
  isFull(): boolean {
    this.#fill();
    return this.#tokens >= this.#burst;
  }

  #fill(): void {
    const now = this.#clock.now();
    // a clock set back gives nothing and takes nothing
    this.#tokens = Math.min(this.#burst, this.#tokens + (Math.max(0, now - this.#filledAt) / 1000) * this.#perSecond);
    this.#filledAt = now;
  }
}

export interface BackoffOptions {
  readonly baseInMs: number;
  readonly maxInMs: number;
  /** Moves each wait by up to this fraction of itself, 0.2 unless told, so that those who failed together don't come back together. */
  readonly jitter?: number;
  readonly random: () => number;
  /** Shared by all keys: however many fail, no more are tried again per second. */
  readonly bucket?: TokenBucket;
}

/** How long each key waits after a failure: twice as long as the last time, until it is forgotten. */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #failures = new Map<string, number>();

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Counts a failure of the key and answers the milliseconds to wait. */
  next(key: string): number {
    const failures = this.failures(key);
    this.#failures.set(key, failures + 1);
    const { baseInMs, maxInMs, jitter = 0.2, random, bucket } = this.#options;
    // 2 ** 1024 would be Infinity, and Infinity * 0 is NaN
    const exponential = Math.min(maxInMs, baseInMs * 2 ** Math.min(failures, 52));
    return Math.max(Math.min(maxInMs, jittered(exponential, jitter, random)), bucket?.reserve() ?? 0);
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }
}
