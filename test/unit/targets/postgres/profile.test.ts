import { expect } from 'chai';
import { ConnectionError } from '../../../../src/api/connection-error.ts';
import type { AccessSpec } from '../../../../src/api/spec.ts';
import { namedObjects, namedSchemas } from '../../../../src/targets/postgres/named-objects.ts';
import { nothing, type Promised, promisedBy, promisedLater, promisedOn } from '../../../../src/targets/postgres/profile.ts';
import type { ObjectKind } from '../../../../src/targets/postgres/promised-grants.ts';
import type { Securable } from '../../../../src/targets/postgres/securable.ts';

type GrantSpec = NonNullable<AccessSpec['grants']>[number];
type ObjectType = GrantSpec['objectType'];

const custom = (grants: AccessSpec['grants'] = [], rest: Partial<AccessSpec> = {}) =>
  promisedBy({ profile: 'Custom', grants, ...rest }, 18);
const tables = (names: string[], ...privileges: string[]): GrantSpec => ({ objectType: 'Table', schema: 'audit', names, privileges });
const functions = (names: string[]): GrantSpec => ({ objectType: 'Function', schema: 'audit', names, privileges: ['EXECUTE'] });

const database: Securable = { kind: 'database', name: 'orders' };
const schema = (name: string): Securable => ({ kind: 'schema', name });
const table = (inSchema: string, name: string): Securable => ({ kind: 'table', schema: inSchema, name });
const sequence = (inSchema: string, name: string): Securable => ({ kind: 'sequence', schema: inSchema, name });
const routine = (inSchema: string, name: string, ...types: string[]): Securable => ({
  kind: 'routine',
  schema: inSchema,
  name,
  arguments: types.map((type) => ({ schema: 'pg_catalog', name: type })),
});
const column: Securable = { kind: 'column', schema: 'audit', table: 'log', name: 'secret' };

describe('what a spec promises on PostgreSQL', () => {
  it('includes MAINTAIN with All where the server knows it', () => {
    const all: AccessSpec = { profile: 'All' };
    expect(promisedBy(all, 16).table).not.to.include('MAINTAIN');
    expect(promisedBy(all, 17).table).to.include('MAINTAIN');
  });

  it('covers public, and future objects, unless told otherwise', () =>
    expect(promisedBy({ profile: 'ReadOnly' }, 18)).to.deep.include({ schemas: ['public'], futureObjects: true }));

  it('is nothing where nothing is promised', () => {
    for (const on of [database, schema('public'), table('public', 't'), sequence('public', 's'), routine('public', 'f'), column])
      expect(promisedOn(nothing, on)).to.deep.equal([]);
  });

  const cases: readonly [string, Promised, Securable, string[]][] = [
    ['Custom connects', custom(), database, ['CONNECT']],
    ['Custom reaches no schema of its own', custom([], { schemas: ['public'] }), schema('public'), []],
    ['Custom reads nothing of its own', custom([], { schemas: ['*'] }), table('public', 't'), []],
    [
      'a grant on the database adds to the profile',
      custom([{ objectType: 'Database', privileges: ['TEMPORARY', 'CONNECT'] }]),
      database,
      ['CONNECT', 'TEMPORARY'],
    ],
    [
      'a grant on a schema is all there is on it',
      custom([{ objectType: 'Schema', schema: 'audit', privileges: ['CREATE'] }]),
      schema('audit'),
      ['CREATE'],
    ],
    ['a grant on tables brings USAGE on their schema', custom([tables(['log'], 'INSERT')]), schema('audit'), ['USAGE']],
    ['a grant on tables brings USAGE on no other schema', custom([tables(['log'], 'INSERT')]), schema('public'), []],
    ['a grant holds for the table it names', custom([tables(['log'], 'INSERT', 'SELECT')]), table('audit', 'log'), ['INSERT', 'SELECT']],
    ['a grant doesn’t hold for another table', custom([tables(['log'], 'INSERT')]), table('audit', 'logs'), []],
    ['a grant doesn’t hold for a table in other letters', custom([tables(['log'], 'INSERT')]), table('audit', 'LOG'), []],
    ['a grant doesn’t hold for a table of that name elsewhere', custom([tables(['log'], 'INSERT')]), table('public', 'log'), []],
    ['a grant on a table doesn’t hold for a sequence of that name', custom([tables(['log'], 'SELECT')]), sequence('audit', 'log'), []],
    ['a grant with * holds for every table', custom([tables(['*'], 'INSERT')]), table('audit', 'any'), ['INSERT']],
    ['* beside a name is a name', custom([tables(['*', 'log'], 'INSERT')]), table('audit', 'any'), []],
    [
      'grants on one table add up',
      custom([tables(['*'], 'SELECT'), tables(['log'], 'INSERT')]),
      table('audit', 'log'),
      ['SELECT', 'INSERT'],
    ],
    ['a column needs no right of its own', custom([tables(['*'], 'SELECT')]), column, []],
    [
      'a grant adds to the profile',
      promisedBy({ profile: 'ReadOnly', schemas: ['audit'], grants: [tables(['log'], 'INSERT')] }, 18),
      table('audit', 'log'),
      ['SELECT', 'INSERT'],
    ],
    [
      'a schema that is left out is public',
      custom([{ objectType: 'Sequence', names: ['s'], privileges: ['USAGE'] }]),
      sequence('public', 's'),
      ['USAGE'],
    ],
    ['a function is meant whatever its arguments', custom([functions(['f'])]), routine('audit', 'f', 'int4', 'text'), ['EXECUTE']],
    ['a grant doesn’t hold for another function', custom([functions(['f'])]), routine('audit', 'g'), []],
    ['a grant with * holds for every function', custom([functions(['*'])]), routine('audit', 'g'), ['EXECUTE']],
    ['a profile runs no function', promisedBy({ profile: 'All' }, 18), routine('public', 'f'), []],
    ['routines hold where the profile does', promisedBy({ profile: 'ReadOnly', routines: 'All' }, 18), routine('public', 'f'), ['EXECUTE']],
    ['routines hold nowhere else', promisedBy({ profile: 'All', routines: 'All' }, 18), routine('audit', 'f'), []],
    ['routines with Custom hold in public', custom([], { routines: 'All' }), routine('public', 'f'), ['EXECUTE']],
    ['routines with Custom bring USAGE', custom([], { routines: 'All' }), schema('public'), ['USAGE']],
    ['routines with Custom bring no table', custom([], { routines: 'All' }), table('public', 't'), []],
    ['routines hold in every schema', custom([], { routines: 'All', schemas: ['*'] }), routine('any', 'f'), ['EXECUTE']],
    ['routines that are None hold nowhere', promisedBy({ profile: 'All', routines: 'None' }, 18), routine('public', 'f'), []],
  ];
  for (const [what, promised, on, rights] of cases) it(what, () => expect(promisedOn(promised, on)).to.deep.equal(rights));

  const later: readonly [string, Promised, ObjectKind, string, string[]][] = [
    ['every table', custom([tables(['*'], 'INSERT')]), 'table', 'audit', ['INSERT']],
    ['no other schema’s tables', custom([tables(['*'], 'INSERT')]), 'table', 'public', []],
    ['no table where one is named', custom([tables(['log'], 'INSERT')]), 'table', 'audit', []],
    ['nothing where that is not wanted', custom([tables(['*'], 'INSERT')], { futureObjects: false }), 'table', 'audit', []],
    ['every function', custom([functions(['*'])]), 'routine', 'audit', ['EXECUTE']],
    ['every routine', promisedBy({ profile: 'ReadOnly', routines: 'All' }, 18), 'routine', 'public', ['EXECUTE']],
    ['no routine of a profile', promisedBy({ profile: 'All' }, 18), 'routine', 'public', []],
  ];
  for (const [what, promised, kind, inSchema, rights] of later)
    it(`covers ${what} created later`, () => expect(promisedLater(promised, { kind, schema: inSchema })).to.deep.equal(rights));

  it('names each role once', () => expect(custom([], { roles: ['a', 'b', 'a'] }).roles).to.deep.equal(['a', 'b']));

  it('tells which objects and schemas it names, each once', () => {
    const promised = promisedBy(
      {
        profile: 'ReadOnly',
        schemas: ['app'],
        grants: [tables(['log', 'log'], 'INSERT'), tables(['log'], 'SELECT'), functions(['*', 'f'])],
      },
      18,
    );
    expect(namedObjects(promised)).to.deep.equal([
      { kind: 'table', schema: 'audit', name: 'log' },
      { kind: 'routine', schema: 'audit', name: '*' },
      { kind: 'routine', schema: 'audit', name: 'f' },
    ]);
    expect(namedSchemas(promised)).to.deep.equal(['app', 'audit']);
    expect(namedObjects(custom([tables(['*'], 'SELECT')]))).to.deep.equal([]);
  });
});

describe('privileges of grants on PostgreSQL', () => {
  const known: Readonly<Record<ObjectType, readonly string[]>> = {
    Database: ['CONNECT', 'CREATE', 'TEMPORARY'],
    Schema: ['USAGE', 'CREATE'],
    Table: ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN'],
    Sequence: ['USAGE', 'SELECT', 'UPDATE'],
    Function: ['EXECUTE'],
  };
  const hostile = [
    '*',
    'ALL',
    'ALL PRIVILEGES',
    'select',
    'SELECT WITH GRANT OPTION',
    'SELECT, INSERT',
    'SELECT ON t TO x; --',
    'SET',
    'toString',
    '',
  ];
  const words = [...new Set([...Object.values(known).flat(), 'ALTER SYSTEM', 'TEMP', 'CONTROL', ...hostile])];

  for (const objectType of Object.keys(known) as ObjectType[]) {
    for (const privilege of words) {
      const isKnown = known[objectType].includes(privilege);
      it(`${JSON.stringify(privilege)} on ${objectType} is ${isKnown ? 'taken' : 'refused'}`, () => {
        const ask = () => custom([{ objectType, schema: 'audit', names: ['a'], privileges: [privilege] }]);
        if (isKnown) expect(ask).not.to.throw();
        else
          expect(ask)
            .to.throw(ConnectionError, `privilege ${JSON.stringify(privilege)} for objectType ${objectType}`)
            .that.includes({ kind: 'stalled', reason: 'PrivilegeUnknown' });
      });
    }
  }

  it('have MAINTAIN from PostgreSQL 17 on', () => {
    const access: AccessSpec = { profile: 'Custom', grants: [tables(['*'], 'MAINTAIN')] };
    expect(promisedOn(promisedBy(access, 17), table('audit', 't'))).to.deep.equal(['MAINTAIN']);
    expect(() => promisedBy(access, 16)).to.throw(
      'access.grants has privilege "MAINTAIN" for objectType Table, which PostgreSQL 16 doesn\'t know: put SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER',
    );
  });
});
