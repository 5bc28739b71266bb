import { systemClock } from '../../../src/runtime/clock.ts';
import { Context } from '../../sandbox/azure-sql/context.ts';
import type { Output } from '../../sandbox/azure-sql/output.ts';
import { runRequest } from '../../sandbox/azure-sql/request.ts';
import type { Session } from '../../sandbox/azure-sql/session.ts';
import { SqlServer } from '../../sandbox/azure-sql/sql-server.ts';
import type { SqlValue } from '../../sandbox/azure-sql/sql-type.ts';
import { newWorld } from './world.ts';

/** What a batch brought: the rows of its result sets, and the numbers of its errors. */
export interface BatchOutcome {
  readonly rows: readonly (readonly SqlValue[])[];
  readonly errors: readonly number[];
}

/** An administrator's session in a database of its own, without a wire. */
export function openSession(): Session {
  const [server] = newWorld().servers;
  if (!server) throw new Error('the world has servers');
  const engine = new SqlServer({ server: { ...server, type: 'AzureSQL' }, clock: systemClock, signal: new AbortController().signal });
  const database = engine.database('orders');
  if (!database) throw new Error('the server has made its database');
  const login = {
    clientId: 'a',
    name: 'a@t',
    sid: Buffer.alloc(16, 1),
    isAdministrator: true,
    principal: undefined,
    host: '',
    application: '',
  };
  return engine.openSession(database, login);
}

/** Runs a batch in a session. */
export async function runIn(session: Session, text: string): Promise<BatchOutcome> {
  const rows: (readonly SqlValue[])[] = [];
  const errors: number[] = [];
  const output: Output = {
    result: (_, found) => rows.push(...found),
    done: () => {},
    notice: ({ number, class: severity }) => {
      if (severity > 10) errors.push(number);
    },
    change: () => {},
    returned: () => {},
  };
  await runRequest({ kind: 'batch', text }, new Context({ session, variables: new Map(), output, signal: new AbortController().signal }));
  return { rows, errors };
}
