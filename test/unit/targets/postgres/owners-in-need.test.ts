import { expect } from 'chai';
import { ownersInNeed } from '../../../../src/targets/postgres/owners-in-need.ts';
import { planRights } from '../../../../src/targets/postgres/plan-rights.ts';
import { promisedBy } from '../../../../src/targets/postgres/profile.ts';
import type { ObjectGroup, Right, RightsObservation, RightsOn } from '../../../../src/targets/postgres/rights.ts';
import type { Privilege } from '../../../../src/targets/postgres/securable.ts';

const promised = promisedBy({ profile: 'ReadOnly' }, 18);
const right = (privilege: Privilege, change: Partial<Right> = {}): Right => ({
  public: false,
  grantor: 'appowner',
  privilege,
  canPassOn: false,
  fromUs: false,
  revocable: false,
  ...change,
});
const table: RightsOn = {
  on: { kind: 'table', schema: 'public', name: 't' },
  owner: 'appowner',
  acting: 'no',
  rights: [right('SELECT')],
  grantable: [],
};
const group: ObjectGroup = {
  kind: 'table',
  schema: 'public',
  schemaOid: 1,
  owner: 'appowner',
  ownerOid: 2,
  acting: 'no',
  count: 1,
  rights: [],
};
const later = { owner: 'appowner', acting: 'no', schema: 'public', kind: 'table', privilege: 'SELECT', canPassOn: false } as const;
const inOrder: RightsObservation = {
  database: 'orders',
  userName: 'x',
  majorVersion: 18,
  objects: [table],
  groups: [group],
  defaults: [later],
  memberships: [],
  creators: [],
  eventTriggers: [],
};

describe('owners whose own login would help', () => {
  const rows: readonly [string, Partial<RightsObservation>, readonly string[], readonly string[]][] = [
    ['are none where nothing is lacking', {}, [], []],
    [
      'are those of what the user lacks rights on',
      { objects: [{ ...table, rights: [] }] },
      ['appowner'],
      ['GRANT SELECT ON TABLE "public"."t" TO "x" (as login)'],
    ],
    [
      'are those who gave it too much',
      { objects: [{ ...table, rights: [right('SELECT'), right('DELETE')] }] },
      ['appowner'],
      ['REVOKE DELETE ON TABLE "public"."t" FROM "x" (as login)'],
    ],
    [
      'are not those of what somebody else gave',
      { objects: [{ ...table, rights: [right('SELECT'), right('DELETE', { grantor: 'dba' })] }] },
      [],
      [],
    ],
    [
      'are those whose later tables the user would lack rights on',
      { defaults: [] },
      ['appowner'],
      ['ALTER DEFAULT PRIVILEGES FOR ROLE "appowner" IN SCHEMA "public" GRANT SELECT ON TABLES TO "x" (as login)'],
    ],
    [
      'are those whose later tables give it too much',
      { defaults: [later, { ...later, privilege: 'DELETE' }] },
      ['appowner'],
      ['ALTER DEFAULT PRIVILEGES FOR ROLE "appowner" IN SCHEMA "public" REVOKE DELETE ON TABLES FROM "x" (as login)'],
    ],
    [
      'are not those for whom the operator can act',
      { objects: [{ ...table, acting: 'selfgrant', rights: [] }], groups: [{ ...group, acting: 'selfgrant' }] },
      [],
      ['GRANT SELECT ON TABLE "public"."t" TO "x"'],
    ],
  ];
  for (const [what, change, owners, steps] of rows)
    it(what, () => {
      const found = { ...inOrder, ...change };
      expect(ownersInNeed(promised, found)).to.deep.equal(owners);
      const ownerLogin = { kind: 'usable', userName: 'login', owners: ['appowner'] } as const;
      expect(planRights(promised, { ...found, ownerLogin }).steps.map(({ summary }) => summary)).to.deep.equal(steps);
    });
});
