import type { TargetType } from '../../src/api/spec.ts';
import type { ContractEngine } from '../contract/target/engine.ts';
import { cleanUpAzureSql, startLiveAzureSql } from './azure-sql-engine.ts';
import type { LiveServer } from './live-azure.ts';
import type { LiveConfig } from './live-config.ts';
import { cleanUpMysql, startLiveMysql } from './mysql-engine.ts';
import { cleanUpPostgres, startLivePostgres } from './postgres-engine.ts';

/** An engine of the contract at a server in Azure. */
export interface LiveEngine {
  start(server: LiveServer, config: LiveConfig): Promise<ContractEngine>;
  /** Takes away what a run left behind, and says what that was. */
  cleanUp(server: LiveServer, config: LiveConfig): Promise<string>;
}

export const liveEngines: Readonly<Record<TargetType, LiveEngine>> = {
  PostgreSQL: { start: (server) => startLivePostgres(server), cleanUp: (server) => cleanUpPostgres(server) },
  MySQL: { start: (server) => startLiveMysql(server), cleanUp: (server) => cleanUpMysql(server) },
  AzureSQL: {
    start: (server, { sqlDatabase }) => startLiveAzureSql(server, sqlDatabase),
    cleanUp: (server, { sqlDatabase }) => cleanUpAzureSql(server, sqlDatabase),
  },
};
