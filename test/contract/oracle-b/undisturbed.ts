import type { Engine } from './engine.ts';
import type { BoundariesByPhase, Boundary } from './plan.ts';
import { type PhaseReport, type RunReport, run } from './run.ts';
import { type PhaseName, type Scenario, scenarios } from './scenario.ts';
import { World } from './world.ts';

/** What there is after each phase. */
export type States = ReadonlyMap<PhaseName, readonly string[]>;

/** What there is after each phase when nothing disturbs it, and the calls that are made. */
export interface Undisturbed {
  readonly states: States;
  readonly boundaries: BoundariesByPhase;
}

/** Runs each scenario twice, because some calls are made more often at one time than at another. Throws when an end leaves something even so. */
export async function lookUndisturbed(engine: Engine, name: string): Promise<Undisturbed> {
  const states = new Map<PhaseName, readonly string[]>();
  const seen: BoundariesByPhase[] = [];
  const before = await new World(engine, { name }).look();
  for (const scenario of [...scenarios, ...scenarios]) {
    const report = await runOnce(engine, name, scenario);
    for (const [phase, { state, boundaries }] of Object.entries(report) as [PhaseName, PhaseReport][]) {
      const differs = difference(states.get(phase) ?? state, state);
      if (differs) throw new Error(`${phase} does not always end in the same:\n${differs}`);
      states.set(phase, state);
      seen.push({ [phase]: boundaries.calls });
    }
    const isLeft = (line: string) => isRemembered(line) || (scenario.leavesShell && engine.isOfShell(line));
    const end = states.get(scenario.phases.at(-1)?.name ?? 'delete') ?? [];
    const shell = end.filter((line) => engine.isOfShell(line));
    if (scenario.leavesShell && shell.length === 0) throw new Error('the user owns something, and no shell is left');
    const leak = difference(
      before,
      end.filter((line) => !isLeft(line)),
    );
    if (leak) throw new Error(`an end leaves something even when nothing disturbs it:\n${leak}`);
  }
  return { states, boundaries: common(seen) };
}

async function runOnce(engine: Engine, name: string, scenario: Scenario): Promise<RunReport> {
  try {
    return await run(new World(engine, { name }), scenario, { disturbances: {}, random: () => 0.5, watchLags: false, looksAtLogins: true });
  } finally {
    await engine.cleanUp();
  }
}

/** The operator goes on knowing a server that it has worked on, but nothing of its users. */
function isRemembered(line: string): boolean {
  return line.includes('/configmaps/ledger-') && !/ (tombstone|user)\./.test(line);
}

/** The calls that were made every time. */
export function common(seen: readonly BoundariesByPhase[]): BoundariesByPhase {
  const found: Partial<Record<PhaseName, readonly Boundary[]>> = {};
  for (const [phase, calls] of seen.flatMap((each) => Object.entries(each) as [PhaseName, readonly Boundary[]][]))
    found[phase] = (found[phase] ?? calls).filter((each) => calls.some((call) => isSame(call, each)));
  return found;
}

function isSame(a: Boundary, b: Boundary): boolean {
  return a.call.system === b.call.system && a.call.name === b.call.name && a.occurrence === b.occurrence;
}

/** Lines that are missing and lines that are too many; undefined when there are none. */
export function difference(expected: readonly string[], found: readonly string[]): string | undefined {
  const missing = expected.filter((line) => !found.includes(line)).map((line) => `- ${line}`);
  const added = found.filter((line) => !expected.includes(line)).map((line) => `+ ${line}`);
  return missing.length + added.length === 0 ? undefined : [...missing, ...added].join('\n');
}
