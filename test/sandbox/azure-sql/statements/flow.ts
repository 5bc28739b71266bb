import { runStatements } from '../batch.ts';
import type { Context } from '../context.ts';
import { converted } from '../convert.ts';
import { type Compiled, compileCondition, compileValue } from '../expression.ts';
import { parseCondition, parseValue } from '../expression-parser.ts';
import type { Scope } from '../scope.ts';
import { SqlError } from '../sql-error.ts';
import { int, nvarchar } from '../sql-type.ts';
import type { Statement, StatementShape } from '../statement.ts';
import { parseStatement } from '../statement-shapes.ts';
import type { Expression } from '../syntax-tree.ts';
import type { TokenCursor } from '../token-cursor.ts';
import { parseType } from '../type-parser.ts';
import { assign } from './select.ts';

/** RETURN outside of a procedure. */
export class BatchEnd extends Error {
  override readonly name: string = 'BatchEnd';
}

/** RETURN of a procedure. */
export class ModuleReturn extends BatchEnd {
  override readonly name = 'ModuleReturn';
  readonly value: number;

  constructor(value: number) {
    super('the procedure has returned');
    this.value = value;
  }
}

/** https://learn.microsoft.com/sql/t-sql/language-elements/control-of-flow */
export const flowStatements: readonly StatementShape[] = [
  { syntax: 'IF condition statement [ELSE statement]', begins: ['IF'], parse: parseIf },
  { syntax: 'BEGIN statement … END', begins: ['BEGIN'], parse: parseBlock },
  { syntax: 'DECLARE @name [AS] type [= value], …', begins: ['DECLARE'], parse: parseDeclare },
  { syntax: 'SET @name = value', begins: ['SET'], parse: parseAssignment },
  { syntax: 'PRINT value', begins: ['PRINT'], parse: parsePrint },
  { syntax: "THROW number, 'message', state", begins: ['THROW'], parse: parseThrow },
  { syntax: 'RETURN [value]', begins: ['RETURN'], parse: parseReturn },
];

const noRow = { values: [], parent: undefined };

/** Of a statement's own expressions, which have no rows to look at. */
export function valueIn(context: Context, expression: Expression): Compiled {
  const scope: Scope = { context, columns: [], parent: undefined };
  return compileValue(expression, scope);
}

function parseIf(cursor: TokenCursor): Statement {
  const condition = parseCondition(cursor);
  const then = parseStatement(cursor);
  if (cursor.isAtSymbol(';') && cursor.at(1).kind === 'word' && cursor.at(1).value.toUpperCase() === 'ELSE') cursor.take();
  const otherwise = cursor.skip('ELSE') ? parseStatement(cursor) : undefined;
  return {
    isFrame: true,
    run: async (context) => {
      const holds = compileCondition(condition, { context, columns: [], parent: undefined })(noRow) === true;
      const chosen = holds ? then : otherwise;
      if (chosen) await runStatements([chosen], context);
    },
  };
}

function parseBlock(cursor: TokenCursor): Statement {
  const statements: Statement[] = [];
  for (;;) {
    while (cursor.skipSymbol(';'));
    if (statements.length > 0 && cursor.skip('END')) break;
    statements.push(parseStatement(cursor));
  }
  return { isFrame: true, run: (context) => runStatements(statements, context) };
}

function parseDeclare(cursor: TokenCursor): Statement {
  const declared = cursor.list(() => {
    const name = variableName(cursor);
    cursor.skip('AS');
    const type = parseType(cursor);
    return { name, type, value: cursor.skipSymbol('=') ? parseValue(cursor) : undefined };
  });
  return {
    isFrame: true,
    run: (context) => {
      for (const { name, type, value } of declared) {
        if (context.variables.has(name.toLowerCase())) {
          throw new SqlError(
            134,
            `The variable name '${name}' has already been declared. Variable names must be unique within a query batch or stored procedure.`,
            { severity: 15, reach: 'batch' },
          );
        }
        context.variables.set(name.toLowerCase(), { type, value: null });
        if (value) assign(name, valueIn(context, value), context);
      }
    },
  };
}

export function variableName(cursor: TokenCursor): string {
  const { kind, value } = cursor.token;
  if (kind !== 'variable' || value.startsWith('@@')) throw cursor.wrong();
  cursor.take();
  return value;
}

function parseAssignment(cursor: TokenCursor): Statement {
  const name = variableName(cursor);
  cursor.expectSymbol('=');
  const value = parseValue(cursor);
  return { isFrame: true, run: (context) => assign(name, valueIn(context, value), context) };
}

function parsePrint(cursor: TokenCursor): Statement {
  const value = parseValue(cursor);
  return {
    isFrame: true,
    run: (context) => {
      const { type, value: printed } = valueIn(context, value);
      const message = converted(printed(noRow), type, nvarchar(4000));
      context.output.notice({ number: 0, state: 1, class: 0, message: message === null ? ' ' : String(message) });
    },
  };
}

function parseThrow(cursor: TokenCursor): Statement {
  const number = parseValue(cursor);
  cursor.expectSymbol(',');
  const message = parseValue(cursor);
  cursor.expectSymbol(',');
  const state = parseValue(cursor);
  return {
    isFrame: true,
    run: (context) => {
      const [code, text, status] = [number, message, state].map((each) => valueIn(context, each).value(noRow));
      if (Number(code) < 50_000) {
        throw new SqlError(
          35_100,
          `Error number ${code} in the THROW statement is outside the valid range. Specify an error number in the valid range of 50000 to 2147483647.`,
          { reach: 'batch' },
        );
      }
      throw new SqlError(Number(code), String(text), { state: Number(status), reach: 'batch' });
    },
  };
}

function parseReturn(cursor: TokenCursor): Statement {
  const isFollowed = ['number', 'variable'].includes(cursor.token.kind) || cursor.isAtSymbol('-') || cursor.isAtSymbol('(');
  const value = isFollowed ? parseValue(cursor) : undefined;
  return {
    isFrame: true,
    run: (context) => {
      if (!context.isInModule)
        throw value
          ? new SqlError(178, 'A RETURN statement with a return value cannot be used in this context.', { severity: 15, reach: 'batch' })
          : new BatchEnd();
      throw new ModuleReturn(value ? Number(converted(valueIn(context, value).value(noRow), undefined, int)) : 0);
    },
  };
}
