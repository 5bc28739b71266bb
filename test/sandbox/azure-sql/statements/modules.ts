import type { Catalog } from '../catalog.ts';
import type { Module, Parameter, SqlObject } from '../catalog-records.ts';
import type { Context } from '../context.ts';
import { converted } from '../convert.ts';
import { errors } from '../errors.ts';
import { asOwner } from '../module.ts';
import { compileQuery } from '../query.ts';
import { parseQuery } from '../query-parser.ts';
import { SqlError } from '../sql-error.ts';
import type { SqlType } from '../sql-type.ts';
import type { Statement, StatementShape } from '../statement.ts';
import { parseBatch } from '../statement-shapes.ts';
import type { NameParts, TokenCursor } from '../token-cursor.ts';
import { parseType } from '../type-parser.ts';
import { parseDropOf, schemaFor, schemaWith, textOfValue } from './tables.ts';

const asClause = "[WITH EXECUTE AS OWNER|SELF|CALLER|'name'] AS";

/** https://learn.microsoft.com/sql/t-sql/statements/create-procedure-transact-sql and its neighbours. */
export const moduleStatements: readonly StatementShape[] = [
  ...creations('VIEW', '[schema.]name AS SELECT …', parseView),
  ...creations('PROCEDURE', `[schema.]name [@parameter type [= value], …] ${asClause} statement …`, parseProcedure),
  ...creations('PROC', `[schema.]name [@parameter type [= value], …] ${asClause} statement …`, parseProcedure),
  ...creations('FUNCTION', `[schema.]name (@parameter type, …) RETURNS type ${asClause} BEGIN RETURN value END`, parseFunction),
  { syntax: 'CREATE SEQUENCE [schema.]name', begins: ['CREATE', 'SEQUENCE'], parse: parseSequence },
  { syntax: 'DROP VIEW [IF EXISTS] [schema.]name, …', begins: ['DROP', 'VIEW'], parse: (cursor) => parseDropOf(cursor, 'V', 'view') },
  {
    syntax: 'DROP PROCEDURE [IF EXISTS] [schema.]name, …',
    begins: ['DROP', 'PROCEDURE'],
    parse: (cursor) => parseDropOf(cursor, 'P', 'procedure'),
  },
  {
    syntax: 'DROP FUNCTION [IF EXISTS] [schema.]name, …',
    begins: ['DROP', 'FUNCTION'],
    parse: (cursor) => parseDropOf(cursor, 'FN', 'function'),
  },
  {
    syntax: 'DROP SEQUENCE [IF EXISTS] [schema.]name, …',
    begins: ['DROP', 'SEQUENCE'],
    parse: (cursor) => parseDropOf(cursor, 'SO', 'sequence'),
  },
];

type Mode = 'create' | 'create or alter' | 'alter';

function creations(what: string, syntax: string, parse: (cursor: TokenCursor, mode: Mode) => Statement): readonly StatementShape[] {
  const forms: readonly (readonly [Mode, readonly string[]])[] = [
    ['create', ['CREATE', what]],
    ['create or alter', ['CREATE', 'OR', 'ALTER', what]],
    ['alter', ['ALTER', what]],
  ];
  return forms.map(([mode, begins]) => ({
    syntax: `${begins.join(' ')} ${syntax}`,
    begins,
    isFirst: true,
    parse: (cursor) => parse(cursor, mode),
  }));
}

/** What EXECUTE AS of a module says; undefined for the caller. */
export type ExecuteAs = 'owner' | 'self' | { readonly user: string } | undefined;

export function parseExecuteAs(cursor: TokenCursor): ExecuteAs {
  if (!cursor.skip('WITH')) return undefined;
  if (!cursor.skip('EXECUTE')) cursor.expect('EXEC');
  cursor.expect('AS');
  if (cursor.skip('CALLER')) return undefined;
  if (cursor.skip('OWNER')) return 'owner';
  return cursor.skip('SELF') ? 'self' : { user: cursor.text() };
}

/** As sys.sql_modules has it. Throws 15151 for a user that is not there, or that the creator may not be. */
export function executeAsId(executeAs: ExecuteAs, context: Context): number | null {
  if (executeAs === undefined) return null;
  if (executeAs === 'owner') return asOwner;
  if (executeAs === 'self') return context.principal;
  const found = context.catalog.principalNamed(executeAs.user);
  if (!found || found.type === 'R' || !(found.id === context.principal || context.may('IMPERSONATE', { kind: 'user', id: found.id }))) {
    throw errors.cannot('find', 'user', executeAs.user);
  }
  return found.id;
}

/** All statements up to the end of the batch, which must be ones. */
export function parseBody(cursor: TokenCursor): string {
  const body = cursor.sql.slice(cursor.token.start);
  if (parseBatch(cursor).length === 0) throw cursor.wrong();
  return body;
}

function parseParameters(cursor: TokenCursor): readonly Parameter[] {
  const isInParentheses = cursor.skipSymbol('(');
  const parameters = cursor.token.kind === 'variable' ? cursor.list(() => parseParameter(cursor)) : [];
  if (isInParentheses) cursor.expectSymbol(')');
  return parameters;
}

function parseParameter(cursor: TokenCursor): Parameter {
  if (cursor.token.kind !== 'variable') throw cursor.wrong();
  const name = cursor.take().value;
  const type = parseType(cursor);
  if (!cursor.skipSymbol('=')) return { name, type, fallback: undefined };
  if (cursor.skip('NULL')) return { name, type, fallback: null };
  const literal = cursor.take();
  if (literal.kind !== 'number' && literal.kind !== 'text' && literal.kind !== 'national text') throw cursor.wrong();
  return { name, type, fallback: converted(literal.value, { name: 'nvarchar', length: 'max' }, type) };
}

function parseView(cursor: TokenCursor, mode: Mode): Statement {
  const name = cursor.names(2);
  cursor.expect('AS');
  const { start } = cursor.token;
  const query = parseQuery(cursor);
  cursor.skipSymbol(';');
  if (!cursor.isAtEnd) throw cursor.wrong();
  const body = cursor.sql.slice(start).replace(/;\s*$/, '');
  return making({ name, type: 'V', what: 'VIEW', mode }, cursor.sql, (context) => {
    try {
      compileQuery(query, context);
    } catch (error) {
      // who makes a view need not be able to read through it
      if (!(error instanceof SqlError) || (error.number !== 229 && error.number !== 230)) throw error;
    }
    return { parameters: [], executeAs: null, body };
  });
}

function parseProcedure(cursor: TokenCursor, mode: Mode): Statement {
  const name = cursor.names(2);
  const parameters = parseParameters(cursor);
  const executeAs = parseExecuteAs(cursor);
  cursor.expect('AS');
  const body = parseBody(cursor);
  return making({ name, type: 'P', what: 'PROCEDURE', mode }, cursor.sql, (context) => ({
    parameters,
    executeAs: executeAsId(executeAs, context),
    body,
  }));
}

function parseFunction(cursor: TokenCursor, mode: Mode): Statement {
  const name = cursor.names(2);
  if (!cursor.isAtSymbol('(')) throw cursor.wrong();
  const parameters = parseParameters(cursor);
  cursor.expect('RETURNS');
  const from = cursor.token.start;
  const type: SqlType = parseType(cursor);
  const typeName = cursor.sql.slice(from, cursor.token.start).trim();
  const executeAs = parseExecuteAs(cursor);
  cursor.skip('AS');
  cursor.expect('BEGIN', 'RETURN');
  const value = textOfValue(cursor);
  cursor.skipSymbol(';');
  cursor.expect('END');
  cursor.skipSymbol(';');
  if (!cursor.isAtEnd) throw cursor.wrong();
  const body = `CAST((${value.replace(/;$/, '')}) AS ${type.length === undefined ? type.name : typeName})`;
  return making({ name, type: 'FN', what: 'FUNCTION', mode }, cursor.sql, (context) => ({
    parameters,
    executeAs: executeAsId(executeAs, context),
    body,
  }));
}

function parseSequence(cursor: TokenCursor): Statement {
  const name = cursor.names(2);
  return {
    event: 'CREATE_SEQUENCE',
    run: (context) =>
      context.session.changeCatalog((catalog) => {
        const last = name.at(-1) ?? '';
        const schema = schemaWith('CREATE SEQUENCE', name, context);
        if (catalog.objectNamed(schema, last)) throw errors.objectExists(last);
        put(context, { name: last, type: 'SO', schema, module: undefined }, catalog);
      }, context),
  };
}

interface Making {
  readonly name: NameParts;
  readonly type: 'V' | 'P' | 'FN';
  readonly what: string;
  readonly mode: Mode;
}

/** ALTER keeps who owns the module and the rights on it. */
function making(
  { name, type, what, mode }: Making,
  definition: string,
  moduleOf: (context: Context) => Omit<Module, 'definition'>,
): Statement {
  return {
    event: `${mode === 'alter' ? 'ALTER' : 'CREATE'}_${what}`,
    run: (context) =>
      context.session.changeCatalog((catalog) => {
        const last = name.at(-1) ?? '';
        const found = context.findObject(name);
        const module = { ...moduleOf(context), definition };
        if (found && mode !== 'create') {
          if (found.type !== type)
            throw new SqlError(2010, `Cannot perform alter on '${name.join('.')}' because it is an incompatible object type.`);
          if (!context.may('ALTER', { kind: 'object', id: found.id })) throw errors.unknownObject(name.join('.'));
          catalog.objects.set(found.id, { ...found, module });
          return;
        }
        if (mode === 'alter') throw errors.unknownObject(name.join('.'));
        const schema = schemaFor(name, `CREATE ${what}`, context);
        if (catalog.objectNamed(schema, last)) throw errors.objectExists(last);
        put(context, { name: last, type, schema, module }, catalog);
      }, context),
  };
}

function put(context: Context, made: Pick<SqlObject, 'name' | 'type' | 'schema' | 'module'>, catalog: Catalog): void {
  const id = catalog.nextObjectId();
  catalog.objects.set(id, { ...made, id, owner: null, columns: [], createdAt: new Date(context.session.server.clock.now()) });
}
