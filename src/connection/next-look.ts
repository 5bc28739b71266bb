import { jittered } from '../runtime/backoff.ts';
import type { ReconcileResult } from '../runtime/controller.ts';
import { priorities } from '../runtime/work-queue.ts';
import type { Deps } from './deps.ts';
import type { Outcome } from './outcome.ts';

/**
 * When to look again. What is in sync or can only be changed by a watched object waits for the drift interval; everything else comes back
 * after a growing time, because databases and Azure send no events.
 */
export function nextLook(outcome: Outcome, deps: Pick<Deps, 'driftIntervalInMs' | 'random'>): ReconcileResult {
  switch (outcome.kind) {
    case 'gone':
    case 'ended':
    case 'overtaken':
    case 'suspended':
      return { kind: 'done' };
    case 'withdrawn':
      return { kind: 'done' };
    case 'refused':
      if (outcome.withdrawal && outcome.withdrawal.kind !== 'due') return { kind: 'after', ms: outcome.withdrawal.lookAgainInMs };
      return outcome.lookedUp ? { kind: 'backoff', notBeforeInMs: personIntervalInMs } : { kind: 'done' };
    case 'reported':
      return { kind: 'after', ms: jittered(deps.driftIntervalInMs, 0.1, deps.random), priority: priorities.background };
    case 'in-sync':
      if (outcome.findings.some((finding) => finding.blocking)) return { kind: 'backoff', notBeforeInMs: personIntervalInMs };
      return { kind: 'after', ms: jittered(deps.driftIntervalInMs, 0.1, deps.random), priority: priorities.background };
    case 'failed': {
      const { kind, reason, retryAfterInMs } = outcome.failure;
      if (reason === 'NotYetServed') return { kind: 'done' };
      const leastMs = kind === 'retry' ? (retryAfterInMs ?? 0) : Math.max(retryAfterInMs ?? 0, personIntervalInMs);
      return { kind: 'backoff', notBeforeInMs: leastMs };
    }
    default:
      return outcome satisfies never;
  }
}

/** What needs a person is not worth looking at more often than this; the back-off makes it rarer still. */
const personIntervalInMs = 5_000;
