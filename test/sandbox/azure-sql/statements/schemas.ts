import { securableClass } from '../catalog-records.ts';
import { errors } from '../errors.ts';
import { theDatabase } from '../permission-check.ts';
import type { Statement, StatementShape } from '../statement.ts';
import type { TokenCursor } from '../token-cursor.ts';
import { principalNamed } from './roles.ts';

/** https://learn.microsoft.com/sql/t-sql/statements/create-schema-transact-sql */
export const schemaStatements: readonly StatementShape[] = [
  { syntax: 'CREATE SCHEMA name [AUTHORIZATION owner]', begins: ['CREATE', 'SCHEMA'], isFirst: true, parse: parseCreate },
  { syntax: 'DROP SCHEMA [IF EXISTS] name', begins: ['DROP', 'SCHEMA'], parse: parseDrop },
];

function parseCreate(cursor: TokenCursor): Statement {
  const name = cursor.name();
  const owner = cursor.skip('AUTHORIZATION') ? cursor.name() : undefined;
  return {
    event: 'CREATE_SCHEMA',
    run: (context) =>
      context.session.changeCatalog((catalog) => {
        const { name: database } = context.session.database;
        if (!context.may('CREATE SCHEMA', theDatabase)) throw errors.deniedInDatabase('CREATE SCHEMA', database);
        if (catalog.schemaNamed(name)) throw errors.objectExists(name);
        const found = owner === undefined ? undefined : principalNamed(catalog, owner);
        const mayAssign =
          !found ||
          catalog.isMember(context.principal, found.id) ||
          context.may(found.type === 'R' ? 'ALTER' : 'IMPERSONATE', { kind: found.type === 'R' ? 'role' : 'user', id: found.id });
        if (!mayAssign) throw errors.cannot('find', 'principal', owner ?? '');
        const id = catalog.nextSchemaId();
        catalog.schemas.set(id, { id, name, owner: found?.id ?? context.principal });
      }, context),
  };
}

function parseDrop(cursor: TokenCursor): Statement {
  const ifExists = cursor.skip('IF', 'EXISTS');
  const name = cursor.name();
  return {
    event: 'DROP_SCHEMA',
    run: (context) =>
      context.session.changeCatalog((catalog) => {
        const schema = catalog.schemaNamed(name);
        if (!schema && ifExists) return;
        if (!schema || !context.may('CONTROL', { kind: 'schema', id: schema.id })) throw errors.cannot('drop', 'schema', name);
        if (schema.id <= 4 || schema.id >= 16384) throw errors.fixed('drop', 'schema', name);
        const held = [...catalog.objects.values(), ...catalog.types.values()].find((each) => each.schema === schema.id);
        if (held) throw errors.schemaInUse(name, held.name);
        catalog.schemas.delete(schema.id);
        catalog.forgetSecurable(securableClass.schema, schema.id);
      }, context),
  };
}
