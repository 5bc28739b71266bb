import type { Socket } from 'node:net';
import type { ConnectionOptions } from 'mysql2';
import type { SessionOptions } from './session.ts';
import { port } from './session-settings.ts';
import { trusting } from './verified-line.ts';

const connectTimeoutInMs = 15_000;

/** What mysql2 is told of a session, but for how it logs in. */
export function connectionConfig({ host, login, ca }: Pick<SessionOptions, 'host' | 'login' | 'ca'>, stream: Socket): ConnectionOptions {
  return {
    stream,
    host,
    port,
    user: login,
    ssl: trusting(ca, host),
    connectTimeout: connectTimeoutInMs,
    charset: 'utf8mb4_bin',
    connectAttributes: { program_name: 'passwordless-operator' },
    flags: ['-LOCAL_FILES', '-IGNORE_SPACE', '-ODBC', '-CONNECT_WITH_DB'],
    multipleStatements: false,
    // else code would be made from what the server calls its columns
    disableEval: true,
    dateStrings: true,
    jsonStrings: true,
    supportBigNumbers: true,
  };
}
