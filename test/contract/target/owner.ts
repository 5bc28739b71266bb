import { expect } from 'chai';
import { type ContractEngine, signIn } from './engine.ts';
import { access, markOf } from './given.ts';
import { atRest, end, reconcile, tidy } from './pass.ts';
import { furnish, powersOf } from './powers.ts';

/** Users that the server can't let go. */
export function testOwner(engine: () => ContractEngine): void {
  describe('a user that owns something', () => {
    it('stays as a shell that nobody can enter, and what it owns stays with it', async () => {
      const { target, administrator, identities } = engine();
      await furnish(engine());
      const request = engine().request({ access: access('ReadWriteDDL') });
      await reconcile(target, request);
      const session = await signIn(engine(), request);
      await session.ownSomething('heirloom');
      expect(await end(target, request)).to.equal('ended');
      expect(await session.isAlive()).to.equal(false);
      // once more, as from a tombstone
      for (let time = 1; time <= 2; time += 1) {
        const tidied = await tidy(target, request);
        if (tidied.kind !== 'shell') throw new Error(`the user is ${tidied.kind}`);
        expect(tidied.why).to.match(/\S/);
        expect(await administrator.hasUser(tidied.userName)).to.equal(true);
        for (const userName of new Set([request.userName, tidied.userName]))
          for (const identity of Object.values(identities)) expect(await engine().signIn(userName, identity), userName).to.equal(undefined);
      }
      expect(await administrator.has('heirloom')).to.equal(true);
    });

    it('is no obstacle when the same connection is made anew', async () => {
      const { target, promises } = engine();
      await furnish(engine());
      const before = engine().request({ access: access('ReadWriteDDL') });
      await reconcile(target, before);
      await (await signIn(engine(), before)).ownSomething('heirloom');
      await end(target, before);
      await tidy(target, before);
      const request = engine().request({ mark: markOf('shop', 'orders', 2) });
      expect((await reconcile(target, request)).findings).to.deep.equal([]);
      expect(await powersOf(engine(), request)).to.deep.equal(promises.ReadWrite);
      expect(await reconcile(target, request)).to.deep.equal(atRest);
    });
  });
}
