import type { ConnectionSpec, IdentityType } from '../api/spec.ts';
import type { StagePlan, Step } from '../api/step.ts';
import type { ResourceId } from '../azure/resource-id.ts';
import type { TagOwner } from '../azure/tag-mark.ts';
import type { SecretText } from '../runtime/secret-text.ts';
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
  /** Whose identity a system-assigned one is. */
  readonly workload: ConnectionSpec['workload'];
  readonly namespace: string;
  /** What the mark on an identity that we make says. */
  readonly owner: TagOwner;
  /** Undefined where the host itself hands out the identity's tokens. */
  readonly federation: Federation | undefined;
  /** Whether another connection of the namespace needs the same federation. */
  readonly shared: boolean;
  /** Whether another connection of the namespace needs the same identity, for whatever workload. */
  readonly identityShared: boolean;
  /** What nobody needs any more, unless it is still what this connection asks for. */
  readonly former: readonly FormerFederation[];
}

/** An identity as found in Azure. All ids are lower-case GUIDs. */
export interface ResolvedIdentity {
  /** Of a user-assigned identity; others have no resource of their own. */
  readonly resourceId: ResourceId | undefined;
  readonly clientId: string;
  readonly principalId: string;
  readonly tenantId: string;
  /** Of a service principal, which has nothing else to sign in with. */
  readonly clientSecret?: SecretText;
}

/** One kind of identity. `resolve` and `observe` never write; `plan…` is pure; `apply` and `release` may be repeated at any point. */
export interface IdentityKind {
  readonly type: IdentityType;
  /** The identity, or undefined when there is none. */
  resolve(request: IdentityRequest, options: Cancellable): Promise<ResolvedIdentity | undefined>;
  /** What makes an identity that isn't there; without steps it is for somebody else to make. */
  planMissing(request: IdentityRequest): StagePlan;
  /** What else must be there for the workload to take the identity on. */
  observe(request: IdentityRequest, identity: ResolvedIdentity, options: Cancellable): Promise<unknown>;
  plan(request: IdentityRequest, identity: ResolvedIdentity, observation: unknown): StagePlan;
  apply(steps: readonly Step[], request: IdentityRequest, options: ApplyOptions): Promise<void>;
  /** Ends the federations that this connection alone needed. Succeeds when they are gone already. */
  release(request: IdentityRequest, options: Cancellable): Promise<void>;
  /** Removes the identity itself, where it was made for this connection and nobody else is known to need it. Succeeds when it is gone already. */
  discard(request: IdentityRequest, options: Cancellable): Promise<void>;
}

/** A kind of workload that has an identity of its own. */
export interface IdentityHost {
  /** The path in ARM of the resource that has it. */
  scopeOf(spec: ConnectionSpec['workload']): string;
  /** Throws ConnectionError WorkloadNotFound. */
  hasSystemAssigned(spec: ConnectionSpec['workload'], options: Cancellable): Promise<boolean>;
  enableSystemAssigned(spec: ConnectionSpec['workload'], options: Cancellable): Promise<void>;
}
