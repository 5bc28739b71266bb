import { type Condition, drifted, permitted, ready, reconciling, type Stage, stageConditions, stages, stalled } from '../api/conditions.ts';
import type { Reason } from '../api/reasons.ts';
import type { ConnectionStatus } from '../api/spec.ts';
import type { Finding } from '../api/step.ts';
import type { Outcome } from './outcome.ts';
import { planText } from './plan-text.ts';
import { timeText } from './time-text.ts';

/** What a status is said about. `now` in milliseconds since 1970. */
export interface StatusContext {
  readonly generation: number;
  readonly now: number;
  /** The annotation dbaccess.dev/requestedAt, as this pass found it. */
  readonly requestedAt: string | undefined;
  /** What Ready says when all is well. */
  readonly readyMessage: string;
}

type Failed = Pick<Extract<Outcome, { kind: 'failed' }>, 'stage' | 'inSync'> & { readonly failure: Pick<Finding, 'reason' | 'message'> };
type Reported = Extract<Outcome, { kind: 'reported' }>;
type Draft = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

const readyOrder: readonly string[] = [ready, reconciling, stalled, drifted, permitted, ...stages.map((stage) => stageConditions[stage])];

/** The status while a pass is under way for a spec that was not reported on before. Pure. */
export function progressStatus(previous: ConnectionStatus | undefined, context: StatusContext): ConnectionStatus {
  const message = 'the operator is at work on this spec';
  const drafts: Draft[] = [
    { type: ready, status: 'Unknown', reason: 'Progressing', message },
    { type: reconciling, status: 'True', reason: 'Progressing', message },
    { type: permitted, status: 'True', reason: 'InSync', message: 'a ConnectionPolicy allows it' },
  ];
  return { ...previous, conditions: merge(previous, drafts, keptStages(previous), context) };
}

/** The status that follows from an outcome. Pure; equal outcomes give equal statuses, so that nothing is written at rest. */
export function nextStatus(
  before: ConnectionStatus | undefined,
  outcome: Exclude<Outcome, { kind: 'gone' | 'ended' | 'overtaken' }>,
  context: StatusContext,
): ConnectionStatus {
  const handled = context.requestedAt === undefined ? {} : { lastHandledReconcileAt: context.requestedAt };
  // a plan is of the pass that made it
  const { plan: _plan, ...previous } = before ?? {};
  switch (outcome.kind) {
    case 'refused': {
      const { withdrawal } = outcome;
      const reason = withdrawal?.kind === 'braked' ? 'MassWithdrawal' : 'NotPermitted';
      const drafts = [...notReady(reason, outcome.message, stalled), draft(permitted, 'False', 'NotPermitted', outcome.message)];
      const { policy: _policy, accessEndsAt: _accessEndsAt, ...kept } = previous;
      return {
        ...kept,
        ...(withdrawal?.kind === 'waiting' && { accessEndsAt: timeText(withdrawal.endsAt) }),
        ...handled,
        observedGeneration: context.generation,
        conditions: merge(previous, drafts, keptStages(previous), context),
      };
    }
    case 'withdrawn': {
      const drafts = [...notReady('Withdrawn', outcome.message, stalled), draft(permitted, 'False', 'NotPermitted', outcome.message)];
      const { policy: _policy, ...kept } = previous;
      const stageDrafts = keptStages(previous).map((stage) =>
        stage.type === stageConditions.user ? draft(stage.type, 'False', 'Withdrawn', outcome.message) : stage,
      );
      return { ...kept, ...handled, observedGeneration: context.generation, conditions: merge(previous, drafts, stageDrafts, context) };
    }
    case 'suspended': {
      const drafts = [draft(ready, 'Unknown', 'Suspended', 'spec.suspend is true: nothing is looked at, nothing repaired'), allowed()];
      return {
        ...previous,
        ...handled,
        observedGeneration: context.generation,
        conditions: merge(previous, drafts, keptStages(previous), context),
      };
    }
    case 'in-sync': {
      const blocking = outcome.findings.find((finding) => finding.blocking);
      const drafts = blocking
        ? notReady(blocking.reason, blocking.message, stalled)
        : [draft(ready, 'True', 'InSync', context.readyMessage)];
      const drift = outcome.findings.find((finding) => !finding.blocking);
      if (drift) drafts.push(draft(drifted, 'True', drift.reason, drift.message));
      const stageDrafts = stages.map((stage) => stageDone(stage, stage === 'grants' ? blocking : undefined));
      const { accessEndsAt: _accessEndsAt, ...kept } = previous;
      return {
        ...kept,
        ...outcome.facts,
        ...handled,
        observedGeneration: context.generation,
        conditions: merge(previous, [...drafts, allowed()], stageDrafts, context),
      };
    }
    case 'reported': {
      const then = outcome.afterwards.length > 0 ? `, and then see to ${outcome.afterwards.join(', ')}` : '';
      const message = `Enforce would do ${outcome.steps.length} steps${then}: they are in status.plan`;
      const { accessEndsAt: _accessEndsAt, ...kept } = previous;
      const drafts = [draft(ready, 'False', 'DriftDetected', message), allowed()];
      return {
        ...kept,
        ...outcome.facts,
        ...handled,
        plan: planText(outcome.steps, outcome.afterwards),
        observedGeneration: context.generation,
        conditions: merge(previous, drafts, stagesOfReport(outcome, previous), context),
      };
    }
    case 'failed': {
      const { failure } = outcome;
      const flag = failure.kind === 'stalled' ? stalled : reconciling;
      const drafts = notReady(failure.reason, failure.message, flag);
      if (!outcome.deleting) drafts.push(allowed());
      const generation = failure.kind === 'stalled' ? { observedGeneration: context.generation } : {};
      return {
        ...previous,
        ...outcome.facts,
        ...handled,
        ...generation,
        conditions: merge(previous, drafts, stagesUpTo(outcome, previous), context),
      };
    }
    default:
      return outcome satisfies never;
  }
}

function draft(type: string, status: Condition['status'], reason: Reason, message: string): Draft {
  return { type, status, reason, message };
}

function allowed(): Draft {
  return draft(permitted, 'True', 'InSync', 'a ConnectionPolicy allows it');
}

function notReady(reason: Reason, message: string, flag: string): Draft[] {
  return [draft(ready, 'False', reason, message), draft(flag, 'True', reason, message)];
}

function stageDone(stage: Stage, finding: Finding | undefined): Draft {
  const type = stageConditions[stage];
  return finding ? draft(type, 'False', finding.reason, finding.message) : draft(type, 'True', 'InSync', 'as the spec says');
}

/** The failed stage, and those that were just seen in sync; the others keep what was last known of them. */
function stagesUpTo({ stage: failed, inSync, failure }: Failed, previous: ConnectionStatus | undefined): readonly Draft[] {
  const kept = keptStages(previous);
  return stages.flatMap((stage) => {
    const type = stageConditions[stage];
    if (stage === failed) return draft(type, 'False', failure.reason, failure.message);
    return inSync.includes(stage) ? stageDone(stage, undefined) : kept.filter((condition) => condition.type === type);
  });
}

/** The steps are those of the first stage out of sync: what comes before it was just seen in sync, and what comes after wasn't looked at. */
function stagesOfReport({ steps }: Reported, previous: ConnectionStatus | undefined): readonly Draft[] {
  const first = steps[0];
  if (!first) return keptStages(previous);
  const inSync = stages.slice(0, stages.indexOf(first.stage));
  const message = `Enforce would do: ${first.summary}`;
  return stagesUpTo({ stage: first.stage, inSync, failure: { reason: 'DriftDetected', message } }, previous);
}

function keptStages(previous: ConnectionStatus | undefined): readonly Draft[] {
  const types = Object.values(stageConditions);
  return conditionsOf(previous).filter((condition) => types.includes(condition.type));
}

/** Conditions in their order, each with the time of its last change of status. */
function merge(previous: ConnectionStatus | undefined, drafts: readonly Draft[], stageDrafts: readonly Draft[], context: StatusContext) {
  const before = new Map(conditionsOf(previous).map((condition) => [condition.type, condition]));
  const kept = new Set(keptStages(previous));
  const now = timeText(context.now);
  return [...drafts, ...stageDrafts]
    .map((each): Condition => {
      const old = before.get(each.type);
      if (kept.has(each) && old) return old;
      const lastTransitionTime = old && old.status === each.status ? old.lastTransitionTime : now;
      const message = each.message.slice(0, maximumMessage);
      return { ...each, message, observedGeneration: context.generation, lastTransitionTime };
    })
    .sort((a, b) => readyOrder.indexOf(a.type) - readyOrder.indexOf(b.type));
}

/** The API takes 32,768; nobody reads that much. */
const maximumMessage = 2048;

function conditionsOf(status: ConnectionStatus | undefined): readonly Condition[] {
  return (status?.conditions ?? []) as readonly Condition[];
}
