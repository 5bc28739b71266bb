import { expect } from 'chai';
import { nothing } from '../../../../src/targets/postgres/profile.ts';
import type { RightsObservation } from '../../../../src/targets/postgres/rights.ts';
import { RightsMemory } from '../../../../src/targets/postgres/rights-memory.ts';
import type { RightsRequest } from '../../../../src/targets/postgres/rights-request.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

describe('what is remembered of rights', () => {
  const request = {
    database: 'orders',
    userName: 'aad_shop',
    roleOid: 1,
    promised: nothing,
    clusterHash: 'c1',
    knownTriggers: [],
    administratorNames: ['dba'],
  } as RightsRequest;
  const found = { fingerprint: 'f', observation: {} as RightsObservation };
  let clock: FakeClock;
  let memory: RightsMemory;
  beforeEach(() => {
    clock = new FakeClock();
    memory = new RightsMemory(clock);
    memory.remember('host', request, found);
  });

  it('holds for the very same question', () => {
    expect(memory.recall('host', { ...request })?.observation).to.equal(found.observation);
  });

  const others: Readonly<Record<string, Partial<RightsRequest>>> = {
    'a role of the same name that was made anew': { roleOid: 2 },
    'another promise': { promised: { ...nothing, database: ['CONNECT'] } },
    'other triggers that are known': { knownTriggers: ['audit'] },
    'another user': { userName: 'aad_other' },
    'another database': { database: 'stock' },
  };
  for (const [what, over] of Object.entries(others))
    it(`does not hold for ${what}`, () => {
      expect(memory.recall('host', { ...request, ...over })).to.equal(undefined);
    });

  it('does not hold on another server, nor when it was forgotten', () => {
    expect(memory.recall('elsewhere', request)).to.equal(undefined);
    memory.forget('host', request);
    expect(memory.recall('host', request)).to.equal(undefined);
  });

  it('does not hold for longer than an hour, so that a full look is taken at least so often', async () => {
    await clock.advance(3_599_999);
    expect(memory.recall('host', request)).not.to.equal(undefined);
    await clock.advance(1);
    expect(memory.recall('host', request)).to.equal(undefined);
  });
});
