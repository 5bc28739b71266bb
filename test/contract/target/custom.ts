import { expect } from 'chai';
import type { AccessSpec } from '../../../src/api/spec.ts';
import type { TargetRequest } from '../../../src/targets/target.ts';
import { rejection } from '../../support/eventually.ts';
import { type ContractEngine, type Grantable, grantOn, signIn } from './engine.ts';
import { access, markOf } from './given.ts';
import { atRest, end, reconcile, tidy } from './pass.ts';

type Grants = NonNullable<AccessSpec['grants']>;

const tables = ['items', 'notes'] as const;
const routines = ['task', 'chore'] as const;
const deeds = ['read', 'insert', 'update', 'delete'] as const satisfies readonly Grantable[];

/** What a spec asks for, and what the login can do then. */
const specs: Readonly<Record<string, readonly [(on: On) => AccessSpec, readonly string[]]>> = {
  'a table by its name': [({ table }) => custom(table(['items'], 'SELECT')), ['read items']],
  'two tables, each in its way': [
    ({ table }) => custom(table(['items'], 'SELECT', 'UPDATE'), table(['notes'], 'INSERT')),
    ['read items', 'update items', 'insert notes'],
  ],
  'all tables': [({ table }) => custom(table(['*'], 'SELECT')), ['read items', 'read notes']],
  'all tables, and more with one of them': [
    ({ table }) => custom(table(['*'], 'SELECT'), table(['items'], 'DELETE')),
    ['read items', 'delete items', 'read notes'],
  ],
  'a routine by its name': [({ run }) => custom(run('task')), ['run task']],
  'all routines': [({ run }) => custom(run('*')), ['run task', 'run chore']],
  'more with one table than the profile gives': [
    ({ table }) => access('ReadOnly', { grants: [table(['notes'], 'INSERT')] }),
    ['read items', 'read notes', 'insert notes'],
  ],
};

interface On {
  table(names: readonly string[], ...privileges: readonly string[]): Grants[number];
  run(...names: readonly string[]): Grants[number];
}

/** Grants that the spec names one by one. */
export function testCustom(engine: () => ContractEngine): void {
  describe('Custom', () => {
    const on: On = {
      table: (names, ...privileges) => grantOn(engine(), 'Table', names, ...privileges),
      run: (...names) => grantOn(engine(), 'Function', names, 'EXECUTE'),
    };
    beforeEach(async () => {
      for (const name of tables) await engine().administrator.createTable(name);
      for (const name of routines) await engine().administrator.createRoutine(name);
    });

    async function powers(request: TargetRequest): Promise<readonly string[]> {
      const session = await signIn(engine(), request);
      const found: string[] = [];
      for (const name of tables) for (const deed of deeds) if (await session.can(deed, name)) found.push(`${deed} ${name}`);
      for (const name of routines) if (await session.can('run', name)) found.push(`run ${name}`);
      for (const deed of ['create table', 'drop table'] as const) expect(await session.can(deed, 'items'), deed).to.equal(false);
      await session.close();
      return found.sort();
    }

    it('lets the login do what it names and nothing else, whatever was named before', async () => {
      const { target } = engine();
      const names = Object.keys(specs);
      const tour = names.flatMap((name, index) => [name, names[(index + 3) % names.length]!]);
      for (const name of [...tour, ...tour.toReversed()]) {
        const [spec, expected] = specs[name]!;
        const request = engine().request({ access: spec(on) });
        expect((await reconcile(target, request)).findings, name).to.deep.equal([]);
        expect(await powers(request), name).to.deep.equal([...expected].sort());
        expect(await reconcile(target, request), `${name}, again`).to.deep.equal(atRest);
      }
    });

    it('tells what is not there, gives the rest, and gives it when it is there', async () => {
      const { target, administrator } = engine();
      const request = engine().request({ access: custom(on.table(['items', 'later'], 'SELECT'), on.run('task', 'also_later')) });
      const { findings } = await reconcile(target, request);
      expect(findings.map(({ reason, blocking }) => `${reason} ${blocking}`)).to.deep.equal(['ObjectNotFound true', 'ObjectNotFound true']);
      expect(findings.map(({ message }) => message).join()).to.match(/later.*also_later/);
      expect(await powers(request)).to.deep.equal(['read items', 'run task']);
      await administrator.createTable('later');
      await administrator.createRoutine('also_later');
      expect((await reconcile(target, request)).findings).to.deep.equal([]);
      const session = await signIn(engine(), request);
      expect([await session.can('read', 'later'), await session.can('run', 'also_later')]).to.deep.equal([true, true]);
    });

    it('gives what it gave to a table again when that was made anew', async () => {
      const { target, administrator } = engine();
      const request = engine().request({ access: custom(on.table(['items'], 'SELECT')) });
      await reconcile(target, request);
      await administrator.dropTable('items');
      expect((await reconcile(target, request)).findings.map(({ reason }) => reason)).to.deep.equal(['ObjectNotFound']);
      await administrator.createTable('items');
      expect((await reconcile(target, request)).findings).to.deep.equal([]);
      expect(await powers(request)).to.deep.equal(['read items']);
    });

    it('is refused where the server does not know a privilege, and a neighbour gets its rights at the same time', async () => {
      const { target, identities } = engine();
      const neighbour = engine().request({
        userName: 'aad_shop_neighbour',
        mark: markOf('shop', 'neighbour'),
        identity: identities.second,
        access: custom(on.table(['notes'], 'INSERT')),
      });
      const [refused, given] = await Promise.all([
        rejection(reconcile(target, engine().request({ access: custom(on.table(['items'], 'FLY')) }))),
        reconcile(target, neighbour),
      ]);
      expect(refused).to.include({ kind: 'stalled', reason: 'PrivilegeUnknown' });
      expect(given.findings).to.deep.equal([]);
      expect(await powers(neighbour)).to.deep.equal(['insert notes']);
      await end(target, neighbour);
      expect(await tidy(target, neighbour)).to.deep.equal({ kind: 'gone' });
    });
  });
}

function custom(...grants: Grants): AccessSpec {
  return access('Custom', { grants });
}
