import type { SqlFunction } from '../functions.ts';
import { int, nvarchar, sysname, varbinary } from '../sql-type.ts';

const none = { takes: [0, 0] } as const;
const currentUser: SqlFunction = {
  ...none,
  type: sysname,
  run: (_, { catalog, principal }) => catalog.principals.get(principal)?.name ?? null,
};
const loginName: SqlFunction = {
  takes: [0, 1],
  type: sysname,
  run: ([sid], { session }) => (sid === undefined || (Buffer.isBuffer(sid) && sid.equals(session.login.sid)) ? session.login.name : null),
};

/** Of who is logged in and how: https://learn.microsoft.com/sql/t-sql/functions/security-functions-transact-sql */
export const sessionFunctions: Readonly<Record<string, SqlFunction>> = {
  APP_NAME: { ...none, type: nvarchar(128), run: (_, { session }) => session.login.application },
  HOST_NAME: { ...none, type: nvarchar(128), run: (_, { session }) => session.login.host },
  CURRENT_USER: currentUser,
  SESSION_USER: currentUser,
  USER: currentUser,
  SYSTEM_USER: { ...loginName, ...none },
  ORIGINAL_LOGIN: { ...loginName, ...none },
  SUSER_SNAME: loginName,
  SUSER_NAME: loginName,
  SUSER_SID: {
    takes: [0, 1],
    type: varbinary(85),
    run: ([name], { session }) => (name === undefined || name === session.login.name ? session.login.sid : null),
  },
  SCOPE_IDENTITY: { ...none, type: { name: 'decimal', precision: 38, scale: 0 }, run: (_, { session }) => session.lastIdentity },
  XACT_STATE: {
    ...none,
    type: { name: 'smallint' },
    run: (_, { session }) => (session.transaction && session.transaction.count > 0 ? 1 : 0),
  },
  CURRENT_TRANSACTION_ID: { ...none, type: { name: 'bigint' }, run: (_, { session }) => session.transaction?.id ?? 0n },
  ROWCOUNT_BIG: { ...none, type: int, run: (_, { session }) => session.rowCount },
  CONNECTIONPROPERTY: {
    takes: [1, 1],
    type: { name: 'sql_variant' },
    run: ([name]) => ({ net_transport: 'TCP', protocol_type: 'TSQL', auth_scheme: 'SQL' })[String(name).toLowerCase()] ?? null,
  },
};
