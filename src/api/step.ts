import type { Stage } from './conditions.ts';
import type { Reason } from './reasons.ts';

/**
 * One thing to be done, as plain data without secrets: log, Event, status.plan, CLI and tests all show it.
 * Owners of a stage extend it to a union of their own, with `kind` as discriminator.
 */
export interface Step {
  readonly stage: Stage;
  readonly kind: string;
  /** The step in one line: the SQL statement, ARM call or Kubernetes request. At most 1,024 characters. */
  readonly summary: string;
}

/** Something that was seen and that no step of ours can mend. */
export interface Finding {
  readonly reason: Reason;
  readonly message: string;
  /** Blocking findings keep Ready at False; others set Drifted to True. */
  readonly blocking: boolean;
}

/** What is to be done in one stage; empty steps and no blocking finding mean in sync. */
export interface StagePlan<S extends Step = Step> {
  readonly steps: readonly S[];
  readonly findings: readonly Finding[];
}

export const inSync: StagePlan<never> = { steps: [], findings: [] };
