import fc from 'fast-check';
import type { AccessSpec } from '../../../src/api/spec.ts';
import { databasePrivileges } from '../../../src/targets/mysql/promised-grants.ts';
import { access } from '../target/given.ts';
import { account, id } from './administrator.ts';

/** The user whose rights are looked after, and another user of ours. */
export const user = 'aad_shop_orders';
export const neighbour = 'aad_shop_neighbour';
/** Roles that there are, the first of which the operator may grant. */
export const roles = ['team', 'dba'] as const;

/** A database as people leave it behind: what is in it, and the statements that gave rights to everybody, which may be refused. */
export interface RandomDatabase {
  readonly creation: readonly string[];
  readonly deeds: readonly string[];
  /** Tables that are gone since. */
  readonly dropped: readonly string[];
}

const tables = ['o0', 'o1', 'o2'] as const;
const routines = ['r0', 'r1'] as const;

const onTables = [
  'SELECT',
  'INSERT',
  'UPDATE',
  'DELETE',
  'CREATE',
  'DROP',
  'ALTER',
  'INDEX',
  'REFERENCES',
  'TRIGGER',
  'CREATE VIEW',
  'SHOW VIEW',
];
const onRoutines = ['EXECUTE', 'ALTER ROUTINE'];
/** The last two the operator hasn't itself. */
const onServers = ['SELECT', 'UPDATE', 'PROCESS', 'CREATE USER', 'FILE', 'SUPER'];

const some = (privileges: readonly string[]) => fc.uniqueArray(fc.constantFrom(...privileges), { minLength: 1, maxLength: 3 });
const grantees = fc.constantFrom(account(user), account(user), account(user), account(neighbour), ...roles.map(id));
const option = fc.constantFrom('', '', ' WITH GRANT OPTION');

/** The ways to write a database of this name: as it is, which is a pattern, escaped, with a wildcard; and another one's. */
const patternsOf = (database: string) => [database, database.replaceAll('_', '\\_'), `${database.slice(0, -1)}%`, 'elsewhere'];

const grant = (privileges: readonly string[], on: fc.Arbitrary<string>) =>
  fc.tuple(some(privileges), on, grantees, option).map(([what, where, to, can]) => `GRANT ${what.join(', ')} ON ${where} TO ${to}${can}`);

export function randomDatabase(database: string): fc.Arbitrary<RandomDatabase> {
  const full = (name: string) => `${id(database)}.${id(name)}`;
  const columns = fc
    .tuple(fc.constantFrom('SELECT', 'INSERT', 'UPDATE', 'REFERENCES'), fc.constantFrom(...tables), grantees)
    .map(([what, table, to]) => `GRANT ${what} (id) ON ${full(table)} TO ${to}`);
  const deeds = fc.oneof(
    grant(
      databasePrivileges,
      fc.constantFrom(...patternsOf(database)).map((pattern) => `${id(pattern)}.*`),
    ),
    grant(
      databasePrivileges,
      fc.constantFrom(...patternsOf(database)).map((pattern) => `${id(pattern)}.*`),
    ),
    grant(onTables, fc.constantFrom(...tables).map(full)),
    grant(onTables, fc.constantFrom(...tables).map(full)),
    columns,
    grant(
      onRoutines,
      fc.constantFrom(...routines, ...routines).chain((name) => fc.constantFrom(`FUNCTION ${full(name)}`, `PROCEDURE ${full(name)}`)),
    ),
    grant(onServers, fc.constant('*.*')),
    fc
      .tuple(fc.constantFrom(...roles), option)
      .map(([role, can]) => `GRANT ${id(role)} TO ${account(user)}${can.replace('GRANT', 'ADMIN')}`),
  );
  const creation = [
    `CREATE TABLE ${full('base')} (id int)`,
    ...tables.map((name) =>
      name === 'o1' ? `CREATE VIEW ${full(name)} AS SELECT id FROM ${full('base')}` : `CREATE TABLE ${full(name)} (id int)`,
    ),
    ...routines.flatMap((name) => [
      `CREATE FUNCTION ${full(name)}() RETURNS int DETERMINISTIC NO SQL RETURN 1`,
      `CREATE PROCEDURE ${full(name)}() NO SQL DO 1`,
    ]),
  ];
  return fc.record({
    creation: fc.constant(creation),
    deeds: fc.array(deeds, { maxLength: 14 }),
    dropped: fc.subarray(['o2']),
  });
}

type GrantSpec = NonNullable<AccessSpec['grants']>[number];

const randomGrant: fc.Arbitrary<GrantSpec> = fc.oneof(
  some(databasePrivileges).map((privileges): GrantSpec => ({ objectType: 'Database', privileges })),
  named('Table', [...tables, 'absent'], onTables),
  named('Table', [...tables, 'absent'], onTables),
  named('Function', [...routines, 'absent'], onRoutines),
);

function named(objectType: 'Table' | 'Function', all: readonly string[], privileges: readonly string[]): fc.Arbitrary<GrantSpec> {
  return fc.record({
    objectType: fc.constant(objectType),
    names: fc.oneof(fc.constant<string[]>(['*']), fc.uniqueArray(fc.constantFrom(...all), { minLength: 1, maxLength: 3 })),
    privileges: some(privileges),
  });
}

export const randomAccess: fc.Arbitrary<AccessSpec> = fc
  .record({
    profile: fc.constantFrom('ReadOnly', 'ReadWrite', 'ReadWriteDDL', 'All', 'Custom', 'Custom'),
    grants: fc.array(randomGrant, { maxLength: 3 }),
    // MariaDB takes no more than one role for the default
    roles: fc
      .uniqueArray(fc.constantFrom(...roles, 'absent'), { maxLength: 2 })
      .filter((some) => !roles.every((role) => some.includes(role))),
    routines: fc.constantFrom('None', 'All'),
  })
  .map(({ profile, ...rest }) => access(profile, rest));
