import { expect } from 'chai';
import type { AccessSpec } from '../../../../src/api/spec.ts';
import { planRights } from '../../../../src/targets/mysql/plan-rights.ts';
import { nothing, promisedBy } from '../../../../src/targets/mysql/profile.ts';
import type { RightsObservation, RightsOn, RoleFound } from '../../../../src/targets/mysql/rights.ts';
import type { Securable } from '../../../../src/targets/mysql/securable.ts';

const custom = (rest: Omit<AccessSpec, 'profile'> = {}) => promisedBy({ profile: 'Custom', ...rest });
const readOnly = promisedBy({ profile: 'ReadOnly' });
const found: RightsObservation = {
  database: 'orders_1',
  userName: 'u',
  traits: { partialRevokes: false, foldsNames: true },
  rights: [],
  proxied: [],
  memberships: [],
  defaultRoles: [],
  roles: [],
  named: [],
  own: { grantable: ['SELECT', 'SHOW VIEW', 'INSERT', 'UPDATE', 'EXECUTE', 'ALTER ROUTINE'], anyRole: true, roles: [], anyProxy: false },
};
const whole: Securable = { kind: 'database', pattern: 'orders\\_1' };
const table = (name: string): Securable => ({ kind: 'table', database: 'orders_1', name });
const routine = (name: string): Securable => ({ kind: 'routine', database: 'orders_1', type: 'FUNCTION', name });
const right = (on: Securable, privileges: readonly string[], rest: Partial<RightsOn> = {}): RightsOn => ({
  on,
  privileges,
  grantOption: false,
  ...rest,
});
const plan = (promised: typeof nothing, change: Partial<RightsObservation>) => {
  const { steps, findings } = planRights(promised, { ...found, ...change });
  return { summaries: steps.map(({ summary }) => summary), findings, steps };
};

describe('the plan for rights on MySQL', () => {
  const rows: readonly [string, typeof nothing, Partial<RightsObservation>, readonly string[]][] = [
    ['nothing is there', readOnly, {}, ["GRANT SELECT, SHOW VIEW ON `orders\\_1`.* TO 'u'@'%'"]],
    [
      'nothing is there, and nothing is wild',
      readOnly,
      { traits: { partialRevokes: true, foldsNames: true } },
      ["GRANT SELECT, SHOW VIEW ON `orders_1`.* TO 'u'@'%'"],
    ],
    ['all is there', readOnly, { rights: [right(whole, ['SELECT', 'SHOW VIEW'])] }, []],
    ['one is missing', readOnly, { rights: [right(whole, ['SELECT'])] }, ["GRANT SHOW VIEW ON `orders\\_1`.* TO 'u'@'%'"]],
    [
      'one is too many',
      readOnly,
      { rights: [right(whole, ['SELECT', 'SHOW VIEW', 'INSERT'])] },
      ["REVOKE INSERT ON `orders\\_1`.* FROM 'u'@'%'"],
    ],
    [
      'it could be passed on',
      readOnly,
      { rights: [right(whole, ['SELECT', 'SHOW VIEW'], { grantOption: true })] },
      ["REVOKE GRANT OPTION ON `orders\\_1`.* FROM 'u'@'%'"],
    ],
    [
      'it is on more than the database',
      readOnly,
      { rights: [right({ kind: 'database', pattern: 'orders_1' }, ['SELECT', 'SHOW VIEW', 'INSERT'])] },
      ["GRANT SELECT, SHOW VIEW ON `orders\\_1`.* TO 'u'@'%'", "REVOKE SELECT, SHOW VIEW, INSERT ON `orders_1`.* FROM 'u'@'%'"],
    ],
    [
      'it is on everything, on a table and on a column',
      nothing,
      {
        rights: [
          right({ kind: 'server' }, ['SELECT']),
          right(table('a'), ['INSERT', 'UPDATE']),
          right({ kind: 'column', database: 'orders_1', table: 'a', name: 'c' }, ['SELECT', 'UPDATE']),
          right(routine('f'), ['EXECUTE']),
        ],
      },
      [
        "REVOKE SELECT ON *.* FROM 'u'@'%'",
        "REVOKE INSERT, UPDATE ON TABLE `orders_1`.`a` FROM 'u'@'%'",
        "REVOKE SELECT (`c`), UPDATE (`c`) ON TABLE `orders_1`.`a` FROM 'u'@'%'",
        "REVOKE EXECUTE ON FUNCTION `orders_1`.`f` FROM 'u'@'%'",
      ],
    ],
    [
      'a table that is named lacks one and has one too many',
      custom({ grants: [{ objectType: 'Table', names: ['A'], privileges: ['SELECT', 'UPDATE'] }] }),
      { named: [{ kind: 'table', name: 'a' }], rights: [right(table('a'), ['SELECT', 'INSERT'])] },
      ["GRANT UPDATE ON TABLE `orders_1`.`a` TO 'u'@'%'", "REVOKE INSERT ON TABLE `orders_1`.`a` FROM 'u'@'%'"],
    ],
    [
      'a routine that is named is a function and a procedure',
      custom({ grants: [{ objectType: 'Function', names: ['F'], privileges: ['EXECUTE'] }] }),
      {
        named: [
          { kind: 'routine', name: 'f', type: 'FUNCTION' },
          { kind: 'routine', name: 'F', type: 'PROCEDURE' },
        ],
        rights: [right(routine('f'), ['EXECUTE'])],
      },
      ["GRANT EXECUTE ON PROCEDURE `orders_1`.`F` TO 'u'@'%'"],
    ],
    [
      'the server gave it to the maker, who has it anyway',
      promisedBy({ profile: 'All' }),
      {
        rights: [
          right(whole, promisedBy({ profile: 'All' }).database),
          right(routine('f'), ['EXECUTE', 'ALTER ROUTINE'], { automatic: true }),
        ],
      },
      [],
    ],
    [
      'the server gave it to the maker, who is to have less now',
      readOnly,
      { rights: [right(whole, ['SELECT', 'SHOW VIEW']), right(routine('f'), ['EXECUTE', 'ALTER ROUTINE'], { automatic: true })] },
      ["REVOKE EXECUTE, ALTER ROUTINE ON FUNCTION `orders_1`.`f` FROM 'u'@'%'"],
    ],
  ];
  for (const [what, promised, change, expected] of rows)
    it(`when ${what}: ${expected.length === 0 ? 'nothing' : expected.join('; ')}`, () => {
      const { summaries, findings } = plan(promised, change);
      expect(summaries).to.deep.equal(expected);
      expect(findings).to.deep.equal([]);
    });

  it('ends sessions where the user can do less afterwards, and only there', () => {
    const narrowing = (promised: typeof nothing, rights: readonly RightsOn[]) =>
      plan(promised, { rights }).steps.flatMap((step) => (step.kind === 'revoke' ? [step.narrows] : []));
    const kept = right(whole, ['SELECT', 'SHOW VIEW']);
    expect(narrowing(readOnly, [kept, right(table('a'), ['SELECT'])])).to.deep.equal([false]);
    expect(narrowing(readOnly, [kept, right(table('a'), ['SELECT', 'INSERT'])])).to.deep.equal([true]);
    expect(narrowing(readOnly, [kept, right(table('a'), ['SELECT'], { grantOption: true })])).to.deep.equal([true]);
    expect(narrowing(readOnly, [kept, right({ kind: 'database', pattern: '%' }, ['SELECT'])])).to.deep.equal([true]);
    expect(narrowing(readOnly, [kept, right({ kind: 'server' }, ['SELECT'])])).to.deep.equal([true]);
  });

  it('says what it can’t take away, and takes the rest', () => {
    const { summaries, findings } = plan(nothing, { rights: [right({ kind: 'server' }, ['SELECT', 'FILE', 'XA_RECOVER_ADMIN'])] });
    expect(summaries).to.deep.equal(["REVOKE SELECT ON *.* FROM 'u'@'%'"]);
    expect(findings).to.have.length(1);
    expect(findings[0]).to.include({ reason: 'PrivilegeNotRevocable', blocking: false });
    expect(findings[0]?.message).to.include("REVOKE FILE, XA_RECOVER_ADMIN ON *.* FROM 'u'@'%'");
  });

  it('tries to take what it can’t see whether it may', () => {
    const own = { grantable: [], anyRole: false, roles: [], anyProxy: false };
    const { summaries } = plan(nothing, { own, rights: [right(whole, ['INSERT'], { grantOption: true })] });
    expect(summaries).to.deep.equal(["REVOKE INSERT, GRANT OPTION ON `orders\\_1`.* FROM 'u'@'%'"]);
  });

  it('takes away acting as another, or says who must', () => {
    const proxied = [{ name: 'boss', host: '%' }];
    const [finding] = plan(nothing, { proxied }).findings;
    expect(finding).to.include({ reason: 'PrivilegeNotRevocable', blocking: false });
    expect(plan(nothing, { proxied, own: { ...found.own, anyProxy: true } }).summaries).to.deep.equal([
      "REVOKE PROXY ON 'boss'@'%' FROM 'u'@'%'",
    ]);
  });

  it('names what is missing, once for each kind, and gives the rest', () => {
    const promised = custom({
      grants: [
        { objectType: 'Table', names: ['there', 'gone', 'lost'], privileges: ['SELECT'] },
        { objectType: 'Function', names: ['never'], privileges: ['EXECUTE'] },
      ],
    });
    const { summaries, findings } = plan(promised, { named: [{ kind: 'table', name: 'there' }] });
    expect(summaries).to.deep.equal(["GRANT SELECT ON TABLE `orders_1`.`there` TO 'u'@'%'"]);
    expect(findings.map(({ reason, blocking, message }) => [reason, blocking, message])).to.deep.equal([
      ['ObjectNotFound', true, 'database orders_1 has no table gone, lost: create it, or correct access.grants'],
      ['ObjectNotFound', true, 'database orders_1 has no function never: create it, or correct access.grants'],
    ]);
  });
});

describe('the plan for roles on MySQL', () => {
  const role: RoleFound = { name: 'r', privilege: undefined, isReserved: false, isMarked: false };
  const promised = custom({ roles: ['r'] });
  const member = { role: { name: 'r', host: '%' }, canPassOn: false };
  const active = [{ name: 'r', host: '%' }];
  const grant = "GRANT 'r' TO 'u'@'%'";
  const makeDefault = "SET DEFAULT ROLE 'r' TO 'u'@'%'";
  const noDefault = "SET DEFAULT ROLE NONE TO 'u'@'%'";

  const rows: readonly [string, typeof nothing, Partial<RightsObservation>, readonly string[], readonly string[]][] = [
    ['is missing', promised, { roles: [role] }, [grant, makeDefault], []],
    ['is there', promised, { roles: [role], memberships: [member], defaultRoles: active }, [], []],
    ['is not active', promised, { roles: [role], memberships: [member] }, [makeDefault], []],
    [
      'can be passed on',
      promised,
      { roles: [role], memberships: [{ ...member, canPassOn: true }], defaultRoles: active },
      ["REVOKE 'r' FROM 'u'@'%'", grant],
      [],
    ],
    ['is too many', nothing, { memberships: [member], defaultRoles: active }, ["REVOKE 'r' FROM 'u'@'%'", noDefault], []],
    ['is left as default alone', nothing, { defaultRoles: active }, [noDefault], []],
    [
      'is a namesake of another host',
      promised,
      { roles: [role], memberships: [member, { role: { name: 'r', host: '10.%' }, canPassOn: false }], defaultRoles: active },
      ["REVOKE 'r'@'10.%' FROM 'u'@'%'"],
      [],
    ],
    ['does not exist', promised, {}, [], ['RoleNotFound']],
    [
      'is privileged, and was given',
      promised,
      { roles: [{ ...role, privilege: 'has a right on all databases' }], memberships: [member], defaultRoles: active },
      ["REVOKE 'r' FROM 'u'@'%'", noDefault],
      ['NotPermitted'],
    ],
    ['is an administrator’s', promised, { roles: [{ ...role, isReserved: true }] }, [], ['NotPermitted']],
    ['is a connection’s', promised, { roles: [{ ...role, isMarked: true }] }, [], ['NotPermitted']],
    ['is not ours to give', promised, { roles: [role], own: { ...found.own, anyRole: false } }, [], ['RoleNotGrantable']],
    [
      'is ours to give by its ADMIN OPTION',
      promised,
      { roles: [role], own: { ...found.own, anyRole: false, roles: ['r'] } },
      [grant, makeDefault],
      [],
    ],
    [
      'is too many and not ours to take',
      nothing,
      { memberships: [member], own: { ...found.own, anyRole: false } },
      [],
      ['PrivilegeNotRevocable'],
    ],
  ];
  for (const [what, wanted, change, summaries, reasons] of rows)
    it(`when one ${what}: ${[...summaries, ...reasons].join('; ') || 'nothing'}`, () => {
      const planned = plan(wanted, change);
      expect(planned.summaries).to.deep.equal(summaries);
      expect(planned.findings.map(({ reason }) => reason)).to.deep.equal(reasons);
      for (const { reason, blocking } of planned.findings) expect(blocking).to.equal(reason !== 'PrivilegeNotRevocable');
    });
});

describe('the plan for many names on MySQL', () => {
  it('is made in good time', () => {
    const names = Array.from({ length: 2_048 }, (_, index) => `t${index}`);
    const promised = custom({ grants: [{ objectType: 'Table', names, privileges: ['SELECT'] }] });
    const started = performance.now();
    const { steps } = planRights(promised, { ...found, named: names.map((name) => ({ kind: 'table', name })) });
    expect(steps).to.have.length(names.length);
    const rights = names.map((name) => right(table(name), ['SELECT']));
    expect(planRights(promised, { ...found, rights, named: names.map((name) => ({ kind: 'table', name })) }).steps).to.deep.equal([]);
    expect(performance.now() - started).to.be.lessThan(1_500);
  });
});
