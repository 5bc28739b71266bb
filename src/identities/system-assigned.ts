import { ConnectionError } from '../api/connection-error.ts';
import type { WorkloadType } from '../api/spec.ts';
import { inSync, type StagePlan, type Step } from '../api/step.ts';
import type { ArmOptions } from '../azure/arm.ts';
import type { SystemIdentity } from '../azure/system-identities.ts';
import type { ApplyOptions, Cancellable } from '../targets/target.ts';
import type { IdentityHost, IdentityKind, IdentityRequest, ResolvedIdentity } from './identity.ts';

type SystemAssignedStep = Step & { readonly kind: 'enable-system-identity' };

/** What system-assigned identities need of Azure and of the workloads that have them. */
export interface SystemAssignedDeps {
  readonly hosts: ReadonlyMap<WorkloadType, IdentityHost>;
  readonly readSystemIdentity: (scope: string, options: ArmOptions) => Promise<SystemIdentity | undefined>;
}

/**
 * The workload's own identity. It is switched on where it is off, and stays on when the connection goes: others may have come to rely on it, and with it would go
 * for good whatever it may do elsewhere.
 */
export function createSystemAssigned({ hosts, readSystemIdentity }: SystemAssignedDeps): IdentityKind {
  return {
    type: 'SystemAssigned',
    resolve,
    planMissing,
    observe: async () => undefined,
    plan: () => inSync,
    apply,
    release: async () => {},
    discard: async () => {},
  };

  async function resolve({ workload }: IdentityRequest, { signal }: Cancellable): Promise<ResolvedIdentity | undefined> {
    const host = hostOf(workload.type);
    if (!(await host.hasSystemAssigned(workload, { signal }))) return undefined;
    const found = await readSystemIdentity(host.scopeOf(workload), { signal });
    if (found) return { resourceId: undefined, ...found };
    throw new ConnectionError(
      'retry',
      'IdentityNotReady',
      'the system-assigned identity of the workload is switched on, and Azure does not show its ids yet; it goes on by itself',
    );
  }

  function planMissing({ workload }: IdentityRequest): StagePlan<SystemAssignedStep> {
    const summary = `PATCH ${hostOf(workload.type).scopeOf(workload)}: switch the system-assigned identity on`;
    return { steps: [{ stage: 'identity', kind: 'enable-system-identity', summary }], findings: [] };
  }

  async function apply(steps: readonly Step[], { workload }: IdentityRequest, { beforeStep, signal }: ApplyOptions): Promise<void> {
    for (const step of steps) {
      beforeStep(step);
      await hostOf(workload.type).enableSystemAssigned(workload, { signal });
    }
  }

  function hostOf(type: WorkloadType): IdentityHost {
    const host = hosts.get(type);
    if (!host) throw new ConnectionError('stalled', 'NotYetServed', `this version of the operator does not serve ${type}`);
    return host;
  }
}
