import type { ConnectionSpec, OutputSpec, WorkloadType } from '../api/spec.ts';
import type { StagePlan, Step } from '../api/step.ts';
import type { ResolvedIdentity } from '../identities/identity.ts';
import type { Mark } from '../targets/mark.ts';
import type { ApplyOptions, Cancellable } from '../targets/target.ts';

/** The workload of one connection, and where its settings go. */
export interface WorkloadRequest {
  readonly spec: ConnectionSpec['workload'];
  readonly output: OutputSpec;
  readonly namespace: string;
  readonly connection: string;
  readonly uid: string;
  /** What tells cluster and connection from others, as in the marks of database users. */
  readonly mark: Pick<Mark, 'cluster' | 'connection'>;
  /** Which identity the namespace's other connections of this workload need; `other-identity` when even one may need another than this connection. */
  readonly sharedWith: 'nobody' | 'same-identity' | 'other-identity';
  /** Name of a Secret that this connection may have written before: a hint where to look, the Secret itself bears the mark. */
  readonly formerSecret: string | undefined;
  /** The workload as `describe` gave it for status: a hint where to look for what a connection left that has moved on. */
  readonly formerWorkload: string | undefined;
}

/** Settings by name. Values may be secret, so they are never part of an observation's log line or a step. */
export type Settings = Readonly<Record<string, string>>;

/** Names of settings whose values hold the secret of a service principal. */
export type SecretNames = ReadonlySet<string>;

/** One kind of host. `observe…` never writes; `plan…` is pure; `apply` and `release` may be repeated at any point. */
export interface WorkloadKind {
  readonly type: WorkloadType;
  /** The workload for status: ServiceAccount/orders, or ContainerApp with the path of its resource. */
  describe(spec: ConnectionSpec['workload']): string;
  /** Whether the workload knows its identity. Throws ConnectionError WorkloadNotFound. */
  observeIdentity(request: WorkloadRequest, options: Cancellable): Promise<unknown>;
  planIdentity(request: WorkloadRequest, identity: ResolvedIdentity, observation: unknown): StagePlan;
  /** The settings as the workload has them now. */
  observeSettings(request: WorkloadRequest, options: Cancellable): Promise<unknown>;
  planSettings(request: WorkloadRequest, settings: Settings, observation: unknown, secretNames: SecretNames): StagePlan;
  /** Applies steps that this workload planned. */
  apply(steps: readonly Step[], request: WorkloadRequest, context: WorkloadContext, options: ApplyOptions): Promise<void>;
  /** Takes the identity away where it was given to the workload for this connection alone; settings stay. Succeeds when it is gone already. */
  detach(request: WorkloadRequest, options: Cancellable): Promise<void>;
  /** Takes away what this connection alone needed. Succeeds when it is gone already. */
  release(request: WorkloadRequest, options: Cancellable): Promise<void>;
  /** Leaves everything as it is when the connection goes: what would go with it is made to stay. */
  retain(request: WorkloadRequest, options: Cancellable): Promise<void>;
}

/** What applying needs beside the steps, because steps hold no values. */
export interface WorkloadContext {
  readonly identity: ResolvedIdentity;
  readonly settings: Settings;
  readonly secretNames: SecretNames;
}
