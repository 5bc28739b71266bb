import { startAzureSql } from './azure-sql/contract-engine.ts';
import { startMysql } from './mysql/contract-engine.ts';
import { startPostgres } from './postgres/contract-engine.ts';
import { testCreate } from './target/create.ts';
import { testCustom } from './target/custom.ts';
import { testCut } from './target/cut.ts';
import { testDeletion } from './target/deletion.ts';
import { testDrift } from './target/drift.ts';
import type { ContractEngine } from './target/engine.ts';
import { testHostileDatabase } from './target/hostile-database.ts';
import { testHostileNames } from './target/hostile-names.ts';
import { testIdentity } from './target/identity.ts';
import { testNameTaken } from './target/name-taken.ts';
import { testOwner } from './target/owner.ts';
import { testProfiles } from './target/profiles.ts';
import { testSessions } from './target/sessions.ts';

const engines: Readonly<Record<string, () => Promise<ContractEngine>>> = {
  PostgreSQL: startPostgres,
  MySQL: startMysql,
  AzureSQL: startAzureSql,
};

const scenarios: readonly ((engine: () => ContractEngine) => void)[] = [
  ...[testCreate, testProfiles, testCustom, testDrift, testIdentity, testNameTaken, testOwner],
  ...[testDeletion, testSessions, testCut, testHostileNames, testHostileDatabase],
];

for (const [name, start] of Object.entries(engines))
  describe(`the contract of targets, on ${name}`, function () {
    this.timeout(30_000);
    let started: ContractEngine | undefined;
    const engine = () => {
      if (!started) throw new Error(`${name} did not start`);
      return started;
    };

    before(async function () {
      this.timeout(300_000); // the engine may have to be installed
      started = await start();
      console.log(`      ${started.title}`);
    });
    after(() => started?.stop());
    afterEach(() => started?.cleanUp());

    for (const test of scenarios) test(engine);
  });
