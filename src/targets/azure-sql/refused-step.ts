import type { Step } from '../../api/step.ts';

/** Why some of the steps are no longer permitted; undefined when all are. `beforeStep`: throws when a step isn't. */
export function whyRefused(steps: readonly Step[], beforeStep: (step: Step) => void): unknown {
  try {
    for (const step of steps) beforeStep(step);
    return undefined;
  } catch (error) {
    return error;
  }
}
