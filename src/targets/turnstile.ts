import { unlessAborted } from '../runtime/serial.ts';
import type { Cancellable } from './target.ts';

/** Lets one in at a time, in the order in which they came. */
export class Turnstile {
  #last: Promise<void> = Promise.resolve();
  #count = 0;

  /** How many are inside or waiting. */
  get count(): number {
    return this.#count;
  }

  /** Resolves when it is the caller's turn, with what the caller must call once when done. Rejects with the signal's reason. */
  async enter({ signal }: Cancellable): Promise<() => void> {
    signal.throwIfAborted();
    const { promise, resolve } = Promise.withResolvers<void>();
    const turn = this.#last;
    this.#last = turn.then(() => promise);
    this.#count += 1;
    const leave = () => {
      this.#count -= 1;
      resolve();
    };
    try {
      await unlessAborted(turn, signal);
      return leave;
    } catch (error) {
      leave();
      throw error;
    }
  }
}
