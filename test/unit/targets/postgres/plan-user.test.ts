import { expect } from 'chai';
import { type Mark, markText } from '../../../../src/targets/mark.ts';
import { planUser } from '../../../../src/targets/postgres/plan-user.ts';
import type { PostgresRole, PostgresUser } from '../../../../src/targets/postgres/user.ts';

const principalId = 'bbbbbbbb-0000-4000-8000-000000000001';
const mark: Mark = {
  cluster: '00000000000000c1',
  connection: '00000000000000d1',
  uid: '00000001-0000-4000-8000-000000000003',
  origin: 'created',
  state: 'live',
};
const request = { userName: 'aad_shop_orders', identity: { principalId, clientId: 'bbbbbbbb-0000-4000-8000-000000000002' }, mark };
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
const inSync: PostgresUser = {
  serverIdentifier: '1',
  mark,
  boundElsewhere: false,
  role,
  binding: { objectId: principalId, principalType: 'service', isAdmin: false },
  settingsIn: [],
  eventTriggers: [],
  isReserved: false,
};
const absent: PostgresUser = { ...inSync, role: undefined, mark: undefined, binding: undefined };
const plan = (change: Partial<PostgresUser>) => planUser(request, { ...inSync, ...change });
const kinds = (change: Partial<PostgresUser>) => plan(change).steps.map(({ kind }) => kind);
const reasons = (change: Partial<PostgresUser>) => plan(change).findings.map(({ reason }) => reason);

describe('the plan for a user of PostgreSQL', () => {
  it('is empty in sync', () => expect(plan({})).to.deep.equal({ steps: [], findings: [] }));

  it('makes one that is not there, with its mark and without password', () => {
    const { steps } = planUser(request, absent);
    expect(steps).to.have.length(1);
    expect(steps[0]?.summary).to.equal(
      `SELECT pg_catalog.pgaadauth_create_principal_with_oid('aad_shop_orders', '${principalId}', 'service', false, false); COMMENT ON ROLE "aad_shop_orders" IS '${markText(mark)}'; ALTER ROLE "aad_shop_orders" PASSWORD NULL`,
    );
  });

  const rows: readonly [string, Partial<PostgresUser>, readonly string[]][] = [
    ['bound to another identity', { binding: { objectId: 'c', principalType: 'service', isAdmin: false } }, ['rebind', 'allow-login']],
    ['bound to nobody', { binding: undefined }, ['rebind', 'allow-login']],
    ['bound as a person', { binding: { objectId: principalId, principalType: 'user', isAdmin: false } }, ['rebind', 'allow-login']],
    ['bound as administrator', { binding: { objectId: principalId, principalType: 'service', isAdmin: true } }, ['rebind', 'allow-login']],
    ['kept from logging in', { role: { ...role, canLogin: false } }, ['allow-login']],
    ['of an earlier life', { mark: { ...mark, uid: '00000002-0000-4000-8000-000000000003' } }, ['mark']],
    ['disabled', { mark: { ...mark, state: 'disabled' } }, ['mark']],
    ['released', { mark: { ...mark, state: 'released' } }, ['mark']],
    ['with CREATEROLE', { role: { ...role, createRole: true } }, ['reset-attributes']],
    ['with CREATEDB', { role: { ...role, createDatabase: true } }, ['reset-attributes']],
    ['without a connection to spare', { role: { ...role, connectionLimit: 0 } }, ['reset-attributes']],
    ['with few connections, as somebody may want', { role: { ...role, connectionLimit: 5 } }, []],
    ['with settings here and everywhere', { settingsIn: ['orders', null] }, ['reset-settings', 'reset-settings']],
    ['of another connection', { mark: { ...mark, connection: '00000000000000d2' } }, []],
    ['of another cluster', { mark: { ...mark, cluster: '00000000000000c2' } }, []],
    ['without mark', { mark: undefined }, []],
    ['that is an administrator’s', { isReserved: true, binding: undefined }, []],
  ];
  for (const [what, change, expected] of rows)
    it(`for one ${what}: ${expected.join(', ') || 'nothing'}`, () => expect(kinds(change)).to.deep.equal(expected));

  for (const change of [{ mark: undefined }, { mark: { ...mark, connection: '00000000000000d2' } }, { isReserved: true }])
    it(`says that the name is taken: ${Object.keys(change)}`, () => expect(reasons(change)).to.deep.equal(['UserNameTaken']));

  it('keeps the word adopted in the mark', () => {
    const [step] = plan({ mark: { ...mark, origin: 'adopted', state: 'disabled' } }).steps;
    expect(step).to.deep.include({ kind: 'mark', mark: { ...mark, origin: 'adopted' } });
  });

  it('writes nothing while an unknown event trigger is there, and is in sync with one when nothing is to be written', () => {
    expect(plan({ binding: undefined, eventTriggers: ['spy'] }).steps).to.deep.equal([]);
    expect(reasons({ binding: undefined, eventTriggers: ['spy'] })).to.deep.equal(['DdlTriggerPresent']);
    expect(plan({ eventTriggers: ['spy'] })).to.deep.equal({ steps: [], findings: [] });
  });
});
