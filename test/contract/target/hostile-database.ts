import { expect } from 'chai';
import { type ContractEngine, isPassedOver, signIn } from './engine.ts';
import { access, markOf } from './given.ts';
import { end, reconcile, tidy } from './pass.ts';

/** An application that waits in its database for the operator to step on something (threat-model D1). */
export function testHostileDatabase(engine: () => ContractEngine): void {
  describe('a database turned against those who look at it', () => {
    it('gains nothing from the whole life of another connection', async function () {
      this.timeout(Math.max(this.timeout(), 120_000));
      const { plantTraps, target, identities } = engine();
      if (isPassedOver(plantTraps)) return;
      const evil = engine().request({
        userName: 'aad_evil_app',
        mark: markOf('evil', 'app'),
        identity: identities.second,
        access: access('All'),
      });
      await reconcile(target, evil);
      const traps = await plantTraps(await signIn(engine(), evil));
      expect(traps.count).to.be.greaterThan(20);
      const request = engine().request({ access: access('All') });
      await reconcile(target, request);
      await reconcile(target, { ...request, access: access('ReadOnly') });
      await reconcile(target, { ...request, identity: identities.second });
      await end(target, request);
      await tidy(target, request);
      await end(target, evil);
      await tidy(target, evil);
      expect(await traps.gained()).to.deep.equal([]);
    });
  });
}
