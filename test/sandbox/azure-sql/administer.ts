import { Context } from './context.ts';
import type { Output } from './output.ts';
import { runRequest } from './request.ts';
import type { SqlServer } from './sql-server.ts';

const administrator = {
  clientId: '',
  name: 'sandbox',
  sid: Buffer.alloc(16),
  isAdministrator: true,
  principal: undefined,
  host: '',
  application: 'sandbox',
};

/** Runs a batch as administrator, past the gateway, to put things into a database. Throws the engine's first error. */
export async function administer(engine: SqlServer, database: string, text: string): Promise<void> {
  const found = engine.database(database);
  if (!found) throw new Error(`there is no database ${database}`);
  const session = engine.openSession(found, administrator);
  const errors: string[] = [];
  const output: Output = {
    result: () => {},
    done: () => {},
    notice: ({ number, class: severity, message }) => {
      if (severity > 10) errors.push(`${message} (${number})`);
    },
    change: () => {},
    returned: () => {},
  };
  try {
    const context = new Context({ session, variables: new Map(), output, signal: new AbortController().signal });
    await runRequest({ kind: 'batch', text }, context);
  } finally {
    session.close();
  }
  if (errors[0] !== undefined) throw new Error(errors[0]);
}
