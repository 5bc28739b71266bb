import { type BatchResult, runBatch } from './batch.ts';
import type { Context } from './context.ts';
import { SqlError } from './sql-error.ts';
import type { Statement } from './statement.ts';
import { parseBatch } from './statement-shapes.ts';
import { callProcedure } from './statements/execute.ts';
import { begin, commit, rollBack, save } from './statements/transactions.ts';
import { declaredVariables } from './system-procedures.ts';
import { TokenCursor } from './token-cursor.ts';
import type { Argument, ClientRequest } from './wire/client-request.ts';

type Served = Exclude<ClientRequest, { kind: 'attention' }>;

/** A request as the journal tells it: without its parameters. */
export function textOfRequest(request: Served): string {
  switch (request.kind) {
    case 'batch':
      return request.text;
    case 'call':
      return isOfStatement(request) ? String(request.arguments[0]?.value ?? '') : `EXEC ${request.procedure}`;
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
      return statementsOfCall(request.procedure, request.arguments, context);
    case 'begin':
      return [frame(begin)];
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
      throw new SqlError(102, `Incorrect syntax near '${request.what}'.`, { severity: 15, reach: 'batch' });
    default:
      return request satisfies never;
  }
}

function isOfStatement({ procedure }: { readonly procedure: string }): boolean {
  return /^(sys\.)?sp_executesql$/i.test(procedure);
}

/** sp_executesql is the request's own batch, so that its statements are those that the client sent. */
function statementsOfCall(procedure: string, given: readonly Argument[], context: Context): readonly Statement[] {
  const named = given.map(({ name, type, value }) => ({ name: name === '' ? undefined : name, type, value }));
  if (isOfStatement({ procedure })) {
    const [sql, declarations, ...rest] = named;
    for (const [name, value] of declaredVariables(String(declarations?.value ?? ''), rest)) context.variables.set(name, value);
    return parseBatch(new TokenCursor(String(sql?.value ?? ''), context.session.settings));
  }
  const cursor = new TokenCursor(procedure, { quotedIdentifier: true });
  const name = cursor.names(3);
  if (!cursor.isAtEnd) throw cursor.wrong();
  return [frame(async (each) => void (await callProcedure(name, named, each)))];
}

function frame(run: (context: Context) => void | Promise<void>): Statement {
  return { isFrame: true, run };
}
