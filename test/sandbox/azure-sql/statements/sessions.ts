import type { Context } from '../context.ts';
import { errors } from '../errors.ts';
import { theDatabase } from '../permission-check.ts';
import { SqlError } from '../sql-error.ts';
import type { Statement, StatementShape } from '../statement.ts';
import type { TokenCursor } from '../token-cursor.ts';
import { dbo } from '../well-known.ts';

/** Of sessions, the own and others. */
export const sessionStatements: readonly StatementShape[] = [
  { syntax: 'KILL session', begins: ['KILL'], parse: parseKill },
  { syntax: "EXECUTE AS USER = 'name'", begins: ['EXECUTE', 'AS', 'USER'], parse: parseExecuteAs },
  { syntax: "EXEC AS USER = 'name'", begins: ['EXEC', 'AS', 'USER'], parse: parseExecuteAs },
  { syntax: 'REVERT', begins: ['REVERT'], parse: () => ({ isFrame: true, run: ({ session }) => void session.impersonated.pop() }) },
  { syntax: "WAITFOR DELAY 'hh:mm:ss'", begins: ['WAITFOR', 'DELAY'], parse: parseDelay },
  { syntax: 'USE name (that of the own database alone)', begins: ['USE'], parse: parseUse },
];

const mostSessions = 32_767;

function parseKill(cursor: TokenCursor): Statement {
  const id = cursor.skipSymbol('-') ? -cursor.wholeNumber() : cursor.wholeNumber();
  return { isFrame: true, run: (context) => kill(context, id) };
}

/** A session of another database is none to this one's users. [U] dbo, who is the server's administrator, may end those too. */
function kill(context: Context, id: number): void {
  const { session, principal } = context;
  if (!context.may('KILL DATABASE CONNECTION', theDatabase)) throw errors.mayNotKill();
  if (session.transaction) throw errors.killInTransaction();
  if (id < 1 || id > mostSessions) throw errors.noSessionId(id);
  if (id === session.id) throw errors.killSelf();
  const found = session.server.sessions.get(id);
  if (!found || (found.database !== session.database && principal !== dbo)) throw errors.noSession(id);
  found.kill();
}

function parseExecuteAs(cursor: TokenCursor): Statement {
  cursor.expectSymbol('=');
  const name = cursor.text();
  return {
    isFrame: true,
    run: (context) => {
      const found = context.catalog.principalNamed(name);
      if (!found || found.type === 'R' || !context.may('IMPERSONATE', { kind: 'user', id: found.id })) throw errors.noImpersonation(name);
      context.session.impersonated.push(found.id);
    },
  };
}

function parseDelay(cursor: TokenCursor): Statement {
  const text = cursor.text();
  const [, hours, minutes, seconds] = /^(\d{1,2}):(\d{1,2})(?::(\d{1,2}(?:\.\d{1,3})?))?$/.exec(text) ?? [];
  if (hours === undefined)
    throw new SqlError(148, `Incorrect time syntax in time string '${text}' used with WAITFOR.`, { severity: 15, reach: 'batch' });
  const ms = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds ?? 0)) * 1000;
  return {
    isFrame: true,
    run: async ({ session, signal }) => {
      await session.server.clock.sleep(ms, signal);
      return undefined;
    },
  };
}

function parseUse(cursor: TokenCursor): Statement {
  const name = cursor.name();
  return {
    isFrame: true,
    run: ({ session, output }) => {
      const { name: own } = session.database;
      if (name.toLowerCase() !== own.toLowerCase()) throw errors.otherDatabase();
      output.change({ kind: 'database', now: own, before: own });
    },
  };
}
