import type { TargetType } from '../api/spec.ts';
import type { Cloud } from '../azure/cloud.ts';
import { isRedirectHost, isServerHost } from '../azure/host.ts';
import type { AzureCalls } from '../azure/reads.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import { createAzureSqlTarget } from './azure-sql/target.ts';
import { createMysqlTarget } from './mysql/target.ts';
import type { ReadOwnerCredentials } from './owner-credentials.ts';
import { createPostgresTarget } from './postgres/target.ts';
import type { Cancellable, Target } from './target.ts';
import type { UserNotes } from './user-notes.ts';

export interface TargetsOptions {
  readonly calls: AzureCalls;
  readonly cloud: Cloud;
  /** A token for PostgreSQL and MySQL, fresh enough for a login. */
  readonly token: (options: Cancellable) => Promise<string>;
  /** The same for Azure SQL, which is another resource. */
  readonly sqlToken: (options: Cancellable) => Promise<string>;
  /** The operator's own identity. */
  readonly operator: { readonly principalId: string; readonly clientId: string };
  readonly ownerCredentials: ReadOwnerCredentials;
  readonly notes: UserNotes;
  readonly clusterHash: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** All engines that are served, one line each. Their drivers are loaded at the first login. */
export function createTargets(options: TargetsOptions): ReadonlyMap<TargetType, Target> {
  const { calls, cloud, operator } = options;
  const serverHost = (type: TargetType) => (host: string) => isServerHost(host, cloud.suffixes[type], cloud.name);
  const targets = [
    createPostgresTarget({
      ...options,
      reads: { readServer: calls.readPostgresServer, listAdministrators: calls.listPostgresAdministrators },
      isServerHost: serverHost('PostgreSQL'),
      operatorObjectId: operator.principalId,
    }),
    createMysqlTarget({
      ...options,
      reads: { readServer: calls.readMysqlServer, listAdministrators: calls.listMysqlAdministrators },
      isServerHost: serverHost('MySQL'),
    }),
    createAzureSqlTarget({
      ...options,
      token: options.sqlToken,
      reads: { readServer: calls.readSqlServer, listAdministrators: calls.listSqlAdministrators, listDatabases: calls.listSqlDatabases },
      isServerHost: serverHost('AzureSQL'),
      isRedirectHost: (host) => isRedirectHost(host, cloud.suffixes.AzureSQL, cloud.name),
    }),
  ];
  return new Map(targets.map((target) => [target.type, target]));
}
