import { createConnection } from 'mysql2/promise';
import { Connection, Request } from 'tedious';
import type { TargetType } from '../../src/api/spec.ts';
import { type Environment, logIn } from './workload.ts';

/** A login of an application, through the driver that applications use, to do what is the same on every engine. */
export interface Application {
  query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Never rejects. */
  close(): Promise<void>;
}

/** Logs in with the settings of client type NodeJS and a token as password, and nothing else. Rejects with the server's refusal. */
export async function logInTo(type: TargetType, settings: Environment, token: string): Promise<Application> {
  switch (type) {
    case 'PostgreSQL':
      return await toPostgres(settings, token);
    case 'MySQL':
      return await toMysql(settings, token);
    case 'AzureSQL':
      return await toAzureSql(settings, token);
    default:
      return type satisfies never;
  }
}

async function toPostgres(settings: Environment, token: string): Promise<Application> {
  const client = await logIn(settings, token);
  return { query: async (sql) => (await client.query(sql)).rows, close: () => client.end().catch(() => undefined) };
}

async function toMysql(settings: Environment, token: string): Promise<Application> {
  const connection = await createConnection({
    host: settings['AZURE_MYSQL_HOST'] ?? '',
    port: Number(settings['AZURE_MYSQL_PORT']),
    user: settings['AZURE_MYSQL_USER'] ?? '',
    database: settings['AZURE_MYSQL_DATABASE'] ?? '',
    password: token,
    enableCleartextPlugin: true,
    ...(settings['AZURE_MYSQL_SSL'] === 'true' && { ssl: { verifyIdentity: true } }),
  });
  // a session that the operator ends says so here, and the query in flight fails by itself
  connection.on('error', () => undefined);
  return {
    query: async (sql) => {
      const [rows] = await connection.query(sql);
      return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [];
    },
    close: () => connection.end().catch(() => undefined),
  };
}

async function toAzureSql(settings: Environment, token: string): Promise<Application> {
  const connection = new Connection({
    server: settings['AZURE_SQL_SERVER'] ?? '',
    authentication: { type: 'azure-active-directory-access-token', options: { token } },
    options: {
      port: Number(settings['AZURE_SQL_PORT']),
      database: settings['AZURE_SQL_DATABASE'],
      encrypt: true,
      maxRetriesOnTransientErrors: 0,
    },
  });
  // a session that the operator ends says so here, and the query in flight fails by itself
  connection.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => connection.connect((error) => (error ? reject(error) : resolve())));
  return {
    query: (sql) =>
      new Promise((resolve, reject) => {
        const rows: Record<string, unknown>[] = [];
        const request = new Request(sql, (error) => (error ? reject(error) : resolve(rows)));
        request.on('row', (columns: readonly { metadata: { colName: string }; value: unknown }[]) =>
          rows.push(Object.fromEntries(columns.map(({ metadata, value }) => [metadata.colName, value]))),
        );
        connection.execSqlBatch(request);
      }),
    close: async () => connection.close(),
  };
}
