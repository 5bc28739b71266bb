import type { Clock } from '../runtime/clock.ts';
import type { Cancellable } from './target.ts';

export interface GateOptions {
  readonly clock: Clock;
  /** How many are let through at a time for one key. */
  readonly maximum: number;
  /** Who takes longer doesn't count any more: it waits for somebody else rather than being at work. In milliseconds. */
  readonly countedForMs: number;
}

interface Passage {
  count: number;
  readonly waiting: Set<() => void>;
}

/** Lets a few through at a time for each key, in the order in which they came, and isn't blocked by who stays inside. */
export class Gate {
  readonly #options: GateOptions;
  readonly #passages = new Map<string, Passage>();

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Resolves when it is the caller's turn, with what the caller must call when done. Rejects with the signal's reason. */
  async enter(key: string, { signal }: Cancellable): Promise<() => void> {
    signal.throwIfAborted();
    const passage = this.#passages.get(key) ?? { count: 0, waiting: new Set() };
    this.#passages.set(key, passage);
    if (passage.count >= this.#options.maximum) await this.#wait(passage, { signal });
    else passage.count += 1;
    return this.#leave(key, passage);
  }

  /** Who is called takes the place of who left, so that the count stays. */
  async #wait({ waiting }: Passage, { signal }: Cancellable): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = () => {
      waiting.delete(resolve);
      reject(signal.reason);
    };
    waiting.add(resolve);
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  #leave(key: string, passage: Passage): () => void {
    const { clock, countedForMs } = this.#options;
    const inside = new AbortController();
    const leave = () => {
      if (inside.signal.aborted) return;
      inside.abort(undefined);
      const [next] = passage.waiting;
      if (next) {
        passage.waiting.delete(next);
        next();
        return;
      }
      passage.count -= 1;
      if (passage.count === 0) this.#passages.delete(key);
    };
    clock.sleep(countedForMs, inside.signal).then(leave, () => {});
    return leave;
  }
}
