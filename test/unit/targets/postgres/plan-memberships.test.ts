import { expect } from 'chai';
import { planMemberships, whyNeverGiven } from '../../../../src/targets/postgres/plan-memberships.ts';
import { promisedBy } from '../../../../src/targets/postgres/profile.ts';
import type { MembershipFound, RoleFound } from '../../../../src/targets/postgres/rights.ts';
import { grantStatement, grantStep, sharedText } from '../../../../src/targets/postgres/steps.ts';

const reporting: RoleFound = {
  name: 'reporting',
  hasAttribute: false,
  reservedRole: null,
  isAdministrator: false,
  isMarked: false,
  grantable: true,
};
const member: MembershipFound = { role: 'reporting', grantor: 'operator', canPassOn: false, inherit: true, set: false, revocable: true };
const theirs = { grantor: 'dba', revocable: false };

function plan(memberships: readonly MembershipFound[], role: Partial<RoleFound> = {}, roles = ['reporting']) {
  const promised = promisedBy({ profile: 'Custom', roles }, 18);
  const { revokes, grants, findings } = planMemberships(promised, { userName: 'x', memberships, roles: [{ ...reporting, ...role }] });
  return {
    steps: [...revokes, ...grants].map((action) => grantStep(action).summary),
    findings: findings.map(({ reason, blocking }) => `${reason}${blocking ? '!' : ''}`),
  };
}
const message = (memberships: readonly MembershipFound[], role: Partial<RoleFound>) =>
  planMemberships(promisedBy({ profile: 'Custom', roles: ['reporting'] }, 18), {
    userName: 'x',
    memberships,
    roles: [{ ...reporting, ...role }],
  }).findings.map((finding) => finding.message);

const give = 'GRANT "reporting" TO "x" WITH INHERIT TRUE, SET FALSE';
const take = 'REVOKE "reporting" FROM "x" GRANTED BY "operator"';

describe('the plan for memberships in PostgreSQL', () => {
  const cases: readonly [string, readonly MembershipFound[], Partial<RoleFound>, string[], string[]][] = [
    ['a member as it shall be is left alone', [member], {}, [], []],
    ['one that is missing is given', [], {}, [give], []],
    ['one that gives no rights is given anew', [{ ...member, inherit: false }], {}, [give], []],
    ['one that lets become the role is taken and given anew', [{ ...member, set: true }], {}, [take, give], []],
    [
      'one that can be passed on is taken, with what was passed on, and given anew',
      [{ ...member, canPassOn: true }],
      {},
      [`${take} CASCADE`, give],
      [],
    ],
    ['one that somebody else gave is given by us too', [{ ...member, ...theirs }], {}, [give], []],
    ['one that somebody else gave beside ours is left alone', [member, { ...member, ...theirs }], {}, [], []],
    ['what somebody else allows too much is told', [member, { ...member, ...theirs, set: true }], {}, [], ['PrivilegeNotRevocable']],
    [
      'one that isn’t promised is taken',
      [member, { ...member, role: 'writers' }],
      {},
      ['REVOKE "writers" FROM "x" GRANTED BY "operator"'],
      [],
    ],
    [
      'one that isn’t promised and isn’t ours is told',
      [member, { ...member, ...theirs, role: 'writers' }],
      {},
      [],
      ['PrivilegeNotRevocable'],
    ],
    ['one that we may not give is told', [], { grantable: false }, [], ['RoleNotGrantable!']],
    ['one that we may not give and somebody gave is there', [{ ...member, ...theirs }], { grantable: false }, [], []],
    [
      'one that we may not give and that gives no rights is told',
      [{ ...member, ...theirs, inherit: false }],
      { grantable: false },
      [],
      ['RoleNotGrantable!'],
    ],
    [
      'one that we may not give and that allows too much is there, and told',
      [{ ...member, ...theirs, canPassOn: true }],
      { grantable: false },
      [],
      ['PrivilegeNotRevocable'],
    ],
    ['one of a role that isn’t there is told', [], { name: 'other' }, [], ['RoleNotFound!']],
    ['one of a role that became privileged is taken, and told', [member], { hasAttribute: true }, [take], ['NotPermitted!']],
  ];
  for (const [what, memberships, role, steps, findings] of cases)
    it(what, () => expect(plan(memberships, role)).to.deep.equal({ steps, findings }));

  const refused: readonly [string, Partial<RoleFound>, string][] = [
    ['with an attribute', { hasAttribute: true }, 'an attribute such as CREATEROLE'],
    ['of PostgreSQL’s own', { reservedRole: 'pg_execute_server_program' }, '"pg_execute_server_program"'],
    ['of Azure’s own', { reservedRole: 'azure_pg_admin' }, '"azure_pg_admin"'],
    ['of an administrator', { isAdministrator: true }, "an administrator's"],
    ['of a connection', { isMarked: true }, 'the user of a connection'],
  ];
  for (const [what, role, says] of refused)
    it(`makes nobody a member of a role ${what}, grantable or not`, () => {
      for (const grantable of [true, false]) {
        expect(plan([], { ...role, grantable })).to.deep.equal({ steps: [], findings: ['NotPermitted!'] });
        expect(message([], { ...role, grantable })[0])
          .to.match(/^nobody becomes a member of role reporting, because /)
          .and.to.contain(says);
      }
    });

  it('has nothing against a role without any of that', () => expect(whyNeverGiven(reporting)).to.equal(undefined));

  it('gives one role though another can’t be given', () =>
    expect(plan([], {}, ['missing', 'reporting'])).to.deep.equal({ steps: [give], findings: ['RoleNotFound!'] }));

  it('gives a role to several users in one statement', () => {
    const [one, other] = ['x', 'y'].map((to) => ({ kind: 'grant-membership', to, role: 'reporting' }) as const);
    expect(sharedText(one!)).to.equal(sharedText(other!));
    expect(sharedText(one!)).not.to.equal(sharedText({ ...one!, role: 'writers' }));
    expect(grantStatement(one!, ['x', 'y'])).to.equal('GRANT "reporting" TO "x", "y" WITH INHERIT TRUE, SET FALSE');
  });

  it('takes every membership back where none is promised, without having looked at roles', () => {
    const promised = promisedBy({ profile: 'ReadOnly' }, 18);
    expect(planMemberships(promised, { userName: 'x', memberships: [member] }).revokes).to.have.length(1);
  });

  it('says what somebody else has to run', () => {
    expect(message([], { grantable: false })).to.deep.equal([
      `x is no member of role reporting, and the operator may not make it one: have somebody who has ADMIN OPTION on that role run ${give}`,
    ]);
    expect(message([member, { ...member, ...theirs, set: true, canPassOn: true }], {})).to.deep.equal([
      'x is a member of role reporting with the right to make others members, which dba gave: have dba run REVOKE ADMIN OPTION FOR "reporting" FROM "x"; REVOKE SET OPTION FOR "reporting" FROM "x"',
    ]);
    expect(message([member, { ...member, ...theirs, role: 'writers' }], {})).to.deep.equal([
      'x is a member of role writers, which dba gave: have dba run REVOKE "writers" FROM "x"',
    ]);
  });
});
