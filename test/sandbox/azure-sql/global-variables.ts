import type { Context } from './context.ts';
import { errors } from './errors.ts';
import type { Compiled } from './expression.ts';
import type { SessionSettings } from './session.ts';
import { int, nvarchar } from './sql-type.ts';

const versionText = 'Microsoft SQL Azure (RTM) - 12.0.2000.8 \n\tSep 18 2026 12:02:36 \n\tCopyright (C) 2026 Microsoft Corporation\n';

/** https://learn.microsoft.com/sql/t-sql/functions/configuration-functions-transact-sql. Throws 137 for those that are not served. */
export function globalVariable(name: string, { session }: Context): Compiled {
  switch (name.toLowerCase()) {
    case '@@spid':
      return { type: { name: 'smallint' }, value: () => session.id };
    case '@@version':
      return { type: nvarchar(300), value: () => versionText };
    case '@@trancount':
      return { type: int, value: () => session.transaction?.count ?? 0 };
    case '@@rowcount':
      return { type: int, value: () => session.rowCount };
    case '@@error':
      return { type: int, value: () => session.lastError };
    case '@@servername':
      return { type: nvarchar(128), value: () => session.server.server.name };
    case '@@lock_timeout':
      return { type: int, value: () => session.settings.lockTimeout };
    case '@@options':
      return { type: int, value: () => optionsOf(session.settings) };
    case '@@identity':
      return { type: { name: 'decimal', precision: 38, scale: 0 }, value: () => session.lastIdentity };
    default:
      throw errors.undeclared(name);
  }
}

/** https://learn.microsoft.com/sql/database-engine/configure-windows/configure-the-user-options-server-configuration-option. The ANSI settings are always on here. */
function optionsOf(settings: SessionSettings): number {
  const ansi = 8 | 16 | 32 | 1024 | 4096;
  const bits = {
    implicitTransactions: 2,
    cursorCloseOnCommit: 4,
    arithAbort: 64,
    quotedIdentifier: 256,
    noCount: 512,
    xactAbort: 16_384,
  } as const;
  return Object.entries(bits).reduce((sum, [name, value]) => (settings[name as keyof typeof bits] ? sum | value : sum), ansi);
}
