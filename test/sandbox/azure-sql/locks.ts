import { errors } from './errors.ts';

interface Waiter {
  readonly owner: number;
  readonly wake: () => void;
}

interface Lock {
  owner: number;
  count: number;
  readonly waiting: Waiter[];
}

/** Exclusive locks by name, held by sessions. */
export class Locks {
  readonly #locks = new Map<string, Lock>();
  /** Whom each session waits for. */
  readonly #waits = new Map<number, string>();

  /** Whether any session waits for another one. */
  get isWaiting(): boolean {
    return this.#waits.size > 0;
  }

  /** Takes a lock, or waits for it, and tells whether it had to: -1 for ever, else so many milliseconds. Throws 1205 for a deadlock, 1222 when the time is over, and the signal's reason. */
  async take(
    name: string,
    owner: number,
    { timeoutInMs, signal }: { readonly timeoutInMs: number; readonly signal: AbortSignal },
  ): Promise<boolean> {
    for (let hasWaited = false; ; hasWaited = true) {
      const lock = this.#locks.get(name);
      if (!lock) {
        this.#locks.set(name, { owner, count: 1, waiting: [] });
        return hasWaited;
      }
      if (lock.owner === owner) {
        lock.count += 1;
        return hasWaited;
      }
      if (this.#isDeadlock(lock.owner, owner)) throw errors.deadlock(owner);
      await this.#wait(lock, name, owner, timeoutInMs, signal);
    }
  }

  /** False when the session does not hold it. */
  release(name: string, owner: number): boolean {
    const lock = this.#locks.get(name);
    if (lock?.owner !== owner) return false;
    lock.count -= 1;
    if (lock.count === 0) this.#free(name, lock);
    return true;
  }

  releaseAll(owner: number, isMeant: (name: string) => boolean = () => true): void {
    for (const [name, lock] of this.#locks) if (lock.owner === owner && isMeant(name)) this.#free(name, lock);
  }

  #free(name: string, lock: Lock): void {
    this.#locks.delete(name);
    for (const { wake } of lock.waiting) wake();
  }

  #isDeadlock(holder: number, asking: number): boolean {
    const seen = new Set<number>();
    for (let at: number | undefined = holder; at !== undefined && !seen.has(at); at = this.#locks.get(this.#waits.get(at) ?? '')?.owner) {
      if (at === asking) return true;
      seen.add(at);
    }
    return false;
  }

  async #wait(lock: Lock, name: string, owner: number, timeoutInMs: number, signal: AbortSignal): Promise<void> {
    if (timeoutInMs === 0) throw errors.lockTimeout();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { owner, wake: resolve };
    const aborted = () => reject(signal.reason);
    const timer = timeoutInMs > 0 ? setTimeout(() => reject(errors.lockTimeout()), timeoutInMs) : undefined;
    signal.addEventListener('abort', aborted, { once: true });
    lock.waiting.push(waiter);
    this.#waits.set(owner, name);
    try {
      signal.throwIfAborted();
      await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', aborted);
      this.#waits.delete(owner);
      lock.waiting.splice(lock.waiting.indexOf(waiter), 1);
    }
  }
}
