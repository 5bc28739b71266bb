import type { Clock } from './clock.ts';
import { DeadlineExceeded } from './deadline.ts';

/** A signal that is aborted with the parent's reason, or with DeadlineExceeded when nothing was heard for a time. One timer, however busy it is. */
export class Watchdog implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer = new AbortController();
  readonly #clock: Clock;
  readonly #limitInMs: number;
  readonly #parent: AbortSignal;
  readonly #onParentAbort: () => void;
  #lastHeardAt: number;

  constructor(options: { readonly clock: Clock; readonly limitInMs: number; readonly parent: AbortSignal }) {
    this.#clock = options.clock;
    this.#limitInMs = options.limitInMs;
    this.#parent = options.parent;
    this.#lastHeardAt = options.clock.now();
    this.#onParentAbort = () => this.#controller.abort(options.parent.reason);
    if (options.parent.aborted) {
      this.#onParentAbort();
    } else {
      options.parent.addEventListener('abort', this.#onParentAbort, { once: true });
      this.#watch().catch(() => {});
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  heard(): void {
    this.#lastHeardAt = this.#clock.now();
  }

  async #watch(): Promise<void> {
    for (let left = this.#limitInMs; left > 0; left = this.#lastHeardAt + this.#limitInMs - this.#clock.now())
      await this.#clock.sleep(left, this.#timer.signal);
    this.#controller.abort(new DeadlineExceeded(this.#limitInMs, 'waiting for a sign of life'));
  }

  [Symbol.dispose](): void {
    this.#parent.removeEventListener('abort', this.#onParentAbort);
    this.#timer.abort();
  }
}
