import type { ConnectionSpec } from '../api/spec.ts';
import type { IdentityRequest } from '../identities/identity.ts';
import type { TargetRequest } from '../targets/target.ts';
import type { WorkloadRequest } from '../workloads/workload.ts';

/** What one connection asks for, with every name settled and nothing looked up yet. Holds no secret. */
export interface Request {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly spec: ConnectionSpec;
  readonly identity: IdentityRequest;
  readonly workload: WorkloadRequest;
  /** All but the identity's ids, which the first stage finds. */
  readonly target: Omit<TargetRequest, 'identity'>;
  /** The port that the settings name; the operator itself uses the engine's own. */
  readonly port: number;
  /** The policy that allows it. */
  readonly policy: string;
}
