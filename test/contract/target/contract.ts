import { testCreate } from './create.ts';
import { testCustom } from './custom.ts';
import { testCut } from './cut.ts';
import { testDeletion } from './deletion.ts';
import { testDrift } from './drift.ts';
import type { ContractEngine } from './engine.ts';
import { testHostileDatabase } from './hostile-database.ts';
import { testHostileNames } from './hostile-names.ts';
import { testIdentity } from './identity.ts';
import { testNameTaken } from './name-taken.ts';
import { testOwner } from './owner.ts';
import { testProfiles } from './profiles.ts';
import { testSessions } from './sessions.ts';

const scenarios: readonly ((engine: () => ContractEngine) => void)[] = [
  ...[testCreate, testProfiles, testCustom, testDrift, testIdentity, testNameTaken, testOwner],
  ...[testDeletion, testSessions, testCut, testHostileNames, testHostileDatabase],
];

/** Declares everything that a target must do, on one engine. A scenario may take `scenarioInMs`, if it doesn't say otherwise itself. */
export function testContract(
  name: string,
  start: () => Promise<ContractEngine>,
  { scenarioInMs = 30_000, startInMs = 300_000 }: { readonly scenarioInMs?: number; readonly startInMs?: number } = {},
): void {
  describe(`the contract of targets, on ${name}`, function () {
    this.timeout(scenarioInMs);
    let started: ContractEngine | undefined;
    const engine = () => {
      if (!started) throw new Error(`${name} did not start`);
      return started;
    };

    before(async function () {
      this.timeout(startInMs);
      started = await start();
      console.log(`      ${started.title}`);
    });
    after(() => started?.stop());
    afterEach(() => started?.cleanUp());

    for (const test of scenarios) test(engine);
  });
}
