import { ready } from '../api/conditions.ts';
import type { PasswordlessConnection } from '../api/connection.generated.ts';
import { apiVersion, requestedAtAnnotation } from '../api/names.ts';
import type { Reason } from '../api/reasons.ts';
import type { Step } from '../api/step.ts';
import type { Cancellable } from '../targets/target.ts';
import type { Deps } from './deps.ts';
import type { Outcome } from './outcome.ts';
import { connections } from './resources.ts';
import { nextStatus, type StatusContext } from './status.ts';

/** Writes what became of a pass into status, Events and metrics. Writes nothing where nothing changed. */
export async function report(connection: PasswordlessConnection, outcome: Outcome, deps: Deps, { signal }: Cancellable): Promise<void> {
  deps.metrics.passed(connection, outcome);
  switch (outcome.kind) {
    case 'gone':
    case 'overtaken':
      return;
    case 'ended':
      await record(connection, endingOf(outcome), deps, { signal });
      return;
    default:
      for (const happening of transitions(connection, outcome)) await record(connection, happening, deps, { signal });
      if ('applied' in outcome && isCorrection(connection, outcome.applied)) deps.metrics.driftCorrected(connection, outcome.applied);
      await deps.statusWriter.write(connection, nextStatus(connection.status, outcome, contextOf(connection, deps)), { signal });
  }
}

/** Outcomes of a resource that is still there. */
type Told = Exclude<Outcome, { kind: 'gone' | 'ended' | 'overtaken' }>;

interface Happening {
  readonly type: 'Normal' | 'Warning';
  readonly reason: Reason;
  readonly note: string;
}

function endingOf({ reason, note }: Extract<Outcome, { kind: 'ended' }>): Happening {
  return { type: reason === 'AccessEnded' ? 'Normal' : 'Warning', reason, note };
}

/** Events on transitions only: what was done, and what Ready changed to. */
function transitions(connection: PasswordlessConnection, outcome: Told): readonly Happening[] {
  const applied = 'applied' in outcome ? outcome.applied : [];
  const happenings: Happening[] = [];
  if (applied.some(isRebind)) happenings.push({ type: 'Warning', reason: 'IdentityRebound', note: noteOf(applied) });
  else if (isCorrection(connection, applied)) happenings.push({ type: 'Normal', reason: 'DriftCorrected', note: noteOf(applied) });
  else if (applied.length > 0) happenings.push({ type: 'Normal', reason: 'Applied', note: noteOf(applied) });
  const complaint = complaintOf(outcome);
  if (complaint && complaint.reason !== readyCondition(connection)?.reason) happenings.push({ type: 'Warning', ...complaint });
  return happenings;
}

/** Whether steps undid what was changed behind our back: the spec is one that was already brought about. */
function isCorrection(connection: PasswordlessConnection, applied: readonly Step[]): boolean {
  const before = readyCondition(connection);
  return applied.length > 0 && before?.status === 'True' && before.observedGeneration === connection.metadata.generation;
}

function complaintOf(outcome: Told): Omit<Happening, 'type'> | undefined {
  switch (outcome.kind) {
    case 'suspended':
      return undefined;
    case 'refused':
      return { reason: outcome.withdrawal?.kind === 'braked' ? 'MassWithdrawal' : 'NotPermitted', note: outcome.message };
    case 'withdrawn':
      return { reason: 'Withdrawn', note: outcome.message };
    case 'reported':
      return { reason: 'DriftDetected', note: noteOf(outcome.steps) };
    case 'in-sync': {
      const blocking = outcome.findings.find((finding) => finding.blocking);
      return blocking && { reason: blocking.reason, note: blocking.message };
    }
    case 'failed':
      return { reason: outcome.failure.reason, note: outcome.failure.message };
    default:
      return outcome satisfies never;
  }
}

async function record(
  connection: PasswordlessConnection,
  { type, reason, note }: Happening,
  deps: Deps,
  { signal }: Cancellable,
): Promise<void> {
  const regarding = { ...connection, apiVersion, kind: connections.kind };
  await deps.events.record(regarding, { type, reason, action: 'Reconcile', note }, { signal });
}

/** Whether a step took the user from one identity to another; mending a label of the same identity is none. */
function isRebind(step: Step): boolean {
  const { from, to } = step as Step & { readonly from?: string; readonly to?: string };
  return step.kind === 'rebind' && from !== undefined && from !== to;
}

/** The steps in one line each, as many as an Event holds. */
function noteOf(steps: readonly Step[]): string {
  const lines: string[] = [];
  let length = 0;
  for (const [index, { summary }] of steps.entries()) {
    const line = summary.slice(0, 300);
    if (length + line.length > maximumNote) {
      lines.push(`… and ${steps.length - index} more`);
      break;
    }
    lines.push(line);
    length += line.length + 2;
  }
  return lines.join('; ');
}

/** An Event's note takes 1,024 bytes. */
const maximumNote = 900;

/** What a status of this connection is said about, now. */
export function contextOf(connection: PasswordlessConnection, deps: Deps): StatusContext {
  const { metadata, spec } = connection;
  return {
    generation: metadata.generation,
    now: deps.clock.now(),
    requestedAt: metadata.annotations?.[requestedAtAnnotation],
    readyMessage: `the workload can log in to database "${spec.target.database}" with profile ${spec.access.profile}; ${podLabelHint(connection)}`,
  };
}

function podLabelHint({ spec }: PasswordlessConnection): string {
  return `pods of service account "${spec.workload.serviceAccount?.name}" need the label azure.workload.identity/use: "true"`;
}

function readyCondition(connection: PasswordlessConnection) {
  return connection.status?.conditions?.find((condition) => condition.type === ready);
}
