import { Counter, Gauge, type Registry } from 'prom-client';
import type { PasswordlessConnection } from '../api/connection.generated.ts';
import type { TargetType } from '../api/spec.ts';
import type { Step } from '../api/step.ts';
import { keyOf, keyText, type ObjectKey } from '../runtime/resource.ts';
import type { Outcome } from './outcome.ts';

/** What is measured about connections. Labels name the resource, its target type and a reason, never a user, database or host. */
export class Metrics {
  readonly #ready: Gauge<'namespace' | 'name' | 'target' | 'reason'>;
  readonly #corrections: Counter<'target' | 'kind'>;
  readonly #azureRequests: Counter<'operation' | 'code'>;
  readonly #orphansEnded: Counter<'target'>;
  readonly #orphansBraked: Gauge;
  /** The label values of each connection's series, so that it can be taken away. */
  readonly #series = new Map<string, { namespace: string; name: string; target: string; reason: string }>();

  constructor(registry: Registry) {
    const registers = [registry];
    this.#ready = new Gauge({
      name: 'passwordless_connection_ready',
      help: 'Whether the connection is ready: 1 or 0',
      labelNames: ['namespace', 'name', 'target', 'reason'],
      registers,
    });
    this.#corrections = new Counter({
      name: 'passwordless_drift_corrections_total',
      help: 'Steps that undid what was changed behind our back',
      labelNames: ['target', 'kind'],
      registers,
    });
    this.#azureRequests = new Counter({
      name: 'passwordless_azure_requests_total',
      help: 'Requests to Azure Resource Manager by the action that they need and the status of the answer',
      labelNames: ['operation', 'code'],
      registers,
    });
    this.#orphansEnded = new Counter({
      name: 'passwordless_orphans_ended_total',
      help: 'Database users whose access was ended because no connection looked after them any more',
      labelNames: ['target'],
      registers,
    });
    this.#orphansBraked = new Gauge({
      name: 'passwordless_orphans_braked',
      help: 'Database users without a connection that keep their access, because more of them than --max-withdrawals were found at once',
      registers,
    });
  }

  /** An orphan's access was ended. */
  orphanEnded(target: TargetType): void {
    this.#orphansEnded.inc({ target });
  }

  /** So many orphans keep their access, because they are too many at once; 0 when none does. */
  orphansBraked(count: number): void {
    this.#orphansBraked.set(count);
  }

  /** A request to Azure was sent: the action that it needed, and its answer's status. */
  azureRequested({ action, status }: { readonly action: string; readonly status: string }): void {
    this.#azureRequests.inc({ operation: action, code: status });
  }

  passed(connection: PasswordlessConnection, outcome: Outcome): void {
    if (outcome.kind === 'overtaken') return;
    const key = keyOf(connection);
    this.forget(key);
    if (outcome.kind === 'gone' || outcome.kind === 'ended') return;
    const labels = { ...key, target: connection.spec.target.type, reason: reasonOf(outcome) };
    this.#series.set(keyText(key), labels);
    this.#ready.set(labels, labels.reason === 'InSync' ? 1 : 0);
  }

  /** The connection is gone. */
  forget(key: ObjectKey): void {
    const labels = this.#series.get(keyText(key));
    if (labels) this.#ready.remove(labels);
    this.#series.delete(keyText(key));
  }

  driftCorrected(connection: PasswordlessConnection, steps: readonly Step[]): void {
    for (const { kind } of steps) this.#corrections.inc({ target: connection.spec.target.type, kind });
  }
}

function reasonOf(outcome: Exclude<Outcome, { kind: 'gone' | 'ended' | 'overtaken' }>): string {
  switch (outcome.kind) {
    case 'refused':
      return outcome.withdrawal?.kind === 'braked' ? 'MassWithdrawal' : 'NotPermitted';
    case 'withdrawn':
      return 'Withdrawn';
    case 'suspended':
      return 'Suspended';
    case 'reported':
      return 'DriftDetected';
    case 'in-sync':
      return outcome.findings.find((finding) => finding.blocking)?.reason ?? 'InSync';
    case 'failed':
      return outcome.failure.reason;
    default:
      return outcome satisfies never;
  }
}
