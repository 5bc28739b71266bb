import { securableClass } from '../catalog-records.ts';
import { errors } from '../errors.ts';
import type { Statement, StatementShape } from '../statement.ts';
import type { TokenCursor } from '../token-cursor.ts';
import { parseType } from '../type-parser.ts';
import { schemaFor } from './tables.ts';

/** https://learn.microsoft.com/sql/t-sql/statements/create-type-transact-sql, aliases alone. */
export const typeStatements: readonly StatementShape[] = [
  { syntax: 'CREATE TYPE [schema.]name FROM type [NULL|NOT NULL]', begins: ['CREATE', 'TYPE'], parse: parseCreate },
  { syntax: 'DROP TYPE [IF EXISTS] [schema.]name', begins: ['DROP', 'TYPE'], parse: parseDrop },
];

function parseCreate(cursor: TokenCursor): Statement {
  const name = cursor.names(2);
  cursor.expect('FROM');
  const base = parseType(cursor);
  const isNullable = !cursor.skip('NOT', 'NULL');
  if (isNullable) cursor.skip('NULL');
  return {
    event: 'CREATE_TYPE',
    run: (context) =>
      context.session.changeCatalog((catalog) => {
        const last = name.at(-1) ?? '';
        const schema = schemaFor(name, 'CREATE TYPE', context);
        if (catalog.typeNamed(schema, last)) throw errors.typeExists(name.join('.'));
        const id = catalog.nextTypeId();
        catalog.types.set(id, { id, name: last, schema, owner: null, base, isNullable });
      }, context),
  };
}

function parseDrop(cursor: TokenCursor): Statement {
  const ifExists = cursor.skip('IF', 'EXISTS');
  const name = cursor.names(2);
  return {
    event: 'DROP_TYPE',
    run: (context) =>
      context.session.changeCatalog((catalog) => {
        const found = context
          .schemasOf(name)
          .map((each) => catalog.typeNamed(each, name.at(-1) ?? ''))
          .find((each) => each !== undefined);
        if (!found && ifExists) return;
        if (!found || !context.may('CONTROL', { kind: 'type', id: found.id })) throw errors.cannotDrop('type', name.join('.'));
        catalog.types.delete(found.id);
        catalog.forgetSecurable(securableClass.type, found.id);
      }, context),
  };
}
