import { expect } from 'chai';
import { runOracleB } from '../oracle-b.ts';
import type { Engine } from './engine.ts';

const seed = Number(process.env['ORACLE_SEED'] ?? Date.now() % 2 ** 31);
const only = process.env['ORACLE_ONLY'];
/** All faults of an engine take some minutes on a busy machine. Each boundary meets one at least, if that takes no longer than twice as long. */
const limitInMs = Number(process.env['ORACLE_TIME'] ?? 45_000);

/** Runs the oracle on servers at these addresses. Each waits for its database most of the time. */
export function testOracleB(
  type: string,
  { hosts, start }: { readonly hosts: readonly string[]; readonly start: (host: string) => Promise<Engine> },
): void {
  describe(`oracle B for ${type}: cut, refused, kept waiting or killed at every step boundary`, function () {
    this.timeout(limitInMs + 180_000);
    let engines: readonly Engine[] = [];

    before(async () => {
      engines = await Promise.all(hosts.map(start));
    });
    after(() => Promise.all(engines.map((engine) => engine.stop())));

    it('a connection is created, changed and deleted as if nothing had happened, and nothing is left', async () => {
      const { summary, failures } = await runOracleB({ engines, seed, only, limitInMs });
      console.log(`      ${summary}`);
      if (failures.length > 0) expect.fail(failures.join('\n\n'));
    });
  });
}
