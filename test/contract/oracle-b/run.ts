import { Backoff } from '../../../src/runtime/backoff.ts';
import { keyText } from '../../../src/runtime/resource.ts';
import { Boundaries, type Disturbance } from './boundary.ts';
import { OperatorProcess, type PassEnd } from './operator-process.ts';
import type { Phase, PhaseName, Scenario } from './scenario.ts';
import type { World } from './world.ts';

/** What one run of a scenario came to, phase by phase. */
export interface PhaseReport {
  readonly boundaries: Boundaries;
  /** What there was when it was over. */
  readonly state: readonly string[];
}

export type RunReport = Readonly<Partial<Record<PhaseName, PhaseReport>>>;

export interface RunOptions {
  readonly disturbances: Readonly<Partial<Record<PhaseName, Disturbance>>>;
  readonly random: () => number;
  readonly watchLags: boolean;
  /** Whether who can log in is looked at after each phase, and not only when it must be nobody. */
  readonly looksAtLogins: boolean;
}

/** The operator did not do what it must; the text says where. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

const maximumPasses = 25;
const maximumTidyRounds = 10;

/** Runs a scenario in a world of its own, with at most one fault in each phase. Throws Broken, and what a pass must not throw. */
export async function run(world: World, { phases }: Scenario, options: RunOptions): Promise<RunReport> {
  const driver = new Driver(world, options);
  try {
    const reports: [PhaseName, PhaseReport][] = [];
    for (const phase of phases) reports.push([phase.name, await driver.phase(phase)]);
    return Object.fromEntries(reports);
  } finally {
    await driver.end();
  }
}

/** Does what the queue does, and starts the process again when it has died. */
class Driver {
  readonly #world: World;
  readonly #options: RunOptions;
  readonly #backoff: Backoff;
  #boundaries = new Boundaries();
  #process: OperatorProcess;

  constructor(world: World, options: RunOptions) {
    this.#world = world;
    this.#options = options;
    this.#backoff = new Backoff({ baseInMs: 1_000, maxInMs: 600_000, random: options.random });
    this.#process = this.#start();
  }

  async phase(phase: Phase): Promise<PhaseReport> {
    this.#boundaries = new Boundaries(this.#options.disturbances[phase.name]);
    const user = this.#process.userName;
    await phase.begin(this.#world, user);
    const last = await this.#settle();
    if (!phase.isDone(this.#world))
      throw new Broken(`${phase.name} is not done, and the operator wants no more than ${JSON.stringify(last)}: ${this.#conditions}`);
    if (this.#world.connection === undefined) {
      await this.#requireLogins(phase, user);
      await this.#tidy();
    }
    const state = await this.#world.look();
    if (this.#options.looksAtLogins) await this.#requireLogins(phase, user);
    return { boundaries: this.#boundaries, state };
  }

  async #requireLogins({ name, letsIn }: Phase, user: string): Promise<void> {
    const { engine } = this.#world;
    for (const which of ['first', 'second'] as const) {
      const isIn = await engine.letsIn(user, engine.identities[which]);
      if (isIn !== (which === letsIn)) throw new Broken(`${name} is done, and the ${which} identity ${isIn ? 'can' : "can't"} log in`);
    }
  }

  async end(): Promise<void> {
    await this.#process.end();
  }

  /** Passes until nothing is due but the next look at what is in order. */
  async #settle(): Promise<PassEnd> {
    const { key, clock } = this.#world;
    const text = keyText(key);
    let last: PassEnd | undefined;
    for (let pass = 1; pass <= maximumPasses; pass += 1) {
      last = await this.#process.pass(key);
      switch (last.kind) {
        case 'done':
        case 'after':
          this.#backoff.forget(text);
          return last;
        case 'backoff':
          await clock.advance(Math.max(this.#backoff.next(text), last.notBeforeInMs ?? 0));
          break;
        case 'threw':
          await clock.advance(this.#backoff.next(text));
          break;
        case 'died':
          await this.#restart();
          break;
        default:
          last satisfies never;
      }
    }
    throw new Broken(`not done after ${maximumPasses} passes, the last of which ended in ${JSON.stringify(last)}: ${this.#conditions}`);
  }

  get #conditions(): string {
    const conditions = this.#world.connection?.status?.conditions ?? [];
    return conditions.map(({ type, status, reason, message }) => `${type}=${status} ${reason} (${message})`).join('; ');
  }

  async #tidy(): Promise<void> {
    const isDone = () => !this.#world.hasTombstones;
    for (let died = 0; died <= 1; died += 1) {
      const end = await this.#process.tidyUntil(isDone, maximumTidyRounds);
      if (end === 'done') return;
      if (end === 'undone') throw new Broken(`a tombstone is left after ${maximumTidyRounds} looks`);
      await this.#restart();
    }
    throw new Broken('the process dies again and again');
  }

  async #restart(): Promise<void> {
    await this.#process.end();
    this.#backoff.forget(keyText(this.#world.key));
    this.#process = this.#start();
  }

  #start(): OperatorProcess {
    const { random, watchLags } = this.#options;
    return new OperatorProcess(this.#world, { boundaries: () => this.#boundaries, random, watchLags });
  }
}
