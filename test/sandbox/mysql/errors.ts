import type { EngineKind } from './azure-shape.ts';
import type { ServerError } from './packets.ts';
import { withoutUserView } from './user-view.ts';

/** The errno that a client gives to a line that broke. */
export const lostConnection = '2013';

/** As a server says it that demands TLS: https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html */
export const insecureTransport: ServerError = {
  code: 3159,
  sqlState: 'HY000',
  message: 'Connections using insecure transport are prohibited while --require_secure_transport=ON.',
};

/** A command of the protocol that the gateway does not pass on. */
export const unknownCommand: ServerError = { code: 1047, sqlState: '08S01', message: 'Unknown command' };

export function accessDenied(user: string, host: string): ServerError {
  return { code: 1045, sqlState: '28000', message: `Access denied for user '${user}'@'${host}' (using password: YES)` };
}

/** [U] The text is that of https://learn.microsoft.com/azure/mysql/flexible-server/how-to-troubleshoot-common-connection-issues; the number is Single Server's (azure-facts 9). */
export function firewalled(address: string): ServerError {
  return {
    code: 9000,
    sqlState: 'HY000',
    message: `Client with IP address '${address}' is not allowed to connect to this MySQL server.`,
  };
}

export function nameTooLong(name: string): ServerError {
  return { code: 1470, sqlState: 'HY000', message: `String '${name}' is too long for user name (should be no longer than 32)` };
}

/** What Azure answers when it cannot ask Microsoft Graph; number and text as seen by users of terraform-provider-mysql. */
export function notValidated(principal: string): ServerError {
  return { code: 9102, sqlState: 'HY000', message: `An unexpected error occurred while trying to validate user '${principal}'.` };
}

/** [U] Only an Entra administrator can create Entra users; how the refusal reads is not documented. */
export const notEntraAdministrator: ServerError = {
  code: 1227,
  sqlState: '42000',
  message: 'Access denied; you need (at least one of) the Microsoft Entra administrator privilege(s) for this operation',
};

/** CREATE AADUSER is not among https://dev.mysql.com/doc/refman/8.0/en/sql-prepared-statements.html */
export const notPreparable: ServerError = {
  code: 1295,
  sqlState: 'HY000',
  message: 'This command is not supported in the prepared statement protocol yet',
};

/** Of an injected fault; what is no number, as PostgreSQL's codes, becomes ER_UNKNOWN_ERROR. */
export function injected(code: string | number): ServerError {
  return { code: Number(code) || 1105, sqlState: 'HY000', message: 'fault injected by the sandbox' };
}

/** Whether the server closes the session with this error: shutdown, lost connection, killed, time-outs. */
export function endsSession(code: number): boolean {
  return [1053, 1077, 1152, 1153, 1159, 1160, 1161, 1184, 1927, 2006, 2013, 4031].includes(code);
}

/** The engine's error as MySQL 8 on Azure says it. `sql`: of the statement that failed. */
export function asOnAzure(error: ServerError, { engine, sql }: { readonly engine: EngineKind; readonly sql: string }): ServerError {
  if (engine === 'MariaDB' && error.code === 1133 && /^\s*GRANT\b/i.test(sql)) {
    return { code: 1410, sqlState: '42000', message: 'You are not allowed to create a user with GRANT' };
  }
  if (engine === 'MariaDB' && error.code === 4151) {
    return { code: 3118, sqlState: 'HY000', message: error.message.replace(/, this account is locked/, '. Account is locked.') };
  }
  return { ...error, message: withoutUserView(error.message) };
}
