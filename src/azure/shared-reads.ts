import type { Clock } from '../runtime/clock.ts';
import { unlessAborted } from '../runtime/serial.ts';

/** A read under way, or the value that it gave. */
interface Entry<T> {
  readonly result: Promise<T>;
  readonly stop: AbortController;
  readers: number;
  /** When the value is too old, on the clock; infinite while the read is under way. */
  keptUntil: number;
}

/** Above this number of entries, old ones are looked for whenever one is added. */
const sweepAbove = 1000;

/**
 * Reads shared by everybody who wants the same key: one that is under way is joined, its value is kept for `keepMs`. A read that fails is told to those who wait
 * for it and not kept. It is stopped only when all who waited for it have gone.
 */
export class SharedReads<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #clock: Clock;
  readonly #keepMs: number;

  constructor(clock: Clock, { keepMs }: { readonly keepMs: number }) {
    this.#clock = clock;
    this.#keepMs = keepMs;
  }

  /** The value of the key, read by `load` if need be. Throws what the read throws, or the signal's reason. */
  async read(
    key: string,
    load: (options: { readonly signal: AbortSignal }) => Promise<T>,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<T> {
    signal.throwIfAborted();
    const kept = this.#entries.get(key);
    const entry = kept && kept.keptUntil > this.#clock.now() ? kept : this.#start(key, load);
    entry.readers += 1;
    try {
      return await unlessAborted(entry.result, signal);
    } finally {
      entry.readers -= 1;
      if (entry.readers === 0 && entry.keptUntil === Number.POSITIVE_INFINITY) {
        this.#forget(key, entry);
        entry.stop.abort(new Error('nobody waits for this read any more'));
      }
    }
  }

  /** Changes the value that is kept, as a write just did with what was read. Where nothing is kept, whatever is being read is out of date and forgotten. */
  update(key: string, change: (value: T) => T): void {
    const kept = this.#entries.get(key);
    if (kept && kept.keptUntil !== Number.POSITIVE_INFINITY) this.#entries.set(key, { ...kept, result: kept.result.then(change) });
    else this.invalidate(key);
  }

  /** Forgets the value. A read that is under way ends for those who wait for it, and who asks from now on starts another. */
  invalidate(key: string): void {
    this.#entries.delete(key);
  }

  #start(key: string, load: (options: { readonly signal: AbortSignal }) => Promise<T>): Entry<T> {
    if (this.#entries.size >= sweepAbove) this.#sweep();
    const stop = new AbortController();
    const entry: Entry<T> = { result: load({ signal: stop.signal }), stop, readers: 0, keptUntil: Number.POSITIVE_INFINITY };
    this.#entries.set(key, entry);
    entry.result.then(
      () => {
        entry.keptUntil = this.#clock.now() + this.#keepMs;
      },
      () => this.#forget(key, entry),
    );
    return entry;
  }

  #forget(key: string, entry: Entry<T>): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
  }

  #sweep(): void {
    const now = this.#clock.now();
    for (const [key, entry] of this.#entries) if (entry.keptUntil <= now) this.#entries.delete(key);
  }
}
