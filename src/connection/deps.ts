import type { PasswordlessConnection } from '../api/connection.generated.ts';
import type { ConnectionPolicy } from '../api/policy.generated.ts';
import type { IdentityType, TargetType, WorkloadType } from '../api/spec.ts';
import type { IdentityKind } from '../identities/identity.ts';
import type { Clock } from '../runtime/clock.ts';
import type { EventRecorder } from '../runtime/event-recorder.ts';
import type { KubeClient } from '../runtime/kube-client.ts';
import type { Logger } from '../runtime/logger.ts';
import type { StatusWriter } from '../runtime/status-writer.ts';
import type { Store } from '../runtime/store.ts';
import type { Target } from '../targets/target.ts';
import type { WorkloadKind } from '../workloads/workload.ts';
import type { Abandonments } from './abandonments.ts';
import type { DriftSchedule } from './drift-schedule.ts';
import type { FirewallWindows } from './firewall-windows.ts';
import type { Ledger } from './ledger.ts';
import type { Metrics } from './metrics.ts';
import type { Namespace } from './resources.ts';
import type { ServerSetupCalls } from './server-setup.ts';
import type { Tombstones } from './tombstones.ts';
import type { OnWithdrawal, Withdrawals } from './withdrawals.ts';

/** Everything that the controller works with, put together in operator.ts. */
export interface Deps {
  readonly client: KubeClient;
  readonly connections: Store<PasswordlessConnection>;
  readonly policies: Store<ConnectionPolicy>;
  readonly namespaces: Store<Namespace>;
  readonly statusWriter: StatusWriter<PasswordlessConnection>;
  readonly events: EventRecorder;
  readonly targets: ReadonlyMap<TargetType, Target>;
  readonly identities: ReadonlyMap<IdentityType, IdentityKind>;
  readonly workloads: ReadonlyMap<WorkloadType, WorkloadKind>;
  readonly ledger: Ledger;
  readonly serverSetup: ServerSetupCalls;
  readonly firewallWindows: FirewallWindows;
  readonly tombstones: Tombstones;
  readonly withdrawals: Withdrawals;
  readonly abandonments: Abandonments;
  readonly onWithdrawal: OnWithdrawal;
  readonly cluster: { readonly issuer: string; readonly hash: string };
  readonly operator: { readonly principalId: string; readonly clientId: string; readonly namespace: string };
  readonly driftSchedule: DriftSchedule;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}
