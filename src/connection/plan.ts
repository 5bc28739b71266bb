import { type Stage, stages } from '../api/conditions.ts';
import type { Finding, Step } from '../api/step.ts';
import type { Deps } from './deps.ts';
import { type Observation, type Part, parts } from './parts.ts';
import type { Request } from './request.ts';

/** What is to be done next, and which stages come afterwards. Empty steps and nothing afterwards: in sync. */
export interface Plan {
  /** The part that is out of sync; undefined when none is. */
  readonly part: Part | undefined;
  readonly steps: readonly Step[];
  /** Stages that can't be seen before these steps are done. */
  readonly afterwards: readonly Stage[];
  readonly findings: readonly Finding[];
}

/** The plan for what was observed. Pure. */
export function makePlan(request: Request, seen: Observation, deps: Deps): Plan {
  const findings: Finding[] = [];
  for (const part of parts) {
    if (!(part.name in seen)) break;
    const plan = part.plan(request, seen, deps);
    findings.push(...plan.findings);
    if (plan.steps.length > 0) {
      const afterwards = stages.slice(stages.indexOf(part.stage) + 1);
      return { part, steps: plan.steps, afterwards, findings };
    }
  }
  return { part: undefined, steps: [], afterwards: [], findings };
}

/** What was seen, less the part that a plan changes and all that comes after it: they are looked at again. */
export function forgetFrom(part: Part, seen: Observation): Observation {
  const kept = parts.slice(0, parts.indexOf(part)).map((each) => each.name);
  return Object.fromEntries(Object.entries(seen).filter(([name]) => kept.includes(name as Part['name'])));
}
