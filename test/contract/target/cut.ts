import { expect } from 'chai';
import { rejection } from '../../support/eventually.ts';
import { type ContractEngine, isPassedOver } from './engine.ts';
import { access, markOf } from './given.ts';
import { atRest, end, reconcile, tidy } from './pass.ts';
import { furnish } from './powers.ts';

const maximumAttempts = 3;
/** From the call that is cut in one life of a connection to that in the next: all of them would take too long. */
const stride = 5;

/** Lines break. What every fault does to whole connections is for oracle B. */
export function testCut(engine: () => ContractEngine): void {
  describe('a line that breaks', () => {
    it('before or after a call, here and there in the life of a connection, is made good by the next attempt', async function () {
      this.timeout(60_000);
      const { cut, target, administrator } = engine();
      if (isPassedOver(cut)) return;
      await furnish(engine());
      let lives = 0;
      for (let happened = true; happened; lives += 1) {
        const request = engine().request({ mark: markOf('shop', 'orders', lives + 1) });
        const narrower = { ...request, access: access('ReadOnly') };
        using fault = cut(1 + lives * stride, lives % 2 === 0 ? 'before' : 'after');
        for (const wanted of [request, narrower]) expect((await again(() => reconcile(target, wanted))).findings).to.deep.equal([]);
        expect(await again(() => reconcile(target, narrower))).to.deep.equal(atRest);
        await again(() => end(target, request));
        expect(await again(() => tidy(target, request))).to.deep.equal({ kind: 'gone' });
        expect(await administrator.hasUser(request.userName)).to.equal(false);
        ({ happened } = fault);
      }
      expect(lives).to.be.greaterThan(3);
    });

    it('is told as something that passes by itself', async () => {
      const { cut, target } = engine();
      if (isPassedOver(cut)) return;
      {
        using _fault = cut(1, 'before');
        const fresh = engine().newTarget();
        expect(await rejection(reconcile(fresh, engine().request()))).to.include({ kind: 'retry', reason: 'Unreachable' });
      }
      expect((await reconcile(target, engine().request())).findings).to.deep.equal([]);
    });
  });
}

/** Tries again after an error that passes by itself. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      expect(error).to.include({ name: 'ConnectionError', kind: 'retry' });
      if (attempt === maximumAttempts) throw error;
    }
  }
}
