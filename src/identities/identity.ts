import type { ConnectionSpec, IdentityType } from '../api/spec.ts';
import type { StagePlan, Step } from '../api/step.ts';
import type { ResourceId } from '../azure/resource-id.ts';
import type { ApplyOptions, Cancellable } from '../targets/target.ts';

/** Which tokens of the cluster's issuer an identity shall accept. */
export interface Federation {
  readonly issuer: string;
  readonly subject: string;
}

/** A federation that a connection may have had before: a hint where to look, the credential itself is the mark. */
export interface FormerFederation {
  readonly identity: ResourceId;
  readonly federation: Federation;
}

/** The identity that a connection names, and who shall be able to take it on. */
export interface IdentityRequest {
  readonly spec: ConnectionSpec['identity'];
  /** Undefined where the host itself hands out the identity's tokens. */
  readonly federation: Federation | undefined;
  /** Whether another connection of the namespace needs the same federation. */
  readonly shared: boolean;
  /** What nobody needs any more, unless it is still what this connection asks for. */
  readonly former: readonly FormerFederation[];
}

/** An identity as found in Azure. All ids are lower-case GUIDs. */
export interface ResolvedIdentity {
  readonly resourceId: ResourceId;
  readonly clientId: string;
  readonly principalId: string;
  readonly tenantId: string;
}

/** One kind of identity. `resolve` and `observe` never write; `plan` is pure; `apply` and `release` may be repeated at any point. */
export interface IdentityKind {
  readonly type: IdentityType;
  /** The identity, or undefined when there is none. */
  resolve(request: IdentityRequest, options: Cancellable): Promise<ResolvedIdentity | undefined>;
  /** What else must be there for the workload to take the identity on. */
  observe(request: IdentityRequest, identity: ResolvedIdentity, options: Cancellable): Promise<unknown>;
  plan(request: IdentityRequest, identity: ResolvedIdentity, observation: unknown): StagePlan;
  apply(steps: readonly Step[], request: IdentityRequest, options: ApplyOptions): Promise<void>;
  /** Takes away what this connection alone needed. Succeeds when it is gone already. */
  release(request: IdentityRequest, options: Cancellable): Promise<void>;
}
