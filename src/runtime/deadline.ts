import type { Clock } from './clock.ts';

/** Why a signal was aborted: the time for it was over. */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
  readonly afterInMs: number;

  constructor(afterInMs: number, what = 'the call') {
    super(`${what} took longer than ${afterInMs} ms`);
    this.afterInMs = afterInMs;
  }
}

export function isDeadlineExceeded(error: unknown): error is DeadlineExceeded {
  return error instanceof Error && error.name === 'DeadlineExceeded';
}

/** Instead of the AbortError that `abort` would make, with its stack, for each call that ends in time. */
const disposed = new Error('the deadline was disposed of');

/** A signal that is aborted with the parent's reason, or with DeadlineExceeded after a time. Disposing of it stops its timer and lets go of the parent. */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer = new AbortController();
  readonly #parent: AbortSignal;
  readonly #onParentAbort: () => void;

  constructor(options: { readonly clock: Clock; readonly afterInMs: number; readonly parent: AbortSignal; readonly what?: string }) {
    this.#parent = options.parent;
    this.#onParentAbort = () => this.#controller.abort(options.parent.reason);
    if (options.parent.aborted) {
      this.#onParentAbort();
    } else {
      options.parent.addEventListener('abort', this.#onParentAbort, { once: true });
      const expire = () => this.#controller.abort(new DeadlineExceeded(options.afterInMs, options.what));
      options.clock.sleep(options.afterInMs, this.#timer.signal).then(expire, () => {});
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    this.#parent.removeEventListener('abort', this.#onParentAbort);
    this.#timer.abort(disposed);
  }
}
