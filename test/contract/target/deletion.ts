import { expect } from 'chai';
import { type ContractEngine, signIn } from './engine.ts';
import { access, markOf } from './given.ts';
import { atRest, end, reconcile, tidy } from './pass.ts';
import { furnish } from './powers.ts';

const { signal } = new AbortController();

/** How an access ends. */
export function testDeletion(engine: () => ContractEngine): void {
  describe('the end of an access', () => {
    it('closes the door, ends the sessions and takes the user away, and may be repeated', async () => {
      const { target, administrator, identities } = engine();
      await furnish(engine());
      const request = engine().request({ access: access('All') });
      await reconcile(target, request);
      const session = await signIn(engine(), request);
      for (let time = 1; time <= 2; time += 1) {
        expect(await end(target, request)).to.equal('ended');
        expect(await engine().signIn(request.userName, identities.first)).to.equal(undefined);
        expect(await session.isAlive()).to.equal(false);
      }
      expect(await administrator.hasUser(request.userName)).to.equal(true);
      expect(await tidy(target, request)).to.deep.equal({ kind: 'gone' });
      expect(await administrator.hasUser(request.userName)).to.equal(false);
      expect(await end(target, request)).to.equal('absent');
      expect(await tidy(target, request)).to.deep.equal({ kind: 'gone' });
    });

    it('is reached when the user is gone already, or never was', async () => {
      const { target, administrator } = engine();
      const request = engine().request();
      expect(await end(target, request)).to.equal('absent');
      expect(await tidy(target, request)).to.deep.equal({ kind: 'gone' });
      await reconcile(target, request);
      await administrator.dropUser(request.userName);
      expect(await end(target, request)).to.equal('absent');
      expect(await tidy(target, request)).to.deep.equal({ kind: 'gone' });
      await reconcile(target, request);
      expect(await end(target, request)).to.equal('ended');
      await administrator.dropUser(request.userName);
      expect(await tidy(target, request)).to.deep.equal({ kind: 'gone' });
    });

    it('leaves a neighbour’s rights as they were', async () => {
      const { target, identities } = engine();
      await furnish(engine());
      const neighbour = engine().request({
        userName: 'aad_shop_neighbour',
        mark: markOf('shop', 'neighbour'),
        identity: identities.second,
        access: access('All'),
      });
      await reconcile(target, neighbour);
      const session = await signIn(engine(), neighbour);
      await reconcile(target, engine().request());
      await end(target, engine().request());
      await tidy(target, engine().request());
      expect(await session.isAlive()).to.equal(true);
      expect(await reconcile(target, neighbour)).to.deep.equal(atRest);
    });

    it('is taken back by the same connection made anew, which its former life can’t end', async () => {
      const { target } = engine();
      await furnish(engine());
      const before = engine().request();
      await reconcile(target, before);
      await end(target, before);
      const request = engine().request({ mark: markOf('shop', 'orders', 2) });
      await reconcile(target, request);
      await signIn(engine(), request);
      expect(await end(target, before)).to.equal('not-ours');
      expect(await tidy(target, before)).to.deep.equal({ kind: 'not-ours' });
      await signIn(engine(), request);
    });

    it('is reached with no more than the list of marked users knows', async () => {
      const { target, administrator } = engine();
      await furnish(engine());
      const request = engine().request();
      await reconcile(target, request);
      const session = await signIn(engine(), request);
      const fresh = engine().newTarget();
      const [orphan] = await fresh.listMarked(await fresh.observeServer(request, { signal }), { signal });
      if (!orphan) throw new Error('the user is not among the marked ones');
      expect(await end(fresh, orphan)).to.equal('ended');
      expect(await session.isAlive()).to.equal(false);
      expect(await tidy(fresh, orphan)).to.deep.equal({ kind: 'gone' });
      expect(await administrator.hasUser(request.userName)).to.equal(false);
    });

    it('is not what a release is: that leaves the login, and says that nobody looks after it', async () => {
      const { target } = engine();
      await furnish(engine());
      const request = engine().request();
      await reconcile(target, request);
      const server = await target.observeServer(request, { signal });
      expect(await target.release(request, server, { signal })).to.equal('released');
      await signIn(engine(), request);
      expect(await target.listMarked(server, { signal })).to.deep.equal([]);
    });
  });
}
