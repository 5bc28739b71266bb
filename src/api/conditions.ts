import type { Reason } from './reasons.ts';

/** Stages of a connection, in the order in which they are reached. */
export const stages = ['identity', 'server', 'user', 'grants', 'settings'] as const;
export type Stage = (typeof stages)[number];

/** Condition types; those of the stages stand in stageConditions. */
export const ready = 'Ready';
export const reconciling = 'Reconciling';
export const stalled = 'Stalled';
export const drifted = 'Drifted';
export const permitted = 'Permitted';

/** The condition of each stage. */
export const stageConditions: Readonly<Record<Stage, string>> = {
  identity: 'IdentityReady',
  server: 'ServerReady',
  user: 'DatabaseUserReady',
  grants: 'GrantsReady',
  settings: 'ConfigurationReady',
};

/** A condition as the API has it. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: Reason | 'Pending';
  readonly message: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime: string;
}
