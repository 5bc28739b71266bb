import type { Stage } from '../api/conditions.ts';
import type { ConnectionError } from '../api/connection-error.ts';
import type { Finding, Step } from '../api/step.ts';
import type { Withdrawal } from './withdrawals.ts';

/** What a pass found out, for status; what it didn't reach stays undefined. */
export interface Facts {
  readonly policy?: string;
  readonly workload?: string;
  readonly identity?: { readonly principalId: string; readonly clientId: string; readonly tenantId: string; readonly resourceId?: string };
  readonly server?: { readonly host: string; readonly port: number };
  readonly databaseUser?: { readonly name: string; readonly created: boolean };
  readonly binding?: { readonly name: string };
}

/** How one pass over a connection ended. Status, Events, metrics and the next look all follow from it. */
export type Outcome =
  /** The resource is gone, or just let go. */
  | { readonly kind: 'gone' }
  /** Access has ended, or ends when the server is back; the finalizer went. */
  | { readonly kind: 'ended'; readonly reason: 'AccessEnded' | 'AccessAbandoned'; readonly note: string }
  /** No policy allows it, so nothing was touched. `lookedUp`: it took a look at Azure to know, so that Azure may also change it. */
  | { readonly kind: 'refused'; readonly message: string; readonly lookedUp: boolean; readonly withdrawal?: Withdrawal }
  /** No policy allowed it for longer than the grace period, so its access was ended. A policy brings it back. */
  | { readonly kind: 'withdrawn'; readonly message: string }
  | { readonly kind: 'suspended' }
  /** The plan is empty; findings are what no step of ours can mend. */
  | { readonly kind: 'in-sync'; readonly facts: Facts; readonly findings: readonly Finding[]; readonly applied: readonly Step[] }
  /** In Report mode: what would be done first, and which stages can't be seen before that. Nothing was changed. */
  | {
      readonly kind: 'reported';
      readonly facts: Facts;
      readonly findings: readonly Finding[];
      readonly steps: readonly Step[];
      readonly afterwards: readonly Stage[];
    }
  /** The resource changed meanwhile, so that another pass is due already and has the say. */
  | { readonly kind: 'overtaken' }
  /** `stage` undefined: before the first one, or while ending. `inSync`: the stages that this pass saw in sync before it. */
  | {
      readonly kind: 'failed';
      readonly stage: Stage | undefined;
      readonly inSync: readonly Stage[];
      readonly failure: ConnectionError;
      readonly facts: Facts;
      readonly applied: readonly Step[];
      readonly deleting: boolean;
    };
