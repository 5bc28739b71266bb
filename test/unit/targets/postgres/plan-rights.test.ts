import { expect } from 'chai';
import type { AccessSpec } from '../../../../src/api/spec.ts';
import { mayDiffer } from '../../../../src/targets/postgres/compare-rights.ts';
import { planRights } from '../../../../src/targets/postgres/plan-rights.ts';
import { nothing, type Promised, promisedBy, promisedOnEvery } from '../../../../src/targets/postgres/profile.ts';
import type { ObjectGroup, Right, RightsObservation, RightsOn } from '../../../../src/targets/postgres/rights.ts';
import type { Privilege, Securable } from '../../../../src/targets/postgres/securable.ts';

const readOnly = promisedBy({ profile: 'ReadOnly', futureObjects: false }, 18);
const right = (privilege: Privilege, change: Partial<Right> = {}): Right => ({
  public: false,
  grantor: 'owner',
  privilege,
  canPassOn: false,
  fromUs: true,
  revocable: true,
  ...change,
});
const database: RightsOn = {
  on: { kind: 'database', name: 'orders' },
  owner: 'owner',
  acting: 'own',
  rights: [right('CONNECT')],
  grantable: [],
};
const schema: RightsOn = { on: { kind: 'schema', name: 'public' }, owner: 'owner', acting: 'own', rights: [right('USAGE')], grantable: [] };
const tableNamed = (name: string): Securable => ({ kind: 'table', schema: 'public', name });
const table: RightsOn = { on: tableNamed('t'), owner: 'owner', acting: 'own', rights: [right('SELECT')], grantable: [] };
const inSync: RightsObservation = {
  database: 'orders',
  userName: 'x',
  majorVersion: 18,
  objects: [database, schema],
  groups: [],
  defaults: [],
  memberships: [],
  creators: [],
  eventTriggers: [],
};
const foreign = { grantor: 'dba', fromUs: false, revocable: false };

function plan(change: Partial<RightsObservation>, promised = readOnly) {
  const { steps, findings } = planRights(promised, { ...inSync, ...change });
  return {
    steps: steps.map(({ summary }) => summary),
    findings: findings.map(({ reason, blocking }) => `${reason}${blocking ? '!' : ''}`),
  };
}
const withTable = (change: Partial<RightsOn>) => plan({ objects: [database, schema, { ...table, ...change }] });

describe('the plan for rights in PostgreSQL', () => {
  it('is empty in sync', () => expect(plan({ objects: [database, schema, table] })).to.deep.equal({ steps: [], findings: [] }));

  const rows: readonly [string, Partial<RightsOn>, string[], string[]][] = [
    ['what is missing is granted', { rights: [] }, ['GRANT SELECT ON TABLE "public"."t" TO "x"'], []],
    ['what is too many is revoked', { rights: [right('SELECT'), right('DELETE')] }, ['REVOKE DELETE ON TABLE "public"."t" FROM "x"'], []],
    [
      'what could be passed on is revoked and granted without that',
      { rights: [right('SELECT', { canPassOn: true })] },
      ['REVOKE SELECT ON TABLE "public"."t" FROM "x" CASCADE', 'GRANT SELECT ON TABLE "public"."t" TO "x"'],
      [],
    ],
    [
      'what only somebody else gave is given by the owner too',
      { rights: [right('SELECT', foreign)] },
      ['GRANT SELECT ON TABLE "public"."t" TO "x"'],
      [],
    ],
    [
      'what only PUBLIC has is given by the owner too',
      { rights: [right('SELECT', { public: true })] },
      ['GRANT SELECT ON TABLE "public"."t" TO "x"'],
      [],
    ],
    [
      'what a foreign grantor gave too many is told',
      { rights: [right('SELECT'), right('DELETE', foreign)] },
      [],
      ['PrivilegeNotRevocable'],
    ],
    ['what PUBLIC has is nobody’s surplus', { rights: [right('SELECT'), right('DELETE', { public: true })] }, [], []],
    ['what others own and lacks is told', { acting: 'no', rights: [] }, [], ['TablesNotOwned!']],
    ['what others own and PUBLIC may is there', { acting: 'no', rights: [right('SELECT', { public: true })] }, [], []],
    ['what others own and somebody gave is there', { acting: 'no', rights: [right('SELECT', foreign)] }, [], []],
    [
      'what others own and lets us pass on is granted',
      { acting: 'no', rights: [], grantable: ['SELECT'] },
      ['GRANT SELECT ON TABLE "public"."t" TO "x"'],
      [],
    ],
    [
      'what others own and we gave too many is revoked',
      { acting: 'no', rights: [right('SELECT'), right('DELETE', { grantor: 'operator' })] },
      ['REVOKE DELETE ON TABLE "public"."t" FROM "x"'],
      [],
    ],
    ['what others gave on their own is told', { acting: 'no', rights: [right('SELECT'), right('DELETE')] }, [], ['PrivilegeNotRevocable']],
    [
      'what we gave too many of our own is revoked',
      { rights: [right('SELECT'), right('DELETE', { grantor: 'operator' })] },
      ['REVOKE DELETE ON TABLE "public"."t" FROM "x"'],
      [],
    ],
    [
      'what the owner gave too many is told where a REVOKE of ours would go for our own',
      { rights: [right('SELECT'), right('DELETE', { revocable: false })] },
      [],
      ['PrivilegeNotRevocable'],
    ],
    ['what we gave of our own is there', { rights: [right('SELECT', { grantor: 'operator' })] }, [], []],
    ['what the user owns is left alone', { owner: 'x', rights: [] }, [], []],
  ];
  for (const [what, change, steps, findings] of rows) it(what, () => expect(withTable(change)).to.deep.equal({ steps, findings }));

  it('joins the role of an owner that it administers, and only for that', () => {
    const { steps } = planRights(readOnly, {
      ...inSync,
      objects: [database, schema, { ...table, acting: 'selfgrant', rights: [right('DELETE', { grantor: 'operator' })] }],
    });
    expect(steps.map((step) => ('actFor' in step ? [step.kind, step.actFor] : [step.kind]))).to.deep.equal([
      ['revoke', undefined],
      ['grant', 'owner'],
    ]);
  });

  it('puts up to 500 objects into one statement, and different rights into different ones', () => {
    const objects = Array.from({ length: 1_001 }, (_, n) => ({ ...table, on: tableNamed(`t${n}`), rights: [] }));
    expect(plan({ objects: [database, schema, ...objects] }).steps).to.have.length(3);
    const mixed = [
      { ...table, rights: [right('DELETE')] },
      { ...table, on: tableNamed('u'), rights: [right('UPDATE')] },
    ];
    expect(plan({ objects: [database, schema, ...mixed] }).steps).to.deep.equal([
      'REVOKE DELETE ON TABLE "public"."t" FROM "x"',
      'REVOKE UPDATE ON TABLE "public"."u" FROM "x"',
      'GRANT SELECT ON TABLE "public"."t", "public"."u" TO "x"',
    ]);
  });

  it('takes column rights away one by one', () => {
    const column = (name: string): RightsOn => ({
      ...table,
      on: { kind: 'column', schema: 'public', table: 't', name },
      rights: [right('SELECT')],
    });
    expect(plan({ objects: [database, schema, column('a'), column('b')] }).steps).to.deep.equal([
      'REVOKE SELECT ("a") ON TABLE "public"."t" FROM "x"',
      'REVOKE SELECT ("b") ON TABLE "public"."t" FROM "x"',
    ]);
  });

  it('names missing schemas, and needs none for every schema', () => {
    expect(plan({ objects: [database] }).findings).to.deep.equal(['SchemaNotFound!']);
    expect(plan({ objects: [database] }, promisedBy({ profile: 'ReadOnly', schemas: ['*'] }, 18)).findings).to.deep.equal([]);
  });

  it('asks the owner of a database for what PUBLIC doesn’t give', () => {
    const closed: RightsOn = { ...database, acting: 'no', rights: [] };
    expect(plan({ objects: [closed, schema] }).findings).to.deep.equal(['DatabaseNotOwned!']);
    expect(plan({ objects: [{ ...closed, rights: [right('CONNECT', { public: true })] }, schema] }).findings).to.deep.equal([]);
  });

  it('writes nothing before an unknown event trigger', () => {
    const found = plan({ objects: [database, schema, { ...table, rights: [] }], eventTriggers: ['spy\u001b[2J'] });
    expect(found).to.deep.equal({ steps: [], findings: ['DdlTriggerPresent!'] });
    expect(plan({ eventTriggers: ['spy'] }).findings).to.deep.equal([]);
  });

  it('takes memberships back as far as they are ours', () => {
    const membership = { role: 'readers', grantor: 'operator', canPassOn: true, inherit: true, set: true, revocable: true };
    expect(plan({ memberships: [membership, { ...membership, role: 'others', revocable: false }] })).to.deep.equal({
      steps: ['REVOKE "readers" FROM "x" GRANTED BY "operator" CASCADE'],
      findings: ['PrivilegeNotRevocable'],
    });
  });

  it('takes everything away when nothing is promised, without asking for schemas', () => {
    const found = plan({ objects: [database, schema, table] }, nothing);
    expect(found.findings).to.deep.equal([]);
    expect(found.steps).to.deep.equal([
      'REVOKE CONNECT ON DATABASE "orders" FROM "x"',
      'REVOKE USAGE ON SCHEMA "public" FROM "x"',
      'REVOKE SELECT ON TABLE "public"."t" FROM "x"',
    ]);
  });

  it('gives memberships last', () => {
    const promised = promisedBy({ profile: 'ReadOnly', roles: ['readers'], futureObjects: false }, 18);
    const role = { name: 'readers', hasAttribute: false, reservedRole: null, isAdministrator: false, isMarked: false, grantable: true };
    const memberships = [{ role: 'readers', grantor: 'operator', canPassOn: false, inherit: true, set: true, revocable: true }];
    const found = plan({ objects: [database, schema, { ...table, rights: [right('DELETE')] }], memberships, roles: [role] }, promised);
    expect(found.steps).to.deep.equal([
      'REVOKE "readers" FROM "x" GRANTED BY "operator"',
      'REVOKE DELETE ON TABLE "public"."t" FROM "x"',
      'GRANT SELECT ON TABLE "public"."t" TO "x"',
      'GRANT "readers" TO "x" WITH INHERIT TRUE, SET FALSE',
    ]);
  });

  describe('by name', () => {
    const custom = (grants: NonNullable<AccessSpec['grants']>, rest: Partial<AccessSpec> = {}) =>
      promisedBy({ profile: 'Custom', grants, ...rest }, 18);
    const tables = (...names: string[]) => ({ objectType: 'Table' as const, schema: 'public', names, privileges: ['INSERT'] });
    const lackingAll = (...names: string[]) => names.map((name) => ({ ...table, on: tableNamed(name), rights: [] }));
    const routine = (name: string, ...types: string[]): Securable => ({
      kind: 'routine',
      schema: 'public',
      name,
      arguments: types.map((type) => ({ schema: 'pg_catalog', name: type })),
    });
    const messages = (objects: readonly RightsOn[], promised: Promised) =>
      planRights(promised, { ...inSync, objects }).findings.map(({ message }) => message);

    it('gives a table what is promised on it, and takes that from the others', () =>
      expect(
        plan(
          { objects: [database, schema, ...lackingAll('t'), { ...table, on: tableNamed('u'), rights: [right('INSERT')] }] },
          custom([tables('t')]),
        ),
      ).to.deep.equal({
        steps: ['REVOKE INSERT ON TABLE "public"."u" FROM "x"', 'GRANT INSERT ON TABLE "public"."t" TO "x"'],
        findings: [],
      }));

    it('puts tables with the same rights into one statement, and the others into theirs', () =>
      expect(
        plan(
          { objects: [database, schema, ...lackingAll('t', 'u', 'v')] },
          custom([tables('t', 'u', 'v'), { ...tables('v'), privileges: ['SELECT'] }]),
        ).steps,
      ).to.deep.equal(['GRANT INSERT ON TABLE "public"."t", "public"."u" TO "x"', 'GRANT INSERT, SELECT ON TABLE "public"."v" TO "x"']));

    it('gives the schema’s USAGE with them', () =>
      expect(plan({ objects: [database, { ...schema, rights: [] }, table] }, custom([tables('t')])).steps).to.deep.equal([
        'REVOKE SELECT ON TABLE "public"."t" FROM "x"',
        'GRANT USAGE ON SCHEMA "public" TO "x"',
        'GRANT INSERT ON TABLE "public"."t" TO "x"',
      ]));

    it('runs every function of a name, and no other', () => {
      const found = [routine('f'), routine('f', 'int4', 'text'), routine('g')].map((on) => ({ ...table, on, rights: [] }));
      const surplus = { ...table, on: routine('h'), rights: [right('EXECUTE')] };
      const grants = [{ objectType: 'Function' as const, schema: 'public', names: ['f'], privileges: ['EXECUTE'] }];
      expect(plan({ objects: [database, schema, ...found, surplus] }, custom(grants)).steps).to.deep.equal([
        'REVOKE EXECUTE ON ROUTINE "public"."h"() FROM "x"',
        'GRANT EXECUTE ON ROUTINE "public"."f"(), "public"."f"(IN "pg_catalog"."int4", IN "pg_catalog"."text") TO "x"',
      ]);
    });

    it('tells what isn’t there, and gives the rest all the same', () => {
      const promised = custom([tables('t', 'gone', 'lost'), { ...tables('nowhere'), schema: 'app' }]);
      expect(plan({ objects: [database, schema, ...lackingAll('t')] }, promised)).to.deep.equal({
        steps: ['GRANT INSERT ON TABLE "public"."t" TO "x"'],
        findings: ['SchemaNotFound!', 'ObjectNotFound!'],
      });
      expect(messages([database, schema], promised)).to.deep.equal([
        'database orders has no schema app: create it, or correct access.grants',
        'database orders has no table "public"."t", "public"."gone", "public"."lost": create it, or correct access.grants',
      ]);
    });

    it('says where a missing schema is named', () => {
      const elsewhere = [{ ...tables('t'), schema: 'app' }];
      const both = promisedBy({ profile: 'ReadOnly', schemas: ['shop'], grants: elsewhere }, 18);
      expect(messages([database], both)).to.deep.equal([
        'database orders has no schema shop, app: create it, or correct access.schemas and access.grants',
      ]);
    });

    it('tells apart what is missing, by kind, and counts what is too much to name', () => {
      const names = Array.from({ length: 22 }, (_, n) => `s${n}`);
      const found = messages(
        [database, schema, { ...table, on: { kind: 'sequence', schema: 'public', name: 'f' } }],
        custom([
          { objectType: 'Sequence', schema: 'public', names, privileges: ['USAGE'] },
          { objectType: 'Function', schema: 'public', names: ['f'], privileges: ['EXECUTE'] },
        ]),
      );
      expect(found[0]).to.match(/^database orders has no sequence "public"."s0", .*"public"."s19" and 2 more: create it/);
      expect(found[1]).to.contain('has no function "public"."f"');
    });

    it('misses nothing that the user owns', () =>
      expect(plan({ objects: [database, schema, { ...table, owner: 'x', rights: [] }] }, custom([tables('t')])).findings).to.deep.equal(
        [],
      ));

    it('has an owner give no more than is promised, however many tables lack it', () => {
      const names = Array.from({ length: 21 }, (_, n) => `t${n}`);
      const foreign = lackingAll(...names).map((object) => ({ ...object, acting: 'no' as const }));
      const one = messages([database, schema, ...foreign], custom([tables(...names)]))[0];
      expect(one)
        .to.contain('run GRANT INSERT ON TABLE "public"."t0", ')
        .and.to.match(/"public"."t19" TO "x", and the same for the other 1$/);
      const all = messages([database, schema, ...foreign], custom([tables('*')]))[0];
      expect(all).to.match(/run GRANT INSERT ON ALL TABLES IN SCHEMA "public" TO "x"$/);
    });
  });

  describe('on what is created later', () => {
    const future = promisedBy({ profile: 'ReadOnly', futureObjects: true }, 18);
    const creator = { schema: 'public', owner: 'operator', acting: 'own' } as const;
    const given = { owner: 'operator', acting: 'own', schema: 'public', kind: 'table', privilege: 'SELECT', canPassOn: false } as const;
    const group: ObjectGroup = {
      kind: 'table',
      schema: 'public',
      schemaOid: 1,
      owner: 'other',
      ownerOid: 2,
      acting: 'selfgrant',
      count: 1,
      rights: [],
    };
    const grantTo = (owner: string) => `ALTER DEFAULT PRIVILEGES FOR ROLE "${owner}" IN SCHEMA "public" GRANT SELECT ON TABLES TO "x"`;

    it('gives rights for who may create and who has', () =>
      expect(plan({ creators: [creator], groups: [group, { ...group, kind: 'sequence' }] }, future).steps).to.deep.equal([
        grantTo('operator'),
        grantTo('other'),
      ]));
    it('is in sync when they are there', () => expect(plan({ creators: [creator], defaults: [given] }, future).steps).to.deep.equal([]));
    it('leaves those alone for whom we can’t act', () =>
      expect(plan({ creators: [{ ...creator, acting: 'no' }], groups: [{ ...group, acting: 'no' }] }, future)).to.deep.equal({
        steps: [],
        findings: [],
      }));
    it('leaves out other schemas and the user itself', () =>
      expect(
        plan(
          {
            creators: [
              { ...creator, schema: 'app' },
              { ...creator, owner: 'x' },
            ],
          },
          future,
        ).steps,
      ).to.deep.equal([]));
    it('keeps those of an owner who has nothing left', () =>
      expect(plan({ defaults: [{ ...given, owner: 'gone' }] }, future).steps).to.deep.equal([]));
    it('takes them back when they are no longer promised', () =>
      expect(plan({ defaults: [given] }).steps).to.deep.equal([
        'ALTER DEFAULT PRIVILEGES FOR ROLE "operator" IN SCHEMA "public" REVOKE SELECT ON TABLES FROM "x"',
      ]));
    it('takes back what holds in any schema', () =>
      expect(plan({ defaults: [{ ...given, schema: undefined }] }, future).steps).to.deep.equal([
        'ALTER DEFAULT PRIVILEGES FOR ROLE "operator" REVOKE SELECT ON TABLES FROM "x"',
      ]));
    it('gives what a grant promises on every object of a schema, in that schema only', () => {
      const grants = [
        { objectType: 'Table' as const, schema: 'audit', names: ['*'], privileges: ['INSERT'] },
        { objectType: 'Table' as const, schema: 'audit', names: ['log'], privileges: ['SELECT'] },
      ];
      const promised = promisedBy({ profile: 'Custom', grants }, 18);
      const audit = { ...creator, schema: 'audit' };
      const objects = [database, { ...schema, on: { kind: 'schema', name: 'audit' } as const }];
      expect(plan({ objects, creators: [creator, audit] }, promised).steps).to.deep.equal([
        'ALTER DEFAULT PRIVILEGES FOR ROLE "operator" IN SCHEMA "audit" GRANT INSERT ON TABLES TO "x"',
      ]);
    });
    it('gives EXECUTE on routines, also for who has made nothing else, and takes it back', () => {
      const routines = { ...group, kind: 'routine' as const };
      const onRoutines = 'IN SCHEMA "public" GRANT EXECUTE ON ROUTINES TO "x"';
      const all = promisedBy({ profile: 'Custom', routines: 'All' }, 18);
      expect(plan({ creators: [creator], groups: [routines] }, all).steps).to.deep.equal([
        `ALTER DEFAULT PRIVILEGES FOR ROLE "operator" ${onRoutines}`,
        `ALTER DEFAULT PRIVILEGES FOR ROLE "other" ${onRoutines}`,
      ]);
      expect(plan({ groups: [routines] }, future).steps).to.deep.equal([]);
      const execute = { ...given, kind: 'routine', privilege: 'EXECUTE' } as const;
      expect(plan({ creators: [creator], defaults: [execute] }, all).steps).to.deep.equal([]);
      expect(plan({ defaults: [execute] }, future).steps).to.deep.equal([
        'ALTER DEFAULT PRIVILEGES FOR ROLE "operator" IN SCHEMA "public" REVOKE EXECUTE ON ROUTINES FROM "x"',
      ]);
    });
    it('tells what others have to take back', () =>
      expect(plan({ defaults: [{ ...given, acting: 'no', privilege: 'DELETE' }] }, future)).to.deep.equal({
        steps: [],
        findings: ['PrivilegeNotRevocable'],
      }));
  });
});

describe('a group of tables', () => {
  const group = (rights: readonly (Right & { count: number })[], acting: ObjectGroup['acting'] = 'own'): ObjectGroup => ({
    kind: 'table',
    schema: 'public',
    schemaOid: 1,
    owner: 'owner',
    ownerOid: 2,
    acting,
    count: 10,
    rights,
  });
  const counted = (privilege: Privilege, count: number, change: Partial<Right> = {}) => ({ ...right(privilege, change), count });
  const rows: readonly [string, ObjectGroup, boolean][] = [
    ['with all rights', group([counted('SELECT', 10)]), false],
    ['where one lacks a right', group([counted('SELECT', 9)]), true],
    ['with a right too many', group([counted('SELECT', 10), counted('DELETE', 1)]), true],
    ['with a right that could be passed on', group([counted('SELECT', 9), counted('SELECT', 1, { canPassOn: true })]), true],
    ['where two grantors only seem to make up the number', group([counted('SELECT', 5), counted('SELECT', 5, foreign)], 'no'), true],
    ['of others, all open to PUBLIC', group([counted('SELECT', 10, { public: true })], 'no'), false],
    ['of our own, open to PUBLIC only', group([counted('SELECT', 10, { public: true })]), true],
    ['with more for PUBLIC', group([counted('SELECT', 10), counted('DELETE', 10, { public: true })]), false],
  ];
  for (const [what, found, differs] of rows)
    it(`${what} ${differs ? 'is looked at one by one' : 'is not'}`, () => expect(mayDiffer(found, ['SELECT'])).to.equal(differs));

  const routines = { ...group([counted('EXECUTE', 10)]), kind: 'routine' as const };
  const named = { objectType: 'Table' as const, schema: 'public', names: ['t'], privileges: ['INSERT'] };
  const everything = { ...named, names: ['*'], privileges: ['SELECT'] };
  const promises: readonly [string, ObjectGroup, AccessSpec, boolean][] = [
    ['for a profile that all have', group([counted('SELECT', 10)]), { profile: 'ReadOnly' }, false],
    ['for a profile that one lacks', group([counted('SELECT', 9)]), { profile: 'ReadOnly' }, true],
    ['for a grant on all that all have', group([counted('SELECT', 10)]), { profile: 'Custom', grants: [everything] }, false],
    ['for a grant on one', group([counted('INSERT', 1)]), { profile: 'Custom', grants: [named] }, true],
    ['for a grant on one, which is looked at by its name', group([counted('SELECT', 10)]), { profile: 'ReadOnly', grants: [named] }, false],
    [
      'for a grant on one that adds nothing',
      group([counted('SELECT', 10)]),
      { profile: 'ReadOnly', grants: [{ ...named, privileges: ['SELECT'] }] },
      false,
    ],
    ['for a grant on one of another schema', group([]), { profile: 'Custom', grants: [{ ...named, schema: 'app' }] }, false],
    [
      'for a grant on a function',
      group([]),
      { profile: 'Custom', grants: [{ ...named, objectType: 'Function', privileges: ['EXECUTE'] }] },
      false,
    ],
    ['of routines, none promised, with a right', routines, { profile: 'All' }, true],
    ['of routines, all promised, with their rights', routines, { profile: 'ReadOnly', routines: 'All' }, false],
    ['of routines, all promised, without rights', { ...routines, rights: [] }, { profile: 'ReadOnly', routines: 'All' }, true],
  ];
  for (const [what, found, access, isNamed] of promises)
    it(`${what} ${isNamed ? 'is looked at one by one' : 'is not'}`, () =>
      expect(mayDiffer(found, promisedOnEvery(promisedBy(access, 18), found))).to.equal(isNamed));
});
