import type { Step } from '../api/step.ts';
import type { Cancellable } from '../targets/target.ts';
import type { Deps } from './deps.ts';
import { inStage } from './in-stage.ts';
import type { Observation } from './parts.ts';
import { requirePermission } from './permit.ts';
import type { Plan } from './plan.ts';
import type { Request } from './request.ts';

/**
 * Carries a plan's steps out, asking before each whether it is still permitted. No error is not success: the caller observes again.
 * Throws StageFailure, Refusal when the permission went meanwhile, Overtaken when the resource changed.
 */
export async function apply(plan: Plan, request: Request, seen: Observation, deps: Deps, { signal }: Cancellable): Promise<void> {
  const { part, steps } = plan;
  if (!part) return;
  const beforeStep = (step: Step) => {
    signal.throwIfAborted();
    requirePermission(request, deps, seen.identity?.resolved?.resourceId);
    deps.logger.info('step', {
      connection: `${request.namespace}/${request.name}`,
      stage: step.stage,
      kind: step.kind,
      summary: step.summary,
    });
  };
  await inStage(part.stage, () => part.apply(steps, request, seen, deps, { beforeStep, signal }));
}
