import { expect } from 'chai';
import { ConnectionError } from '../../../src/api/connection-error.ts';
import { requiredResourceId } from '../../../src/azure/required-resource-id.ts';
import { Tombstones } from '../../../src/connection/tombstones.ts';
import type { Target } from '../../../src/targets/target.ts';
import { collectingLogger } from '../../support/collecting-logger.ts';
import { serverId, Workbench } from './workbench.ts';

describe('tombstones', () => {
  it('of a server that is away wait together, and keep those of other servers waiting for no longer than one try', async () => {
    const bench = new Workbench();
    const { ledger, targets } = bench.deps();
    const stop = new AbortController();
    const { signal } = stop;
    for (const [index, name] of ['away', 'away', 'away', 'there'].entries()) {
      const uid = `00000000-0000-0000-0000-00000000000${index}`;
      const mark = { cluster: '0123456789abcdef', connection: '0123456789abcdef', uid, origin: 'created', state: 'live' } as const;
      const request = { serverId: requiredResourceId(serverId(name), 'postgresServer'), database: 'd', userName: `u${index}`, mark };
      await ledger.bury({ type: 'PostgreSQL', request }, { signal });
    }
    bench.calls.splice(0);
    bench.before = (call) => {
      if (call === 'observe server away') throw new ConnectionError('waiting', 'Unreachable', 'away');
    };
    const tombstones = new Tombstones({
      ledger,
      targets: targets as ReadonlyMap<'PostgreSQL', Target>,
      clock: bench.clock,
      logger: collectingLogger().logger,
    });
    const running = tombstones.run({ signal });
    await bench.clock.advance(5_000);
    expect(bench.calls.filter((call) => !/configmaps/.test(call)).toSorted()).to.deep.equal([
      'end user',
      'observe server away',
      'observe server there',
      'tidy user',
    ]);
    stop.abort();
    await running;
  });

  it("keep what the policy's set-up said at the end", async () => {
    const { ledger } = new Workbench().deps();
    const { signal } = new AbortController();
    const mark = {
      cluster: '0123456789abcdef',
      connection: '0123456789abcdef',
      uid: '00000000-0000-0000-0000-000000000000',
      origin: 'created',
      state: 'live',
    } as const;
    const request = {
      serverId: requiredResourceId(serverId('there'), 'postgresServer'),
      database: 'd',
      userName: 'u',
      mark,
      knownTriggers: ['audit'],
      retiredOwner: 'keeper',
      ownerCredentialsSecretName: 'owner',
    };
    await ledger.bury({ type: 'PostgreSQL', request }, { signal });
    const kept = [];
    for await (const { tombstones } of ledger.entries({ signal })) kept.push(...tombstones);
    expect(kept).to.deep.equal([{ type: 'PostgreSQL', request }]);
  });

  it('of users that keep their rights end the login and tidy nothing away', async () => {
    const bench = new Workbench();
    const { ledger, targets } = bench.deps();
    const stop = new AbortController();
    const { signal } = stop;
    for (const [index, keeps] of [true, false].entries()) {
      const uid = `00000000-0000-0000-0000-00000000000${index}`;
      const mark = { cluster: '0123456789abcdef', connection: '0123456789abcdef', uid, origin: 'created', state: 'live' } as const;
      const request = {
        serverId: requiredResourceId(serverId(`server${index}`), 'postgresServer'),
        database: 'd',
        userName: `u${index}`,
        mark,
      };
      await ledger.bury({ type: 'PostgreSQL', request, keeps }, { signal });
    }
    const tombstones = new Tombstones({
      ledger,
      targets: targets as ReadonlyMap<'PostgreSQL', Target>,
      clock: bench.clock,
      logger: collectingLogger().logger,
    });
    const running = tombstones.run({ signal });
    await bench.clock.advance(5_000);
    expect(bench.calls.filter((call) => /user$|^observe/.test(call))).to.deep.equal([
      'observe server server0',
      'end user',
      'observe server server1',
      'end user',
      'tidy user',
    ]);
    for await (const entry of ledger.entries({ signal })) expect(entry.tombstones).to.deep.equal([]);
    stop.abort();
    await running;
  });
});
