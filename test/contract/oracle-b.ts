import type { Call } from './oracle-b/boundary.ts';
import { chanceFor, chanceOf } from './oracle-b/chance.ts';
import type { Engine } from './oracle-b/engine.ts';
import { disturbancesAt, type Named, type PlannedRun, plannedRuns, runOf } from './oracle-b/plan.ts';
import { type RunOptions, run } from './oracle-b/run.ts';
import { common, difference, lookUndisturbed, type States } from './oracle-b/undisturbed.ts';
import { World } from './oracle-b/world.ts';

export interface OracleOptions {
  /** Servers of one kind that are alike; as many runs go on at a time. */
  readonly engines: readonly Engine[];
  readonly seed: number;
  /** Names of faults, with commas: only the run with these, whatever time it is. */
  readonly only: string | undefined;
  /** No run begins later than this, in milliseconds; while there is a boundary that no fault has befallen yet, none later than twice this. */
  readonly limitInMs: number;
}

export interface OracleReport {
  /** One line for people. */
  readonly summary: string;
  /** What went wrong, each with how to see it again. */
  readonly failures: readonly string[];
}

/** How often a fault's call may fail to come before that is a failure itself. */
const maximumMisses = 3;

/** More of the same would tell nothing new. */
const maximumFailures = 8;

/**
 * Creates, changes and deletes a connection, disturbed at each call that the operator makes by each fault that makes a difference there, and compares what is there after each phase
 * with what is there when nothing disturbs it.
 */
export async function runOracleB({ engines, seed, only, limitInMs }: OracleOptions): Promise<OracleReport> {
  const startedAt = performance.now();
  const name = `orders-${Math.floor(chanceOf(seed)() * 65_536).toString(16)}`;
  const undisturbed = new Map(await Promise.all(engines.map(async (engine) => [engine, await lookUndisturbed(engine, name)] as const)));
  const boundaries = common([...undisturbed.values()].map((each) => each.boundaries));
  const all = disturbancesAt(boundaries, seed);
  const waiting = only === undefined ? [...plannedRuns(all, seed)] : [runOf(only.split(','), all)];
  const untouched = new Set(waiting.flatMap(({ named }) => named.map(({ boundary }) => boundary)));
  const met = new Set<string>();
  const failures: string[] = [];
  const misses = new Map<PlannedRun, number>();
  let runs = 0;

  const work = async (engine: Engine) => {
    const isTime = () => only !== undefined || performance.now() - startedAt < limitInMs * (untouched.size > 0 ? 2 : 1);
    while (isTime() && failures.length < maximumFailures) {
      const next = waiting.shift();
      if (!next) return;
      runs += 1;
      const { failure, missed } = await attempt(engine, next, { name, seed, states: undisturbed.get(engine)?.states ?? new Map() });
      for (const each of next.named.filter((named) => !missed.includes(named))) {
        met.add(each.id);
        untouched.delete(each.boundary);
      }
      if (failure !== undefined) failures.push(told(next, failure, seed));
      // another fault of the run may have led elsewhere
      else if (next.named.length > 1) waiting.push(...missed.map(({ id }) => runOf([id], all)));
      // the order of calls that wait for timers differs now and then
      else if (missed.length > 0 && (misses.get(next) ?? 1) < maximumMisses) {
        misses.set(next, (misses.get(next) ?? 1) + 1);
        waiting.push(next);
      } else if (missed.length > 0) failures.push(told(next, 'the call was not made', seed));
    }
  };
  await Promise.all(engines.map(work));

  if (met.size === 0 && failures.length === 0) failures.push(`no fault was tried within ${limitInMs} ms`);
  const total = Object.values(boundaries).flat().length;
  const faults = new Set(all.map(({ disturbance }) => disturbance.fault)).size;
  const summary =
    `oracle B, ${engines[0]?.title}: ${total} boundaries × ${faults} faults, ${all.length} of which make a difference, ` +
    `${met.size} tried in ${runs} runs${untouched.size === 0 ? '' : `, no time for any at ${untouched.size} of the boundaries`}, seed ${seed}`;
  return { summary, failures };
}

interface Attempt {
  readonly failure: string | undefined;
  /** Faults whose call was not made. */
  readonly missed: readonly Named[];
}

async function attempt(
  engine: Engine,
  { scenario, named }: PlannedRun,
  { name, seed, states }: { readonly name: string; readonly seed: number; readonly states: States },
): Promise<Attempt> {
  const random = chanceFor(idsOf(named), seed);
  const disturbances: RunOptions['disturbances'] = Object.fromEntries(named.map(({ phase, disturbance }) => [phase, disturbance]));
  try {
    const report = await run(new World(engine, { name }), scenario, {
      disturbances,
      random,
      watchLags: random() < 0.5,
      looksAtLogins: false,
    });
    const denied: Call[] = [];
    for (const { name: phase } of scenario.phases) {
      const { fault, call } = disturbances[phase] ?? {};
      if (fault === 'denied' && call) denied.push(call);
      // what may not be taken away stays with a shell
      const leavesShell = fault === 'denied' && phase === scenario.phases.at(-1)?.name;
      const isOpen = (line: string) => (leavesShell && engine.isOfShell(line)) || denied.some((each) => engine.hasSecondWay(line, each));
      const counted = (lines: readonly string[] = []) => lines.filter((line) => !isOpen(line));
      const differs = difference(counted(states.get(phase)), counted(report[phase]?.state));
      if (differs) return { failure: `${phase} ends in something else than undisturbed:\n${differs}`, missed: [] };
    }
    return { failure: undefined, missed: named.filter(({ phase }) => !report[phase]?.boundaries.isStruck) };
  } catch (error) {
    return { failure: error instanceof Error ? (error.stack ?? error.message) : String(error), missed: [] };
  } finally {
    await engine.cleanUp();
  }
}

function idsOf(named: readonly Named[]): string {
  return named.map(({ id }) => id).join(',');
}

function told({ named }: PlannedRun, what: string, seed: number): string {
  const where = named.map(({ id, disturbance: { call } }) => `${id}: ${call.system} ${call.name.slice(0, 120)}`).join('\n');
  return `${where}\n${what}\nto see it again: ORACLE_SEED=${seed} ORACLE_ONLY=${idsOf(named)}`;
}
