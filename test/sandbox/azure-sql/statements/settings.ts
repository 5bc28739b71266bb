import { parseValue } from '../expression-parser.ts';
import type { SessionSettings } from '../session.ts';
import { SqlError } from '../sql-error.ts';
import type { Statement, StatementShape } from '../statement.ts';
import type { TokenCursor } from '../token-cursor.ts';
import { valueIn } from './flow.ts';

/** Settings that count here. */
const kept: Readonly<Record<string, keyof { [K in keyof SessionSettings as SessionSettings[K] extends boolean ? K : never]: true }>> = {
  XACT_ABORT: 'xactAbort',
  QUOTED_IDENTIFIER: 'quotedIdentifier',
  NOCOUNT: 'noCount',
  IMPLICIT_TRANSACTIONS: 'implicitTransactions',
  ARITHABORT: 'arithAbort',
  CURSOR_CLOSE_ON_COMMIT: 'cursorCloseOnCommit',
};
/** Those that the server takes, and that change nothing of what is served here, where they have this value. */
const passed: Readonly<Record<string, 'ON' | 'OFF'>> = {
  ANSI_NULLS: 'ON',
  ANSI_PADDING: 'ON',
  ANSI_WARNINGS: 'ON',
  CONCAT_NULL_YIELDS_NULL: 'ON',
  ANSI_DEFAULTS: 'ON',
  ANSI_NULL_DFLT_ON: 'ON',
  ANSI_NULL_DFLT_OFF: 'OFF',
  ARITHIGNORE: 'OFF',
  NUMERIC_ROUNDABORT: 'OFF',
  FMTONLY: 'OFF',
  NOEXEC: 'OFF',
  PARSEONLY: 'OFF',
};
const ofOneWord = ['LANGUAGE', 'DATEFORMAT', 'DEADLOCK_PRIORITY'];
const ofANumber = ['TEXTSIZE', 'ROWCOUNT', 'DATEFIRST', 'QUERY_GOVERNOR_COST_LIMIT'];
const levels = [['READ', 'UNCOMMITTED'], ['READ', 'COMMITTED'], ['REPEATABLE', 'READ'], ['SNAPSHOT'], ['SERIALIZABLE']];
const longestContext = 128;

/** https://learn.microsoft.com/sql/t-sql/statements/set-statements-transact-sql */
export const settingStatements: readonly StatementShape[] = [
  ...Object.keys(kept).map(
    (name): StatementShape => ({ syntax: `SET ${name} ON|OFF`, begins: ['SET', name], parse: (cursor) => parseKept(cursor, name) }),
  ),
  ...Object.entries(passed).map(
    ([name, value]): StatementShape => ({
      syntax: `SET ${name} ${value}`,
      begins: ['SET', name],
      parse: (cursor) => parsePassed(cursor, value),
    }),
  ),
  ...ofOneWord.map((name): StatementShape => ({ syntax: `SET ${name} word`, begins: ['SET', name], parse: parseIgnoredWord })),
  ...ofANumber.map((name): StatementShape => ({ syntax: `SET ${name} number`, begins: ['SET', name], parse: parseIgnoredNumber })),
  { syntax: 'SET LOCK_TIMEOUT milliseconds', begins: ['SET', 'LOCK_TIMEOUT'], parse: parseLockTimeout },
  { syntax: 'SET CONTEXT_INFO 0x…', begins: ['SET', 'CONTEXT_INFO'], parse: parseContextInfo },
  { syntax: 'SET TRANSACTION ISOLATION LEVEL level', begins: ['SET', 'TRANSACTION', 'ISOLATION', 'LEVEL'], parse: parseLevel },
];

const nothing: Statement = { isFrame: true, run: () => undefined };

function parseKept(cursor: TokenCursor, name: string): Statement {
  const isOn = cursor.expectOneOf(['ON', 'OFF']) === 'ON';
  const setting = kept[name];
  return {
    isFrame: true,
    run: ({ session }) => {
      if (setting) session.settings[setting] = isOn;
      return undefined;
    },
  };
}

function parsePassed(cursor: TokenCursor, value: 'ON' | 'OFF'): Statement {
  cursor.expect(value);
  return nothing;
}

/** Minus is a sign here. */
function parseSigned(cursor: TokenCursor): number {
  return cursor.skipSymbol('-')
    ? -cursor.wholeNumber()
    : Number(cursor.token.kind === 'number' ? cursor.take().value : cursor.wholeNumber());
}

function parseIgnoredWord(cursor: TokenCursor): Statement {
  cursor.name();
  return nothing;
}

function parseIgnoredNumber(cursor: TokenCursor): Statement {
  parseSigned(cursor);
  return nothing;
}

function parseLockTimeout(cursor: TokenCursor): Statement {
  const milliseconds = parseSigned(cursor);
  return {
    isFrame: true,
    run: ({ session }) => {
      session.settings.lockTimeout = Math.max(milliseconds, -1);
      return undefined;
    },
  };
}

function parseContextInfo(cursor: TokenCursor): Statement {
  const value = parseValue(cursor);
  return {
    isFrame: true,
    run: (context) => {
      const bytes = valueIn(context, value).value({ values: [], parent: undefined });
      if (!Buffer.isBuffer(bytes) || bytes.length > longestContext)
        throw new SqlError(2743, 'SET CONTEXT_INFO requires a varbinary(128) NOT NULL parameter.', { state: 2 });
      return undefined;
    },
  };
}

function parseLevel(cursor: TokenCursor): Statement {
  if (!levels.some((each) => cursor.skip(...each))) throw cursor.wrong();
  return nothing;
}
