import type { Clock } from '../../../src/runtime/clock.ts';
import { armErrors } from './arm-error.ts';

/** Tokens in a full bucket, and tokens that flow in each second. */
export interface BucketSize {
  readonly capacity: number;
  readonly perSecond: number;
}

export type RequestKind = 'read' | 'write' | 'delete';

export type BudgetSizes = Readonly<Record<RequestKind, BucketSize>>;

/** Per subscription and principal: https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling */
export const azureBudget: BudgetSizes = {
  read: { capacity: 250, perSecond: 25 },
  write: { capacity: 200, perSecond: 10 },
  delete: { capacity: 200, perSecond: 10 },
};

/** A subscription's allowance is fifteen times that of one principal. */
const globalFactor = 15;

/** The token buckets of every caller. */
export class ArmBudget {
  readonly #buckets = new Map<string, { tokens: number; at: number }>();
  readonly #sizes: BudgetSizes;
  readonly #clock: Clock;
  readonly #sendsRetryAfter: () => boolean;

  constructor(sizes: BudgetSizes, { clock, sendsRetryAfter }: { readonly clock: Clock; readonly sendsRetryAfter: () => boolean }) {
    this.#sizes = sizes;
    this.#clock = clock;
    this.#sendsRetryAfter = sendsRetryAfter;
  }

  /** Takes one token and returns the headers that tell how many are left. Throws ArmError 429 when there is none. */
  spend(
    kind: RequestKind,
    { subscriptionId, objectId }: { readonly subscriptionId: string; readonly objectId: string },
  ): Readonly<Record<string, string>> {
    const { capacity, perSecond } = this.#sizes[kind];
    const key = `${subscriptionId.toLowerCase()} ${objectId} ${kind}`;
    const now = this.#clock.now();
    const bucket = this.#buckets.get(key) ?? { tokens: capacity, at: now };
    bucket.tokens = Math.min(capacity, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
    bucket.at = now;
    this.#buckets.set(key, bucket);
    if (bucket.tokens < 1) {
      const seconds = Math.max(1, Math.ceil((1 - bucket.tokens) / perSecond));
      throw armErrors.throttled(kind, subscriptionId, objectId, seconds, this.#sendsRetryAfter() ? { 'Retry-After': String(seconds) } : {});
    }
    bucket.tokens -= 1;
    const left = Math.floor(bucket.tokens);
    return {
      [`x-ms-ratelimit-remaining-subscription-${kind}s`]: String(left),
      [`x-ms-ratelimit-remaining-subscription-global-${kind}s`]: String(capacity * (globalFactor - 1) + left),
    };
  }
}
