import { expect } from 'chai';
import { type Mark, markText } from '../../../../src/targets/mark.ts';
import { isForAdoption } from '../../../../src/targets/postgres/plan-adoption.ts';
import { planUser } from '../../../../src/targets/postgres/plan-user.ts';
import type { Adoption, PostgresRole, PostgresUser } from '../../../../src/targets/postgres/user.ts';

const principalId = 'bbbbbbbb-0000-4000-8000-000000000001';
const mark: Mark = {
  cluster: '00000000000000c1',
  connection: '00000000000000d1',
  uid: '00000001-0000-4000-8000-000000000003',
  origin: 'created',
  state: 'live',
};
const adoptedMark: Mark = { ...mark, origin: 'adopted' };
const formerMark: Mark = { ...adoptedMark, uid: '00000002-0000-4000-8000-000000000003', state: 'released' };
const request = { userName: 'app', identity: { principalId, clientId: 'bbbbbbbb-0000-4000-8000-000000000002' }, mark, adopt: true };
const role: PostgresRole = {
  oid: 16400,
  canLogin: true,
  superuser: false,
  createRole: false,
  createDatabase: false,
  replication: false,
  bypassRowSecurity: false,
  connectionLimit: -1,
  hasPassword: false,
};
const binding = { objectId: principalId, principalType: 'service', isAdmin: false };
const adoption: Adoption = { binding, comment: 'none', mark: undefined, privilege: undefined, mayChange: true };
const foreign: PostgresUser = {
  serverIdentifier: '1',
  mark: undefined,
  boundElsewhere: false,
  role,
  binding,
  settingsIn: [],
  eventTriggers: [],
  isReserved: false,
  adoption,
};
const plan = (facts: Partial<Adoption>, user: Partial<PostgresUser> = {}, asked = request) =>
  planUser(asked, { ...foreign, adoption: { ...adoption, ...facts }, ...user });
const answer = (...given: Parameters<typeof plan>) => {
  const { steps, findings } = plan(...given);
  return [...steps.map(({ summary }) => summary), ...findings.map(({ reason, message }) => `${reason}: ${message}`)].join('; ');
};

describe('taking a user of PostgreSQL over', () => {
  const taken = `COMMENT ON ROLE "app" IS '${markText(adoptedMark)}'`;

  it('is done where it is bound to the same identity, and what it was is kept in mind', () => expect(answer({})).to.equal(taken));

  it('says that a comment is replaced, and not which', () => {
    expect(answer({ comment: 'text' })).to.equal(`${taken} (replaces the comment that is there)`);
  });

  it('waits for the mark with all else', () => {
    expect(
      plan({}, { role: { ...role, canLogin: false, hasPassword: true }, settingsIn: [null] }).steps.map(({ kind }) => kind),
    ).to.deep.equal(['adopt-user']);
  });

  const refusals: readonly [string, Partial<Adoption>, RegExp][] = [
    ['bound to nobody', { binding: undefined }, /isn't bound to the identity/],
    ['bound to another identity', { binding: { ...binding, objectId: 'c' } }, /isn't bound to the identity/],
    ['bound as a person', { binding: { ...binding, principalType: 'user' } }, /isn't bound to the identity/],
    ['bound as administrator', { binding: { ...binding, isAdmin: true } }, /it is an administrator/],
    ['with a mark', { comment: 'mark' }, /belongs to another connection/],
    ['with rights of administrators', { privilege: 'is a member of pg_monitor' }, /it is a member of pg_monitor/],
    ['that the operator may not change', { mayChange: false }, /WITH ADMIN OPTION/],
  ];
  for (const [what, facts, says] of refusals)
    it(`is refused for one ${what}`, () => {
      expect(plan(facts).steps).to.deep.equal([]);
      expect(plan(facts).findings[0]).to.include({ reason: 'UserNameTaken', blocking: true });
      expect(answer(facts))
        .to.match(/can't be taken over, because/)
        .and.match(says);
    });

  it('writes nothing while an unknown event trigger is there', () => {
    expect(answer({}, { eventTriggers: ['spy'] })).to.match(/^DdlTriggerPresent/);
  });

  it('is looked into only where it is asked for and the user is nobody’s that we know', () => {
    const table: readonly [boolean, Partial<PostgresUser>, boolean?][] = [
      [true, {}],
      [false, {}, false],
      [false, { role: undefined }],
      [false, { isReserved: true }],
      [false, { mark }],
      [false, { mark: adoptedMark }],
      [false, { mark: { ...mark, connection: '00000000000000d2' } }],
      [false, { mark: { ...mark, uid: formerMark.uid } }],
      [true, { mark: formerMark }],
    ];
    for (const [expected, user, adopt = true] of table)
      expect(isForAdoption({ ...request, adopt }, { ...foreign, ...user }), JSON.stringify([user, adopt])).to.equal(expected);
  });

  it('of one that an earlier connection of the name had taken over works without binding too, and only where it is asked for anew', () => {
    const former = { mark: formerMark, binding: undefined };
    const facts = { mark: formerMark, comment: 'mark', binding: undefined } as const;
    expect(answer(facts, former)).to.equal(taken);
    expect(answer({ ...facts, binding: { ...binding, objectId: 'c' } }, former)).to.match(/isn't bound to the identity/);
    const { adoption: _, ...seen } = foreign;
    const { steps, findings } = planUser({ ...request, adopt: false }, { ...seen, ...former });
    expect(steps).to.deep.equal([]);
    expect(findings[0]?.message).to.match(/set databaseUser.adopt/);
  });

  it('is in the advice only for one that is bound to the same identity', () => {
    const { adoption: _, ...seen } = foreign;
    const advice = (user: Partial<PostgresUser>) => planUser({ ...request, adopt: false }, { ...seen, ...user }).findings[0]?.message;
    expect(advice({})).to.match(/set databaseUser.adopt/);
    for (const user of [{ binding: undefined }, { isReserved: true }, { mark: { ...mark, cluster: '00000000000000c2' } }])
      expect(advice(user)).not.to.match(/adopt/);
  });

  it('is over with the mark: the user is ours then, whatever the spec says later', () => {
    const { adoption: _, ...seen } = foreign;
    expect(planUser({ ...request, adopt: false }, { ...seen, mark: adoptedMark })).to.deep.equal({ steps: [], findings: [] });
  });
});
