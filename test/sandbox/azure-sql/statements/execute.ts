import type { Context } from '../context.ts';
import { runBatchText } from '../dynamic-batch.ts';
import { errors } from '../errors.ts';
import { parseValue } from '../expression-parser.ts';
import { type CallArgument, runProcedure } from '../module.ts';
import { int, nvarchar, sysname } from '../sql-type.ts';
import type { Statement, StatementShape } from '../statement.ts';
import type { Expression } from '../syntax-tree.ts';
import { findSystemProcedure } from '../system-procedures.ts';
import type { NameParts, TokenCursor } from '../token-cursor.ts';
import { valueIn, variableName } from './flow.ts';
import { assign } from './select.ts';

/** https://learn.microsoft.com/sql/t-sql/language-elements/execute-transact-sql */
export const executeStatements: readonly StatementShape[] = ['EXEC', 'EXECUTE'].map((word) => ({
  syntax: `${word} [@result =] [schema.]procedure [[@parameter =] value, …] | ${word} ('statement …')`,
  begins: [word],
  parse: parseExecute,
}));

interface Argument {
  readonly name: string | undefined;
  readonly value: Expression;
}

function parseExecute(cursor: TokenCursor): Statement {
  if (cursor.skipSymbol('(')) {
    const text = parseValue(cursor);
    cursor.expectSymbol(')');
    return {
      isFrame: true,
      run: (context) => runBatchText(String(valueIn(context, text).value({ values: [], parent: undefined }) ?? ''), context),
    };
  }
  const result = cursor.token.kind === 'variable' ? variableName(cursor) : undefined;
  if (result !== undefined) cursor.expectSymbol('=');
  const name = cursor.names(3);
  const given = isAtArgument(cursor) ? cursor.list(() => parseArgument(cursor)) : [];
  return {
    isFrame: true,
    run: async (context) => {
      const typed = given.map((each): CallArgument => {
        const { type, value } = valueIn(context, each.value);
        return { name: each.name, type: type ?? int, value: value({ values: [], parent: undefined }) };
      });
      const returned = await callProcedure(name, typed, context);
      if (result !== undefined) assign(result, { type: int, value: () => returned }, context);
      return { command: 0, rows: 0 };
    },
  };
}

function isAtArgument(cursor: TokenCursor): boolean {
  const { kind } = cursor.token;
  return (
    ['variable', 'text', 'national text', 'number', 'binary', 'name'].includes(kind) ||
    cursor.isAtSymbol('-') ||
    cursor.isAt('NULL') ||
    cursor.isAtName
  );
}

function parseArgument(cursor: TokenCursor): Argument {
  const isNamed = cursor.token.kind === 'variable' && cursor.isAtSymbol('=', 1);
  const name = isNamed ? variableName(cursor) : undefined;
  if (isNamed) cursor.take();
  return { name, value: parseConstant(cursor) };
}

/** Arguments are constants and variables, no calculations; a bare name is a text. */
function parseConstant(cursor: TokenCursor): Expression {
  if (cursor.isAtName) return { kind: 'literal', value: cursor.name(), type: sysname };
  const isNegative = cursor.skipSymbol('-');
  const { token } = cursor;
  if (cursor.skip('NULL')) return { kind: 'null' };
  switch (token.kind) {
    case 'variable':
      cursor.take();
      return { kind: 'variable', name: token.value };
    case 'text':
    case 'national text':
      cursor.take();
      return { kind: 'literal', value: token.value, type: nvarchar(token.value.length > 4000 ? 'max' : Math.max(token.value.length, 1)) };
    case 'binary':
      cursor.take();
      return { kind: 'literal', value: Buffer.from(token.value, 'hex'), type: { name: 'varbinary', length: 8000 } };
    default:
      return { kind: 'literal', value: isNegative ? -cursor.wholeNumber() : cursor.wholeNumber(), type: int };
  }
}

/** Runs a procedure of the system or one that somebody has made. Throws 2812. */
export async function callProcedure(name: NameParts, given: readonly CallArgument[], context: Context): Promise<number> {
  const ofSystem = findSystemProcedure(name);
  if (ofSystem) return ofSystem(given, context);
  const found = context.findObject(name);
  if (found?.type !== 'P') throw errors.noProcedure(name.join('.'));
  return runProcedure(found, given, context);
}
