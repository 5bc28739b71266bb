import { expect } from 'chai';
import type { TargetRequest } from '../../../src/targets/target.ts';
import { type ApplicationSession, type ContractEngine, signIn } from './engine.ts';
import { access } from './given.ts';
import { end, reconcile } from './pass.ts';
import { furnish, routine, table } from './powers.ts';

const count = 8;

/** Sessions that are open already know nothing of a change by themselves. */
export function testSessions(engine: () => ContractEngine): void {
  describe('sessions that are open', () => {
    const open = (request: TargetRequest) =>
      Promise.all(Array.from({ length: count }, async (): Promise<ApplicationSession> => await signIn(engine(), request)));
    /** Whether an open session may still do it. */
    const stillCan = async (session: ApplicationSession, ...deed: Parameters<ApplicationSession['can']>) =>
      (await session.isAlive()) && (await session.can(...deed));

    it('all end with the access, also in the middle of a transaction', async () => {
      const { target } = engine();
      await furnish(engine());
      const request = engine().request();
      await reconcile(target, request);
      const sessions = await open(request);
      for (const session of sessions.slice(0, count / 2)) await session.beginInsert(table);
      expect(await end(target, request)).to.equal('ended');
      for (const session of sessions) expect(await session.isAlive()).to.equal(false);
    });

    it('lose what a narrower profile takes away', async () => {
      const { target } = engine();
      await furnish(engine());
      const request = engine().request();
      await reconcile(target, request);
      const sessions = await open(request);
      for (const session of sessions) expect(await session.can('insert', table)).to.equal(true);
      await reconcile(target, { ...request, access: access('ReadOnly') });
      for (const session of sessions) expect(await stillCan(session, 'insert', table)).to.equal(false);
    });

    it('lose what somebody gave them by hand', async () => {
      const { target, administrator } = engine();
      await furnish(engine());
      const request = engine().request();
      await reconcile(target, request);
      await administrator.grant('run', routine, request.userName);
      const session = await signIn(engine(), request);
      expect(await session.can('run', routine)).to.equal(true);
      await reconcile(target, request);
      expect(await stillCan(session, 'run', routine)).to.equal(false);
    });

    it('go on with their work while nothing is taken away', async () => {
      const { target } = engine();
      await furnish(engine());
      const request = engine().request({ access: access('ReadOnly') });
      await reconcile(target, request);
      const sessions = await open(request);
      await reconcile(target, request);
      await reconcile(target, { ...request, access: access('ReadWrite') });
      for (const session of sessions) expect(await stillCan(session, 'read', table)).to.equal(true);
    });
  });
}
