import { expect } from 'chai';
import { type ContractEngine, grantOn, isPassedOver, signIn } from './engine.ts';
import { access } from './given.ts';
import { atRest, end, reconcile, tidy } from './pass.ts';

/** Names that want to be statements in most engines; each adds its own. */
export const hostileNames: readonly string[] = [
  'x" TO evil; CREATE ROLE evil;--',
  "x' OR 1=1; --",
  'x`; DROP USER y; --',
  'x]; DROP USER y; --',
  'back\\slash',
  "\\'; DROP ROLE x; --",
  '%s%I$1',
  'under_score%percent',
  'semi;colon,comma',
  'dollar $$ x $$',
  'line\nbreak',
  'r\u202Eight-to-left',
  'é'.repeat(31),
];

/** Names are never anything but names. */
export function testHostileNames(engine: () => ContractEngine): void {
  describe('a name that wants to be a statement', () => {
    it('is but the name of a user, a database, a table and a routine', async function () {
      this.timeout(Math.max(this.timeout(), 90_000));
      const { target, createDatabase } = engine();
      const hasDatabases = !isPassedOver(createDatabase);
      for (const name of engine().hostileNames) {
        const administrator = hasDatabases ? await createDatabase(name) : engine().administrator;
        for (const each of [name, 'bystander']) await administrator.createTable(each);
        await administrator.createRoutine(name);
        const grants = [grantOn(engine(), 'Table', [name], 'SELECT', 'INSERT'), grantOn(engine(), 'Function', [name], 'EXECUTE')];
        const request = engine().request({
          userName: name,
          ...(hasDatabases && { database: name }),
          access: access('Custom', { grants }),
        });
        expect((await reconcile(target, request)).findings, name).to.deep.equal([]);
        const session = await signIn(engine(), request);
        for (const deed of ['read', 'insert', 'run'] as const) expect(await session.can(deed, name), `${deed} ${name}`).to.equal(true);
        for (const deed of ['delete', 'update'] as const) expect(await session.can(deed, name), `${deed} ${name}`).to.equal(false);
        expect(await session.can('read', 'bystander'), name).to.equal(false);
        await administrator.grant('delete', name, name);
        await administrator.revoke('insert', name, name);
        expect((await reconcile(target, request)).steps.length, name).to.be.greaterThan(0);
        expect(await reconcile(target, request), name).to.deep.equal(atRest);
        expect((await reconcile(target, { ...request, access: access('ReadWrite') })).findings, name).to.deep.equal([]);
        expect(await (await signIn(engine(), request)).can('read', 'bystander'), name).to.equal(true);
        expect(await end(target, request), name).to.equal('ended');
        expect(await tidy(target, request), name).to.deep.equal({ kind: 'gone' });
        expect(await administrator.hasUser(name), name).to.equal(false);
      }
    });

    it('does not open a database whose name is but like it', async () => {
      const { createDatabase, target } = engine();
      if (isPassedOver(createDatabase)) return;
      await createDatabase('orders_1');
      const likeIt = await createDatabase('ordersX1');
      await likeIt.createTable('items');
      const request = engine().request({ database: 'orders_1', access: access('All') });
      await reconcile(target, request);
      await signIn(engine(), request);
      const session = await engine().signIn(request.userName, request.identity, { database: 'ordersX1' });
      expect((await session?.can('read', 'items')) ?? false).to.equal(false);
    });
  });
}
