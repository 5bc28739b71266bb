import fc from 'fast-check';
import type { AccessSpec } from '../../../src/api/spec.ts';
import { access } from '../target/given.ts';

/** The user whose rights are looked after, and another user of ours. */
export const user = 'aad_shop_orders';
export const neighbour = 'aad_shop_neighbour';

/**
 * Roles by what the operator may do with them: inherit from them (team), join them (keeper), neither (dba), or join them only in the name of a role
 * that it doesn't inherit from (inner).
 */
export const rolesOfAllKinds = [
  'CREATE ROLE team; GRANT team TO operator WITH INHERIT TRUE',
  'CREATE ROLE keeper; GRANT keeper TO operator WITH ADMIN TRUE, INHERIT FALSE, SET FALSE',
  'CREATE ROLE dba',
  'CREATE ROLE deputy; GRANT deputy TO operator WITH INHERIT FALSE; CREATE ROLE inner_owner; GRANT inner_owner TO deputy WITH ADMIN TRUE',
];
const strangers = ['team', 'keeper', 'dba', 'inner_owner', 'pgadmin', 'azure_pg_admin', 'azuresu'] as const;
const owners = [...strangers, 'operator', neighbour, user] as const;
const schemas = ['public', 'app', 'theirs'] as const;

/** Schemas of the operator and of somebody else beside `public`. */
export const randomSchemas = ['CREATE SCHEMA app AUTHORIZATION operator', 'CREATE SCHEMA theirs AUTHORIZATION pgadmin'];

interface ObjectKind {
  /** As GRANT says it. */
  readonly word: string;
  readonly privileges: readonly string[];
  create(name: string): string;
  /** As ALTER … OWNER says it. */
  readonly ownedAs: string;
  /** What follows the name in GRANT. */
  readonly suffix?: string;
}

const onTables = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER', 'ALL'];
const onSequences = ['SELECT', 'UPDATE', 'USAGE', 'ALL'];
const table = { word: 'TABLE', privileges: onTables, ownedAs: 'TABLE' };
const objectKinds: readonly ObjectKind[] = [
  { ...table, create: (name) => `CREATE TABLE ${name} (id int, note text)` },
  {
    ...table,
    create: (name) => `CREATE TABLE ${name} (id int GENERATED ALWAYS AS IDENTITY, note text, twice int GENERATED ALWAYS AS (1) STORED)`,
  },
  { ...table, create: (name) => `CREATE TABLE ${name} (id serial, note text)` },
  {
    ...table,
    create: (name) =>
      `CREATE TABLE ${name} (id int, note text) PARTITION BY RANGE (id); CREATE TABLE ${name}_1 PARTITION OF ${name} DEFAULT`,
  },
  { ...table, ownedAs: 'VIEW', create: (name) => `CREATE VIEW ${name} AS SELECT 1 AS id, '' AS note` },
  { ...table, ownedAs: 'MATERIALIZED VIEW', create: (name) => `CREATE MATERIALIZED VIEW ${name} AS SELECT 1 AS id, '' AS note` },
  { ...table, ownedAs: 'FOREIGN TABLE', create: (name) => `CREATE FOREIGN TABLE ${name} (id int, note text) SERVER afar` },
  { word: 'SEQUENCE', privileges: onSequences, ownedAs: 'SEQUENCE', create: (name) => `CREATE SEQUENCE ${name}` },
  {
    word: 'FUNCTION',
    privileges: ['EXECUTE'],
    ownedAs: 'FUNCTION',
    suffix: '(int[])',
    create: (name) => `CREATE FUNCTION ${name}(int[]) RETURNS int LANGUAGE sql RETURN 1`,
  },
  {
    word: 'PROCEDURE',
    privileges: ['EXECUTE'],
    ownedAs: 'PROCEDURE',
    suffix: '(IN int)',
    create: (name) =>
      `CREATE PROCEDURE ${name}(IN a int) LANGUAGE sql AS ''; CREATE PROCEDURE ${name}(OUT a int) LANGUAGE sql AS 'SELECT 1'; REVOKE ALL ON PROCEDURE ${name}(IN int) FROM PUBLIC`,
  },
];

/** What somebody does to a database. It may be refused. */
interface Deed {
  readonly by: string;
  readonly statement: string;
}

export interface RandomDatabase {
  readonly owner: string;
  /** As superuser. */
  readonly creation: readonly string[];
  readonly deeds: readonly Deed[];
}

const grantees = fc.constantFrom(user, user, user, 'PUBLIC', 'operator', 'azure_pg_admin', 'team', 'dba', neighbour);
const option = fc.constantFrom('', '', ' WITH GRANT OPTION');
const actors = fc.constantFrom('operator', 'dba', 'team', 'azure_pg_admin', user);

const randomObject = fc.record({
  kind: fc.constantFrom(...objectKinds),
  schema: fc.constantFrom(...schemas),
  owner: fc.constantFrom(...owners),
});

const databaseDeeds: fc.Arbitrary<string> = fc.oneof(
  fc
    .tuple(fc.constantFrom('CREATE', 'CONNECT', 'TEMPORARY', 'ALL'), grantees, option)
    .map(([what, to, can]) => `GRANT ${what} ON DATABASE here TO ${to}${can}`),
  fc.constantFrom('TEMPORARY', 'ALL').map((what) => `REVOKE ${what} ON DATABASE here FROM PUBLIC`),
);
const schemaDeeds: fc.Arbitrary<string> = fc.oneof(
  fc
    .tuple(fc.constantFrom('USAGE', 'CREATE', 'ALL'), fc.constantFrom(...schemas), grantees, option)
    .map(([what, schema, to, can]) => `GRANT ${what} ON SCHEMA ${schema} TO ${to}${can}`),
  fc.constantFrom(...schemas).map((schema) => `REVOKE ALL ON SCHEMA ${schema} FROM PUBLIC`),
);
const defaultDeeds: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom(...owners),
    fc.constantFrom('', ...schemas.map((schema) => ` IN SCHEMA ${schema}`)),
    fc.constantFrom('SELECT ON TABLES', 'ALL ON TABLES', 'USAGE ON SEQUENCES', 'EXECUTE ON ROUTINES', 'USAGE ON TYPES'),
    grantees,
    option,
  )
  .map(([owner, where, what, to, can]) => `ALTER DEFAULT PRIVILEGES FOR ROLE ${owner}${where} GRANT ${what} TO ${to}${can}`);
const membershipDeeds: fc.Arbitrary<string> = fc
  .constantFrom('team', 'keeper', 'dba', 'inner_owner', neighbour)
  .map((role) => `GRANT ${role} TO ${user}`);

const byAnybody = (statements: fc.Arbitrary<string>) =>
  fc.tuple(fc.oneof(actors, fc.constantFrom(...owners)), statements).map(([by, statement]): Deed => ({ by, statement }));

/** A database as people leave it behind: objects of everybody, rights by everybody to everybody. */
export const randomDatabase: fc.Arbitrary<RandomDatabase> = fc
  .record({
    owner: fc.constantFrom('operator', 'pgadmin', 'azuresu', 'keeper'),
    objects: fc.array(randomObject, { maxLength: 8 }),
  })
  .chain(({ owner, objects }) => {
    const named = objects.map((object, index) => ({ ...object, name: `${object.schema}.o${index}` }));
    const objectDeeds = named.flatMap(({ kind, name, owner: by }) => {
      const on = `ON ${kind.word} ${name}${kind.suffix ?? ''}`;
      const whole = fc
        .tuple(fc.oneof(fc.constant(by), fc.constant(by), actors), fc.constantFrom(...kind.privileges), grantees, option)
        .map(([who, what, to, can]): Deed => ({ by: who, statement: `GRANT ${what} ${on} TO ${to}${can}` }));
      const column = fc
        .tuple(fc.constantFrom('SELECT', 'UPDATE'), grantees, option)
        .map(([what, to, can]): Deed => ({ by, statement: `GRANT ${what} (note) ${on} TO ${to}${can}` }));
      return kind.word === 'TABLE' ? [whole, whole, column] : [whole];
    });
    const deeds = fc.array(
      fc.oneof(
        ...objectDeeds,
        byAnybody(databaseDeeds),
        byAnybody(schemaDeeds),
        byAnybody(defaultDeeds),
        membershipDeeds.map((statement): Deed => ({ by: 'azuresu', statement })),
      ),
      { maxLength: 16 },
    );
    const creation = [
      ...randomSchemas,
      'CREATE FOREIGN DATA WRAPPER afar; CREATE SERVER afar FOREIGN DATA WRAPPER afar',
      ...named.flatMap(({ kind, name, owner: by }) => [
        kind.create(name),
        `ALTER ${kind.ownedAs} ${name}${kind.suffix ?? ''} OWNER TO ${by}`,
      ]),
    ];
    return deeds.map((all) => ({ owner, creation, deeds: all }));
  });

type GrantSpec = NonNullable<AccessSpec['grants']>[number];

/** Names of random objects, of what comes with some of them, and of what is never there. */
const names = ['o0', 'o1', 'o2', 'o3', 'o4', 'o0_1', 'o1_id_seq', 'absent'];
const grantable = {
  Database: ['CREATE', 'CONNECT', 'TEMPORARY'],
  Schema: ['USAGE', 'CREATE'],
  Table: onTables.slice(0, -1),
  Sequence: onSequences.slice(0, -1),
  Function: ['EXECUTE'],
} as const satisfies Record<GrantSpec['objectType'], readonly string[]>;

const randomGrant: fc.Arbitrary<GrantSpec> = fc
  .constantFrom('Database' as const, 'Schema' as const, 'Table' as const, 'Table' as const, 'Sequence' as const, 'Function' as const)
  .chain((objectType) =>
    fc
      .record({
        schema: fc.constantFrom(...schemas),
        names: fc.oneof(fc.constant<string[]>(['*']), fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 4 })),
        privileges: fc.uniqueArray(fc.constantFrom<string>(...grantable[objectType]), { minLength: 1, maxLength: 3 }),
      })
      .map(({ schema, names, privileges }): GrantSpec => {
        if (objectType === 'Database') return { objectType, privileges };
        return objectType === 'Schema' ? { objectType, schema, privileges } : { objectType, schema, names, privileges };
      }),
  );

export const randomAccess: fc.Arbitrary<AccessSpec> = fc
  .record({
    profile: fc.constantFrom('ReadOnly', 'ReadWrite', 'ReadWriteDDL', 'All', 'Custom', 'Custom'),
    schemas: fc.constantFrom<string[]>(['public'], ['app'], ['public', 'theirs'], ['*']),
    futureObjects: fc.boolean(),
    grants: fc.array(randomGrant, { maxLength: 3 }),
    roles: fc.uniqueArray(fc.constantFrom('team', 'keeper', 'keeper', 'dba', neighbour, 'absent'), { maxLength: 2 }),
    routines: fc.constantFrom('None', 'All'),
  })
  .map(({ profile, ...rest }) => access(profile, rest));
