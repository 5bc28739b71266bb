import { expect } from 'chai';
import { type ContractEngine, signIn } from './engine.ts';
import { access } from './given.ts';
import { atRest, reconcile } from './pass.ts';
import { furnish, powersOf } from './powers.ts';

const { signal } = new AbortController();

/** An identity that was made anew has other ids. */
export function testIdentity(engine: () => ContractEngine): void {
  describe('an identity that was made anew', () => {
    it('gets the user with all its rights in one pass, and the one before is out', async () => {
      const { target, identities, promises } = engine();
      await furnish(engine());
      const before = engine().request({ access: access('ReadWriteDDL', { routines: 'All' }) });
      await reconcile(target, before);
      const powers = await powersOf(engine(), before);
      expect(powers).to.include.members([...promises.ReadWriteDDL, 'run']);
      const session = await signIn(engine(), before);
      for (const identity of [identities.second, identities.first]) {
        const request = { ...before, identity };
        const server = await target.observeServer(request, { signal });
        expect((await target.observeUser(request, server, { signal })).boundElsewhere).to.equal(true);
        const { steps, findings } = await reconcile(target, request);
        expect(steps.map(({ kind }) => kind)).to.include('rebind');
        expect(findings).to.deep.equal([]);
        expect(await powersOf(engine(), request)).to.deep.equal(powers);
        expect(await reconcile(target, request)).to.deep.equal(atRest);
        const former = identity === identities.first ? identities.second : identities.first;
        expect(await engine().signIn(request.userName, former)).to.equal(undefined);
      }
      expect(await session.isAlive()).to.equal(false);
    });
  });
}
