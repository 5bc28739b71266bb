import { expect } from 'chai';
import type { Profile } from '../../../src/api/spec.ts';
import type { ContractEngine, Deed } from './engine.ts';
import { access } from './given.ts';
import { atRest, reconcile } from './pass.ts';
import { furnish, powersOf } from './powers.ts';

/** Every way from one profile to another. */
const tour: readonly Exclude<Profile, 'Custom'>[] = [
  ...(['ReadOnly', 'ReadWrite', 'ReadOnly', 'ReadWriteDDL', 'ReadOnly', 'All', 'ReadWrite'] as const),
  ...(['ReadWriteDDL', 'ReadWrite', 'All', 'ReadWriteDDL', 'All', 'ReadOnly'] as const),
];

/** What the profiles promise, up and down. */
export function testProfiles(engine: () => ContractEngine): void {
  describe('a profile', () => {
    it('lets the login do what it promises and nothing else, whichever was there before', async () => {
      const { target, promises } = engine();
      await furnish(engine());
      let from = 'nothing';
      for (const to of tour) {
        const request = engine().request({ access: access(to) });
        expect((await reconcile(target, request)).findings, `from ${from} to ${to}`).to.deep.equal([]);
        expect(await powersOf(engine(), request), `from ${from} to ${to}`).to.deep.equal(promises[to]);
        expect(await reconcile(target, request), `from ${from} to ${to}, again`).to.deep.equal(atRest);
        from = to;
      }
    });

    it('lets it run routines where the spec says so, and until it says so no longer', async () => {
      const { target, promises } = engine();
      await furnish(engine());
      const withRoutines: readonly Deed[] = [...promises.ReadOnly, 'run'];
      const expected = { None: promises.ReadOnly, All: withRoutines } as const;
      for (const routines of ['None', 'All', 'None'] as const) {
        const request = engine().request({ access: access('ReadOnly', { routines }) });
        expect((await reconcile(target, request)).findings).to.deep.equal([]);
        expect(await powersOf(engine(), request), routines).to.deep.equal(expected[routines]);
      }
    });

    it('covers a table that somebody made after it', async () => {
      const { target, administrator } = engine();
      const request = engine().request({ access: access('ReadOnly') });
      await reconcile(target, request);
      await furnish(engine());
      await administrator.createTable('later');
      await reconcile(target, request);
      expect(await powersOf(engine(), request)).to.deep.equal(engine().promises.ReadOnly);
    });
  });
}
