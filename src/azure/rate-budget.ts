import type { Clock } from '../runtime/clock.ts';

export type RequestKind = 'read' | 'write' | 'delete';

/**
 * What Azure Resource Manager grants to one service principal in one subscription and region; polls of long-running operations are reads:
 * https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
 */
export const armRates: Readonly<Record<RequestKind, Rate>> = {
  read: { burst: 250, perSecond: 25 },
  write: { burst: 200, perSecond: 10 },
  delete: { burst: 200, perSecond: 10 },
};

export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

export interface Fare {
  readonly subscriptionId: string;
  readonly kind: RequestKind;
  /** Who it is for: namespaces take turns. Empty for what is for nobody in particular. */
  readonly namespace: string;
}

/** Keeps requests within Azure's limits. Who would exceed them waits; no namespace waits for another one's backlog. */
export class RateBudget {
  readonly #buckets = new Map<string, Bucket>();
  readonly #clock: Clock;
  readonly #rates: Readonly<Record<RequestKind, Rate>>;

  constructor(clock: Clock, rates: Readonly<Record<RequestKind, Rate>> = armRates) {
    this.#clock = clock;
    this.#rates = rates;
  }

  /** Returns when one request may be sent. Throws the signal's reason when it is aborted first; nothing is used up then. */
  async take({ subscriptionId, kind, namespace }: Fare, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    const key = `${kind} ${subscriptionId.toLowerCase()}`;
    let bucket = this.#buckets.get(key);
    if (!bucket) {
      bucket = new Bucket(this.#clock, this.#rates[kind]);
      this.#buckets.set(key, bucket);
    }
    await bucket.take(namespace, signal);
  }
}

class Bucket {
  readonly #clock: Clock;
  readonly #rate: Rate;
  #tokens: number;
  #filledAt: number;
  /** Who waits, by namespace; the namespace whose turn it is comes first, and within it who came first. */
  readonly #waiting = new Map<string, Set<() => void>>();
  /** Set while somebody waits; stops the sleep until the next token. */
  #serving: AbortController | undefined;

  constructor(clock: Clock, rate: Rate) {
    this.#clock = clock;
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#filledAt = clock.now();
  }

  async take(namespace: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#fill();
    if (this.#waiting.size === 0 && this.#tokens >= 1) {
      this.#tokens -= 1;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#join(namespace, resolve);
    const onAbort = () => {
      this.#leave(namespace, resolve);
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (!this.#serving) void this.#serve();
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #serve(): Promise<void> {
    const serving = new AbortController();
    this.#serving = serving;
    while (this.#waiting.size > 0) {
      this.#fill();
      while (this.#tokens >= 1 && this.#waiting.size > 0) {
        this.#tokens -= 1;
        this.#callNext();
      }
      if (this.#waiting.size === 0) break;
      const untilNext = Math.ceil(((1 - this.#tokens) / this.#rate.perSecond) * 1000);
      await this.#clock.sleep(untilNext, serving.signal).catch(() => {});
      // The last one left meanwhile, and this round with it; who came after that has started another.
      if (serving.signal.aborted) return;
    }
    this.#serving = undefined;
  }

  #callNext(): void {
    for (const [namespace, waiters] of this.#waiting) {
      this.#waiting.delete(namespace);
      const [next] = waiters;
      if (!next) continue;
      waiters.delete(next);
      if (waiters.size > 0) this.#waiting.set(namespace, waiters);
      next();
      return;
    }
  }

  #join(namespace: string, waiter: () => void): void {
    const waiters = this.#waiting.get(namespace);
    if (waiters) waiters.add(waiter);
    else this.#waiting.set(namespace, new Set([waiter]));
  }

  #leave(namespace: string, waiter: () => void): void {
    const waiters = this.#waiting.get(namespace);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.#waiting.delete(namespace);
    if (this.#waiting.size === 0) {
      this.#serving?.abort();
      this.#serving = undefined;
    }
  }

  #fill(): void {
    const now = this.#clock.now();
    const earned = (Math.max(0, now - this.#filledAt) / 1000) * this.#rate.perSecond;
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + earned);
    this.#filledAt = now;
  }
}
