import type { Clock } from '../../src/runtime/clock.ts';

interface Sleeper {
  readonly wakeAt: number;
  readonly wake: () => void;
}

/** Time that passes only when told to: sleepers wake in the order of their times, and between two of them what they started may run. */
export class FakeClock implements Clock {
  #now: number;
  readonly #sleepers = new Set<Sleeper>();

  constructor(startAt = Date.parse('2026-01-01T00:00:00Z')) {
    this.#now = startAt;
  }

  now(): number {
    return this.#now;
  }

  /** How many are asleep. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  /** Milliseconds until the next one wakes. */
  get nextInMs(): number | undefined {
    const times = [...this.#sleepers].map(({ wakeAt }) => wakeAt);
    return times.length === 0 ? undefined : Math.min(...times) - this.#now;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const onAbort = () => {
        this.#sleepers.delete(sleeper);
        reject(signal.reason);
      };
      const wake = () => {
        this.#sleepers.delete(sleeper);
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const sleeper: Sleeper = { wakeAt: this.#now + ms, wake };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#sleepers.add(sleeper);
    });
  }

  /** Lets the time pass, and what is due happen, also what becomes due on the way. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      await settled();
      const due = [...this.#sleepers].filter(({ wakeAt }) => wakeAt <= until).sort((a, b) => a.wakeAt - b.wakeAt)[0];
      if (due === undefined) break;
      this.#now = Math.max(this.#now, due.wakeAt);
      due.wake();
    }
    this.#now = until;
    await settled();
  }
}

/** Resolves when the promises that could go on without I/O have gone on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
