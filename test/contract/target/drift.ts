import { expect } from 'chai';
import type { AccessSpec } from '../../../src/api/spec.ts';
import { type Administrator, type ContractEngine, grantOn, isPassedOver, signIn } from './engine.ts';
import { access } from './given.ts';
import { atRest, reconcile } from './pass.ts';
import { furnish, powersOf, routine, table } from './powers.ts';

type Damage = (by: Administrator, user: string) => Promise<void>;

/** What people change by hand at a user that may read and insert. */
const damages: Readonly<Record<string, Damage>> = {
  'a right is gone': (by, user) => by.revoke('insert', table, user),
  'all rights are gone': async (by, user) => {
    for (const deed of ['read', 'insert'] as const) await by.revoke(deed, table, user);
  },
  'a right is too many': (by, user) => by.grant('delete', table, user),
  'a right on a routine is too many': (by, user) => by.grant('run', routine, user),
  'a right is another now': async (by, user) => {
    await by.revoke('read', table, user);
    await by.grant('update', table, user);
  },
  'a right on another table is too many': async (by, user) => {
    await by.createTable('other');
    await by.grant('read', 'other', user);
  },
  'it was put into a role': async (by, user) => {
    await by.createTable('secrets');
    await by.createRole('readers', { reads: 'secrets' });
    await by.addToRole('readers', user);
  },
};

/** What drifts is put right, in both directions. */
export function testDrift(engine: () => ContractEngine): void {
  describe('drift', () => {
    for (const [what, damage] of Object.entries(damages))
      it(`is put right when ${what}`, async () => {
        const { target, administrator } = engine();
        await furnish(engine());
        const spec: AccessSpec = access('Custom', { grants: [grantOn(engine(), 'Table', [table], 'SELECT', 'INSERT')] });
        const request = engine().request({ access: spec });
        await reconcile(target, request);
        await damage(administrator, request.userName);
        const { steps, findings } = await reconcile(target, request);
        expect(steps).not.to.deep.equal([]);
        expect(findings).to.deep.equal([]);
        expect(await powersOf(engine(), request)).to.deep.equal(['read', 'insert']);
        const session = await signIn(engine(), request);
        for (const name of ['other', 'secrets'])
          if (await administrator.has(name)) expect(await session.can('read', name), name).to.equal(false);
        expect(await reconcile(target, request)).to.deep.equal(atRest);
      });

    it('of what a profile gives is put right too, both ways at once', async () => {
      const { target, administrator, promises } = engine();
      await furnish(engine());
      const request = engine().request();
      await reconcile(target, request);
      await administrator.revoke('insert', table, request.userName);
      await administrator.grant('run', routine, request.userName);
      await reconcile(target, request);
      expect(await powersOf(engine(), request)).to.deep.equal(promises.ReadWrite);
      expect(await reconcile(target, request)).to.deep.equal(atRest);
    });

    it('by somebody else’s hand is undone or told, once, and never tried for ever', async () => {
      const { grantAsStranger, target, strangersGrants } = engine();
      if (isPassedOver(grantAsStranger)) return;
      await furnish(engine());
      const request = engine().request({ access: access('ReadOnly') });
      await reconcile(target, request);
      await grantAsStranger('delete', table, request.userName);
      const { steps, findings } = await reconcile(target, request);
      const isTold = strangersGrants === 'told';
      expect(steps.length === 0).to.equal(isTold);
      expect(findings.map(({ reason, blocking }) => `${reason} ${blocking}`)).to.deep.equal(isTold ? ['PrivilegeNotRevocable false'] : []);
      expect(await reconcile(target, request)).to.deep.equal({ steps: [], findings });
    });

    it('of a role that the spec names: the membership is given, kept, and taken back', async () => {
      const { target, administrator } = engine();
      await administrator.createTable('secrets');
      await administrator.createRole('readers', { reads: 'secrets' });
      await furnish(engine());
      const spec = access('Custom', { grants: [grantOn(engine(), 'Table', [table], 'SELECT')] });
      for (const [roles, may] of [
        [['readers'], true],
        [[], false],
      ] as const) {
        const request = engine().request({ access: { ...spec, roles: [...roles] } });
        expect((await reconcile(target, request)).findings).to.deep.equal([]);
        expect(await (await signIn(engine(), request)).can('read', 'secrets')).to.equal(may);
        expect(await reconcile(target, request)).to.deep.equal(atRest);
      }
    });
  });
}
