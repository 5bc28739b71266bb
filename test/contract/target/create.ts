import { expect } from 'chai';
import { rejection } from '../../support/eventually.ts';
import { type ContractEngine, signIn } from './engine.ts';
import { atRest, end, reconcile } from './pass.ts';
import { furnish, powersOf, table } from './powers.ts';

const { signal } = new AbortController();

/** How a user comes to be. */
export function testCreate(engine: () => ContractEngine): void {
  describe('a user', () => {
    it('appears with its rights, and no identity but its own can log in', async () => {
      const { identities, promises, target } = engine();
      await furnish(engine());
      const request = engine().request();
      const { steps, findings } = await reconcile(target, request);
      expect(steps.map(({ stage }) => stage)).to.include.members(['user', 'grants']);
      expect(findings).to.deep.equal([]);
      expect(await powersOf(engine(), request)).to.deep.equal(promises.ReadWrite);
      expect(await engine().signIn(request.userName, identities.second)).to.equal(undefined);
    });

    it('is in order then for every process of the operator, and bears its mark', async () => {
      await furnish(engine());
      const request = engine().request();
      await reconcile(engine().target, request);
      for (const target of [engine().target, engine().newTarget()]) {
        expect(await reconcile(target, request)).to.deep.equal(atRest);
        const server = await target.observeServer(request, { signal });
        const user = await target.observeUser(request, server, { signal });
        expect(user).to.deep.include({ boundElsewhere: false, mark: request.mark });
        expect(user.serverIdentifier).to.equal(await target.identify(server, { signal }));
      }
    });

    it('is among the marked ones until its access ends', async () => {
      const { target } = engine();
      const request = engine().request();
      const listed = async () => await target.listMarked(await target.observeServer(request, { signal }), { signal });
      expect(await listed()).to.deep.equal([]);
      await reconcile(target, request);
      const [orphan, ...others] = await listed();
      expect(others).to.deep.equal([]);
      expect(orphan).to.deep.include({ serverId: request.serverId, userName: request.userName, mark: request.mark });
      await end(target, request);
      expect(await listed()).to.deep.equal([]);
    });

    it('is made once by two processes at a time', async () => {
      const request = engine().request();
      const outcomes = await Promise.allSettled([engine().target, engine().newTarget()].map((target) => reconcile(target, request)));
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') expect(outcome.reason).to.include({ name: 'ConnectionError', kind: 'retry' });
      await reconcile(engine().target, request);
      expect(await reconcile(engine().target, request)).to.deep.equal(atRest);
    });

    it('is not made when the permission goes before the step', async () => {
      const { target, administrator } = engine();
      const request = engine().request();
      const server = await target.observeServer(request, { signal });
      const { steps } = target.planUser(request, await target.observeUser(request, server, { signal }));
      expect(steps).not.to.deep.equal([]);
      const gone = new Error('no longer permitted');
      const beforeStep = () => {
        throw gone;
      };
      expect(await rejection(target.apply(steps, request, server, { beforeStep, signal }))).to.equal(gone);
      expect(await administrator.hasUser(request.userName)).to.equal(false);
    });

    it('is made again with all its rights when somebody dropped it', async () => {
      const { target, administrator } = engine();
      await furnish(engine());
      const request = engine().request();
      await reconcile(target, request);
      await administrator.dropUser(request.userName);
      await reconcile(target, request);
      expect(await (await signIn(engine(), request)).can('insert', table)).to.equal(true);
      expect(await reconcile(target, request)).to.deep.equal(atRest);
    });

    it('is let in again when somebody locked it', async () => {
      const { target, administrator, identities } = engine();
      const request = engine().request();
      await reconcile(target, request);
      await administrator.lockUser(request.userName);
      expect(await engine().signIn(request.userName, identities.first)).to.equal(undefined);
      await reconcile(target, request);
      await signIn(engine(), request);
    });
  });
}
