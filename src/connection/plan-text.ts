import type { Stage } from '../api/conditions.ts';
import type { ConnectionStatus } from '../api/spec.ts';
import type { Step } from '../api/step.ts';

type StatusPlan = NonNullable<ConnectionStatus['plan']>;

/** The API takes fifty steps. */
const maximumSteps = 50;
/** More than this nobody reads in a status, in characters of all summaries together (threat-model E2). */
const maximumText = 8_192;

/** A plan as status shows it: the first steps, and a line for each stage that can't be seen before they are done. Pure. */
export function planText(steps: readonly Step[], afterwards: readonly Stage[]): StatusPlan {
  const lines = [
    ...steps.map(({ kind, summary }) => ({ kind, summary })),
    ...afterwards.map((stage) => ({ kind: 'afterwards', summary: `${stage}: <known after apply>` })),
  ];
  let length = 0;
  const shown = lines.slice(0, maximumSteps).filter(({ summary }) => {
    length += summary.length;
    return length <= maximumText;
  });
  return { total: lines.length, steps: shown };
}
