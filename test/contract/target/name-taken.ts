import { expect } from 'chai';
import { isConnectionError } from '../../../src/api/connection-error.ts';
import { rejection } from '../../support/eventually.ts';
import { type ContractEngine, signIn } from './engine.ts';
import { markOf } from './given.ts';
import { end, reconcile, tidy } from './pass.ts';

/** Users that aren't the connection's own. */
export function testNameTaken(engine: () => ContractEngine): void {
  describe('a name', () => {
    it('that somebody else’s user has is left alone, from the beginning to the end', async () => {
      const { target, administrator } = engine();
      const request = engine().request();
      await administrator.createUser(request.userName);
      const { steps, findings } = await reconcile(target, request);
      expect(steps).to.deep.equal([]);
      expect(findings.map(({ reason, blocking }) => `${reason} ${blocking}`)).to.deep.equal(['UserNameTaken true']);
      expect(await end(target, request)).to.equal('not-ours');
      expect(await tidy(target, request)).to.deep.equal({ kind: 'not-ours' });
      expect(await administrator.hasUser(request.userName)).to.equal(true);
    });

    it('of a user of another connection, namespace or cluster is somebody else’s', async () => {
      const { target, identities } = engine();
      const own = engine().request();
      await reconcile(target, own);
      for (const mark of [markOf('shop', 'payments'), markOf('payments', 'orders'), { ...own.mark, cluster: '00000000000000c2' }]) {
        const request = { ...own, mark, identity: identities.second };
        expect((await reconcile(target, request)).findings.map(({ reason }) => reason)).to.deep.equal(['UserNameTaken']);
        expect(await end(target, request)).to.equal('not-ours');
        expect(await tidy(target, request)).to.deep.equal({ kind: 'not-ours' });
      }
      await signIn(engine(), own);
    });

    it('is never the operator’s own', async () => {
      const { target, operatorName, administrator } = engine();
      const request = engine().request({ userName: operatorName });
      const refusal = await reconcile(target, request).then(
        ({ steps, findings }) => ({ steps, reason: findings.find(({ blocking }) => blocking)?.reason }),
        (error: unknown) => {
          if (isConnectionError(error) && error.kind === 'stalled') return { steps: [], reason: error.reason };
          throw error;
        },
      );
      expect(refusal.steps).to.deep.equal([]);
      expect(refusal.reason).to.be.oneOf(['UserNameTaken', 'NotPermitted']);
      expect(await end(target, request)).to.equal('not-ours');
      expect(await tidy(target, request)).to.deep.equal({ kind: 'not-ours' });
      expect(await administrator.hasUser(operatorName)).to.equal(true);
    });

    it('that the operator gives is short enough, and another for each connection', async () => {
      const { target, longestUserName } = engine();
      const long = 'n'.repeat(253);
      const names = [
        target.defaultUserName('shop', 'orders'),
        target.defaultUserName('shop', long),
        target.defaultUserName(long, 'orders'),
      ];
      expect(new Set(names).size).to.equal(names.length);
      for (const userName of names) {
        expect(userName.length).to.be.at.most(longestUserName);
        const request = engine().request({ userName });
        await reconcile(target, request);
        await signIn(engine(), request);
        await end(target, request);
        await tidy(target, request);
      }
    });

    it('that is too long is refused before anything is asked of the server', async () => {
      const { target, longestUserName, administrator } = engine();
      const userName = 'n'.repeat(longestUserName + 1);
      expect(await rejection(reconcile(target, engine().request({ userName })))).to.include({ kind: 'stalled', reason: 'NotPermitted' });
      expect(await administrator.hasUser(userName.slice(0, -1))).to.equal(false);
    });
  });
}
