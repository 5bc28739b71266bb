import { expect } from 'chai';
import { planUser, requireUserName } from '../../../../src/targets/azure-sql/plan-user.ts';
import { userStatements } from '../../../../src/targets/azure-sql/steps.ts';
import type { AzureSqlUser } from '../../../../src/targets/azure-sql/user.ts';
import type { Mark } from '../../../../src/targets/mark.ts';
import { clientId, mark, otherClientId, principal, request, rights, user } from './given.ts';

const bound = (id: string | undefined) => principal({ boundTo: id });
const rebinding = {
  handOver: { owned: [], rights: [] },
  modules: [],
  isTooMuch: false,
  standIn: 'dbaccess_standin_00000001',
  rights: rights(),
};
const foreign: Mark = { ...mark, connection: '00000000000000d2' };

describe('the plan for a user of Azure SQL', () => {
  const kinds = (seen: AzureSqlUser, asked: Partial<typeof request & { adopt: boolean }> = {}) =>
    planUser({ ...request, ...asked }, seen).steps.map(({ kind }) => kind);
  const findings = (seen: AzureSqlUser, asked: Partial<typeof request & { adopt: boolean }> = {}) =>
    planUser({ ...request, ...asked }, seen).findings.map(({ reason, blocking }) => `${reason}${blocking ? '!' : ''}`);

  const table: readonly (readonly [string, AzureSqlUser, readonly string[], readonly string[]])[] = [
    ['is nothing for a user in order', user(), [], []],
    ['creates a user who is not there', user({ principal: undefined }), ['create-user'], []],
    [
      'creates nobody for an identity that has a user already',
      user({ principal: undefined, isIdentityInUse: true }),
      [],
      ['IdentityInUse!'],
    ],
    ['lets in who is denied to connect', user({ principal: principal({ lockedBy: [undefined] }) }), ['allow-login'], []],
    ['lets in who has no right to connect', user({ principal: principal({ mayConnect: false }) }), ['allow-login'], []],
    [
      'says live in the mark of who was disabled',
      user({ principal: principal({ mark: { ...mark, state: 'disabled' }, lockedBy: [undefined] }) }),
      ['mark', 'allow-login'],
      [],
    ],
    ['binds anew who is bound to another identity', user({ principal: bound(otherClientId), rebinding }), ['rebind'], []],
    ['binds anew who is bound to nobody', user({ principal: principal({ type: 'S', boundTo: undefined }), rebinding }), ['rebind'], []],
    ['binds anew who is a group of that id', user({ principal: principal({ type: 'X' }), rebinding }), ['rebind'], []],
    ['binds anew the user of a server login', user({ principal: principal({ isBoundDirectly: false }), rebinding }), ['rebind'], []],
    [
      'leaves one with modules of its own as it is',
      user({ principal: bound(otherClientId), rebinding: { ...rebinding, modules: ['[app].[f]'] } }),
      [],
      ['DefinerObjects!'],
    ],
    [
      'leaves one who owns too much as it is',
      user({ principal: bound(otherClientId), rebinding: { ...rebinding, isTooMuch: true } }),
      [],
      ['TooManyObjects!'],
    ],
    [
      'does not bind to an identity that has another user',
      user({ principal: bound(otherClientId), rebinding, isIdentityInUse: true }),
      [],
      ['IdentityInUse!'],
    ],
    ['leaves a user without our mark alone', user({ principal: principal({ mark: undefined }) }), [], ['UserNameTaken!']],
    ['leaves a user with the mark of another alone', user({ principal: principal({ mark: foreign }) }), [], ['UserNameTaken!']],
    ['leaves an administrator alone, whatever its mark', user({ isReserved: true }), [], ['UserNameTaken!']],
    ['writes nothing while a DDL trigger would run as us', user({ principal: undefined, triggers: ['t'] }), [], ['DdlTriggerPresent!']],
    ['does not mind a DDL trigger at rest', user({ triggers: ['t'] }), [], []],
  ];
  for (const [title, seen, steps, found] of table)
    it(title, () => {
      expect(kinds(seen)).to.deep.equal(steps);
      expect(findings(seen)).to.deep.equal(found);
    });

  describe('taking over', () => {
    const theirs = (overrides: Partial<AzureSqlUser['principal']> = {}) =>
      user({ principal: principal({ mark: undefined, property: undefined, ...overrides }), adoption: { privilegedRole: undefined } });

    it('takes over an unmarked user of the same identity, where that is asked for', () => {
      expect(kinds(theirs(), { adopt: true } as never)).to.deep.equal(['adopt-user']);
      expect(kinds(theirs())).to.deep.equal([]);
    });

    for (const [who, seen] of [
      ['one bound to another identity', theirs({ boundTo: otherClientId })],
      ['a member of a privileged role', { ...theirs(), adoption: { privilegedRole: 'db_owner' } }],
      ['one with a mark that we cannot read', theirs({ property: 'dbaccess/9 whatever' })],
    ] as const)
      it(`leaves ${who} alone`, () => {
        expect(kinds(seen, { adopt: true } as never)).to.deep.equal([]);
        expect(findings(seen, { adopt: true } as never)).to.deep.equal(['UserNameTaken!']);
      });

    it('takes back what an earlier connection of the name had taken over', () => {
      const before: Mark = { ...mark, uid: '00000001-0000-4000-8000-000000000009', origin: 'adopted', state: 'released' };
      const seen = user({ principal: principal({ mark: before }), adoption: { privilegedRole: undefined } });
      expect(kinds(seen, { adopt: true } as never)).to.deep.equal(['adopt-user']);
      expect(findings(seen)).to.deep.equal(['UserNameTaken!']);
    });
  });

  it('binds anew in one transaction: what it owns waits with a stand-in, others keep what they had, and what is promised comes back', () => {
    const handOver = {
      owned: [{ kind: 'schema', name: 'app' }],
      rights: [
        { grantee: 'readers', permission: 'SELECT', on: { kind: 'schema', name: 'app' }, state: 'W' },
        { grantee: 'guests', permission: 'SELECT', on: { kind: 'object', schema: 'app', name: 'orders' }, state: 'D' },
      ],
    } as const;
    const [step] = planUser(request, user({ principal: bound(otherClientId), rebinding: { ...rebinding, handOver } })).steps;
    expect(step && userStatements(step)).to.deep.equal([
      'CREATE USER [dbaccess_standin_00000001] WITHOUT LOGIN',
      'ALTER AUTHORIZATION ON SCHEMA::[app] TO [dbaccess_standin_00000001]',
      'DROP USER [aad_shop_orders]',
      'CREATE USER [aad_shop_orders] WITH SID = 0xBBBBBBBB000000408000000000000001, TYPE = E',
      `EXEC sys.sp_addextendedproperty @name = N'dbaccess.dev/connection', @value = N'dbaccess/1 00000000000000c1 00000000000000d1 00000001-0000-4000-8000-000000000003 created live', @level0type = N'USER', @level0name = N'aad_shop_orders'`,
      'ALTER AUTHORIZATION ON SCHEMA::[app] TO [aad_shop_orders]',
      'GRANT SELECT ON SCHEMA::[app] TO [readers] WITH GRANT OPTION',
      'DENY SELECT ON OBJECT::[app].[orders] TO [guests]',
      'DROP USER [dbaccess_standin_00000001]',
      'ALTER ROLE [db_datareader] ADD MEMBER [aad_shop_orders]',
      'ALTER ROLE [db_datawriter] ADD MEMBER [aad_shop_orders]',
    ]);
  });

  it('tells nobody what others have on its things', () => {
    const handOver = {
      owned: [{ kind: 'schema', name: 'app' }],
      rights: [{ grantee: 'aad_payments_ledger', permission: 'SELECT', on: { kind: 'schema', name: 'app' }, state: 'G' }],
    } as const;
    const [step] = planUser(request, user({ principal: bound(otherClientId), rebinding: { ...rebinding, handOver } })).steps;
    expect(step && userStatements(step)).to.include('GRANT SELECT ON SCHEMA::[app] TO [aad_payments_ledger]');
    expect(step?.summary).not.to.include('payments');
  });

  it('says in each step what it sends, in one line of bounded length', () => {
    const many = Array.from({ length: 200 }, (_, index) => ({ kind: 'schema', name: `s${index}\n` }) as const);
    const seen = user({ principal: bound(otherClientId), rebinding: { ...rebinding, handOver: { owned: many, rights: [] } } });
    const [step] = planUser(request, seen).steps;
    expect(step?.summary).to.have.length(1024).and.not.to.match(/\n/);
  });

  it('refuses names that no user of a connection can have, before anything is looked at', () => {
    for (const name of ['dbo', 'db_mine', ' x', 'x'.repeat(129)]) expect(() => requireUserName(name)).to.throw(/databaseUser\.name/);
    requireUserName('aad_shop_orders');
  });

  it('keeps who was taken over as such', () => {
    const adopted: Mark = { ...mark, origin: 'adopted' };
    expect(kinds(user({ principal: principal({ mark: adopted }) }))).to.deep.equal([]);
    const [step] = planUser(request, user({ principal: principal({ mark: adopted, boundTo: otherClientId }), rebinding })).steps;
    expect(step).to.deep.include({ kind: 'rebind', from: otherClientId, to: clientId, mark: adopted });
  });
});
