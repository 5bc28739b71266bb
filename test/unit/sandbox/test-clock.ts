import type { Clock } from '../../../src/runtime/clock.ts';

/** A clock that stands still until it is moved; sleepers wake when it has passed their time. */
export class TestClock implements Clock {
  #now: number;
  #sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  #waiting: { readonly count: number; readonly go: () => void }[] = [];

  constructor(now = Date.UTC(2026, 10, 23, 12)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      this.#sleepers.push({ at: this.#now + ms, wake: resolve });
      this.#waiting = this.#waiting.filter(({ count, go }) => this.#sleepers.length < count || void go());
    });
  }

  /** Resolves as soon as so many are asleep. */
  asleep(count: number): Promise<void> {
    if (this.#sleepers.length >= count) return Promise.resolve();
    return new Promise((go) => {
      this.#waiting.push({ count, go });
    });
  }

  advance(ms: number): void {
    this.#now += ms;
    const due = this.#sleepers.filter(({ at }) => at <= this.#now);
    this.#sleepers = this.#sleepers.filter(({ at }) => at > this.#now);
    for (const { wake } of due) wake();
  }
}
