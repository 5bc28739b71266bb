import { type BatchResult, runBatch } from './batch.ts';
import type { Context } from './context.ts';
import { errors } from './errors.ts';
import type { CallArgument } from './module.ts';
import type { PreparedStatement } from './prepared-statements.ts';
import type { Session } from './session.ts';
import type { Statement } from './statement.ts';
import { parseBatch } from './statement-shapes.ts';
import { callProcedure } from './statements/execute.ts';
import { begin, commit, rollBack, save } from './statements/transactions.ts';
import { declaredVariables } from './system-procedures.ts';
import { TokenCursor } from './token-cursor.ts';
import type { ClientRequest } from './wire/client-request.ts';

type Served = Exclude<ClientRequest, { kind: 'attention' }>;

/** A request as the journal tells it: without its parameters. */
export function textOfRequest(request: Served, session: Session): string {
  switch (request.kind) {
    case 'batch':
      return request.text;
    case 'call':
      return textOfCall(request, session);
    case 'begin':
      return 'BEGIN TRANSACTION';
    case 'commit':
      return 'COMMIT TRANSACTION';
    case 'rollback':
      return 'ROLLBACK TRANSACTION';
    case 'save':
      return 'SAVE TRANSACTION';
    case 'unserved':
      return request.what;
    default:
      return request satisfies never;
  }
}

/** Runs a request. Rejects when the context's signal is aborted. */
export function runRequest(request: Served, context: Context): Promise<BatchResult> {
  return runBatch(() => statementsOf(request, context), context);
}

function statementsOf(request: Served, context: Context): readonly Statement[] {
  switch (request.kind) {
    case 'batch':
      return parseBatch(new TokenCursor(request.text, context.session.settings));
    case 'call':
      return statementsOfCall(request, context);
    case 'begin':
      return [frame((each) => begin(each, request.name))];
    case 'save':
      return [frame((each) => save(each, request.name))];
    case 'commit':
    case 'rollback':
      return [
        frame((each) => {
          if (request.kind === 'commit') commit(each);
          else rollBack(each, request.name === '' ? undefined : request.name);
          if (request.begins) begin(each);
        }),
      ];
    case 'unserved':
      throw errors.syntax(request.what);
    default:
      return request satisfies never;
  }
}

/** A procedure of the protocol that runs or keeps a statement: https://learn.microsoft.com/sql/relational-databases/system-stored-procedures/sp-prepare-transact-sql and its neighbours. */
type StatementCall =
  | { readonly kind: 'run'; readonly statement: PreparedStatement; readonly given: readonly CallArgument[] }
  | {
      readonly kind: 'prepare' | 'prepare and run';
      readonly handle: string;
      readonly statement: PreparedStatement;
      readonly given: readonly CallArgument[];
    }
  | { readonly kind: 'run prepared'; readonly handle: number; readonly given: readonly CallArgument[] }
  | { readonly kind: 'forget'; readonly handle: number };

function readStatementCall({ procedure, arguments: given }: Extract<Served, { kind: 'call' }>): StatementCall | undefined {
  const named = given.map(({ name, type, value }) => ({ name: name === '' ? undefined : name, type, value }));
  const [first, second, third] = named;
  const text = (argument: CallArgument | undefined) => String(argument?.value ?? '');
  switch (procedure.toLowerCase().replace(/^sys\./, '')) {
    case 'sp_executesql':
      return { kind: 'run', statement: { sql: text(first), declarations: text(second) }, given: named.slice(2) };
    case 'sp_prepare':
    case 'sp_prepexec': {
      const kind = /exec$/i.test(procedure) ? 'prepare and run' : 'prepare';
      return { kind, handle: first?.name ?? '', statement: { sql: text(third), declarations: text(second) }, given: named.slice(3) };
    }
    case 'sp_execute':
      return { kind: 'run prepared', handle: Number(first?.value), given: named.slice(1) };
    case 'sp_unprepare':
      return { kind: 'forget', handle: Number(first?.value) };
    default:
      return undefined;
  }
}

function statementsOfCall(request: Extract<Served, { kind: 'call' }>, context: Context): readonly Statement[] {
  const call = readStatementCall(request);
  const { prepared } = context.session;
  switch (call?.kind) {
    case 'run':
      return statementsOfText(call.statement, call.given, context);
    case 'run prepared':
      return statementsOfText(prepared.get(call.handle), call.given, context);
    case 'prepare':
      parseBatch(new TokenCursor(call.statement.sql, context.session.settings));
      return [frame(({ output }) => output.returned(call.handle, prepared.add(call.statement)))];
    case 'prepare and run': {
      const statements = statementsOfText(call.statement, call.given, context);
      return [frame(({ output }) => output.returned(call.handle, prepared.add(call.statement))), ...statements];
    }
    case 'forget':
      return [frame(() => prepared.remove(call.handle))];
    case undefined:
      return [procedureCall(request, context)];
    default:
      return call satisfies never;
  }
}

/** The request's own batch, so that its statements are those that the client sent. */
function statementsOfText(
  { sql, declarations }: PreparedStatement,
  given: readonly CallArgument[],
  context: Context,
): readonly Statement[] {
  for (const [name, value] of declaredVariables(declarations, given)) context.variables.set(name, value);
  return parseBatch(new TokenCursor(sql, context.session.settings));
}

function procedureCall({ procedure, arguments: given }: Extract<Served, { kind: 'call' }>, context: Context): Statement {
  if (given.some(({ isOutput }) => isOutput)) throw errors.syntax('OUTPUT');
  const cursor = new TokenCursor(procedure, context.session.settings);
  const name = cursor.names(3);
  if (!cursor.isAtEnd) throw cursor.wrong();
  const named = given.map((each) => ({ name: each.name === '' ? undefined : each.name, type: each.type, value: each.value }));
  return frame(async (inner) => void (await callProcedure(name, named, inner)));
}

function textOfCall(request: Extract<Served, { kind: 'call' }>, { prepared }: Session): string {
  const call = readStatementCall(request);
  switch (call?.kind) {
    case 'run':
    case 'prepare and run':
      return call.statement.sql;
    case 'run prepared':
      return prepared.find(call.handle)?.sql ?? 'EXEC sp_execute';
    case 'prepare':
    case 'forget':
    case undefined:
      return `EXEC ${request.procedure}`;
    default:
      return call satisfies never;
  }
}

function frame(run: (context: Context) => void | Promise<void>): Statement {
  return { isFrame: true, run };
}
