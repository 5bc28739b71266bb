import { mayDo, theDatabase } from '../permission-check.ts';
import { bit, datetime, int, nvarchar, sysname, uniqueidentifier, varbinary } from '../sql-type.ts';
import type { SystemView } from '../system-views.ts';

const smallint = { name: 'smallint' } as const;

/** Of the logical server, as far as a database shows it. */
export const serverViews: Readonly<Record<string, SystemView>> = {
  'sys.databases': {
    columns: [
      ...([
        ['name', sysname],
        ['database_id', int],
        ['source_database_id', int],
        ['create_date', datetime],
        ['compatibility_level', { name: 'tinyint' }],
      ] as const),
      ...([
        ['collation_name', sysname],
        ['state', { name: 'tinyint' }],
        ['state_desc', nvarchar(60)],
        ['service_broker_guid', uniqueidentifier],
        ['is_read_only', bit],
      ] as const),
      ...([
        ['containment', { name: 'tinyint' }],
        ['containment_desc', nvarchar(60)],
        ['physical_database_name', sysname],
        ['catalog_collation_type_desc', nvarchar(60)],
      ] as const),
    ],
    // a user database shows itself and master alone
    rows: ({ session }) =>
      session.server.databases
        .filter((each) => each === session.database || each.name === 'master' || session.database.name === 'master')
        .map((each) => [
          ...[each.name, each.id, null, each.createdAt, 160, each.collation, 0, 'ONLINE', each.brokerId, 0],
          ...[0, 'NONE', each.name, 'SQL_Latin1_General_CP1_CI_AS'],
        ]),
  },
  'sys.dm_exec_sessions': {
    columns: [
      ...([
        ['session_id', smallint],
        ['login_time', datetime],
        ['host_name', nvarchar(128)],
        ['program_name', nvarchar(128)],
        ['login_name', nvarchar(128)],
      ] as const),
      ...([
        ['original_login_name', nvarchar(128)],
        ['security_id', varbinary(85)],
        ['original_security_id', varbinary(85)],
        ['is_user_process', bit],
      ] as const),
      ...([
        ['database_id', smallint],
        ['authenticating_database_id', int],
        ['status', nvarchar(30)],
        ['open_transaction_count', int],
      ] as const),
    ],
    rows: ({ catalog, principal, session }) => {
      const seesAll = mayDo(catalog, principal, 'VIEW DATABASE STATE', theDatabase);
      return [...session.server.sessions.values()]
        .filter((each) => each === session || (seesAll && each.database === session.database))
        .map((each) => [
          ...[
            each.id,
            each.startedAt,
            each.login.host,
            each.login.application,
            each.login.name,
            each.login.name,
            each.login.sid,
            each.login.sid,
          ],
          ...[1, each.database.id, each.database.id, each === session ? 'running' : 'sleeping', each.transaction?.count ?? 0],
        ]);
    },
  },
};
