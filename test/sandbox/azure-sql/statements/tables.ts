import type { Column, SqlObject } from '../catalog-records.ts';
import { securableClass } from '../catalog-records.ts';
import type { Context } from '../context.ts';
import { errors } from '../errors.ts';
import { parseValue } from '../expression-parser.ts';
import { theDatabase } from '../permission-check.ts';
import { SqlError } from '../sql-error.ts';
import type { SqlType } from '../sql-type.ts';
import type { Statement, StatementShape } from '../statement.ts';
import type { NameParts, TokenCursor } from '../token-cursor.ts';
import { isSystemType, parseTypeName } from '../type-parser.ts';

/** https://learn.microsoft.com/sql/t-sql/statements/create-table-transact-sql and its neighbours, without constraints between tables. */
export const tableStatements: readonly StatementShape[] = [
  {
    syntax:
      'CREATE TABLE [schema.]name (column type [NULL|NOT NULL] [IDENTITY] [PRIMARY KEY] [DEFAULT value], … [, [CONSTRAINT name] PRIMARY KEY (column, …)])',
    begins: ['CREATE', 'TABLE'],
    parse: parseCreate,
  },
  { syntax: 'ALTER TABLE [schema.]name ADD column type … | DROP COLUMN column', begins: ['ALTER', 'TABLE'], parse: parseAlter },
  { syntax: 'DROP TABLE [IF EXISTS] [schema.]name, …', begins: ['DROP', 'TABLE'], parse: (cursor) => parseDropOf(cursor, 'U', 'table') },
  { syntax: 'TRUNCATE TABLE [schema.]name', begins: ['TRUNCATE', 'TABLE'], parse: parseTruncate },
];

interface NewColumn {
  readonly name: string;
  readonly type: SqlType | NameParts;
  readonly isNullable: boolean | undefined;
  readonly isIdentity: boolean;
  readonly isKey: boolean;
  readonly fallback: string | undefined;
}

function parseCreate(cursor: TokenCursor): Statement {
  const name = cursor.names(3);
  const keys: string[] = [];
  const columns: NewColumn[] = [];
  cursor.listInParentheses(() => {
    if (cursor.isAt('CONSTRAINT') || cursor.isAt('PRIMARY')) keys.push(...parseKey(cursor));
    else columns.push(parseColumn(cursor));
  });
  return { event: 'CREATE_TABLE', run: (context) => create(context, name, columns, keys) };
}

function parseKey(cursor: TokenCursor): readonly string[] {
  if (cursor.skip('CONSTRAINT')) cursor.name();
  cursor.expect('PRIMARY', 'KEY');
  if (!cursor.skip('CLUSTERED')) cursor.skip('NONCLUSTERED');
  return cursor.listInParentheses(() => {
    const name = cursor.name();
    if (!cursor.skip('ASC')) cursor.skip('DESC');
    return name;
  });
}

function parseColumn(cursor: TokenCursor): NewColumn {
  const name = cursor.name();
  const type = parseTypeName(cursor);
  let column: NewColumn = { name, type, isNullable: undefined, isIdentity: false, isKey: false, fallback: undefined };
  for (;;) {
    if (cursor.skip('NOT', 'NULL')) column = { ...column, isNullable: false };
    else if (cursor.skip('NULL')) column = { ...column, isNullable: true };
    else if (cursor.skip('IDENTITY')) column = { ...column, isIdentity: parseIdentity(cursor) };
    else if (cursor.skip('CONSTRAINT')) cursor.name();
    else if (cursor.skip('PRIMARY', 'KEY')) {
      if (!cursor.skip('CLUSTERED')) cursor.skip('NONCLUSTERED');
      column = { ...column, isKey: true };
    } else if (cursor.skip('DEFAULT')) column = { ...column, fallback: textOfValue(cursor) };
    else return column;
  }
}

function parseIdentity(cursor: TokenCursor): true {
  if (cursor.isAtSymbol('(')) cursor.listInParentheses(() => cursor.wholeNumber());
  return true;
}

/** An expression as it is written, which must be one. */
export function textOfValue(cursor: TokenCursor): string {
  const { start } = cursor.token;
  parseValue(cursor);
  return cursor.sql.slice(start, cursor.token.start).trim();
}

/** The schema where a new object goes. Throws 262 and 2760. */
export function schemaFor(name: NameParts, permission: string, context: Context): number {
  const { session } = context;
  if (!context.may(permission, theDatabase)) throw errors.deniedInDatabase(permission, session.database.name);
  return schemaWith('ALTER', name, context);
}

/** The schema that a new object's name means, where the user must have a right. Throws 2760. */
export function schemaWith(permission: string, name: NameParts, context: Context): number {
  const own = context.catalog.principals.get(context.principal)?.defaultSchema ?? 'dbo';
  const wanted = name.at(-2) ?? own;
  const schema = context.catalog.schemaNamed(wanted);
  if (!schema || !context.may(permission, { kind: 'schema', id: schema.id })) throw errors.noSchema(wanted);
  return schema.id;
}

async function create(context: Context, name: NameParts, columns: readonly NewColumn[], keys: readonly string[]): Promise<void> {
  await context.session.changeCatalog((catalog) => {
    const last = name.at(-1) ?? '';
    const schema = schemaFor(name, 'CREATE TABLE', context);
    if (catalog.objectNamed(schema, last)) throw errors.objectExists(last);
    const made = columns.map((each, index) => madeColumn(each, index + 1, keys, context));
    for (const [index, each] of made.entries())
      if (made.findIndex((other) => catalog.isSame(other.name, each.name)) !== index) throw errors.duplicateColumn(each.name, last);
    const missing = keys.find((key) => !made.some((each) => catalog.isSame(each.name, key)));
    if (missing !== undefined) throw new SqlError(1911, `Column name '${missing}' does not exist in the target table or view.`);
    const id = catalog.nextObjectId();
    const createdAt = new Date(context.session.server.clock.now());
    catalog.objects.set(id, { id, name: last, type: 'U', schema, owner: null, columns: made, module: undefined, createdAt });
  }, context);
}

function madeColumn(
  { name, type, isNullable, isIdentity, isKey, fallback }: NewColumn,
  id: number,
  keys: readonly string[],
  context: Context,
): Column {
  const { catalog } = context;
  const inKey = isKey || keys.some((each) => catalog.isSame(each, name));
  return {
    id,
    name,
    type: systemTypeOf(type, context),
    isNullable: isNullable ?? !(inKey || isIdentity),
    isIdentity,
    isKey: inKey,
    fallback,
  };
}

/** Throws 2715 for a type that is not there. */
function systemTypeOf(type: SqlType | NameParts, context: Context): SqlType {
  if (isSystemType(type)) return type;
  const found = context
    .schemasOf(type)
    .map((each) => context.catalog.typeNamed(each, type.at(-1) ?? ''))
    .find((each) => each !== undefined);
  if (!found) throw errors.unknownType(type.join('.'));
  return found.base;
}

function parseAlter(cursor: TokenCursor): Statement {
  const name = cursor.names(3);
  if (cursor.skip('DROP', 'COLUMN')) {
    const column = cursor.name();
    return altering(name, (table, { catalog }) => {
      if (!table.columns.some((each) => catalog.isSame(each.name, column)))
        throw new SqlError(4924, `ALTER TABLE DROP COLUMN failed because column '${column}' does not exist in table '${table.name}'.`);
      throw new SqlError(4922, `ALTER TABLE DROP COLUMN ${column} failed because one or more objects access this column.`, { state: 9 });
    });
  }
  cursor.expect('ADD');
  const added = parseColumn(cursor);
  return altering(name, (table, context) => {
    if (table.columns.some((each) => context.catalog.isSame(each.name, added.name))) throw errors.duplicateColumn(added.name, table.name);
    return {
      ...table,
      columns: [...table.columns, madeColumn({ ...added, isNullable: added.isNullable ?? true }, table.columns.length + 1, [], context)],
    };
  });
}

function altering(name: NameParts, change: (table: SqlObject, context: Context) => SqlObject): Statement {
  return {
    event: 'ALTER_TABLE',
    run: (context) =>
      context.session.changeCatalog((catalog) => {
        const table = tableToAlter(name, context);
        catalog.objects.set(table.id, change(table, context));
      }, context),
  };
}

/** Throws 1088. */
function tableToAlter(name: NameParts, context: Context): SqlObject {
  const table = context.findObject(name);
  if (table?.type !== 'U' || !context.may('ALTER', { kind: 'object', id: table.id })) {
    throw new SqlError(1088, `Cannot find the object "${name.join('.')}" because it does not exist or you do not have permissions.`);
  }
  return table;
}

/** DROP of one kind of objects: CONTROL on the object or ALTER on its schema is needed. */
export function parseDropOf(cursor: TokenCursor, type: SqlObject['type'], what: string): Statement {
  const ifExists = cursor.skip('IF', 'EXISTS');
  const names = cursor.list(() => cursor.names(3));
  return {
    event: `DROP_${what.toUpperCase()}`,
    run: (context) =>
      context.session.changeCatalog((catalog) => {
        for (const name of names) {
          const found = context.findObject(name);
          if (found?.type !== type && ifExists) continue;
          const mayDrop =
            found?.type === type &&
            (context.may('CONTROL', { kind: 'object', id: found.id }) || context.may('ALTER', { kind: 'schema', id: found.schema }));
          if (!mayDrop) throw errors.cannotDrop(what, name.join('.'));
          catalog.objects.delete(found.id);
          catalog.forgetSecurable(securableClass.object, found.id);
        }
      }, context),
  };
}

function parseTruncate(cursor: TokenCursor): Statement {
  const name = cursor.names(3);
  return {
    run: async (context) => {
      const table = tableToAlter(name, context);
      await context.session.replaceRows(table.id, (rows) => new Map(rows.map((row) => [row, null])), context);
    },
  };
}
