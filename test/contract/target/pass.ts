import type { Finding, StagePlan, Step } from '../../../src/api/step.ts';
import type { Cancellable, EndingRequest, Target, TargetRequest } from '../../../src/targets/target.ts';

/** Everything that one pass of a connection did. */
export interface Pass {
  readonly steps: readonly Step[];
  readonly findings: readonly Finding[];
}

/** A pass that found everything in order. */
export const atRest: Pass = { steps: [], findings: [] };

/** As a pass of the operator does it. */
const maximumRounds = 8;

/** Observes, plans and applies until nothing is left to do. */
export async function reconcile(target: Target, request: TargetRequest, { signal }: Cancellable = forever): Promise<Pass> {
  const steps: Step[] = [];
  for (let round = 1; round <= maximumRounds; round += 1) {
    const { plan, findings, apply } = await look(target, request, { signal });
    if (plan.steps.length === 0) return { steps, findings };
    steps.push(...plan.steps);
    await apply();
  }
  throw new Error(`the plan does not become empty: ${steps.map(({ summary }) => summary).join('\n')}`);
}

/** What would be done, without doing it: of the first stage that is out of sync. */
export async function plan(target: Target, request: TargetRequest, { signal }: Cancellable = forever): Promise<StagePlan> {
  return (await look(target, request, { signal })).plan;
}

export async function end(target: Target, request: EndingRequest, { signal }: Cancellable = forever): ReturnType<Target['end']> {
  return await target.end(request, await target.observeServer(request, { signal }), { signal });
}

export async function tidy(target: Target, request: EndingRequest, { signal }: Cancellable = forever): ReturnType<Target['tidy']> {
  return await target.tidy(request, await target.observeServer(request, { signal }), { signal });
}

const forever: Cancellable = { signal: new AbortController().signal };

interface Look {
  readonly plan: StagePlan;
  /** Those of the stages before, too. */
  readonly findings: readonly Finding[];
  apply(): Promise<void>;
}

async function look(target: Target, request: TargetRequest, { signal }: Cancellable): Promise<Look> {
  const server = await target.observeServer(request, { signal });
  const user = await target.observeUser(request, server, { signal });
  let plan = target.planUser(request, user);
  if (plan.steps.length === 0 && !plan.findings.some(({ blocking }) => blocking)) {
    const { findings } = plan;
    plan = target.planGrants(request, await target.observeGrants(request, server, user, { signal }));
    plan = { ...plan, findings: [...findings, ...plan.findings] };
  }
  return { plan, findings: plan.findings, apply: () => target.apply(plan.steps, request, server, { beforeStep: () => {}, signal }) };
}
