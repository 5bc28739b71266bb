import { runStatements } from './batch.ts';
import type { Context, Variables } from './context.ts';
import { parseBatch } from './statement-shapes.ts';
import { TokenCursor } from './token-cursor.ts';

/** Runs a batch inside of another one: as its user, without the rights that a module around it lends. */
export async function runBatchText(sql: string, context: Context, variables: Variables = new Map()): Promise<void> {
  const statements = parseBatch(new TokenCursor(sql, context.session.settings));
  await runStatements(statements, context.inside(undefined, { variables }));
}
