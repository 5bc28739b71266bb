import type { Session } from './session.ts';
import type { SqlError } from './sql-error.ts';
import { federatedAuthentication, type Login } from './wire/login.ts';
import { defaultPacketSize } from './wire/messages.ts';
import { changeToken, doneToken, federatedAcknowledgement, loginToken, noticeToken } from './wire/tokens.ts';

/** What a client is told whose login succeeds, or that it is to go elsewhere with it. */
export function welcomeOf({ packetSize }: Login, { database, server }: Session): Buffer {
  const { redirect } = server.network;
  const changed = { number: 5701, state: 2, class: 0, message: `Changed database context to '${database.name}'.` };
  return Buffer.concat([
    changeToken({ kind: 'database', now: database.name, before: 'master' }),
    noticeToken(changed, server.server.name),
    changeToken({ kind: 'collation' }),
    loginToken(),
    changeToken({ kind: 'packet size', now: packetSize, before: defaultPacketSize }),
    federatedAcknowledgement(federatedAuthentication),
    ...(redirect ? [changeToken({ kind: 'routed', ...redirect })] : []),
    doneToken({ kind: 'statement' }),
  ]);
}

/** What a client is told before its connection is closed. */
export function refusalOf(errors: readonly SqlError[], serverName: string): Buffer {
  return Buffer.concat([...errors.map(({ notice }) => noticeToken(notice, serverName)), doneToken({ kind: 'statement', failed: true })]);
}
