import type { PasswordlessConnection } from '../api/connection.generated.ts';
import { requiredResourceId } from '../azure/required-resource-id.ts';
import { serverKinds } from '../azure/resource-id.ts';
import type { ReconcileResult } from '../runtime/controller.ts';
import { priorities } from '../runtime/work-queue.ts';
import type { Deps } from './deps.ts';
import type { Outcome } from './outcome.ts';

/**
 * When to look again. What is in sync waits for the next pass over its server, and what can only be changed by a watched object for that; everything else
 * comes back after a growing time, because databases and Azure send no events.
 */
export function nextLook(
  { spec }: Pick<PasswordlessConnection, 'spec'>,
  outcome: Outcome,
  { driftSchedule }: Pick<Deps, 'driftSchedule'>,
): ReconcileResult {
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
    case 'in-sync':
    case 'reported': {
      if (outcome.kind === 'in-sync' && outcome.findings.some((finding) => finding.blocking))
        return { kind: 'backoff', notBeforeInMs: personIntervalInMs };
      const serverId = requiredResourceId(spec.target.serverId, serverKinds[spec.target.type]);
      return { kind: 'after', ms: driftSchedule.untilNext(serverId), priority: priorities.background };
    }
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
