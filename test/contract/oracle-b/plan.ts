import { type Call, type Disturbance, faultsAt } from './boundary.ts';
import { chanceFor, chanceOf, shuffled } from './chance.ts';
import { type PhaseName, type Scenario, scenarios } from './scenario.ts';

/** A fault at a boundary, by the name under which it can be asked for: create.12/cut-after. */
export interface Named {
  readonly id: string;
  /** The part of the name before the fault. */
  readonly boundary: string;
  readonly phase: PhaseName;
  readonly disturbance: Disturbance;
}

/** A scenario, disturbed at most once in each phase. */
export interface PlannedRun {
  readonly scenario: Scenario;
  readonly named: readonly Named[];
}

export type Boundary = { readonly call: Call; readonly occurrence: number };
export type BoundariesByPhase = Readonly<Partial<Record<PhaseName, readonly Boundary[]>>>;

/** Every fault at every boundary where it makes a difference. */
export function disturbancesAt(boundaries: BoundariesByPhase, seed: number): readonly Named[] {
  return (Object.keys(boundaries) as PhaseName[]).flatMap((phase) =>
    (boundaries[phase] ?? []).flatMap((boundary, index) =>
      faultsAt(boundary.call, { isFirst: index === 0 }).map((fault) => {
        const name = `${phase}.${index + 1}`;
        const id = `${name}/${fault}`;
        return { id, boundary: name, phase, disturbance: { ...boundary, fault, chance: chanceFor(id, seed)() } };
      }),
    ),
  );
}

/** As few runs as the disturbances fit into, in an order that the seed makes: first one fault at every boundary, then another at every one, and so on. */
export function plannedRuns(all: readonly Named[], seed: number): readonly PlannedRun[] {
  const lines = linesOf(all, chanceOf(seed));
  const lastLine = ({ phases }: Scenario) => lines.get(phases.at(-1)?.name ?? 'delete') ?? [];
  const runs: PlannedRun[] = [];
  while ([...lines.values()].some((line) => line.length > 0)) {
    const [scenario] = [...scenarios].sort((a, b) => lastLine(b).length - lastLine(a).length);
    if (!scenario) break;
    runs.push({ scenario, named: scenario.phases.flatMap(({ name }) => lines.get(name)?.shift() ?? []) });
  }
  return runs;
}

/** The disturbances of each phase in their order. */
function linesOf(all: readonly Named[], random: () => number): ReadonlyMap<PhaseName, Named[]> {
  const ranks = new Map<string, number>();
  const ranked = shuffled(all, random).map((named) => {
    const rank = ranks.get(named.boundary) ?? 0;
    ranks.set(named.boundary, rank + 1);
    return { named, rank };
  });
  const lines = new Map<PhaseName, Named[]>();
  for (const { named } of ranked.sort((a, b) => a.rank - b.rank)) lines.set(named.phase, [...(lines.get(named.phase) ?? []), named]);
  return lines;
}

/** The run in which these, and only these, are disturbed. Throws RangeError for a name that isn't known, or that doesn't go with the others. */
export function runOf(ids: readonly string[], all: readonly Named[]): PlannedRun {
  const named = ids.map((id) => all.find((each) => each.id === id) ?? unknown(id));
  const scenario = scenarios.find(({ phases }) => named.every(({ phase }) => phases.some(({ name }) => name === phase)));
  if (!scenario) throw new RangeError(`no connection goes through the phases of ${ids.join(' and ')}`);
  return { scenario, named };
}

function unknown(id: string): never {
  throw new RangeError(`there is no fault ${id}: a name is <phase>.<number>/<fault>`);
}
